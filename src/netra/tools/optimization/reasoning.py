"""The tool `profile_reasoning`: what reasoning tokens make of the output and of the spend, by group."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from pydantic import AwareDatetime, Field

from netra.optimization.levers.reasoning_effort import reasoning_cost
from netra.optimization.registry import BASE_COLUMNS
from netra.optimization.service import OptimizationService
from netra.optimization.workload import Workload
from netra.pricing.money import femto_string
from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import Reasoner, ReasoningOutput
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageService

_GROUPS = 8


class ReasoningArguments(ToolArguments):
    """`by` names one or two dimensions."""

    by: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=2)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _Reasoned:
    """Sums by group, most dear first, and how many calls do not carry the column."""

    groups: pl.DataFrame
    whole: dict[str, int]
    unknown: int


def profile_reasoning(usage: UsageService, optimization: OptimizationService) -> AnyToolSpec:
    """The tool `profile_reasoning`."""

    async def run(call: ToolCall, arguments: ReasoningArguments) -> ToolResult:
        columns = list(dict.fromkeys([*BASE_COLUMNS, *arguments.by]))
        frame = await usage.load_calls(
            call.context,
            columns=columns,
            since=arguments.since,
            until=arguments.until,
            where=arguments.filters,
        )
        if frame.is_empty():
            return ToolResult("no calls in this range", plain_json({"calls": 0, "names": []}))

        catalogue = await optimization.catalogue_of(call.context)

        def summed() -> _Reasoned:
            return _sums(frame, Workload(frame, catalogue), arguments.by)

        sums = await asyncio.to_thread(summed)
        query = UsageQuery(
            measures=["reasoning_tokens", "output_tokens", "cost_usd", "calls"],
            dimensions=arguments.by,
            filters=exact_filters(arguments.filters),
            since=arguments.since,
            until=arguments.until,
        )
        replay = {"reasoning": "cost of the call less its cost without the reasoning tokens"}
        read = CallsRead(frame.height, frame["ts"].min(), frame["ts"].max())  # type: ignore[arg-type]
        source = replay_source(query, replay, read, call.context.timezone)
        output = _output(call.figures, arguments.by, sums, frame.height, source)
        return ToolResult(
            f"{sums.whole['reasoning']:,} reasoning tokens in {frame.height:,} calls", plain_json(output)
        )

    return ToolSpec(
        name="profile_reasoning",
        description="Reasoning tokens by group: their share of the output, what they cost, how many a call.",
        arguments=ReasoningArguments,
        permission="usage:read",
        run=run,
    )


def _sums(frame: pl.DataFrame, workload: Workload, by: list[str]) -> _Reasoned:
    """Tokens and femto-dollars by group; `workload` may order the calls its own way, so its frame is used."""
    calls = workload.frame
    priced = pl.Series("reasoning_cost", reasoning_cost(workload))
    spent = pl.Series("spent", workload.cost)
    thought = pl.col("reasoning_tokens").fill_null(0)
    table = calls.with_columns(priced, spent).with_columns(
        thought.clip(upper_bound=pl.col("output_tokens")).alias("reasoning")
    )
    sums = [
        pl.col("reasoning").sum(), pl.col("output_tokens").sum().alias("output"),
        pl.col("reasoning_cost").cast(pl.Int128).sum().alias("cost"),
        pl.col("spent").cast(pl.Int128).sum().alias("spent"), pl.len().alias("calls"),
    ]  # fmt: skip
    keyed = [pl.col(name).cast(pl.String).fill_null("") for name in by]
    groups = table.group_by(keyed).agg(sums).filter(pl.col("reasoning") > 0)
    whole = table.select(sums).row(0, named=True)
    unknown = int(frame["reasoning_tokens"].null_count())
    return _Reasoned(groups.sort("cost", "reasoning", descending=True).head(_GROUPS), whole, unknown)


def _output(
    sheet: FigureSheet, by: list[str], sums: _Reasoned, calls: int, source: Source
) -> ReasoningOutput:
    whole = sums.whole
    groups = [_group(sheet, row, by, source) for row in sums.groups.iter_rows(named=True)]
    return ReasoningOutput(
        names=[value for group in groups for value in (group.name, *group.keys.values())],
        calls=calls,
        by=by,
        tokens=sheet.add(whole["reasoning"], "tokens", "Reasoning tokens", source),
        share=sheet.add(_percent(whole["reasoning"], whole["output"]), "percent", "Share of output", source),
        cost=_money(sheet, whole["cost"], "Cost of reasoning", source),
        share_of_spend=sheet.add(_percent(whole["cost"], whole["spent"]), "percent", "Share of spend", source)
        if whole["spent"]
        else None,
        reasoned=whole["reasoning"] > 0,
        groups=groups,
        unknown=sheet.add(sums.unknown, "count", "Calls without reasoning_tokens", source)
        if sums.unknown
        else None,
        sections=[_section(by, groups)] if groups else [],
    )


def _group(sheet: FigureSheet, row: dict[str, int | str], by: list[str], source: Source) -> Reasoner:
    keys = {name: shown(row[name], name) for name in by}
    name = " / ".join(keys.values())
    tokens, calls, cost = int(row["reasoning"]), int(row["calls"]), int(row["cost"])
    return Reasoner(
        name=name,
        keys=keys,
        tokens=sheet.add(tokens, "tokens", f"Reasoning tokens of {name}", source),
        share=sheet.add(
            _percent(tokens, int(row["output"])),
            "percent",
            f"Share of reasoning in the output of {name}",
            source,
        ),
        cost=_money(sheet, cost, f"Cost of reasoning of {name}", source),
        calls=sheet.add(calls, "count", f"Calls of {name}", source),
        per_call=sheet.add(round(tokens / calls, 1), "tokens", f"Reasoning tokens a call of {name}", source),
    )


def _money(sheet: FigureSheet, femto: int, label: str, source: Source) -> str | None:
    return sheet.add(Decimal(femto_string(femto)), "usd", label, source) if femto else None


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 4) if whole else 0.0


def _section(by: list[str], groups: list[Reasoner]) -> Section:
    columns = (*(name.capitalize() for name in by), "Reasoning tokens", "Of its output", "Cost", "Calls")
    return Section(
        heading=f"Reasoning by {' and '.join(by)}",
        table=Table(
            columns=columns,
            rows=tuple(
                (
                    *group.keys.values(), cite(group.tokens), cite(group.share),
                    cite(group.cost) if group.cost else "unpriced", cite(group.calls),
                )
                for group in groups
            ),
            numeric=frozenset(range(len(by), len(columns))),
        ),
    )  # fmt: skip
