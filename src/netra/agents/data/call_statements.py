"""What the built-in analyst says about single calls: what they are, one by one, and what all come to."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.calls_tool import CallLine, CallsOutput

_FIRST = {
    "ts": "oldest {}",
    "-ts": "newest {}",
    "cost_usd": "cheapest {}",
    "-cost_usd": "dearest {}",
    "latency_ms": "fastest {}",
    "-latency_ms": "slowest {}",
    "ttft_ms": "{} with the fastest first token",
    "-ttft_ms": "{} with the slowest first token",
    "input_tokens": "{} with the least input",
    "-input_tokens": "{} with the most input",
    "output_tokens": "{} with the least output",
    "-output_tokens": "{} with the most output",
    "total_tokens": "{} with the fewest tokens",
    "-total_tokens": "{} with the most tokens",
}


def call_statements(frame: QuestionFrame, output: CallsOutput) -> list[str]:
    """The calls in their order, below what all the calls asked for come to."""
    one = len(output.lines) == 1
    named = _FIRST[output.order_by].format("call" if one else "calls") + scope_of(frame)
    for kind in ("failed calls", "retried attempts"):
        named = named.replace(f"call{'' if one else 's'} of {kind}", kind[:-1] if one else kind)
    together = f"{cite(output.shown)} together, " if output.shown else ""
    opening = (
        f"The {named}, {together}of {cite(output.count)} that come to {cite(output.total)} in all "
        f"(times in {output.timezone})."
    )
    lines = [opening, *(f"{number}. {_said(line)}" for number, line in enumerate(output.lines, 1))]
    if output.unpriced:
        lines.append(f"{cite(output.unpriced)} of the calls have no known price and are not in the spend.")
    lines.append(
        "How the cost of one comes about: `netra calls show` with its id; further ones: `netra calls list`."
    )
    return lines


def _said(line: CallLine) -> str:
    status = "" if line.status == "ok" else f", {line.status.replace('_', ' ')}"
    times = f" in {cite(line.latency)}" if line.latency else ""
    times += f" (first token after {cite(line.ttft)})" if line.ttft else ""
    feature = f" for {line.feature}" if line.feature else ""
    return (
        f"**{line.start}** {line.model}{feature}: {cite(line.cost)}, {cite(line.input)} in and "
        f"{cite(line.output)} out{times}{status}; id `{line.id}`"
    )
