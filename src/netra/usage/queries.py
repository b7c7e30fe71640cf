"""The typed question about usage and its translation to parameterised SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.usage.errors import InvalidQueryError
from netra.usage.measures import DIMENSIONS, FILTER_COLUMNS, MEASURES

Operator = Literal["=", "!=", "in", "not in", ">", ">=", "<", "<=", "contains"]
Scalar = str | int | float | bool

MAX_ROWS = 10_000
_MAX_IN = 1_000
_COMPARISONS = {"=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


class Filter(BaseModel):
    """`column operator value`; `in` and `not in` take a list. Text compares exactly, `contains` ignores
    case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    operator: Operator = "="
    value: Scalar | list[Scalar]


class UsageQuery(BaseModel):
    """A question about the calls of one workspace.

    `since` is inclusive, `until` exclusive; both absent means all stored data. `grain` adds a time
    dimension in front. `order_by` names a measure or dimension, `-` in front for descending; without it
    rows follow time, else the first measure downwards. Groups by time use `timezone` (IANA name).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: list[str] = Field(min_length=1, max_length=40)
    dimensions: list[str] = Field(default_factory=list[str], max_length=6)
    filters: list[Filter] = Field(default_factory=list[Filter], max_length=40)
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

    `columns` are the output columns in order: dimensions, then measures. `totals_sql` counts calls,
    unpriced calls and the time range of everything the question covers, with the same parameters.
    """

    sql: str
    totals_sql: str
    params: dict[str, Any]
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]


@dataclass(slots=True)
class _Parameters:
    """Hands out placeholders for values."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])

    def bind(self, value: Any, kind: str) -> str:
        """Placeholder of a value under a new name."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"


def compile_query(query: UsageQuery, *, default_timezone: str = "UTC") -> CompiledQuery:
    """Translate a question. Raises InvalidQueryError for unknown names and values that do not fit their
    column.
    """
    dimensions = _dimensions(query)
    unknown = [name for name in query.measures if name not in MEASURES]
    if unknown:
        raise InvalidQueryError(
            f"There is no measure {unknown[0]!r}.", hint=f"Measures: {', '.join(MEASURES)}."
        )
    measures = tuple(dict.fromkeys(query.measures))
    parameters = _Parameters({"zone": _zone(query.timezone or default_timezone)})
    where = _where(query, parameters)
    selected = [f"{_zoned(DIMENSIONS[name].sql)} AS `{name}`" for name in dimensions]
    for name in measures:
        measure = MEASURES[name]
        # A prefix keeps a measure's alias from shadowing the column of that name inside other expressions.
        selected.append(f"{_zoned(measure.sql)} AS `m_{name}`")
        if measure.per is not None:
            selected.append(f"{measure.per} AS `per_{name}`")
    lines = ["SELECT " + ", ".join(selected), "FROM llm_calls", where]
    if dimensions:
        lines.append("GROUP BY " + ", ".join(f"`{name}`" for name in dimensions))
    lines.append("ORDER BY " + ", ".join(_order(query, dimensions, measures)))
    limit = parameters.bind(query.limit, "UInt64")
    lines.append(f"LIMIT {limit} OFFSET {parameters.bind(query.offset, 'UInt64')}")
    totals = (
        "SELECT count() AS calls, countIf(isNull(cost_usd)) AS unpriced_calls, minOrNull(ts) AS since, "
        f"maxOrNull(ts) AS until\nFROM llm_calls\n{where}"
    )
    return CompiledQuery("\n".join(lines), totals, parameters.values, dimensions, measures)


def _dimensions(query: UsageQuery) -> tuple[str, ...]:
    names = ([query.grain] if query.grain else []) + query.dimensions
    for name in names:
        if name not in DIMENSIONS:
            raise InvalidQueryError(
                f"There is no dimension {name!r}.", hint=f"Dimensions: {', '.join(DIMENSIONS)}."
            )
    return tuple(dict.fromkeys(names))


def _zoned(sql: str) -> str:
    return sql.replace("{zone}", "{zone:String}")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidQueryError(
            f"There is no time zone {name[:60]!r}.", hint="Use an IANA name such as UTC or Europe/Berlin."
        ) from None
    return name


