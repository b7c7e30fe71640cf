"""The tool `find_movers`: groups whose measure moved between two periods, by how much, and which of them
moved as far as asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from netra.reports.citations import cite
from netra.reports.document import Section, Table
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.changes import span_in_words
from netra.tools.usage.measuring import figure_of_unpriced, unit_of
from netra.tools.usage.movement_outputs import MovedGroup, MoversOutput
from netra.tools.usage.naming import group_name
from netra.tools.usage.query_tool import QueryArguments, narrowing_filters
from netra.usage.having import Having
from netra.usage.measures import MEASURES
from netra.usage.queries import MAX_ROWS, Filter, UsageQuery
from netra.usage.service import UsageResult, UsageService

SHOWN = 20
_HOLDS = {
    ">": Decimal.__gt__, ">=": Decimal.__ge__, "<": Decimal.__lt__, "<=": Decimal.__le__,
}  # fmt: skip


class MoversArguments(ToolArguments):
    """A measure by dimensions in two ranges [since, until). `relative`: `value` is percents of what it was
    before, else it is in the measure's unit. `value` is a size: `down` and `> 20` fell by more than 20.
    """

    measure: str = "cost_usd"
    by: list[str] = Field(default_factory=list[str], max_length=3)
    before_since: AwareDatetime
    before_until: AwareDatetime
    after_since: AwareDatetime
    after_until: AwareDatetime
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    among: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    excluded: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], max_length=6)
    conditions: list[Filter] = Field(default_factory=list[Filter], max_length=8)
    direction: Literal["up", "down", "any"] = "up"
    operator: Literal[">", ">=", "<", "<="] | None = None
    value: Decimal = Decimal(0)
    relative: bool = True
    having: list[Having] = Field(default_factory=list[Having], max_length=4)
    """Conditions on the groups in the later period, as `cost_usd > 100`."""
    top: int = Field(default=SHOWN, ge=1, le=SHOWN)
    """How many groups are listed at most."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A group's measure before and after; None where it has no value."""

    key: tuple[str, ...]
    before: Decimal | None
    after: Decimal | None

    @property
    def known(self) -> bool:
        """Whether it has a value in both periods."""
        return self.before is not None and self.after is not None

    @property
    def change(self) -> Decimal:
        """After minus before, 0 where one is unknown."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0)) if self.known else Decimal(0)

    @property
    def percent(self) -> Decimal | None:
        """The change as a share of what it was; None where it was nothing."""
        return 100 * self.change / self.before if self.before else None


def moved_as_asked(
    moved: Moved, direction: str, operator: str | None, value: Decimal, *, relative: bool
) -> bool:
    """Whether a group moved in the direction and, with an operator, by a size that holds to it. Exact: a
    share is compared as amounts. What was nothing before has no share.
    """
    size = {"up": moved.change, "down": -moved.change}.get(direction, abs(moved.change))
    if not moved.known or size <= 0 or (relative and not moved.before):
        return False
    if operator is None:
        return True
    bound = value * (moved.before or Decimal(0)) if relative else value
    return _HOLDS[operator](100 * size if relative else size, bound)


def find_movers(usage: UsageService) -> AnyToolSpec:
    """The tool `find_movers`."""

    async def run(call: ToolCall, arguments: MoversArguments) -> ToolResult:
        narrowed = QueryArguments(
            measures=[arguments.measure], dimensions=arguments.by, filters=arguments.filters,
            among=arguments.among, excluded=arguments.excluded, conditions=arguments.conditions,
        )  # fmt: skip
        spans = (
            (arguments.before_since, arguments.before_until),
            (arguments.after_since, arguments.after_until),
        )
        answers: list[UsageResult] = []
        for dimensions in (arguments.by, []) if arguments.by else ([],):
            for since, until in spans:
                query = UsageQuery(
                    measures=[arguments.measure], dimensions=[*dimensions], since=since, until=until,
                    filters=narrowing_filters(narrowed), limit=MAX_ROWS,
                )  # fmt: skip
                answers.append(await usage.run(call.context, query))
        if arguments.having and arguments.by:
            later = {"since": arguments.after_since, "until": arguments.after_until}
            chosen = UsageQuery.model_validate(
                {**answers[1].query, **later, "having": arguments.having, "limit": MAX_ROWS}
            )
            answers[:2] = only_chosen(arguments.by, answers[:2], await usage.run(call.context, chosen))
        output = movers_output(call.figures, arguments, answers)
        return ToolResult(
            f"compared {answers[0].calls:,} calls with {answers[1].calls:,}", plain_json(output)
        )

    return ToolSpec(
        name="find_movers",
        description="Which groups' measure grew or fell between two periods, optionally by how much.",
        arguments=MoversArguments,
        permission="usage:read",
        run=run,
    )


def only_chosen(by: list[str], answers: list[UsageResult], chosen: UsageResult) -> list[UsageResult]:
    """The answers with nothing but the groups of `chosen`."""
    keys = {tuple(str(row[name]) for name in by) for row in chosen.rows}
    kept = [
        [row for row in answer.rows if tuple(str(row[name]) for name in by) in keys] for answer in answers
    ]
    return [
        answer.model_copy(update={"rows": rows, "row_count": answer.row_count - len(answer.rows) + len(rows)})
        for answer, rows in zip(answers, kept, strict=True)
    ]


def _joined(arguments: MoversArguments, before: UsageResult, after: UsageResult) -> list[Moved]:
    """Every group of either period. One without calls in a period is 0 there in a measure that adds up, and
    unknown where more groups have calls than were read.
    """
    adds_up = MEASURES[arguments.measure].adds_up
    sides: list[dict[tuple[str, ...], Decimal | None]] = [
        {tuple(str(row[name]) for name in arguments.by): _number(row[arguments.measure]) for row in side.rows}
        for side in (before, after)
    ]
    missing = [Decimal(0) if adds_up and not _is_cut(side) else None for side in (before, after)]
    keys = sorted({*sides[0], *sides[1]})
    return [
        Moved(key, *(side.get(key, none) for side, none in zip(sides, missing, strict=True))) for key in keys
    ]


def _is_cut(answer: UsageResult) -> bool:
    return answer.row_count > len(answer.rows)


def _valueless(arguments: MoversArguments, answers: list[UsageResult]) -> list[tuple[str, ...]]:
    """The groups with calls and no value in a period, such as the spend of calls without a price."""
    return sorted(
        {
            tuple(str(row[name]) for name in arguments.by)
            for answer in answers
            for row in answer.rows
            if row[arguments.measure] is None
        }
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def movers_output(sheet: FigureSheet, arguments: MoversArguments, answers: list[UsageResult]) -> MoversOutput:
    """The answer from the groups before and after, then all together before and after; without groups from
    the latter two.
    """
    before, after = answers[:2]
    source = Source(
        {"compare": {"before": before.query, "after": after.query}}, f"{before.sql};\n{after.sql}",
        before.calls + after.calls, before.since or after.since, after.until or before.until,
    )  # fmt: skip
    groups = [one for one in _joined(arguments, before, after) if one.known]
    kept = [
        one
        for one in groups
        if moved_as_asked(
            one, arguments.direction, arguments.operator, arguments.value, relative=arguments.relative
        )
    ]
    by_share = arguments.relative
    kept.sort(key=lambda one: (-abs((one.percent if by_share else one.change) or Decimal(0)), one.key))
    make = _Figures(sheet, arguments, source)
    told = [make.group(one) for one in kept[: arguments.top]]
    fresh = [one for one in groups if not one.before and one.after]
    added = [make.group(one) for one in fresh[:SHOWN]] if by_share and arguments.direction == "up" else []
    return MoversOutput(
        calls=before.calls + after.calls,
        by=arguments.by,
        label=MEASURES[arguments.measure].label,
        before_label=span_in_words(arguments.before_since, arguments.before_until),
        after_label=span_in_words(arguments.after_since, arguments.after_until),
        groups=told,
        kept=sheet.add(len(kept), "count", "Groups that moved so", source),
        compared=sheet.add(len(groups), "count", "Groups compared", source),
        more=len(kept) > arguments.top,
        new=added,
        whole_moved=bool(not arguments.by and kept),
        first_before=_uncovered(arguments, before),
        cut=_is_cut(before) or _is_cut(after),
        sections=[_section(arguments, told)] if told and arguments.by else [],
    ).model_copy(update=_around(make, answers, [*told, *added]))


def _around(make: _Figures, answers: list[UsageResult], told: list[MovedGroup]) -> dict[str, object]:
    """What is said beside the groups: the whole, and what the comparison knows nothing of."""
    arguments, sides = make.arguments, answers[:2]
    whole = _joined(arguments.model_copy(update={"by": []}), *answers[-2:])
    unknown = _valueless(arguments, sides) if arguments.by else []
    unnamed = [make.name(key) for key in unknown[:SHOWN]]
    money = MEASURES[arguments.measure].kind == "money" and not arguments.measure.startswith("reported")
    unpriced = [figure_of_unpriced(make.sheet, side) if money else None for side in sides]
    return {
        "names": [*(group.name for group in told), *unnamed],
        "whole": make.group(whole[0]) if whole and whole[0].known else None,
        "alone": make.alone(whole[0]) if whole and not whole[0].known else None,
        "empty": [name for name, side in zip(("before", "after"), sides, strict=True) if not side.calls],
        "unpriced_before": unpriced[0],
        "unpriced_after": unpriced[1],
        "valueless": unnamed,
        "more_valueless": len(unknown) > SHOWN,
    }


def _uncovered(arguments: MoversArguments, before: UsageResult) -> str | None:
    """The day of the first call before, where a tenth of that period or more has passed by then."""
    if before.since is None:
        return None
    span = arguments.before_until - arguments.before_since
    late = before.since - arguments.before_since > max(span / 10, timedelta(hours=6))
    return f"{before.since.astimezone(arguments.before_since.tzinfo):%Y-%m-%d}" if late else None


@dataclass(frozen=True, slots=True)
class _Figures:
    """Makes the figures of groups."""

    sheet: FigureSheet
    arguments: MoversArguments
    source: Source

    def group(self, moved: Moved) -> MovedGroup:
        """The figures of one group, whose values are known."""
        name = self.name(moved.key)
        label = MEASURES[self.arguments.measure].label + (f" of {name}" if name else "")
        percent, said = moved.percent, f"Change of {label[0].lower()}{label[1:]}"
        return MovedGroup(
            name=name,
            rose=moved.change >= 0,
            before=self._amount(moved.before or Decimal(0), f"{label} before"),
            after=self._amount(moved.after or Decimal(0), f"{label} after"),
            change=self._size(abs(moved.change), said),
            points=unit_of(self.arguments.measure) == "percent",
            percent=None
            if percent is None
            else self.sheet.add(round(float(abs(percent)), 4), "percent", said, self.source),
        )

    def name(self, key: tuple[str, ...]) -> str:
        """A group in words; empty for the whole."""
        return " / ".join(group_name(value, by) for value, by in zip(key, self.arguments.by, strict=False))

    def alone(self, moved: Moved) -> str | None:
        """The one value there is of a group that lacks the other."""
        value = moved.after if moved.before is None else moved.before
        return None if value is None else self._amount(value, MEASURES[self.arguments.measure].label)

    def _size(self, value: Decimal, label: str) -> str:
        """The size of a change; of a share in points, which are no percents of it."""
        if unit_of(self.arguments.measure) == "percent":
            return self.sheet.add(round(float(value), 4), "ratio", f"{label} in points", self.source)
        return self._amount(value, label)

    def _amount(self, value: Decimal, label: str) -> str:
        unit = unit_of(self.arguments.measure)
        whole = MEASURES[self.arguments.measure].kind == "count"
        shown = value if unit == "usd" else int(value) if whole else round(float(value), 4)
        return self.sheet.add(shown, unit, label, self.source)


def _section(arguments: MoversArguments, groups: list[MovedGroup]) -> Section:
    return Section(
        heading=f"{MEASURES[arguments.measure].label} by {', '.join(arguments.by)}: what moved",
        table=Table(
            columns=("What", "Before", "After", "Change", "Percent"),
            rows=tuple(
                (one.name, *map(cite, (one.before, one.after, one.change)), _share_cell(one))
                for one in groups
            ),
            numeric=frozenset({1, 2, 3, 4}),
        ),
    )


def _share_cell(one: MovedGroup) -> str:
    return cite(one.percent) if one.percent else "new"
