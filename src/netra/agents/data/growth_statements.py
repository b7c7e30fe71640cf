"""What the built-in analyst says about groups that grew or fell between two periods."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import Growth, QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.movement_outputs import MovedGroup, MoversOutput
from netra.tools.usage.naming import shown

_PLURALS = {"session_id": "sessions", "api_key_id": "API keys"}


def growth_statements(frame: QuestionFrame, output: MoversOutput) -> list[str]:
    """How many groups moved as asked, which, what all calls together did, and what could not be compared."""
    growth = frame.growth
    if growth is None:
        return []
    if output.empty or not (output.by or output.whole):
        return [*_without_comparison(frame, output), *_unknown(output)]
    periods = f"{output.after_label} against {output.before_label}"
    scope = scope_of(frame, window=False)
    lines: list[str] = []
    if output.first_before:
        lines.append(
            f"**The periods cannot be compared fairly**: the earlier one, {output.before_label}, has no "
            f"calls before {output.first_before}."
        )
    chosen = " and ".join(shown(entry.said) for entry in frame.group_conditions)
    chosen = f" (only those in {output.after_label}: {chosen})" if chosen else ""
    lines += _groups(growth, output, f"{scope}{chosen}", periods) if output.by else []
    if output.whole and growth.operator and not output.by:
        lines.append(_verdict(growth, output, output.whole, periods))
    if output.whole:
        stated = "" if output.by or growth.operator else f", {periods}"
        opening = "All together" if output.by else output.label
        lines.append(f"{opening}{scope}{stated}: {_moved(output.whole)}.")
    return [*lines, *_unknown(output)]


def _groups(growth: Growth, output: MoversOutput, scope: str, periods: str) -> list[str]:
    label = output.label[0].lower() + output.label[1:]
    noun = " and ".join(_PLURALS.get(name, f"{name.replace('_', ' ')}s") for name in output.by)
    moved = {"up": "that rose", "down": "that fell"}.get(growth.direction, "that moved")
    moved = f"that moved so ({shown(growth.said)})" if growth.operator else moved
    lines = [
        f"**{noun[:1].upper()}{noun[1:]}{scope} {moved}, by {label}, {periods}: {cite(output.kept)} of "
        f"{cite(output.compared)}.**"
    ]
    lines += [f"{number}. **{one.name}**: {_moved(one)}" for number, one in enumerate(output.groups, 1)]
    lines += ["- and further groups that are not listed here"] if output.more else []
    if output.new:
        named = ", ".join(f"{one.name} {cite(one.after)}" for one in output.new)
        lines.append(f"New in the later period, so without a percentage: {named}.")
    return lines


def _verdict(growth: Growth, output: MoversOutput, whole: MovedGroup, periods: str) -> str:
    """Yes or no to a threshold on all calls; what was nothing before has no percentage to hold to one."""
    if growth.relative and whole.percent is None:
        return (
            f"**There is no percentage to judge ({shown(growth.said)})**: it was nothing before, {periods}."
        )
    return f"**{'Yes' if output.whole_moved else 'No'}** ({shown(growth.said)}), {periods}."


def _without_comparison(frame: QuestionFrame, output: MoversOutput) -> list[str]:
    """Why two periods are not compared, and the figure of the one that has some."""
    labels = {"before": output.before_label, "after": output.after_label}
    scope = scope_of(frame, window=False)
    periods = f"{output.after_label} and {output.before_label}"
    if len(output.empty) == len(labels):
        return [f"No calls match the question{scope}: {periods}."]
    if not output.empty:
        said = f"**{output.label}{scope} is not known in both periods**, {periods}"
        return [f"{said}: where it is known, it is {cite(output.alone)}." if output.alone else f"{said}."]
    no_calls_before = "before" in output.empty
    of_whole = output.whole and (output.whole.after if no_calls_before else output.whole.before)
    value, other = output.alone or of_whole, labels["after" if no_calls_before else "before"]
    lines = [
        f"**There are no calls{scope} in {labels[output.empty[0]]}**, so nothing can be compared with it."
    ]
    return lines if value is None else [*lines, f"{output.label}{scope} in {other}: {cite(value)}."]


def _unknown(output: MoversOutput) -> list[str]:
    """What the comparison leaves out: calls without a price, groups without a value, groups not read."""
    lines: list[str] = []
    sides = ((output.unpriced_before, output.before_label), (output.unpriced_after, output.after_label))
    unpriced = [f"{cite(count)} of the calls in {label}" for count, label in sides if count]
    if unpriced:
        lines.append(
            f"{' and '.join(unpriced)} have no known price and are in no spend: prices that became known or "
            "unknown look like growth or decline here."
        )
    if output.valueless:
        more = " and others" if output.more_valueless else ""
        named = ", ".join(output.valueless)
        lines.append(f"Not compared, for want of a known value in one of the periods: {named}{more}.")
    if output.cut:
        lines.append("There are more groups than are compared: the smallest are left out.")
    return lines


def _moved(one: MovedGroup) -> str:
    way = "up" if one.rose else "down"
    percent = f" ({cite(one.percent)})" if one.percent else ""
    points = " points" if one.points else ""
    return f"{way} {cite(one.change)}{points}{percent}, from {cite(one.before)} to {cite(one.after)}"
