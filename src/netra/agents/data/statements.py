"""What the built-in analyst says about the results of the data tools, in sentences with citations."""

from __future__ import annotations

from typing import Any

from netra.agents.data.load_statements import load_statements
from netra.agents.data.scope import scope_of
from netra.agents.data.tail_statements import tail_statements
from netra.agents.triage.frame import QuestionFrame
from netra.reports.citations import cite
from netra.tools.usage.outputs import (
    ChangeOutput,
    Driver,
    DriversOutput,
    LatencyOutput,
    LoadOutput,
    TailOutput,
    UsageRow,
    UsageTable,
)

_LISTED = 12


def statements_of(frame: QuestionFrame, shown: dict[str, dict[str, Any]]) -> list[str]:
    """Statements about what the tools showed; empty when they showed nothing."""
    statements: list[str] = []
    for tool, data in shown.items():
        if not data.get("calls"):
            continue
        match tool:
            case "query_usage":
                statements += _usage(frame, UsageTable.model_validate(data))
            case "rank_drivers":
                statements += _drivers(frame, DriversOutput.model_validate(data))
            case "compare_periods":
                statements += _change(ChangeOutput.model_validate(data))
            case "profile_latency":
                statements += _latency(frame, LatencyOutput.model_validate(data))
            case "plan_latency" if frame.kind == "latency":
                statements += tail_statements(frame, TailOutput.model_validate(data))
            case "profile_load":
                statements += load_statements(frame, LoadOutput.model_validate(data))
            case _:
                pass
    return statements


def _usage(frame: QuestionFrame, table: UsageTable) -> list[str]:
    said = [
        f"{table.labels[name].lower()} {cite(table.totals[name])}"
        for name in table.measures
        if name in table.totals
    ]
    lines = [f"In total{scope_of(frame)}: {', '.join(said)}."] if said else []
    if table.dimensions:
        rows = [row for row in table.rows if _wanted(frame, row)]
        by = ", ".join(table.dimensions)
        lines.append(f"By {by}:" if rows else f"No {by} matches.")
        lines += [f"- {' / '.join(row.keys.values())}: {_cells(table, row)}" for row in rows[:40]]
        if table.more:
            lines.append("- and further groups that are not listed here")
    if table.unpriced:
        lines.append(f"{cite(table.unpriced)} of the calls have no known price and are not in the spend.")
    return lines


def _wanted(frame: QuestionFrame, row: UsageRow) -> bool:
    return len(frame.models) < 2 or row.keys.get("model") in frame.models


def _cells(table: UsageTable, row: UsageRow) -> str:
    if len(table.measures) == 1:
        return cite(row.figures[table.measures[0]])
    return ", ".join(f"{table.labels[name].lower()} {cite(row.figures[name])}" for name in table.measures)


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


def _change(output: ChangeOutput) -> list[str]:
    percent = f" ({cite(output.change_pct)})" if output.change_pct else ""
    direction = "rose" if output.rose else "fell"
    lines = [
        f"Spend {direction} by {cite(output.change)}{percent}: from {cite(output.before)} "
        f"({output.before_label}) to "
        f"{cite(output.after)} ({output.after_label}). The main reason: {output.main_part}.",
        f"- more or fewer calls: {cite(output.volume)}",
        f"- a different mix of what is called: {cite(output.mix)}",
        f"- more or fewer tokens per call: {cite(output.size)}",
        f"- another price per token: {cite(output.price)}",
    ]
    if output.movers:
        lines.append("What moved most:")
        lines += [
            f"{number}. **{mover.name}**: {cite(mover.change)} (from {cite(mover.before)} to "
            f"{cite(mover.after)}), "
            f"mainly: {mover.cause}"
            for number, mover in enumerate(output.movers, 1)
        ]
    return lines


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
