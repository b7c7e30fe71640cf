"""The tool `forecast_spend`: what the next days will cost, with an interval tried on the past, and growth."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from pydantic import Field

from netra.reports.charts import LineChart, LinePoint
from netra.reports.document import Missing
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.optimization.yearly import observed_days
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import source_of
from netra.tools.usage.outputs import ForecastOutput, UsageChart
from netra.tools.usage.query_tool import exact_filters
from netra.usage.insights.forecasting import LEAST_DAYS
from netra.usage.insights.schemas import Amount, ForecastRequest, ForecastResult
from netra.usage.insights.service import InsightService
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageResult, UsageService


class ForecastArguments(ToolArguments):
    """`days` ahead of the last complete day; `growth_pct` 50 is half as much again of everything.

    `so_far_since`: the beginning of a month whose rest is forecast, the spend before it added.
    """

    days: int = Field(default=30, ge=1, le=365)
    growth_pct: float = Field(default=0.0, ge=-90, le=10_000)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    so_far_since: datetime | None = None
    month: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")
    """The calendar month that is summed; the days before it are forecast on the way there."""
    limit_usd: float | None = Field(default=None, gt=0)
    """A spend to stay within, over the days forecast and what is added to them."""


def forecast_spend(usage: UsageService) -> AnyToolSpec:
    """The tool `forecast_spend`."""
    insights = InsightService(usage)

    async def run(call: ToolCall, arguments: ForecastArguments) -> ToolResult:
        filters = exact_filters(arguments.filters)
        query = UsageQuery(measures=["cost_usd"], filters=filters)
        whole = await usage.run(call.context, query)
        spent = whole.rows[0]["cost_usd"] if whole.rows else None
        if spent is None:
            return ToolResult("no call has a known price", plain_json({"calls": 0, "names": []}))
        told = await insights.forecast(
            call.context,
            ForecastRequest(days=arguments.days, growth_pct=arguments.growth_pct, filters=filters),
        )
        arguments, told = _of_month(arguments, told)
        so_far, over = None, False
        if (since := arguments.so_far_since) is not None:
            begins = _midnight(told, call.context.timezone)
            over = _is_over(since, begins)
            rest = 0 if over else _rest_of_month(told)
            if rest and rest != arguments.days:
                arguments = arguments.model_copy(update={"days": rest})
                request = ForecastRequest(days=rest, growth_pct=arguments.growth_pct, filters=filters)
                told = await insights.forecast(call.context, request)
            # The day that is not over is forecast whole, so what it has come to yet is not added.
            limits = {"since": since, "until": begins}
            if begins is None or since < begins:
                so_far = await usage.run(call.context, query.model_copy(update=limits))
        output = _output(call.figures, arguments, _nothing_left(told) if over else told, whole, so_far, over)
        summary = (
            "the month is over, nothing of it is left to forecast"
            if over
            else f"forecast {arguments.days} days from {told.history_days} days"
            if told.outcome == "complete"
            else f"{told.history_days} complete days are too few for a forecast"
        )
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="forecast_spend",
        description="Spend of the next days with a 95 % interval tried on the past, with growth if wanted.",
        arguments=ForecastArguments,
        permission="usage:read",
        run=run,
    )


def _rest_of_month(told: ForecastResult) -> int:
    """Days from the first one forecast to the end of its month; 0 without a forecast."""
    if not told.days:
        return 0
    first = date.fromisoformat(told.days[0].day)
    following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (following - first).days


def _is_over(since: datetime, begins: datetime | None) -> bool:
    """Whether the first day to forecast lies behind the month of `since`, as its time zone counts."""
    if begins is None:
        return False
    month = since.astimezone(begins.tzinfo)
    return (begins.year, begins.month) > (month.year, month.month)


def _nothing_left(told: ForecastResult) -> ForecastResult:
    """A forecast of no days."""
    nothing: dict[str, object] = {"days": [], "total": None, "total_interval_95": None, "error_pct": None}
    return told.model_copy(update=nothing)


def _midnight(told: ForecastResult, zone: str) -> datetime | None:
    """When the first day forecast begins."""
    if not told.days:
        return None
    return datetime.combine(date.fromisoformat(told.days[0].day), time.min, ZoneInfo(zone))


def _of_month(arguments: ForecastArguments, told: ForecastResult) -> tuple[ForecastArguments, ForecastResult]:
    """The forecast cut to the month asked for. Its sum has no interval: errors of days go together."""
    if arguments.month is None:
        return arguments, told
    kept = [entry for entry in told.days if entry.day.startswith(arguments.month)]
    total = format(sum((Decimal(str(entry.value)) for entry in kept), Decimal(0)), "f") if kept else None
    first = date.fromisoformat(f"{arguments.month}-01")
    length = ((first + timedelta(days=32)).replace(day=1) - first).days
    return (
        arguments.model_copy(update={"days": length}),
        told.model_copy(update={"days": kept, "total": total, "total_interval_95": None}),
    )


def _output(
    sheet: FigureSheet,
    arguments: ForecastArguments,
    told: ForecastResult,
    whole: UsageResult,
    so_far: UsageResult | None,
    over: bool,
) -> ForecastOutput:
    asked = {**whole.query, "forecast": {"days": arguments.days, "growth_pct": arguments.growth_pct}}
    source = Source({**asked, "method": told.method or "mean day"}, told.sql or whole.sql, whole.calls,
                    whole.since, whole.until)  # fmt: skip
    length = observed_days(whole.since, whole.until) or Decimal(1)
    daily = Decimal(whole.rows[0]["cost_usd"]) / length
    factor = Decimal(str(1 + arguments.growth_pct / 100))
    interval = told.total_interval_95
    label = f"Spend of the next {arguments.days} days"

    def money(amount: Decimal | str | float | None, name: str) -> str | None:
        if amount is None:
            return None
        return sheet.add(Decimal(str(amount)).quantize(Decimal("0.0001")), "usd", name, source)

    spent = Decimal(so_far.rows[0]["cost_usd"] or 0) if so_far is not None and so_far.rows else None
    run_rate = Decimal(0) if over else daily * arguments.days * factor
    total = Decimal(str(told.total)) if told.total is not None else run_rate
    comes_to = total + (spent or 0)
    limit = None if arguments.limit_usd is None else Decimal(str(arguments.limit_usd))
    return ForecastOutput(
        limit=money(limit, "The spend to stay within"),
        room=None if limit is None else money(abs(limit - comes_to), "Distance to the spend to stay within"),
        within=limit is not None and comes_to <= limit,
        certain=limit is not None and is_certain(limit - (spent or 0), interval, over=over),
        names=[told.days[0].day, told.days[-1].day] if told.days else [],
        calls=whole.calls,
        outcome=told.outcome,
        first_day=told.days[0].day if told.days else None,
        last_day=told.days[-1].day if told.days else None,
        total=money(told.total, label),
        low=money(interval[0], f"{label}: low end of the 95 % interval") if interval else None,
        high=money(interval[1], f"{label}: high end of the 95 % interval") if interval else None,
        without_growth=money(total / factor, f"{label} without the growth")
        if arguments.growth_pct and factor and not over
        else None,
        run_rate=None if over else money(run_rate, f"{label} at the mean day seen"),
        daily=money(daily, "Mean spend a day"),
        so_far=sheet.add(spent, "usd", "Spend so far", source_of(so_far))
        if spent is not None and so_far is not None
        else None,
        with_so_far=money(total + spent, "Spend so far and to come") if spent is not None else None,
        month_over=over,
        error=sheet.add(told.error_pct, "percent", "Mean error of a day on the past", source)
        if told.error_pct is not None
        else None,
        history=sheet.add(told.history_days, "days", "Complete days the forecast learnt from", source),
        missing=[_lacking(told)] if told.outcome != "complete" else [],
        charts=_charts(told),
    )


def is_certain(left: Decimal, interval: tuple[Amount, Amount] | None, *, over: bool) -> bool:
    """Whether what is left of a limit lies outside the interval of the days to come, or none are to come;
    without an interval nothing is certain.
    """
    if over or interval is None:
        return over
    return left < Decimal(str(interval[0])) or left >= Decimal(str(interval[1]))


def _lacking(told: ForecastResult) -> Missing:
    return Missing(
        what=f"{LEAST_DAYS} complete days of calls for a forecast with an interval; there are "
        f"{told.history_days}",
        how="import more of the past: netra import FILE --format calls",
    )


def _charts(told: ForecastResult) -> list[UsageChart]:
    points = tuple(
        LinePoint.model_validate({"day": entry.day, "value": float(value), "series": series})
        for entry in told.days
        for series, value in (("forecast", entry.value), ("low", entry.low), ("high", entry.high))
    )
    return [LineChart(title="Spend to come, per day", unit="usd", points=points)] if points else []
