"""What the built-in analyst says about the results of the data tools, in sentences with citations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netra.agents.data.call_statements import call_statements
from netra.agents.data.growth_statements import growth_statements
from netra.agents.data.insight_statements import anomaly_statements, forecast_statements
from netra.agents.data.load_statements import load_statements
from netra.agents.data.passing_statements import passing_statements
from netra.agents.data.price_statements import price_statements
from netra.agents.data.reasoning_statements import reasoning_statements
from netra.agents.data.scope import scope_of
from netra.agents.data.tail_statements import tail_statements
from netra.agents.data.usage_statements import unpriced_statements, usage_statements
from netra.agents.data.what_if_statements import what_if_statements
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.calls_tool import CallsOutput
from netra.tools.usage.movement_outputs import MoversOutput, PassingOutput
from netra.tools.usage.outputs import (
    AnomaliesOutput,
    ChangeOutput,
    Driver,
    DriversOutput,
    ForecastOutput,
    LatencyOutput,
    LoadOutput,
    Mover,
    PricesOutput,
    ReasoningOutput,
    TailOutput,
    UsageTable,
    WhatIfOutput,
)

_LISTED, _NAMED = 12, 3
_RANKED = frozenset({"drivers", "change", "usage"})


def statements_of(frame: QuestionFrame, shown: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """Statements about what the tools showed, in the order of the calls; empty when they showed nothing."""
    statements: list[str] = []
    for tool, data in shown:
        if tool == "show_prices":
            statements += price_statements(PricesOutput.model_validate(data))
        if not data.get("calls"):
            continue
        match tool:
            case "query_usage" if frame.kind == "audit" and "unpriced" in (frame.levers or []):
                statements += unpriced_statements(UsageTable.model_validate(data))
            case "query_usage":
                statements += usage_statements(frame, UsageTable.model_validate(data))
            case "price_on_model":
                statements += what_if_statements(frame, WhatIfOutput.model_validate(data))
            case "rank_drivers":
                output = DriversOutput.model_validate(data)
                statements += _drivers(frame, output) if frame.kind in _RANKED else _spend(frame, output)
            case "compare_periods":
                statements += _change(frame, ChangeOutput.model_validate(data))
            case "list_calls":
                statements += call_statements(frame, CallsOutput.model_validate(data))
            case "find_movers":
                statements += growth_statements(frame, MoversOutput.model_validate(data))
            case "find_passing":
                statements += passing_statements(frame, PassingOutput.model_validate(data))
            case "profile_latency":
                statements += _latency(frame, LatencyOutput.model_validate(data))
            case "plan_latency":
                statements += tail_statements(frame, TailOutput.model_validate(data))
            case "profile_load":
                statements += load_statements(frame, LoadOutput.model_validate(data))
            case "profile_reasoning":
                statements += reasoning_statements(frame, ReasoningOutput.model_validate(data))
            case "forecast_spend":
                statements += forecast_statements(frame, ForecastOutput.model_validate(data))
            case "find_anomalies":
                statements += anomaly_statements(frame, AnomaliesOutput.model_validate(data))
            case _:
                pass
    return statements


def _spend(frame: QuestionFrame, output: DriversOutput) -> list[str]:
    """Where the spend goes, in one sentence below an answer about savings."""
    named = ", ".join(
        f"{driver.name} {cite(driver.cost)} ({cite(driver.share)})" for driver in output.drivers[:_NAMED]
    )
    return [f"The spend{scope_of(frame)} goes mostly to {named}."] if named else []


def _drivers(frame: QuestionFrame, output: DriversOutput) -> list[str]:
    by = " and ".join(output.by)
    lines = [
        f"Spend{scope_of(frame)} is {cite(output.total)}; the largest drivers by {by} make up "
        f"{cite(output.shown_share)} of it:"
    ]
    lines += [f"{number}. {_driver(driver)}" for number, driver in enumerate(output.drivers[:_LISTED], 1)]
    if output.unpriced:
        lines.append(f"{cite(output.unpriced)} calls have no known price and are not in these amounts.")
    return lines


def _driver(driver: Driver) -> str:
    return (
        f"**{driver.name}**: {cite(driver.cost)} ({cite(driver.share)} of the spend), "
        f"{cite(driver.calls)} calls with "
        f"{cite(driver.input_per_call)} in and {cite(driver.output_per_call)} out on average"
    )


def _change(frame: QuestionFrame, output: ChangeOutput) -> list[str]:
    percent = f" ({cite(output.change_pct)})" if output.change_pct else ""
    direction = "rose" if output.rose else "fell"
    opening = "It did not rise: spend" if frame.expects_rise and not output.rose else "Spend"
    same_way = [mover for mover in output.movers if mover.rose == output.rose]
    cause = f" {_main_mover(same_way[0])}" if same_way else ""
    lines: list[str] = []
    if output.nothing_before:
        return [
            f"There is nothing to compare with: no call is stored from {output.before_label}. Spend in "
            f"{output.after_label} is {cite(output.after)}."
        ]
    if output.first_before:
        lines.append(
            f"**The periods cannot be compared fairly**: the earlier one, {output.before_label}, has no "
            f"calls "
            f"before {output.first_before}, so part of the change is missing data."
        )
    lines += [
        f"{opening}{scope_of(frame, window=False)} {direction} by {cite(output.change)}{percent}, from "
        f"{cite(output.before)} ({output.before_label}) to {cite(output.after)} ({output.after_label}), "
        f"mainly by {output.main_part}.{cause}",
        "The change in parts, which add up to it:",
        *(f"- {output.words[part]}: {cite(getattr(output, part))}" for part in output.words),
    ]
    if output.movers:
        lines.append(f"What moved most, by {output.by}:")
        lines += [
            f"{number}. **{mover.name}**: {cite(mover.change)}, from {cite(mover.before)} to "
            f"{cite(mover.after)} ({cite(mover.calls_before)} to {cite(mover.calls_after)} calls), mainly "
            f"{mover.cause}"
            for number, mover in enumerate(output.movers, 1)
        ]
    return lines


def _main_mover(mover: Mover) -> str:
    moved = "rose" if mover.rose else "fell"
    return f"The largest part is **{mover.name}**, which {moved} by {cite(mover.size)}: {mover.cause}."


def _latency(frame: QuestionFrame, output: LatencyOutput) -> list[str]:
    lines = [
        f"Latency of the calls that succeeded{scope_of(frame)}: median {cite(output.p50)}, p95 "
        f"{cite(output.p95)}, "
        f"p99 {cite(output.p99)}."
    ]
    if output.ttft_p50 and output.ttft_p95:
        lines.append(
            f"The first token takes {cite(output.ttft_p50)} at the median and {cite(output.ttft_p95)} at "
            f"the p95; "
            "the rest is writing the answer, which grows with its length."
        )
    lines.append(f"Where the time goes, by {' and '.join(output.by)}:")
    lines += [
        f"{number}. **{entry.name}**: {cite(entry.share)} of all time waited; p50 {cite(entry.p50)}, "
        f"p95 {cite(entry.p95)}, p99 {cite(entry.p99)} over {cite(entry.calls)} calls with "
        f"{cite(entry.output_per_call)} out on average"
        for number, entry in enumerate(output.groups, 1)
    ]
    return lines
