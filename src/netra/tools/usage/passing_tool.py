"""The tool `find_passing`: the day on which a sum, counted up from the beginning of a time range, passed an
amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from pydantic import AwareDatetime, Field

from netra.tools.figure_sheet import FigureSheet
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import figure_of_unpriced, source_of, unit_of
from netra.tools.usage.movement_outputs import PassedSpan, PassingOutput
from netra.tools.usage.query_tool import QueryArguments, narrowing_filters
from netra.usage.measures import MEASURES
from netra.usage.queries import MAX_ROWS, Filter, UsageQuery
from netra.usage.service import UsageResult, UsageService

_SPANS = 24
"""The latest months that are told of."""


class PassingArguments(ToolArguments):
    """The measure that is counted up by days, the amount, and whether it begins anew with each month.
    `reached`: the amount itself is enough.
    """

    measure: str = "cost_usd"
    amount: Decimal = Field(gt=0)
    reached: bool = False
    each_month: bool = False
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    among: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    excluded: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    conditions: list[Filter] = Field(default_factory=list[Filter], max_length=8)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    timezone: str | None = None
    """In which days begin, where it is not the display zone."""


@dataclass(frozen=True, slots=True)
class Passing:
    """The day an amount was passed, None if it never was; the sums before that day and at its end."""

    day: str | None
    before: Decimal
    after: Decimal


def passing_of(days: Sequence[tuple[str, Decimal]], amount: Decimal, *, reached: bool = False) -> Passing:
    """Counts up the amounts of days in their order, exactly."""
    total = Decimal(0)
    for day, value in days:
        before, total = total, total + value
        if total > amount or (reached and total == amount):
            return Passing(day, before, total)
    return Passing(None, total, total)


def find_passing(usage: UsageService) -> AnyToolSpec:
    """The tool `find_passing`."""

    async def run(call: ToolCall, arguments: PassingArguments) -> ToolResult:
        narrowed = QueryArguments(
            measures=[arguments.measure],
            filters=arguments.filters,
            among=arguments.among,
            excluded=arguments.excluded,
            conditions=arguments.conditions,
        )
        query = UsageQuery(
            measures=[arguments.measure],
            grain="day",
            filters=narrowing_filters(narrowed),
            since=arguments.since,
            until=arguments.until,
            timezone=arguments.timezone,
            limit=MAX_ROWS,
        )
        result = await usage.run(call.context, query)
        return ToolResult(
            f"counted up {len(result.rows)} days", plain_json(_output(call.figures, arguments, result))
        )

    return ToolSpec(
        name="find_passing",
        description="The day on which spend (or calls, tokens), counted up, passed an amount.",
        arguments=PassingArguments,
        permission="usage:read",
        run=run,
    )


def _output(sheet: FigureSheet, arguments: PassingArguments, result: UsageResult) -> PassingOutput:
    measure, source = arguments.measure, source_of(result)
    unit, label = unit_of(measure), MEASURES[measure].label
    days = [(str(row["day"]), Decimal(str(row[measure] or 0))) for row in result.rows]

    def figure(value: Decimal, said: str) -> str:
        return sheet.add(value if unit == "usd" else int(value), unit, said, source)

    def told(name: str, members: list[tuple[str, Decimal]]) -> PassedSpan:
        found = passing_of(members, arguments.amount, reached=arguments.reached)
        first, last = members[0][0], members[-1][0]
        return PassedSpan(
            name=name,
            day=found.day,
            first=first,
            last=last,
            before=figure(found.before, f"{label} from {first} to the day before"),
            after=figure(found.after, f"{label} from {first} to {found.day or last}"),
            total=figure(sum((value for _, value in members), Decimal(0)), f"{label} from {first} to {last}"),
        )

    if arguments.each_month:
        months = [(name, list(group)) for name, group in groupby(days, key=lambda day: day[0][:7])]
        spans = [told(name, members) for name, members in months[-_SPANS:]]
    else:
        spans = [told("", days)] if days else []
    return PassingOutput(
        names=[text for span in spans for text in (span.name, span.day or "", span.first, span.last) if text],
        calls=result.calls,
        label=label,
        amount=figure(arguments.amount, "Amount asked about"),
        spans=spans,
        unpriced=figure_of_unpriced(sheet, result) if measure == "cost_usd" else None,
    )
