"""InsightService: anomalies and forecasts over daily sums of a workspace's calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from netra.context.models import UserExecutionContext
from netra.usage.insights.anomalies import LEAST_DAYS as LEAST_PAST
from netra.usage.insights.anomalies import SURE_DAYS, Anomaly, find_anomalies
from netra.usage.insights.forecasting import WEEKLY_DAYS, forecast
from netra.usage.insights.schemas import (
    Amount,
    AnomalyOut,
    AnomalyRequest,
    AnomalyResult,
    CauseOut,
    ForecastDay,
    ForecastRequest,
    ForecastResult,
)
from netra.usage.insights.short_history import LEAST_DAYS
from netra.usage.money import money_text
from netra.usage.queries import MAX_ROWS, Filter, UsageQuery
from netra.usage.service import UsageResult, UsageService

_CENTS = Decimal("0.0001")
_SEGMENTS = 50
_COMPLETE = time(23, 0)
"""A last day whose last call lies before this is taken as not over yet."""


@dataclass(frozen=True, slots=True)
class DailySeries:
    """Values of complete days without gaps: days without calls are 0."""

    first: date
    values: list[float]
    result: UsageResult

    def day(self, place: int) -> str:
        """The date at a place of the series, also behind its end."""
        return str(self.first + timedelta(days=place))


class InsightService:
    """Reads through the usage service; holds no state."""

    def __init__(self, usage: UsageService) -> None:
        self._usage = usage

    async def anomalies(self, context: UserExecutionContext, request: AnomalyRequest) -> AnomalyResult:
        """Days out of the ordinary, each with the segments that made it so. Raises InvalidQueryError."""
        series = await self._series(context, request.measure, request.filters, None, request)
        judged = [] if series is None else _judged(series, request, context.timezone)
        if series is None or not judged:
            days = 0 if series is None else len(series.values)
            return _nothing_to_judge(request, days, series)
        segments = await self._segments(context, request, series)
        found = await asyncio.to_thread(find_anomalies, series.values, segments)
        return AnomalyResult(
            outcome="complete",
            missing=[],
            measure=request.measure,
            anomalies=[_told(one, series, request) for one in found if one.day in judged],
            judged_days=len(judged),
            assumptions=_short_past(judged),
            since=series.day(judged[0]),
            until=series.day(judged[-1] + 1),
            query=series.result.query,
            sql=series.result.sql,
        )

    async def forecast(self, context: UserExecutionContext, request: ForecastRequest) -> ForecastResult:
        """The next days after the last complete one. Raises InvalidQueryError."""
        series = await self._series(context, request.measure, request.filters, request.since, request)
        days = 0 if series is None else len(series.values)
        if series is None or days < LEAST_DAYS:
            return _no_forecast(request, days, series)
        told = await asyncio.to_thread(forecast, series.values, request.days)
        factor = 1 + request.growth_pct / 100
        money = request.measure == "cost_usd"
        interval = told.total_interval
        points = zip(told.points, told.low, told.high, strict=True)
        return ForecastResult(
            outcome="complete",
            missing=[],
            measure=request.measure,
            method=told.method,
            days=[
                ForecastDay(
                    day=series.day(days + ahead),
                    value=_amount(point * factor, money),
                    low=_amount(low * factor, money),
                    high=_amount(high * factor, money),
                )
                for ahead, (point, low, high) in enumerate(points)
            ],
            total=_amount(told.total * factor, money),
            total_interval_95=None
            if interval is None
            else (_amount(interval[0] * factor, money), _amount(interval[1] * factor, money)),
            history_days=days,
            backtests=told.tried,
            error_pct=None if told.error_pct is None else round(told.error_pct, 2),
            growth_pct=request.growth_pct,
            assumptions=_assumptions(request, days),
            query=series.result.query,
            sql=series.result.sql,
        )

    async def _series(
        self,
        context: UserExecutionContext,
        measure: str,
        filters: list[Filter],
        since: datetime | None,
        request: AnomalyRequest | ForecastRequest,
    ) -> DailySeries | None:
        zone = request.timezone or context.timezone
        query = UsageQuery(
            measures=[measure],
            filters=filters,
            grain="day",
            since=since,
            until=request.until,
            limit=MAX_ROWS,
            timezone=zone,
        )
        result = await self._usage.run(context, query)
        if not result.rows or result.until is None:
            return None
        first = date.fromisoformat(result.rows[0]["day"])
        last = date.fromisoformat(result.rows[-1]["day"])
        ended_early = result.until.astimezone(ZoneInfo(zone)).time() < _COMPLETE
        if ended_early and not await self._goes_on(context, request.until, zone):
            last -= timedelta(days=1)
        days = (last - first).days + 1
        values = _filled(result.rows, measure, first, days)
        return DailySeries(first, values, result) if days > 0 else None

    async def _goes_on(self, context: UserExecutionContext, until: datetime | None, zone: str) -> bool:
        """Whether calls are stored from the midnight on that a question ends at: its last day is whole,
        however early the last call of it was.
        """
        if until is None or until.astimezone(ZoneInfo(zone)).time() != time.min:
            return False
        return (await self._usage.run(context, UsageQuery(measures=["calls"], since=until))).calls > 0

    async def _segments(
        self, context: UserExecutionContext, request: AnomalyRequest, series: DailySeries
    ) -> dict[str, dict[str, list[float]]]:
        """Daily values of the largest segments of each dimension, the rest as one segment."""
        found: dict[str, dict[str, list[float]]] = {}
        for dimension in request.dimensions:
            largest = await self._usage.run(
                context,
                UsageQuery(
                    measures=[request.measure],
                    dimensions=[dimension],
                    filters=request.filters,
                    until=request.until,
                    limit=_SEGMENTS,
                ),
            )
            names = [str(row[dimension]) for row in largest.rows]
            if len(names) < 2:
                continue
            within = Filter(column=dimension, operator="in", value=list(names))
            result = await self._usage.run(
                context,
                UsageQuery(
                    measures=[request.measure],
                    dimensions=[dimension],
                    filters=[*request.filters, within],
                    grain="day",
                    until=request.until,
                    limit=MAX_ROWS,
                    timezone=request.timezone or context.timezone,
                ),
            )
            rows: dict[str, list[dict[str, object]]] = {name: [] for name in names}
            for row in result.rows:
                rows[str(row[dimension])].append(row)
            days = len(series.values)
            found[dimension] = {
                name or "(none)": _filled(own, request.measure, series.first, days)
                for name, own in rows.items()
            }
        return found


def _filled(rows: Sequence[dict[str, object]], measure: str, first: date, days: int) -> list[float]:
    values = [0.0] * max(days, 0)
    for row in rows:
        place = (date.fromisoformat(str(row["day"])) - first).days
        if 0 <= place < days:
            values[place] = float(str(row[measure] or 0))
    return values


def _judged(series: DailySeries, request: AnomalyRequest, default_zone: str) -> list[int]:
    zone = ZoneInfo(request.timezone or default_zone)
    places = range(LEAST_PAST, len(series.values))
    if request.since is None:
        return list(places)
    since = request.since.astimezone(zone).date()
    return [place for place in places if series.first + timedelta(days=place) >= since]


def _told(found: Anomaly, series: DailySeries, request: AnomalyRequest) -> AnomalyOut:
    money = request.measure == "cost_usd"
    return AnomalyOut(
        day=series.day(found.day),
        value=_amount(found.value, money),
        expected=_amount(found.expected, money),
        low=_amount(found.low, money),
        high=_amount(found.high, money),
        score=round(found.score, 2),
        direction="up" if found.score > 0 else "down",
        causes=[
            CauseOut(
                dimension=cause.dimension,
                segment=cause.segment,
                value=_amount(cause.value, money),
                expected=_amount(cause.expected, money),
                share_pct=round(100 * cause.share, 2),
            )
            for cause in found.causes
        ],
    )


def _nothing_to_judge(request: AnomalyRequest, days: int, series: DailySeries | None) -> AnomalyResult:
    lacking = f"{LEAST_PAST + 1} complete days of calls up to a day in question; there are {days}"
    if series is not None and days > LEAST_PAST and request.since is not None:
        lacking = f"a complete day within the range; the last complete one is {series.day(days - 1)}"
    return AnomalyResult(
        outcome="insufficient_data",
        missing=[lacking],
        measure=request.measure,
        anomalies=[],
        judged_days=0,
        assumptions=[],
        since=None,
        until=None,
        query={} if series is None else series.result.query,
        sql="" if series is None else series.result.sql,
    )


def _no_forecast(request: ForecastRequest, days: int, series: DailySeries | None) -> ForecastResult:
    return ForecastResult(
        outcome="insufficient_data",
        missing=[f"{LEAST_DAYS} complete days of calls; there are {days}"],
        measure=request.measure,
        method=None,
        days=[],
        total=None,
        total_interval_95=None,
        history_days=days,
        backtests=0,
        error_pct=None,
        growth_pct=request.growth_pct,
        assumptions=[],
        query={} if series is None else series.result.query,
        sql="" if series is None else series.result.sql,
    )


def _assumptions(request: ForecastRequest, days: int) -> list[str]:
    said = ["the next days differ from the past as the past differed from what came before it"]
    if days < WEEKLY_DAYS:
        said.append(
            f"{days} days are too few for the shape of a week ({WEEKLY_DAYS} show it): every day is given "
            "the mean, and its interval holds the difference between weekdays too, but no growth"
        )
    if request.growth_pct:
        more = f"{request.growth_pct:+g} % of everything"
        said.append(f"{more}, in the same mix at the same prices: cost grows in proportion")
    return said


def _short_past(judged: Sequence[int]) -> list[str]:
    """What to keep in mind where days were judged on little."""
    early = sum(day < SURE_DAYS for day in judged)
    if not early:
        return []
    told = "one day was" if early == 1 else f"{early} days were"
    return [
        f"{told} judged on fewer than {SURE_DAYS} days before: of ordinary days up to 2 in 100 look odd then"
    ]


def _amount(value: float, money: bool) -> Amount:
    if not money:
        return round(float(value), 3)
    return str(money_text(Decimal(float(value)).quantize(_CENTS)))
