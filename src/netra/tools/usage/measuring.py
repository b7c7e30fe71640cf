"""From rows of a usage query to figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from netra.reports.figures import FigureUnit
from netra.tools.figure_sheet import FigureSheet, Source
from netra.usage.measures import MEASURES
from netra.usage.queries import UsageQuery, compile_query
from netra.usage.service import UsageResult

_NUMBER_UNITS: dict[str, FigureUnit] = {"ms": "ms", "tokens": "tokens", "calls": "count"}


def unit_of(measure: str) -> FigureUnit:
    """The figure unit of a measure."""
    spec = MEASURES[measure]
    match spec.kind:
        case "money":
            return "usd"
        case "percent":
            return "percent"
        case "count":
            return "tokens" if spec.unit == "tokens" else "count"
        case "number":
            return _NUMBER_UNITS.get(spec.unit, "ratio")


def source_of(result: UsageResult) -> Source:
    """What stands behind every figure of this result."""
    return Source(
        query=result.query, sql=result.sql, rows=result.calls, since=result.since, until=result.until
    )


def add_measure(
    sheet: FigureSheet, measure: str, row: Mapping[str, Any], subject: str, source: Source
) -> str:
    """One cell as a figure labelled `Spend of gpt-4o`; its id."""
    label = MEASURES[measure].label + (f" of {subject}" if subject else "")
    value = row[measure]
    if isinstance(value, float) and unit_of(measure) in {"ms", "tokens"}:
        value = round(value, 1)
    return sheet.add(value, unit_of(measure), label, source)


def figure_of_unpriced(sheet: FigureSheet, result: UsageResult) -> str | None:
    """How many of the calls have no known price and are in no sum of spend."""
    if not result.unpriced_calls:
        return None
    return sheet.add(result.unpriced_calls, "count", "Calls without a known price", source_of(result))


@dataclass(frozen=True, slots=True)
class CallsRead:
    """Which calls a computation outside the query language read: how many, from when to when."""

    rows: int
    since: datetime | None
    until: datetime | None


def replay_source(query: UsageQuery, replay: Mapping[str, object], read: CallsRead, timezone: str) -> Source:
    """What stands behind a figure that was computed call by call: the query of those calls, and the
    computation.
    """
    shown = {**query.model_dump(mode="json", exclude_defaults=True), "measures": query.measures}
    sql = compile_query(query, default_timezone=timezone).sql
    computed = {**shown, "replay": dict(replay)} if replay else shown
    return Source(computed, sql, read.rows, read.since, read.until)
