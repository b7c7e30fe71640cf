"""The tool `compare_periods`: why spend changed, as volume, mix, size and price."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, Field

from netra.reports.charts import SpendChart, SpendPoint, WaterfallChart, WaterfallStep
from netra.reports.citations import cite
from netra.reports.document import Missing, Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import ChangeOutput, Mover
from netra.tools.usage.query_tool import exact_filters
from netra.usage.queries import UsageQuery
from netra.usage.service import CompareRequest, CompareResult, Period, UsageService

PARTS = {
    "volume": ("more calls", "fewer calls"),
    "mix": ("a shift towards dearer calls", "a shift towards cheaper calls"),
    "size": ("more tokens per call", "fewer tokens per call"),
    "price": ("a higher price per token", "a lower price per token"),
}
"""Each part of a change in words: where it raised the spend, where it lowered it."""
_MOVERS = 6


class CompareArguments(ToolArguments):
    """Two ranges [since, until) and the dimensions by which to explain the difference."""

    before_since: AwareDatetime
    before_until: AwareDatetime
    after_since: AwareDatetime
    after_until: AwareDatetime
    by: list[str] = Field(default_factory=lambda: ["model"], min_length=1, max_length=3)
    filters: dict[str, str] = Field(default_factory=dict[str, str])


def compare_periods(usage: UsageService) -> AnyToolSpec:
    """The tool `compare_periods`."""

    async def run(call: ToolCall, arguments: CompareArguments) -> ToolResult:
        filters = exact_filters(arguments.filters)
        result = await usage.compare(
            call.context,
            CompareRequest(
                before=Period(since=arguments.before_since, until=arguments.before_until),
                after=Period(since=arguments.after_since, until=arguments.after_until),
                dimensions=arguments.by,
                filters=filters,
            ),
        )
        daily = await usage.run(
            call.context,
            UsageQuery(
                measures=["cost_usd"], grain="day", filters=filters, since=arguments.before_since,
                until=arguments.after_until, limit=1_000,
            ),
        )  # fmt: skip
        points = tuple(
            SpendPoint.model_validate({"day": row["day"], "cost_usd": row["cost_usd"]})
            for row in daily.rows
            if row["cost_usd"] is not None
        )
        earlier = await usage.run(
            call.context, UsageQuery(measures=["calls"], filters=filters, until=arguments.before_since)
        )
        output = _output(call.figures, arguments, result, points, begins_within=not earlier.calls)
        summary = (
            f"compared {result.before.calls:,} calls with {result.after.calls:,}: mainly {output.main_part}"
        )
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="compare_periods",
        description="Why spend differs between two periods: volume, mix, tokens per call, price, and the "
        "movers.",
        arguments=CompareArguments,
        permission="usage:read",
        run=run,
    )


def part_in_words(part: str, amount: Decimal) -> str:
    """For example `more calls`, or `fewer calls` where they lowered the spend."""
    raised, lowered = PARTS[part]
    return raised if amount >= 0 else lowered


def _source(result: CompareResult) -> Source:
    return Source(
        query={"compare": {"before": result.before.query, "after": result.after.query}},
        sql=f"{result.before.sql};\n{result.after.sql}",
        rows=result.before.calls + result.after.calls,
        since=result.before.since or result.after.since,
        until=result.after.until or result.before.until,
    )


def span_in_words(since: datetime, until: datetime) -> str:
    """Both ends in the zones they are given in; whole days by their first and last."""
    if since.time() == until.time() == time():
        last = until - timedelta(days=1)
        return f"{since:%Y-%m-%d}" if last <= since else f"{since:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"


def _output(
    sheet: FigureSheet,
    arguments: CompareArguments,
    result: CompareResult,
    points: tuple[SpendPoint, ...],
    *,
    begins_within: bool,
) -> ChangeOutput:
    parts, source = result.decomposition, _source(result)
    before, after = Decimal(parts["before_usd"]), Decimal(parts["after_usd"])
    change = Decimal(parts["change_usd"])
    amounts = {part: Decimal(parts[f"{part}_usd"]) for part in PARTS}
    same_direction = {part: value for part, value in amounts.items() if value * change > 0}
    main = max(same_direction or amounts, key=lambda part: abs(amounts[part]))
    ids = {
        part: sheet.add(value, "usd", f"Change by {part_in_words(part, value)}", source)
        for part, value in amounts.items()
    }
    movers = [_mover(sheet, segment, source) for segment in parts["segments"][:_MOVERS]]
    before_id = sheet.add(before, "usd", "Spend before", source)
    after_id = sheet.add(after, "usd", "Spend after", source)
    words = {part: part_in_words(part, value) for part, value in amounts.items()}
    steps = tuple(WaterfallStep(label=words[part], change_usd=format(amounts[part], "f")) for part in PARTS)
    charts: list[Any] = [
        WaterfallChart(
            title="From the spend before to the spend after", baseline_usd=format(before, "f"), steps=steps,
            after_usd=format(after, "f"), figure=before_id,
        )
    ]  # fmt: skip
    if len(points) > 1:
        charts.append(SpendChart(title="Spend per day", points=points, figure=after_id))
    uncovered = _uncovered(arguments, result) if begins_within else None
    return ChangeOutput(
        names=[mover.name for mover in movers],
        calls=result.before.calls + result.after.calls,
        by=" and ".join(arguments.by),
        before_label=span_in_words(arguments.before_since, arguments.before_until),
        after_label=span_in_words(arguments.after_since, arguments.after_until),
        before=before_id,
        after=after_id,
        change=sheet.add(abs(change), "usd", "Change of spend", source),
        change_pct=sheet.add(
            round(float(100 * abs(change) / before), 4), "percent", "Change of spend", source
        )
        if before
        else None,
        rose=change > 0,
        words={part: text for part, text in words.items() if amounts[part]},
        main_part=words[main],
        nothing_before=not result.before.calls,
        first_before=uncovered,
        missing=[_earlier_calls(arguments, uncovered)] if uncovered else [],
        movers=movers,
        sections=[_section(arguments.by, movers)] if movers else [],
        charts=charts,
        volume=ids["volume"],
        mix=ids["mix"],
        size=ids["size"],
        price=ids["price"],
    )


def _uncovered(arguments: CompareArguments, result: CompareResult) -> str | None:
    """The day of the first call before, where a tenth of that period or more has passed by then."""
    first = result.before.since
    if first is None:
        return f"{arguments.before_until:%Y-%m-%d}"
    span = arguments.before_until - arguments.before_since
    day = f"{first.astimezone(arguments.before_since.tzinfo):%Y-%m-%d}"
    return day if first - arguments.before_since > max(span / 10, timedelta(hours=6)) else None


def _earlier_calls(arguments: CompareArguments, first: str) -> Missing:
    return Missing(
        what=f"calls from {arguments.before_since:%Y-%m-%d} to {first}: the earlier period has none there",
        how="import them: netra import FILE --format calls",
    )


def _mover(sheet: FigureSheet, segment: dict[str, Any], source: Source) -> Mover:
    """A segment's change; more or fewer of its own calls is its volume and its part of the mix together."""
    name = " / ".join(shown(key) for key in segment["key"])
    change = Decimal(segment["change_usd"])
    amounts = {part: Decimal(segment[f"{part}_usd"]) for part in ("size", "price")}
    amounts["volume"] = Decimal(segment["volume_usd"]) + Decimal(segment["mix_usd"])
    cause = max(amounts, key=lambda part: amounts[part] if change >= 0 else -amounts[part])
    if not segment["calls_before"]:
        cause_text = "new in this period"
    elif not segment["calls_after"]:
        cause_text = "no longer called"
    else:
        cause_text = part_in_words(cause, amounts[cause])
    return Mover(
        name=name,
        change=sheet.add(change, "usd", f"Change of {name}", source),
        rose=change >= 0,
        size=sheet.add(abs(change), "usd", f"Change of {name}", source),
        before=sheet.add(Decimal(segment["before_usd"]), "usd", f"Spend of {name} before", source),
        after=sheet.add(Decimal(segment["after_usd"]), "usd", f"Spend of {name} after", source),
        calls_before=sheet.add(segment["calls_before"], "count", f"Calls of {name} before", source),
        calls_after=sheet.add(segment["calls_after"], "count", f"Calls of {name} after", source),
        cause=cause_text,
    )


def _section(by: list[str], movers: list[Mover]) -> Section:
    return Section(
        heading=f"What moved, by {' and '.join(by)}",
        table=Table(
            columns=("What", "Before", "After", "Change", "Mainly"),
            rows=tuple(
                (mover.name, cite(mover.before), cite(mover.after), cite(mover.change), mover.cause)
                for mover in movers
            ),
            numeric=frozenset({1, 2, 3}),
        ),
    )
