"""The tool `rank_drivers`: which groups of calls the spend goes to, and what makes them dear."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, Field

from netra.reports.charts import Bar, BarChart, SpendChart, SpendPoint
from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import add_measure, source_of
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import Driver, DriversOutput, UsageChart
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageResult, UsageService

_MEASURES = ["cost_usd", "calls", "input_tokens_per_call", "output_tokens_per_call"]
_CHARTED_SERIES = 6


class DriversArguments(ToolArguments):
    """`by` names one to three dimensions; together they make a driver, e.g. feature and model."""

    by: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=3)
    top: int = Field(default=5, ge=1, le=50)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def rank_drivers(usage: UsageService) -> AnyToolSpec:
    """The tool `rank_drivers`."""

    async def run(call: ToolCall, arguments: DriversArguments) -> ToolResult:
        base = UsageQuery(
            measures=_MEASURES,
            dimensions=arguments.by,
            filters=exact_filters(arguments.filters),
            since=arguments.since,
            until=arguments.until,
            order_by=["-cost_usd"],
            limit=arguments.top,
        )
        ranked = await usage.run(call.context, base)
        whole = await usage.run(
            call.context, base.model_copy(update={"dimensions": [], "order_by": [], "measures": ["cost_usd"]})
        )
        if not whole.rows or whole.rows[0]["cost_usd"] is None:
            return ToolResult(
                "no call in this range has a known price", plain_json({"calls": 0, "names": []})
            )
        daily = await usage.run(
            call.context,
            base.model_copy(
                update={
                    "measures": ["cost_usd"], "dimensions": [arguments.by[-1]], "grain": "day",
                    "order_by": [], "limit": 2_000,
                }
            ),
        )  # fmt: skip
        output = _output(call.figures, arguments, ranked, whole, daily)
        top = output.drivers[0].name if output.drivers else "none"
        summary = f"ranked {ranked.calls:,} calls by spend; the largest driver is {top}"
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="rank_drivers",
        description="The groups of calls that cost the most, with their share of all spend and tokens per "
        "call.",
        arguments=DriversArguments,
        permission="usage:read",
        run=run,
    )


def _output(
    sheet: FigureSheet,
    arguments: DriversArguments,
    ranked: UsageResult,
    whole: UsageResult,
    daily: UsageResult,
) -> DriversOutput:
    total = Decimal(whole.rows[0]["cost_usd"])
    total_id = add_measure(sheet, "cost_usd", whole.rows[0], "", source_of(whole))
    source = source_of(ranked)
    rows = [row for row in ranked.rows if row["cost_usd"] is not None]
    drivers = [_driver(sheet, row, arguments.by, total, source) for row in rows]
    shown = sum((Decimal(row["cost_usd"]) for row in rows), Decimal(0))
    unpriced = None
    if ranked.unpriced_calls:
        unpriced = sheet.add(ranked.unpriced_calls, "count", "Calls without a known price", source)
    bars = tuple(
        Bar(label=driver.name, value=row["cost_usd"], share_pct=_share(Decimal(row["cost_usd"]), total))
        for driver, row in zip(drivers, rows, strict=True)
    )
    heading = f"Spend by {' and '.join(arguments.by)}"
    charts: list[UsageChart] = [BarChart(title=heading, bars=bars, figure=total_id)] if bars else []
    if len({row["day"] for row in daily.rows}) > 1:
        charts.append(_spend_chart(daily, arguments.by[-1], total_id))
    return DriversOutput(
        names=[value for driver in drivers for value in (driver.name, *driver.keys.values())],
        calls=ranked.calls,
        by=arguments.by,
        total=total_id,
        drivers=drivers,
        shown_share=sheet.add(_share(shown, total), "percent", f"Share of the {len(rows)} largest", source),
        unpriced=unpriced,
        sections=[_section(heading, arguments.by, drivers)] if drivers else [],
        charts=charts,
    )


def _driver(sheet: FigureSheet, row: dict[str, Any], by: list[str], total: Decimal, source: Source) -> Driver:
    keys = {name: shown(row[name]) for name in by}
    name = " / ".join(keys.values())
    cells = {measure: add_measure(sheet, measure, row, name, source) for measure in _MEASURES}
    share = sheet.add(_share(Decimal(row["cost_usd"]), total), "percent", f"Share of {name} in spend", source)
    return Driver(
        name=name,
        keys=keys,
        cost=cells["cost_usd"],
        share=share,
        calls=cells["calls"],
        input_per_call=cells["input_tokens_per_call"],
        output_per_call=cells["output_tokens_per_call"],
    )


def _share(part: Decimal, total: Decimal) -> float:
    return round(float(100 * part / total), 4) if total else 0.0


def _section(heading: str, by: list[str], drivers: list[Driver]) -> Section:
    columns = (
        *(name.capitalize() for name in by),
        "Spend",
        "Share",
        "Calls",
        "Input per call",
        "Output per call",
    )
    return Section(
        heading=heading,
        table=Table(
            columns=columns,
            rows=tuple(
                (
                    *driver.keys.values(), cite(driver.cost), cite(driver.share), cite(driver.calls),
                    cite(driver.input_per_call), cite(driver.output_per_call),
                )
                for driver in drivers
            ),
            numeric=frozenset(range(len(by), len(columns))),
        ),
    )  # fmt: skip


def _spend_chart(daily: UsageResult, series: str, figure: str) -> SpendChart:
    """Spend per day; series beyond the largest few are drawn as one."""
    totals: dict[str, Decimal] = {}
    for row in daily.rows:
        name = shown(row[series])
        totals[name] = totals.get(name, Decimal(0)) + Decimal(row["cost_usd"] or 0)
    kept = set(sorted(totals, key=lambda name: -totals[name])[:_CHARTED_SERIES])
    points: dict[tuple[str, str], Decimal] = {}
    for row in daily.rows:
        name = shown(row[series])
        key = (row["day"], name if name in kept else "others")
        points[key] = points.get(key, Decimal(0)) + Decimal(row["cost_usd"] or 0)
    return SpendChart(
        title="Spend per day",
        figure=figure,
        points=tuple(
            SpendPoint.model_validate({"day": day, "cost_usd": format(cost, "f"), "series": name})
            for (day, name), cost in sorted(points.items())
        ),
    )
