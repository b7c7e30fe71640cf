"""The tool `profile_load`: where rate limits bite, and what growth or a spike would do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl
from pydantic import AwareDatetime, Field

from netra.reports.charts import Bar, BarChart
from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.load import ModelLoad, load_of
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import LoadedModel, LoadOutput
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageService

_COLUMNS = ["ts", "model", "status", "input_tokens", "output_tokens", "latency_ms", "cost_usd"]
_MODELS = 8


class LoadArguments(ToolArguments):
    """`growth_pct` 50 is half as much again; `spike` 10 is ten times the mean minute."""

    growth_pct: float = Field(default=0.0, ge=-90, le=100_000)
    spike: float | None = Field(default=None, gt=0, le=100_000)
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class _Measured:
    """The load of each model, the calls it was measured on, and what they cost (None: unpriced)."""

    loads: list[ModelLoad]
    read: CallsRead
    spend: Decimal | None


def profile_load(usage: UsageService) -> AnyToolSpec:
    """The tool `profile_load`."""

    async def run(call: ToolCall, arguments: LoadArguments) -> ToolResult:

        async def measure_calls() -> _Measured:
            frame = await usage.load_calls(
                call.context,
                columns=_COLUMNS,
                since=arguments.since,
                until=arguments.until,
                where=arguments.filters,
            )
            return await asyncio.to_thread(_measured, frame, arguments)

        question = ("profile_load", arguments.model_dump_json())
        measured = await usage.derived(call.context, question, measure_calls)
        loads = measured.loads
        if not loads:
            return ToolResult("no calls in this range", plain_json({"calls": 0, "names": []}))
        query = UsageQuery(
            measures=["calls", "rate_limited", "total_tokens"],
            dimensions=["model"],
            filters=exact_filters(arguments.filters),
            since=arguments.since,
            until=arguments.until,
        )
        replay = {"unit": "minute", "growth_pct": arguments.growth_pct, "spike": arguments.spike}
        source = replay_source(query, replay, measured.read, call.context.timezone)
        output = _output(call.figures, arguments, measured, source)
        refused = sum(load.refused for load in loads)
        summary = (
            f"{measured.read.rows:,} calls of {len(loads)} models by the minute; "
            f"{refused:,} refused by rate limits"
        )
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="profile_load",
        description="Peak calls and tokens per minute by model, where rate limits refused, and load after "
        "growth.",
        arguments=LoadArguments,
        permission="usage:read",
        run=run,
    )


def _measured(frame: pl.DataFrame, arguments: LoadArguments) -> _Measured:
    priced = frame["cost_usd"].drop_nulls()
    spend = Decimal(str(priced.sum())) if len(priced) else None
    growth = 1 + arguments.growth_pct / 100
    loads = load_of(frame, growth, arguments.spike) if frame.height else []
    return _Measured(loads, CallsRead(frame.height, _moment(frame, "min"), _moment(frame, "max")), spend)


def _moment(frame: pl.DataFrame, how: str) -> datetime | None:
    value = frame["ts"].min() if how == "min" else frame["ts"].max()
    return value if isinstance(value, datetime) else None


def _output(sheet: FigureSheet, arguments: LoadArguments, measured: _Measured, source: Source) -> LoadOutput:
    loads, spend = measured.loads, measured.spend
    models = [_model(sheet, load, source) for load in loads[:_MODELS]]
    factor = Decimal(str(1 + arguments.growth_pct / 100))
    refused = sum(load.refused for load in loads)
    bars = tuple(Bar(label=shown(load.model), value=float(load.peak_tokens)) for load in loads[:_MODELS])
    return LoadOutput(
        names=[model.name for model in models],
        calls=measured.read.rows,
        grows=arguments.growth_pct != 0,
        models=models,
        refused=sheet.add(refused, "count", "Calls refused by a rate limit", source),
        any_refused=refused > 0,
        spend=sheet.add(spend, "usd", "Spend in the period", source) if spend is not None else None,
        grown_spend=sheet.add(spend * factor, "usd", "Spend with the growth, same mix", source)
        if spend is not None and arguments.growth_pct
        else None,
        sections=[_section(models, arguments.growth_pct != 0)],
        charts=[
            BarChart(title="Busiest minute by model", unit="tokens", bars=bars, figure=models[0].peak_tokens)
        ],
    )


def _model(sheet: FigureSheet, load: ModelLoad, source: Source) -> LoadedModel:
    name = shown(load.model)

    def rate(value: float | None, label: str) -> str | None:
        return sheet.add(value, "per_minute", f"{name}: {label}", source) if value is not None else None

    return LoadedModel(
        name=name,
        mean_calls=sheet.add(load.mean_calls, "per_minute", f"{name}: calls on average", source),
        peak_calls=sheet.add(load.peak_calls, "per_minute", f"{name}: calls in the busiest minute", source),
        peak_tokens=sheet.add(
            load.peak_tokens, "per_minute", f"{name}: tokens in the busiest minute", source
        ),
        refused=sheet.add(load.refused, "count", f"{name}: calls refused", source),
        refused_any=load.refused > 0,
        onset_calls=rate(load.onset_calls, "calls in the quietest minute with a refusal"),
        carried_calls=sheet.add(
            load.carried_calls, "per_minute", f"{name}: calls in the busiest minute without a refusal", source
        ),
        bound=load.bound,
        calls_a_day=sheet.add(load.calls_a_day, "count", f"{name}: calls a day", source),
        grown_peak_calls=sheet.add(
            load.grown_peak_calls, "per_minute", f"{name}: busiest minute, grown", source
        ),
        grown_peak_tokens=sheet.add(
            load.grown_peak_tokens, "per_minute", f"{name}: tokens in the busiest minute, grown", source
        ),
        minutes_at_risk=sheet.add(
            load.minutes_at_risk, "count", f"{name}: minutes over the known load", source
        ),
        at_risk=load.minutes_at_risk > 0,
        spike_calls=rate(load.spike_calls, "calls per minute in the spike"),
        spike_over_peak=load.spike_calls is not None and load.spike_calls > load.peak_calls,
        in_flight=sheet.add(load.in_flight, "count", f"{name}: calls in flight on average", source)
        if load.in_flight is not None
        else None,
    )


def _section(models: list[LoadedModel], grows: bool) -> Section:
    rows = tuple(
        (
            model.name, cite(model.calls_a_day), cite(model.peak_calls),
            cite(model.peak_tokens), cite(model.refused),
            cite(model.carried_calls),
            cite(model.grown_peak_tokens) if grows else "-",
        )
        for model in models
    )  # fmt: skip
    columns = (
        "Model",
        "Calls, mean",
        "Calls, peak",
        "Tokens, peak",
        "Refused",
        "Refused from tokens",
        "Peak, grown",
    )
    return Section(
        heading="Load by the minute",
        table=Table(columns=columns, rows=rows, numeric=frozenset(range(1, 7))),
    )
