"""The tool `profile_latency`: where the time goes, by percentiles and by share of all time waited."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from netra.reports.charts import Bar, BarChart, LineChart, LinePoint
from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import add_measure, source_of
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import LatencyOutput, Slow, UsageChart
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import Filter, UsageQuery
from netra.usage.service import UsageResult, UsageService

_QUANTILES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms")
_GROUPED = [*_QUANTILES, "latency_avg_ms", "latency_known", "calls", "output_tokens_per_call"]
_GROUPS = 6


class LatencyArguments(ToolArguments):
    """`by` names one or two dimensions whose shares of the time are wanted."""

    by: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=2)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def profile_latency(usage: UsageService) -> AnyToolSpec:
    """The tool `profile_latency`."""

    async def run(call: ToolCall, arguments: LatencyArguments) -> ToolResult:
        base = UsageQuery(
            measures=[*_QUANTILES, "latency_known", "ttft_p50_ms", "ttft_p95_ms"],
            filters=[*exact_filters(arguments.filters), Filter(column="status", value="ok")],
            since=arguments.since,
            until=arguments.until,
        )
        whole = await usage.run(call.context, base)
        if not whole.rows or not whole.rows[0]["latency_known"]:
            return ToolResult(
                "no call in this range carries a latency", plain_json({"calls": 0, "names": []})
            )
        groups = await usage.run(
            call.context, base.model_copy(update={"dimensions": arguments.by, "measures": _GROUPED})
        )
        daily = await usage.run(
            call.context,
            base.model_copy(update={"grain": "day", "measures": ["latency_p50_ms", "latency_p95_ms"]}),
        )
        output = _output(call.figures, arguments.by, whole, groups, daily)
        worst = output.groups[0].name if output.groups else "one group"
        return ToolResult(
            f"{whole.calls:,} calls that succeeded; most time goes to {worst}", plain_json(output)
        )

    return ToolSpec(
        name="profile_latency",
        description="Latency percentiles overall and by group, and each group's share of all time waited.",
        arguments=LatencyArguments,
        permission="usage:read",
        run=run,
    )


def _output(
    sheet: FigureSheet, by: list[str], whole: UsageResult, groups: UsageResult, daily: UsageResult
) -> LatencyOutput:
    row, source = whole.rows[0], source_of(whole)
    overall = {name: add_measure(sheet, name, row, "all calls", source) for name in _QUANTILES}
    known = [entry for entry in groups.rows if entry["latency_known"]]
    spent = {id(entry): entry["latency_avg_ms"] * entry["latency_known"] for entry in known}
    total = sum(spent.values()) or 1.0
    ranked = sorted(known, key=lambda entry: -spent[id(entry)])[:_GROUPS]
    shares = [round(100 * spent[id(entry)] / total, 4) for entry in ranked]
    slow = [
        _slow(sheet, entry, by, share, source_of(groups)) for entry, share in zip(ranked, shares, strict=True)
    ]
    ttft = {
        name: add_measure(sheet, name, row, "all calls", source) if row[name] is not None else None
        for name in ("ttft_p50_ms", "ttft_p95_ms")
    }
    return LatencyOutput(
        names=[value for entry in slow for value in (entry.name, *entry.keys.values())],
        calls=whole.calls,
        p50=overall["latency_p50_ms"],
        p95=overall["latency_p95_ms"],
        p99=overall["latency_p99_ms"],
        p95_ms=row["latency_p95_ms"],
        p99_ms=row["latency_p99_ms"],
        by=by,
        groups=slow,
        ttft_p50=ttft["ttft_p50_ms"],
        ttft_p95=ttft["ttft_p95_ms"],
        sections=[_section(by, slow)] if slow else [],
        charts=_charts(slow, shares, daily, overall["latency_p95_ms"]),
    )


def _slow(sheet: FigureSheet, row: dict[str, Any], by: list[str], share: float, source: Source) -> Slow:
    keys = {name: shown(row[name]) for name in by}
    name = " / ".join(keys.values())
    cells = {
        measure: add_measure(sheet, measure, row, name, source)
        for measure in (*_QUANTILES, "calls", "output_tokens_per_call")
    }
    return Slow(
        name=name,
        keys=keys,
        share=sheet.add(share, "percent", f"Share of {name} in all time waited", source),
        p50=cells["latency_p50_ms"],
        p95=cells["latency_p95_ms"],
        p99=cells["latency_p99_ms"],
        calls=cells["calls"],
        output_per_call=cells["output_tokens_per_call"],
    )


def _charts(slow: list[Slow], shares: list[float], daily: UsageResult, figure: str) -> list[UsageChart]:
    charts: list[UsageChart] = [
        BarChart(
            title="Share of all time waited",
            unit="percent",
            figure=figure,
            bars=tuple(Bar(label=entry.name, value=share) for entry, share in zip(slow, shares, strict=True)),
        )
    ]
    points = tuple(
        LinePoint.model_validate({"day": row["day"], "value": row[measure], "series": series})
        for row in daily.rows
        for measure, series in (("latency_p50_ms", "p50"), ("latency_p95_ms", "p95"))
        if row[measure] is not None
    )
    if len({point.day for point in points}) > 1:
        charts.append(LineChart(title="Latency per day", points=points, figure=figure))
    return charts


def _section(by: list[str], slow: list[Slow]) -> Section:
    columns = (
        *(name.capitalize() for name in by),
        "Share of time",
        "p50",
        "p95",
        "p99",
        "Calls",
        "Output per call",
    )
    return Section(
        heading=f"Where the time goes, by {' and '.join(by)}",
        table=Table(
            columns=columns,
            rows=tuple(
                (
                    *entry.keys.values(),
                    *(cite(name) for name in (entry.share, entry.p50, entry.p95, entry.p99)),
                    *(cite(name) for name in (entry.calls, entry.output_per_call)),
                )
                for entry in slow
            ),
            numeric=frozenset(range(len(by), len(columns))),
        ),
    )  # fmt: skip