def _order(query: UsageQuery, dimensions: Sequence[str], measures: Sequence[str]) -> list[str]:
    terms: list[str] = []
    for entry in query.order_by:
        name = entry.removeprefix("-")
        direction = "DESC" if entry.startswith("-") else "ASC"
        if name in measures:
            terms.append(f"`m_{name}` {direction} NULLS LAST")
        elif name in dimensions:
            terms.append(f"`{name}` {direction}")
        else:
            known = ", ".join([*dimensions, *measures])
            raise InvalidQueryError(f"Cannot order by {name!r}.", hint=f"Order by one of: {known}.")
    timed = [name for name in dimensions if DIMENSIONS[name].time]
    if not terms:
        terms = [f"`{name}` ASC" for name in timed]
        if not timed:
            terms = [f"`m_{measures[0]}` DESC NULLS LAST"]
    # The rest of the dimensions make the order total, so that pages neither repeat nor skip rows.
    return terms + [f"`{name}` ASC" for name in dimensions if not any(f"`{name}` " in term for term in terms)]


def _where(query: UsageQuery, parameters: _Parameters) -> str:
    conditions = ["workspace_id = {workspace:String}"]
    if query.since is not None:
        conditions += _bound(query.since, ">=", parameters)
    if query.until is not None:
        conditions += _bound(query.until, "<", parameters)
    if query.since and query.until and query.since >= query.until:
        raise InvalidQueryError("`since` must lie before `until`.")
    conditions += [_condition(entry, parameters) for entry in query.filters]
    return "WHERE " + " AND ".join(conditions)


def _bound(moment: datetime, comparison: str, parameters: _Parameters) -> list[str]:
    """A time limit, and the same for `day` so that whole days outside are not read.

    Conditions name the table: the dimension `day` is an alias of another type, which would hide the column.
    """
    utc = moment.astimezone(UTC)
    stamp = parameters.bind(utc.strftime("%Y-%m-%d %H:%M:%S.%f"), "DateTime64(6, 'UTC')")
    day = parameters.bind(utc.strftime("%Y-%m-%d"), "Date")
    return [f"llm_calls.day {'>=' if comparison == '>=' else '<='} {day}", f"ts {comparison} {stamp}"]


def _condition(entry: Filter, parameters: _Parameters) -> str:
    kind = FILTER_COLUMNS.get(entry.column)
    if kind is None:
        raise InvalidQueryError(
            f"Cannot filter on {entry.column!r}.", hint=f"Columns: {', '.join(FILTER_COLUMNS)}."
        )
    column = f"llm_calls.`{entry.column}`"
    if entry.operator in ("in", "not in"):
        values = entry.value if isinstance(entry.value, list) else [entry.value]
        if not values or len(values) > _MAX_IN:
            raise InvalidQueryError(f"`{entry.operator}` takes 1 to {_MAX_IN} values.")
        typed = [_typed(value, kind, entry.column) for value in values]
        return f"{column} {entry.operator.upper()} {parameters.bind(typed, f'Array({kind})')}"
    if isinstance(entry.value, list):
        raise InvalidQueryError(f"`{entry.operator}` takes one value; use `in` for a list.")
    if entry.operator == "contains":
        if kind != "String":
            raise InvalidQueryError(f"`contains` works on text, and {entry.column} is none.")
        return f"positionCaseInsensitiveUTF8({column}, {parameters.bind(str(entry.value), 'String')}) > 0"
    value = parameters.bind(_typed(entry.value, kind, entry.column), kind)
    return f"{column} {_COMPARISONS[entry.operator]} {value}"


def _typed(value: Scalar, kind: str, column: str) -> Any:
    """The value in the column's type, as the driver binds it."""
    text = str(value).strip()
    try:
        if kind == "String":
            return str(value)
        if kind == "Int64":
            return int(text)
        if kind == "Float64":
            return float(text)
        if kind == "Bool":
            return {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}[
                text.lower()
            ]
        amount = Decimal(text)
        if not amount.is_finite():
            raise InvalidQueryError(f"{column} compares with an amount, not {text[:60]!r}.")
        return str(amount)
    except (ValueError, KeyError, InvalidOperation):
        raise InvalidQueryError(
            f"{column} compares with {kind.split('(')[0]} values, not {text[:60]!r}."
        ) from None
