"""What the built-in analyst says about a latency target: met, reachable how, or not by shorter answers."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import TailOutput


def tail_statements(frame: QuestionFrame, output: TailOutput) -> list[str]:
    """The verdict on the target first, then the groups whose answers must be shorter."""
    name = output.percentile
    if output.met_now:
        return [
            f"The {name}{scope_of(frame)} is {cite(output.now)}, within the {cite(output.target)} wanted."
        ]
    head = (
        f"The {name}{scope_of(frame)} is {cite(output.now)}; to bring it to {cite(output.target)}, at most "
        f"{cite(output.allowed)} of the {cite(output.over)} calls that take longer may stay there."
    )
    lines = [head]
    if output.reachable:
        lines.append(
            f"Shorter answers would do it (replayed call by call, the {name} becomes {cite(output.reached)}):"
        )
    else:
        lines.append(
            f"Shorter answers alone do not reach it: even with the shortest the {name} is "
            f"{cite(output.reached)}. These calls need a faster model, or not to be made:"
        )
    lines += [
        f"{number}. **{group.name}**: {cite(group.over)} calls over the target"
        + (
            f"; no answer longer than {cite(group.cap)}, which shortens {cite(group.shortened)} of its "
            "answers"
            if output.reachable
            else ""
        )
        for number, group in enumerate(output.groups, 1)
    ]
    lines.append(
        "Shorter answers are other answers: check their quality on evaluated items before capping. The "
        "replay assumes "
        "that writing time is proportional to the tokens written."
    )
    if output.first_token is not None:
        lines.append(
            f"If people wait for these answers, streaming shows the first words after "
            f"{cite(output.first_token)} at the "
            f"{name} without changing any answer, and costs nothing."
        )
    return lines
