"""The typed question about usage and its translation to parameterised SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.usage.conditions import Filter, Parameters, where_sql, zone_name
from netra.usage.dimensions import DIMENSIONS, TAG_SQL, tag_of
from netra.usage.errors import InvalidQueryError
from netra.usage.having import Having, having_sql, measure_of
from netra.usage.measures import MEASURES, Measure
from netra.usage.rollups import ROLLUPS, SETTINGS, Rollup
from netra.usage.suggestions import hint_of

MAX_ROWS = 10_000


class UsageQuery(BaseModel):
    """A question about the calls of one workspace.

    `since` is inclusive, `until` exclusive; both absent means all stored data. `grain` adds a time
    dimension in front. `having` keeps the groups whose measures hold to it. `order_by` names a measure or
    dimension, `-` in front for descending; without it rows follow time, else the first measure downwards.
    Groups by time use `timezone` (IANA name).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: list[str] = Field(min_length=1, max_length=40)
    dimensions: list[str] = Field(default_factory=list[str], max_length=6)
    filters: list[Filter] = Field(default_factory=list[Filter], max_length=40)
    having: list[Having] = Field(default_factory=list[Having], max_length=8)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    grain: Literal["hour", "day", "week", "month"] | None = None
    order_by: list[str] = Field(default_factory=list[str], max_length=4)
    limit: int = Field(default=1_000, ge=1, le=MAX_ROWS)
    offset: int = Field(default=0, ge=0)
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """SQL with named parameters; `{workspace:String}` is bound by the data access layer, not here.

    `dimensions` and `measures` are the output columns in order. Every row carries `all_calls`,
    `all_unpriced`, `all_since`, `all_until` (what everything the question covers amounts to) and `all_rows`,
    how many rows there are without a limit; groups that `having` leaves out are in none of them.
    `totals_sql` asks for these alone, with the same parameters: a page beyond the last group has no row to
    carry them.
    `rollup` names the kept sums the SQL is worded for, None for the rows themselves.
    """

    sql: str
    totals_sql: str
    params: dict[str, Any]
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    settings: dict[str, int]
    rollup: str | None


_TOTALS = {
    "all_rows": "count()",
    "all_calls": "sum(count())",
    "all_unpriced": "sum(count() - count(cost_usd))",
    "all_since": "min(min(ts))",
    "all_until": "max(max(ts))",
}
_OF_GROUP = {
    "calls_in": "count()",
    "unpriced_in": "count() - count(cost_usd)",
    "since_in": "min(ts)",
    "until_in": "max(ts)",
}
_ALONE = (
    "SELECT count() AS all_calls, count() - count(cost_usd) AS all_unpriced, min(ts) AS all_since, "
    "max(ts) AS all_until"
)


def compile_query(
    query: UsageQuery, *, default_timezone: str = "UTC", rollups: Sequence[Rollup] = ROLLUPS
) -> CompiledQuery:
    """Translate a question, worded for the first of `rollups` that can answer it, else for the rows.

    Raises InvalidQueryError for unknown names and values that do not fit their column.
    """
    dimensions = _dimensions(query)
    measures = tuple(dict.fromkeys(measure_of(name).name for name in query.measures))
    chosen_by = [measure_of(entry.measure).name for entry in query.having]
    if chosen_by and not dimensions:
        raise InvalidQueryError("`having` chooses between groups.", hint="Name a dimension or a grain.")
    zone = zone_name(query.timezone or default_timezone)
    parameters = Parameters({"zone": zone})
    fitting = (
        rollup for rollup in rollups if _fits(rollup, query, dimensions, (*measures, *chosen_by), zone)
    )
    rollup = next(fitting, None)
    where = where_sql(query, parameters, rollup)
    groups = {name: _dimension(name, rollup, parameters) for name in dimensions}
    selected = [f"{sql} AS `{name}`" for name, sql in groups.items()]
    selected += _selected(measures)
    selected += [f"{sql} OVER () AS {name}" for name, sql in _TOTALS.items()]
    lines = ["SELECT " + ", ".join(selected), "FROM llm_calls", where]
    shares = _shares(chosen_by)
    having = having_sql(query.having, lambda measure: _sql(measure, shares), parameters.bind)
    if dimensions:
        lines.append("GROUP BY " + ", ".join(f"`{name}`" for name in dimensions))
    lines += [having] if having else []
    lines.append("ORDER BY " + ", ".join(_order(query, dimensions, measures)))
    limit = parameters.bind(query.limit, "UInt64")
    lines.append(f"LIMIT {limit} OFFSET {parameters.bind(query.offset, 'UInt64')}")
    return CompiledQuery(
        "\n".join(lines),
        _totals(groups, where, having),
        parameters.values,
        dimensions,
        measures,
        dict(SETTINGS) if rollup else {},
        rollup.name if rollup else None,
    )


