"""The tool `plan_latency`: what would bring a percentile of latency under a target."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal, TypeAlias

import polars as pl
from pydantic import AwareDatetime, Field

from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.outputs import ShortenedGroup, TailOutput
from netra.tools.usage.query_tool import exact_filters
from netra.tools.usage.tail import TailPlan, plan_tail
from netra.usage.queries import Filter, UsageQuery
from netra.usage.service import UsageService

_Planned: TypeAlias = tuple[TailPlan | None, datetime | None, datetime | None]
"""The plan, and the range of the calls it was made from."""

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_COLUMNS = ["ts", "status", "latency_ms", "ttft_ms", "output_tokens"]


class TailArguments(ToolArguments):
    """The percentile and its target: `target_ms`, or `cut_pct` percent below what it is now."""

    percentile: Literal["p50", "p90", "p95", "p99"] = "p95"
    target_ms: float | None = Field(default=None, gt=0)
    cut_pct: float = Field(default=50.0, gt=0, lt=100)
    by: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=2)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def plan_latency(usage: UsageService) -> AnyToolSpec:
    """The tool `plan_latency`."""

    async def run(call: ToolCall, arguments: TailArguments) -> ToolResult:
        columns = list(dict.fromkeys([*_COLUMNS, *arguments.by]))

        async def replay_calls() -> _Planned:
            frame = await usage.load_calls(
                call.context,
                columns=columns,
                since=arguments.since,
                until=arguments.until,
                where=arguments.filters,
            )
            return await asyncio.to_thread(_planned, frame, arguments)

        question = ("plan_latency", arguments.model_dump_json())
        plan, since, until = await usage.derived(call.context, question, replay_calls)
        if plan is None:
            return ToolResult(
                "no call in this range carries a latency", plain_json({"calls": 0, "names": []})
            )
        query = UsageQuery(
            measures=["latency_p95_ms", "calls"],
            dimensions=arguments.by,
            filters=[*exact_filters(arguments.filters), Filter(column="status", value="ok")],
            since=arguments.since,
            until=arguments.until,
        )
        replay = {"shorter answers": arguments.percentile, "target_ms": plan.target_ms}
        source = replay_source(query, replay, CallsRead(plan.calls, since, until), call.context.timezone)
        output = _output(call.figures, arguments, plan, source)
        reached = "reached" if plan.reachable else "not reached by shorter answers alone"
        return ToolResult(f"replayed {plan.calls:,} calls: the target is {reached}", plain_json(output))

    return ToolSpec(
        name="plan_latency",
        description="Which groups' answers must be shorter, and how short, to bring a percentile under a "
        "target.",
        arguments=TailArguments,
        permission="usage:read",
        run=run,
    )


def _planned(frame: pl.DataFrame, arguments: TailArguments) -> _Planned:
    kept = frame.filter(pl.col("status") == "ok")
    for name, value in arguments.filters.items():
        kept = kept.filter(pl.col(name).cast(pl.String) == value)
    quantile = _QUANTILES[arguments.percentile]
    target = arguments.target_ms
    if target is None:
        now = kept["latency_ms"].quantile(quantile, interpolation="linear")
        target = float(now or 0.0) * (1 - arguments.cut_pct / 100)
    plan = plan_tail(kept, arguments.by, quantile, target)
    since, until = kept["ts"].min(), kept["ts"].max()
    if not isinstance(since, datetime) or not isinstance(until, datetime):
        return plan, None, None
    return plan, since, until


def _output(sheet: FigureSheet, arguments: TailArguments, plan: TailPlan, source: Source) -> TailOutput:
    label = arguments.percentile
    groups = [
        ShortenedGroup(
            name=" / ".join(group.keys),
            over=sheet.add(group.over, "count", f"Calls of {' / '.join(group.keys)} over the target", source),
            cap=sheet.add(group.cap, "tokens", f"Longest answer of {' / '.join(group.keys)}", source),
            shortened=sheet.add(group.shortened_pct, "percent", "Answers that would be shorter", source),
        )
        for group in plan.groups
    ]
    first = plan.first_token_ms
    return TailOutput(
        names=[group.name for group in groups],
        calls=plan.calls,
        percentile=label,
        now=sheet.add(round(plan.now_ms, 1), "ms", f"{label} latency now", source),
        target=sheet.add(round(plan.target_ms, 1), "ms", f"{label} target", source),
        reached=sheet.add(round(plan.reached_ms, 1), "ms", f"{label} latency with shorter answers", source),
        over=sheet.add(plan.over, "count", "Calls over the target", source),
        allowed=sheet.add(plan.allowed, "count", "Calls that may stay over the target", source),
        first_token=sheet.add(round(first, 1), "ms", f"{label} of the first token", source)
        if first is not None
        else None,
        met_now=plan.now_ms <= plan.target_ms,
        reachable=plan.reachable,
        groups=groups,
        sections=[_section(label, groups)] if groups else [],
    )


def _section(label: str, groups: list[ShortenedGroup]) -> Section:
    return Section(
        heading=f"What brings the {label} to the target",
        table=Table(
            columns=("Group", "Calls over the target", "Longest answer", "Answers shortened"),
            rows=tuple((g.name, cite(g.over), cite(g.cap), cite(g.shortened)) for g in groups),
            numeric=frozenset({1, 2, 3}),
        ),
    )
