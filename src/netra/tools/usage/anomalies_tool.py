"""The tool `find_anomalies`: days out of the ordinary, and the segments that made them so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from pydantic import AwareDatetime, Field

from netra.reports.document import Missing
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import AnomaliesOutput, Cause, OddDay
from netra.tools.usage.query_tool import exact_filters
from netra.usage.insights.schemas import Amount, AnomalyOut, AnomalyRequest, AnomalyResult, InsightMeasure
from netra.usage.insights.service import InsightService
from netra.usage.measures import MEASURES
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageService

_DAYS = 6
_NAMES = {"api_key_id": "API key"}


class AnomalyArguments(ToolArguments):
    """The measure looked at by day, and which days are judged."""

    measure: InsightMeasure = "cost_usd"
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def find_anomalies(usage: UsageService) -> AnyToolSpec:
    """The tool `find_anomalies`."""
    insights = InsightService(usage)

    async def run(call: ToolCall, arguments: AnomalyArguments) -> ToolResult:
        filters = exact_filters(arguments.filters)
        told = await insights.anomalies(
            call.context,
            AnomalyRequest(
                measure=arguments.measure, filters=filters, since=arguments.since, until=arguments.until
            ),
        )
        whole = await usage.run(call.context, UsageQuery(measures=[arguments.measure], filters=filters))
        source = Source(
            told.query or whole.query, told.sql or whole.sql, whole.calls, whole.since, whole.until
        )
        output = _output(call.figures, told, whole.calls, source)
        return ToolResult(
            f"judged {told.judged_days} days: {len(told.anomalies)} out of the ordinary", plain_json(output)
        )

    return ToolSpec(
        name="find_anomalies",
        description="Days whose spend (or calls, tokens, errors) is out of the ordinary, with their causes.",
        arguments=AnomalyArguments,
        permission="usage:read",
        run=run,
    )


def _output(sheet: FigureSheet, told: AnomalyResult, calls: int, source: Source) -> AnomaliesOutput:
    largest = sorted(told.anomalies, key=lambda day: -abs(day.score))[:_DAYS]
    days = [_day(sheet, day, told.measure, source) for day in sorted(largest, key=lambda day: day.day)[::-1]]
    return AnomaliesOutput(
        names=[text for day in days for text in (day.day, *(cause.name for cause in day.causes))]
        + [text for text in (told.since, told.until) if text]
        + told.missing,
        calls=calls,
        measure=MEASURES[told.measure].label.lower(),
        days=days,
        found=sheet.add(len(told.anomalies), "count", "Days out of the ordinary", source),
        any_found=bool(told.anomalies),
        judged=sheet.add(told.judged_days, "days", "Days judged", source),
        since=told.since,
        until=str(date.fromisoformat(told.until) - timedelta(days=1)) if told.until else None,
        missing=[
            Missing(what=text, how="import more of the past: netra import FILE --format calls")
            for text in told.missing
        ],
    )


def _day(sheet: FigureSheet, day: AnomalyOut, measure: InsightMeasure, source: Source) -> OddDay:
    def figure(value: Amount, label: str) -> str:
        if measure == "cost_usd":
            return sheet.add(Decimal(str(value)), "usd", label, source)
        return sheet.add(float(value), "tokens" if "tokens" in measure else "count", label, source)

    label = MEASURES[measure].label
    return OddDay(
        day=day.day,
        up=day.direction == "up",
        value=figure(day.value, f"{label} on {day.day}"),
        expected=figure(day.expected, f"{label} expected on {day.day}"),
        low=figure(day.low, f"Low end of the ordinary on {day.day}"),
        high=figure(day.high, f"High end of the ordinary on {day.day}"),
        causes=[
            Cause(
                name=f"{_NAMES.get(cause.dimension, cause.dimension)} {shown(cause.segment)}",
                value=figure(cause.value, f"{label} of {shown(cause.segment)} on {day.day}"),
                expected=figure(cause.expected, f"{label} of {shown(cause.segment)} expected on {day.day}"),
                share=sheet.add(
                    cause.share_pct, "percent", f"Part of {shown(cause.segment)} in the change", source
                ),
            )
            for cause in day.causes
        ],
    )
