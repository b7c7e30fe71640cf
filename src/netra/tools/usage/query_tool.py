"""The tool `query_usage`: any typed question about calls."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import (
    AnyToolSpec,
    ToolArguments,
    ToolCall,
    ToolResult,
    ToolSpec,
    plain_json,
)
from netra.tools.usage.measuring import add_measure, source_of, unit_of
from netra.tools.usage.naming import group_name
from netra.tools.usage.outputs import UsageRow, UsageTable
from netra.usage.dimensions import CLOCK_DIMENSIONS, FILTER_COLUMNS
from netra.usage.having import Having
from netra.usage.measures import MEASURES
from netra.usage.queries import Filter, UsageQuery
from netra.usage.service import UsageResult, UsageService

SHOWN_ROWS = 40
_LARGEST = 1_000
"""Groups that are read where they must be put in order here."""


class QueryArguments(ToolArguments):
    """Measures (`calls`, `cost_usd`, `latency_p95_ms` ...) by dimensions (`model`, `day` ...), filtered by
    exact values.
    """

    measures: list[str] = Field(min_length=1, max_length=8)
    dimensions: list[str] = Field(default_factory=list[str], max_length=4)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    among: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    """Columns whose value is one of these."""
    excluded: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    """Columns whose value is none of these."""
    conditions: list[Filter] = Field(default_factory=list[Filter], max_length=8)
    """Further conditions on single calls, as `latency_ms > 10000` or `cost_usd >= 0.05`."""
    having: list[Having] = Field(default_factory=list[Having], max_length=4)
    """Conditions on groups, as `cost_usd > 100`; calls that name no such group are left out."""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    grain: Literal["hour", "day", "week", "month"] | None = None
    limit: int = Field(default=20, ge=1, le=SHOWN_ROWS)
    ascending: bool = False
    """The smallest of the first measure first."""
    share: bool = False
    """With the part of the first measure in that of all calls of the time range."""
    timezone: str | None = None
    """In which days begin, where it is not the display zone."""
    ranked: bool = False
    """By the first measure even where groups are of time."""


def exact_filters(filters: dict[str, str]) -> list[Filter]:
    """Filters for exact values."""
    return [Filter(column=column, value=value) for column, value in filters.items()]


def narrowed_to(
    filters: dict[str, str],
    among: dict[str, list[str]],
    excluded: dict[str, list[str]],
    conditions: list[Filter],
) -> list[Filter]:
    """Filters for exact values, for one of several, for none of several, and further conditions."""
    within = [Filter(column=name, operator="in", value=[*values]) for name, values in among.items()]
    out = [Filter(column=name, operator="not in", value=[*values]) for name, values in excluded.items()]
    return [*exact_filters(filters), *within, *out, *conditions]


def narrowing_filters(arguments: QueryArguments) -> list[Filter]:
    """The calls a query of groups is about."""
    named = [
        Filter(column=name, operator="is not null")
        for name in arguments.dimensions
        if arguments.having and name not in CLOCK_DIMENSIONS and name in {*FILTER_COLUMNS, "team"}
    ]
    narrowed = narrowed_to(arguments.filters, arguments.among, arguments.excluded, arguments.conditions)
    return [*narrowed, *named]


def query_usage(usage: UsageService) -> AnyToolSpec:
    """The tool `query_usage`."""

    async def run(call: ToolCall, arguments: QueryArguments) -> ToolResult:
        query = UsageQuery(
            measures=arguments.measures,
            dimensions=arguments.dimensions,
            filters=narrowing_filters(arguments),
            since=arguments.since,
            until=arguments.until,
            grain=arguments.grain,
            timezone=arguments.timezone,
            order_by=_order(arguments),
            having=arguments.having,
            limit=_LARGEST if _is_average(arguments) or arguments.having else arguments.limit + 1,
        )
        result = _in_order(await usage.run(call.context, query), arguments)
        whole = result
        if arguments.dimensions or arguments.grain:
            ungrouped: dict[str, object] = {"dimensions": [], "grain": None, "having": []}
            whole = await usage.run(
                call.context, query.model_copy(update={**ungrouped, "limit": 1, "order_by": []})
            )
        table = _table(call.figures, arguments, result, whole)
        if arguments.share:
            everything: dict[str, object] = {"dimensions": [], "grain": None, "filters": [], "having": []}
            total = await usage.run(
                call.context, query.model_copy(update={**everything, "limit": 1, "order_by": []})
            )
            table = _shared(call.figures, arguments, table, (result, whole, total))
        if arguments.having:
            every = await usage.run(call.context, query.model_copy(update={"having": [], "limit": 1}))
            table = _chosen(call.figures, arguments, table, result, every)
        return ToolResult(_summary(table, result.since, result.until), plain_json(table))

    return ToolSpec(
        name="query_usage",
        description="Measures of calls by dimensions over a time range, e.g. cost_usd by model and day.",
        arguments=QueryArguments,
        permission="usage:read",
        run=run,
    )


def _order(arguments: QueryArguments) -> list[str]:
    if arguments.ascending and not arguments.grain:
        return [arguments.measures[0]]
    return [f"-{arguments.measures[0]}"] if arguments.ranked else []


def _is_average(arguments: QueryArguments) -> bool:
    """Whether groups are ranked by an amount that is divided after the query, which cannot order by it."""
    grouped = bool(arguments.dimensions) and not arguments.grain
    return grouped and arguments.measures[0] in MEASURES and MEASURES[arguments.measures[0]].per is not None


def _in_order(result: UsageResult, arguments: QueryArguments) -> UsageResult:
    if not _is_average(arguments):
        return result
    measure, sign = arguments.measures[0], 1 if arguments.ascending else -1
    known = [row for row in result.rows if row[measure] is not None]
    unknown = [row for row in result.rows if row[measure] is None]
    ranked = sorted(known, key=lambda row: sign * Decimal(row[measure]))
    return result.model_copy(update={"rows": [*ranked, *unknown]})


def _table(
    sheet: FigureSheet, arguments: QueryArguments, result: UsageResult, whole: UsageResult
) -> UsageTable:
    """Figures of every group and of all together; without groups the only row is the whole."""
    measures = arguments.measures
    dimensions = ([arguments.grain] if arguments.grain else []) + arguments.dimensions
    source = source_of(result)
    totals: dict[str, str] = {}
    if dimensions and whole.rows:
        totals = _cells(sheet, measures, whole.rows[0], "", source_of(whole))
    rows: list[UsageRow] = []
    for row in result.rows[: arguments.limit]:
        keys = {name: group_name(row[name], name) for name in dimensions}
        figures = _cells(sheet, measures, row, " / ".join(keys.values()), source)
        counts = {name: row[name] for name in measures if isinstance(row[name], int)}
        unknown = [name for name in measures if row[name] is None]
        amounts = {name: str(row[name]) for name in measures if row[name] is not None}
        rows.append(UsageRow(keys=keys, figures=figures, counts=counts, unknown=unknown, amounts=amounts))
    if not dimensions and rows:
        totals = rows[0].figures
    unpriced = None
    if result.unpriced_calls and any(MEASURES[m].kind == "money" for m in measures):
        unpriced = sheet.add(result.unpriced_calls, "count", "Calls without a known price", source)
    span = (
        f"{whole.since:%Y-%m-%d %H:%M} to {whole.until:%Y-%m-%d %H:%M} UTC"
        if whole.since and whole.until
        else None
    )
    return UsageTable(
        names=[*(value for row in rows for value in row.keys.values()), *([span] if span else [])],
        span=span,
        mean=_mean(sheet, arguments, result),
        calls=result.calls,
        dimensions=dimensions,
        measures=measures,
        labels={name: MEASURES[name].label for name in measures},
        rows=rows,
        totals=totals,
        more=len(result.rows) > arguments.limit,
        unpriced=unpriced,
        sections=[_section(dimensions, measures, rows)] if dimensions and rows else [],
    )


def _mean(sheet: FigureSheet, arguments: QueryArguments, result: UsageResult) -> str | None:
    """The first measure in a mean hour, day, week or month with calls; None where some are not here."""
    name, grain = arguments.measures[0], arguments.grain
    partial = result.row_count > min(len(result.rows), arguments.limit) or result.row_count < 2
    if grain is None or arguments.dimensions or partial or not MEASURES[name].adds_up:
        return None
    total = sum((Decimal(row[name] or 0) for row in result.rows), Decimal(0))
    unit = unit_of(name)
    value = total / result.row_count
    exact = round(value, 6) if unit == "usd" else round(float(value), 1)
    return sheet.add(exact, unit, f"{MEASURES[name].label} in a mean {grain}", source_of(result))


def _shared(
    sheet: FigureSheet,
    arguments: QueryArguments,
    table: UsageTable,
    answers: tuple[UsageResult, UsageResult, UsageResult],
) -> UsageTable:
    """The table with each part in all calls; unchanged where parts of the measure do not add up."""
    result, whole, total = answers
    name = arguments.measures[0]
    of_all = Decimal(total.rows[0][name] or 0) if total.rows and MEASURES[name].adds_up else Decimal(0)
    if not of_all:
        return table
    source = source_of(total)

    def part(row: dict[str, Any], subject: str) -> str:
        share = round(float(100 * Decimal(row[name] or 0) / of_all), 4)
        return sheet.add(share, "percent", f"Share of {subject} in {MEASURES[name].label.lower()}", source)

    rows = [
        kept.model_copy(update={"share": part(row, " / ".join(kept.keys.values()))})
        for kept, row in zip(table.rows, result.rows, strict=False)
    ]
    return table.model_copy(
        update={
            "rows": rows if table.dimensions else table.rows,
            "share": part(whole.rows[0], "these calls") if whole.rows and whole.calls < total.calls else None,
            "share_of": add_measure(sheet, name, total.rows[0], "all calls", source),
        }
    )


def _chosen(
    sheet: FigureSheet, arguments: QueryArguments, table: UsageTable, kept: UsageResult, every: UsageResult
) -> UsageTable:
    """How many of all groups keep to the conditions, and what they come to together where that adds up."""
    source = source_of(kept)
    together: dict[str, str] = {}
    for name in arguments.measures if 0 < kept.row_count == len(kept.rows) else []:
        if MEASURES[name].adds_up:
            total = sum((Decimal(row[name] or 0) for row in kept.rows), Decimal(0))
            row = {name: format(total, "f") if MEASURES[name].kind == "money" else int(total)}
            together[name] = add_measure(sheet, name, row, "the groups that hold", source)
    return table.model_copy(
        update={
            "calls": every.calls,
            "kept": sheet.add(kept.row_count, "count", "Groups that hold to the condition", source),
            "groups": sheet.add(every.row_count, "count", "Groups", source_of(every)),
            "together": together,
        }
    )


def _cells(
    sheet: FigureSheet, measures: list[str], row: dict[str, Any], subject: str, source: Source
) -> dict[str, str]:
    return {name: add_measure(sheet, name, row, subject, source) for name in measures}


def _summary(table: UsageTable, since: datetime | None, until: datetime | None) -> str:
    if table.calls == 0:
        return "no calls match"
    span = f" from {since:%Y-%m-%d} to {until:%Y-%m-%d}" if since and until else ""
    by = f" by {', '.join(table.dimensions)}" if table.dimensions else ""
    return f"{', '.join(table.labels.values()).lower()}{by}, over {table.calls:,} calls{span}"


def _section(dimensions: list[str], measures: list[str], rows: list[UsageRow]) -> Section:
    columns = [name.replace("_", " ").capitalize() for name in dimensions] + [
        MEASURES[m].label for m in measures
    ]
    return Section(
        heading=f"{MEASURES[measures[0]].label} by {', '.join(dimensions)}",
        table=Table(
            columns=tuple(columns),
            rows=tuple((*row.keys.values(), *(cite(row.figures[m]) for m in measures)) for row in rows),
            numeric=frozenset(range(len(dimensions), len(columns))),
        ),
    )
