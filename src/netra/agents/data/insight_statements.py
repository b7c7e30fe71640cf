"""What the built-in analyst says about the days to come, and about days out of the ordinary."""

from __future__ import annotations

from netra.agents.data.scope import scope_of
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import AnomaliesOutput, Cause, ForecastOutput, OddDay


def forecast_statements(frame: QuestionFrame, output: ForecastOutput) -> list[str]:
    """The sum to come with its interval; where the past is too short, the mean day carried on."""
    scope = scope_of(frame, window=False)
    growth = frame.targets.growth_pct
    grown = f" with {growth:g} % more of everything" if growth else ""
    if output.month_over and output.so_far:
        lines = [
            f"The stored calls reach the end of the month: spend{scope} in it is {cite(output.so_far)}, and "
            "no day of it is left to forecast."
        ]
    elif output.total is None:
        lines = [
            f"The data is too short for a forecast with an interval ({cite(output.history)}). At the mean of "
            f"{cite(output.daily or '')} a day{scope}, the period ahead comes to "
            f"{cite(output.run_rate or '')}"
            f"{grown}."
        ]
    else:
        interval = (
            f" (95 % interval {cite(output.low)} to {cite(output.high)})"
            if output.low and output.high
            else " (no interval: a sum so far ahead could not be tried on the past)"
        )
        lines = [
            f"Spend{scope} from {output.first_day} to {output.last_day} is forecast at "
            f"{cite(output.total)}{interval}{grown}."
        ]
    if output.so_far and output.with_so_far and not output.month_over:
        lines.append(
            f"With the {cite(output.so_far)} spent this month before {output.first_day} that makes "
            f"{cite(output.with_so_far)}."
        )
    if output.limit and output.room:
        lines.insert(0, _verdict(output, output.limit, output.room))
    if growth and output.without_growth:
        lines.append(
            f"Without the growth it would be {cite(output.without_growth)}. Growth scales every call "
            f"alike: the "
            "same mix, tokens per call and prices."
        )
    if output.total is not None and output.error:
        lines.append(
            f"Learnt from {cite(output.history)}; on them the method was off by {cite(output.error)} of a "
            f"mean "
            "day. It knows no price change, launch or holiday that the past does not show."
        )
    return lines


def _verdict(output: ForecastOutput, limit: str, room: str) -> str:
    """Which side of the limit the spend comes to, and whether the interval bears that out."""
    verdict = "Within" if output.within else "Above"
    side = "below" if output.within else "over"
    comes_to = f"it comes to {cite(room)} {side} that"
    if output.certain:
        return f"**{verdict} {cite(limit)}:** {comes_to}."
    if output.low is None:
        return f"**{verdict} {cite(limit)} as a point estimate without an interval:** {comes_to}."
    return (
        f"**Not certain, most likely {verdict.lower()} {cite(limit)}:** {comes_to}, but the 95 % interval "
        "reaches to both sides of it."
    )


def anomaly_statements(frame: QuestionFrame, output: AnomaliesOutput) -> list[str]:
    """The odd days with what was expected and which segment made them so."""
    scope = scope_of(frame)
    if output.missing:
        return [
            f"No day{scope} can be judged yet: a day is compared with the same weekdays before it, which "
            f"takes "
            f"{output.missing[0].what}."
        ]
    span = output.since if output.since == output.until else f"{output.since} to {output.until}"
    judged = f"{cite(output.judged)} judged, {span}"
    if not output.any_found and output.since == output.until:
        calls = scope_of(frame, window=False)
        return [f"{span} is not out of the ordinary for its weekday in {output.measure}{calls}."]
    if not output.any_found:
        return [f"No day{scope} is out of the ordinary in {output.measure} ({judged})."]
    if output.since == output.until:
        return [f"Out of the ordinary for its weekday: {_day(output.days[0])}."]
    lines = [f"{cite(output.found)} days{scope} out of the ordinary in {output.measure} ({judged}):"]
    return lines + [f"{number}. {_day(day)}" for number, day in enumerate(output.days, 1)]


def _day(day: OddDay) -> str:
    side = "more" if day.up else "less"
    causes = "; ".join(_cause(cause) for cause in day.causes[:2])
    return (
        f"**{day.day}**: {cite(day.value)}, {side} than the {cite(day.low)} to {cite(day.high)} that is "
        f"ordinary "
        f"for that weekday (expected {cite(day.expected)})" + (f". Cause: {causes}" if causes else "")
    )


def _cause(cause: Cause) -> str:
    return f"{cause.name}, {cite(cause.value)} in place of {cite(cause.expected)} ({cite(cause.share)} of it)"