def _totals(groups: dict[str, str], where: str, having: str) -> str:
    """What everything comes to without any row; with conditions on groups, what is left of them."""
    if not having:
        return f"{_ALONE}, {_row_count(groups)}\nFROM llm_calls\n{where}"
    kept = ", ".join(f"{sql} AS {name}" for name, sql in _OF_GROUP.items())
    return (
        "SELECT sum(calls_in) AS all_calls, sum(unpriced_in) AS all_unpriced, min(since_in) AS all_since, "
        f"max(until_in) AS all_until, count() AS all_rows\nFROM (SELECT {kept} FROM llm_calls\n{where}\n"
        f"GROUP BY {', '.join(groups.values())}\n{having})"
    )


def _row_count(groups: dict[str, str]) -> str:
    counted = f"uniqExact({', '.join(groups.values())})" if groups else "toUInt64(1)"
    return f"{counted} AS all_rows"


def _selected(measures: Sequence[str]) -> list[str]:
    """Measures under aliases with a prefix, which keeps them from shadowing the column of that name."""
    selected: list[str] = []
    shares = _shares(measures)
    for name in measures:
        measure = MEASURES[name]
        selected.append(f"{_sql(measure, shares)} AS `m_{name}`")
        if measure.per is not None:
            selected.append(f"{measure.per} AS `per_{name}`")
    return selected


def _shares(measures: Sequence[str]) -> dict[str, list[float]]:
    """The percentiles wanted of each column: asked for together, the column is gathered once."""
    shares: dict[str, list[float]] = {}
    for name in measures:
        percentile = MEASURES[name].percentile
        if percentile is not None:
            shares.setdefault(percentile[0], []).append(percentile[1])
    return {column: sorted(set(wanted)) for column, wanted in shares.items()}


def _sql(measure: Measure, shares: dict[str, list[float]]) -> str:
    if measure.percentile is None:
        return measure.sql.replace("{zone}", "{zone:String}")
    column, share = measure.percentile
    levels = ", ".join(str(level) for level in shares[column])
    place = shares[column].index(share) + 1
    return f"if(count({column}) = 0, NULL, quantilesExactInclusive({levels})({column})[{place}])"


def _fits(
    rollup: Rollup, query: UsageQuery, dimensions: Sequence[str], measures: Sequence[str], zone: str
) -> bool:
    return (
        rollup.holds(measures)
        and rollup.tells(dimensions, zone)
        and all(entry.column in rollup.keys for entry in query.filters)
        and rollup.bounds(query.since)
        and rollup.bounds(query.until)
    )


def _dimension(name: str, rollup: Rollup | None, parameters: Parameters) -> str:
    key = tag_of(name)
    if key is not None:
        return TAG_SQL.replace("{key}", parameters.bind(key, "String"))
    ts = rollup.ts if rollup else "ts"
    return DIMENSIONS[name].sql.replace("{ts}", ts).replace("{zone}", "{zone:String}")


def _dimensions(query: UsageQuery) -> tuple[str, ...]:
    names = ([query.grain] if query.grain else []) + query.dimensions
    for name in names:
        if name not in DIMENSIONS and tag_of(name) is None:
            raise InvalidQueryError(
                f"There is no dimension {name[:60]!r}.",
                hint=hint_of(name, "Dimensions", [*DIMENSIONS, "tag:NAME"]),
            )
    return tuple(dict.fromkeys(names))


def _order(query: UsageQuery, dimensions: Sequence[str], measures: Sequence[str]) -> list[str]:
    terms: list[str] = []
    for entry in query.order_by:
        name = entry.removeprefix("-")
        direction = "DESC" if entry.startswith("-") else "ASC"
        if name in measures:
            terms.append(f"{_rank(name)} {direction} NULLS LAST")
        elif name in dimensions:
            terms.append(f"`{name}` {direction}")
        else:
            raise InvalidQueryError(
                f"Cannot order by {name[:60]!r}.",
                hint=hint_of(name, "What is asked for", [*dimensions, *measures]),
            )
    timed = [name for name in dimensions if name in DIMENSIONS and DIMENSIONS[name].time]
    if not terms:
        terms = [f"`{name}` ASC" for name in timed]
        if not timed:
            terms = [f"{_rank(measures[0])} DESC NULLS LAST"]
    # The rest of the dimensions make the order total, so that pages neither repeat nor skip rows.
    return terms + [f"`{name}` ASC" for name in dimensions if not any(f"`{name}` " in term for term in terms)]


def _rank(measure: str) -> str:
    """What a measure is ordered by; an exact amount that is divided afterwards, by its quotient."""
    if MEASURES[measure].per is None:
        return f"`m_{measure}`"
    return f"toFloat64(`m_{measure}`) / nullIf(`per_{measure}`, 0)"
