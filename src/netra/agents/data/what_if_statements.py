"""What the built-in analyst says about the same calls at another model's prices."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import WhatIfOutput


def what_if_statements(frame: QuestionFrame, output: WhatIfOutput) -> list[str]:
    """The difference first, then that it is one of prices alone, then each present model's part."""
    if not output.known:
        return [
            f"**{output.model}** has no known price for these calls{scope_of(frame)}, so their cost on it is "
            f"not known. Add a [[price]] for it with `netra prices override`."
        ]
    way = "more" if output.dearer else "less"
    lines = [
        f"If every call{scope_of(frame)} had run on **{output.model}**, the same tokens would have cost "
        f"{cite(output.after)} in place of {cite(output.now)}: {cite(output.change)} {way} "
        f"({cite(output.percent)}).",
        f"That compares prices only, an upper bound of what moving does to the cost: whether {output.model} "
        "answers as well is unproven except where evaluations of the same items are named below, and another "
        "model counts and writes tokens differently.",
        "By present model:",
    ]
    lines += [
        f"- {entry.name}: {cite(entry.now)} now, {cite(entry.after)} there ({cite(entry.calls)} calls)"
        for entry in output.models
    ]
    if output.left_out:
        lines.append(f"{cite(output.left_out)} calls have no price now or there and are in neither sum.")
    return lines
