"""Spend by the end of this month at both edges of the month, whatever the time zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from netra.agents.data.insight_statements import forecast_statements
from netra.agents.data.playbook import calls_for
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.results import DataFacts
from netra.context.models import UserExecutionContext
from netra.tools.figure_sheet import FigureSheet
from netra.tools.specification import ToolCall
from netra.tools.usage.forecast_tool import ForecastArguments, forecast_spend, is_certain
from netra.tools.usage.outputs import ForecastOutput
from netra.usage.errors import InvalidQueryError
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageResult, UsageService

FIRST = date(2026, 10, 1)


class DollarADay:
    """Calls of $1 at every midnight of a zone, from the first of October until the last call."""

    def __init__(self, last: datetime, zone: str) -> None:
        self._last, self._zone = last, ZoneInfo(zone)

    async def run(self, _context: UserExecutionContext, query: UsageQuery) -> UsageResult:
        if query.since and query.until and query.since >= query.until:
            raise InvalidQueryError("`since` must lie before `until`.")
        start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=self._zone)
        moments = [start + timedelta(days=place) for place in range(100)]
        kept = [
            moment for moment in moments
            if moment <= self._last
            and (query.since is None or moment >= query.since)
            and (query.until is None or moment < query.until)
        ]  # fmt: skip
        rows: list[dict[str, Any]] = [{"cost_usd": f"{len(kept)}"}]
        if query.grain == "day":
            rows = [{"day": f"{moment:%Y-%m-%d}", "cost_usd": "1"} for moment in kept]
        return UsageResult(
            rows=rows, row_count=len(rows), query={}, sql="", unpriced_calls=0, calls=len(kept),
            since=start, until=self._last, elapsed_ms=0,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("last", "zone", "first_day", "last_day", "so_far", "total"),
    [
        ("2026-12-01T10:00", "UTC", "2026-12-01", "2026-12-31", None, 31),
        ("2026-12-01T10:00", "Asia/Kolkata", "2026-12-01", "2026-12-31", None, 31),
        ("2026-12-01T02:00", "America/New_York", "2026-11-30", "2026-11-30", 29, 1),
        ("2026-11-30T23:30", "UTC", None, None, 30, None),
        ("2026-11-30T10:00", "UTC", "2026-11-30", "2026-11-30", 29, 1),
        ("2026-11-20T10:00", "UTC", "2026-11-20", "2026-11-30", 19, 11),
    ],
)
async def test_the_rest_of_the_month_at_its_edges(
    last: str, zone: str, first_day: str | None, last_day: str | None, so_far: int | None, total: int | None
) -> None:
    until = datetime.fromisoformat(last).replace(tzinfo=UTC)
    frame = QuestionFrame(kind="forecast", horizon_days=0)
    ((_, arguments),) = calls_for(frame, DataFacts(calls=9, until=until), zone)
    context = UserExecutionContext(
        user_id="usr_1", workspace_id="wsp_1", role="viewer", request_id="req_1", run_id="run_1",
        permissions=frozenset({"usage:read"}), timezone=zone,
    )  # fmt: skip
    sheet = FigureSheet(0)
    spec = forecast_spend(cast(UsageService, DollarADay(until, zone)))
    call = ToolCall(context=context, figures=sheet, key="k")
    told = cast(dict[str, Any], (await spec.run(call, ForecastArguments.model_validate(arguments))).data)
    figures = {figure.id: figure.value for figure in sheet.figures}

    def value(name: str) -> float | None:
        return None if told[name] is None else float(figures[told[name]] or 0)

    assert (told["first_day"], told["last_day"]) == (first_day, last_day)
    assert (value("so_far"), value("total")) == (so_far, total)
    assert told["month_over"] == (total is None)
    together = None if so_far is None else so_far + (total or 0)
    assert value("with_so_far") == together


@pytest.mark.parametrize(
    ("interval", "limit", "within", "said"),
    [
        (("90", "110"), 200.0, True, "**Within {{f:5}}:** it comes to {{f:6}} below that."),
        (("90", "110"), 105.0, True, "**Not certain, most likely within {{f:5}}:**"),
        (("90", "110"), 95.0, False, "**Not certain, most likely above {{f:5}}:**"),
        (("90", "110"), 80.0, False, "**Above {{f:5}}:** it comes to {{f:6}} over that."),
        (None, 200.0, True, "**Within {{f:5}} as a point estimate without an interval:**"),
    ],
)
def test_a_limit_inside_the_interval_is_no_certain_verdict(
    interval: tuple[str, str] | None, limit: float, within: bool, said: str
) -> None:
    output = ForecastOutput(
        outcome="complete", first_day="2026-12-01", last_day="2026-12-31", total="1", history="2",
        low=interval and "3", high=interval and "4", limit="5", room="6", within=within,
        certain=is_certain(Decimal(str(limit)), interval, over=False),
    )  # fmt: skip
    assert forecast_statements(QuestionFrame(kind="forecast"), output)[0].startswith(said)
