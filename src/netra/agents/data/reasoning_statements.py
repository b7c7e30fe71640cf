"""What the built-in analyst says about reasoning tokens: their share and cost, and where they are."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import Reasoner, ReasoningOutput


def reasoning_statements(frame: QuestionFrame, output: ReasoningOutput) -> list[str]:
    """What reasoning costs in all, then by group; nobody can see from tokens alone whether it was of use."""
    if not output.reasoned:
        return [f"No call{scope_of(frame)} spent a token on reasoning."]
    cost = f" and cost {cite(output.cost)}" if output.cost else ""
    of_spend = f", {cite(output.share_of_spend)} of the spend" if output.share_of_spend else ""
    lines = [
        f"Reasoning took {cite(output.tokens)}{scope_of(frame)}, {cite(output.share)} of all output{cost}"
        f"{of_spend}. By {' and '.join(output.by)}:"
    ]
    lines += [f"{number}. {_group(group)}" for number, group in enumerate(output.groups, 1)]
    lines.append(
        "Tokens alone do not show which reasoning was of no use: that takes the same items answered with a "
        "lower effort."
    )
    if output.unknown:
        lines.append(f"{cite(output.unknown)} calls do not say how many of their tokens were reasoning.")
    return lines


def _group(group: Reasoner) -> str:
    cost = f", {cite(group.cost)}" if group.cost else ", unpriced"
    return (
        f"**{group.name}**: {cite(group.tokens)} ({cite(group.share)} of its output{cost}), "
        f"{cite(group.per_call)} a call over {cite(group.calls)} calls"
    )
