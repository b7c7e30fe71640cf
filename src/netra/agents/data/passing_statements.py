"""What the built-in analyst says about the day on which a sum passed an amount."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.movement_outputs import PassedSpan, PassingOutput


def passing_statements(frame: QuestionFrame, output: PassingOutput) -> list[str]:
    """The day, with the sums around it; of each month where that is asked."""
    if frame.passing is None:
        return []
    verb = "reached" if frame.passing.reached else "passed"
    what = f"{output.label}{scope_of(frame)}"
    lines: list[str] = []
    if frame.passing.each_month:
        lines.append(f"{what}, counted from the first of each month, {verb} {cite(output.amount)}:")
        lines += [f"- {span.name}: {_told(span)}" for span in output.spans]
    for span in [] if frame.passing.each_month else output.spans:
        if span.day:
            lines.append(
                f"**{what} {verb} {cite(output.amount)} on {span.day}**: {cite(span.before)} before that "
                f"day, {cite(span.after)} at its end, counted from {span.first} on. By {span.last} it is "
                f"{cite(span.total)}."
            )
        else:
            lines.append(
                f"**{what} has not {verb} {cite(output.amount)}**: from {span.first} to {span.last} it is "
                f"{cite(span.total)}."
            )
    if output.unpriced:
        lines.append(f"{cite(output.unpriced)} of the calls have no known price and are not in the spend.")
    return lines


def _told(span: PassedSpan) -> str:
    if span.day:
        return f"on {span.day} ({cite(span.before)} before that day, {cite(span.after)} at its end)"
    return f"not, it came to {cite(span.total)}"
