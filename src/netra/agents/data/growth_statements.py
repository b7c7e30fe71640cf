"""What the built-in analyst says about groups that grew or fell between two periods."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.movement_outputs import MovedGroup, MoversOutput
from netra.tools.usage.naming import shown

_PLURALS = {"session_id": "sessions", "api_key_id": "API keys"}


def growth_statements(frame: QuestionFrame, output: MoversOutput) -> list[str]:
    """How many groups moved as asked, which, and what all calls together did."""
    growth = frame.growth
    if growth is None:
        return []
    periods = f"{output.after_label} against {output.before_label}"
    label = output.label[0].lower() + output.label[1:]
    scope = scope_of(frame, window=False)
    lines: list[str] = []
    if output.first_before:
        lines.append(
            f"**The periods cannot be compared fairly**: the earlier one, {output.before_label}, has no "
            f"calls before {output.first_before}."
        )
    if output.by:
        noun = " and ".join(_PLURALS.get(name, f"{name.replace('_', ' ')}s") for name in output.by)
        said = shown(growth.said)
        moved = {"up": "that rose", "down": "that fell"}.get(growth.direction, "that moved")
        moved = f"that moved so ({said})" if growth.operator else moved
        lines.append(
            f"**{noun[:1].upper()}{noun[1:]}{scope} {moved}, by {label}, {periods}: {cite(output.kept)} of "
            f"{cite(output.compared)}.**"
        )
        lines += [f"{number}. **{one.name}**: {_moved(one)}" for number, one in enumerate(output.groups, 1)]
        lines += ["- and further groups that are not listed here"] if output.more else []
    elif output.whole and growth.operator:
        lines.append(f"**{'Yes' if output.whole_moved else 'No'}** ({shown(growth.said)}), {periods}.")
    if output.new and output.by:
        named = ", ".join(f"{one.name} {cite(one.after)}" for one in output.new)
        lines.append(f"New in the later period, so without a percentage: {named}.")
    if output.whole:
        stated = "" if output.by or growth.operator else f", {periods}"
        opening = "All together" if output.by else output.label
        lines.append(f"{opening}{scope}{stated}: {_moved(output.whole)}.")
    if output.cut:
        lines.append("There are more groups than are compared: the smallest are left out.")
    return lines


def _moved(one: MovedGroup) -> str:
    way = "up" if one.rose else "down"
    percent = f" ({cite(one.percent)})" if one.percent else ""
    points = " points" if one.points else ""
    return f"{way} {cite(one.change)}{points}{percent}, from {cite(one.before)} to {cite(one.after)}"
