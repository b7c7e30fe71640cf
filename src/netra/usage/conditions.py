"""Which calls a question is about: filters and time limits as parameterised SQL that names the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from netra.usage.dimensions import CLOCK_DIMENSIONS, FILTER_COLUMNS, FILTER_SQL, TAG_SQL, FilterType, tag_of
from netra.usage.errors import InvalidQueryError
from netra.usage.filter_values import Scalar, typed_value
from netra.usage.rollups import Rollup
from netra.usage.suggestions import hint_of

Operator = Literal[
    "=",
    "!=",
    "in",
    "not in",
    ">",
    ">=",
    "<",
    "<=",
    "between",
    "contains",
    "prefix",
    "is null",
    "is not null",
]

_MAX_IN = 1_000
_COMPARISONS = {"=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


class Filter(BaseModel):
    """`column operator value`; `in` and `not in` take a list, `between` two ends (both included), `is null`
    and `is not null` none. Text compares exactly, `contains` ignores case; text nobody gave is null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    operator: Operator = "="
    value: Scalar | list[Scalar] = ""


class Scope(Protocol):
    """Some of a workspace's calls: `since` inclusive, `until` exclusive, all filters kept to."""

    @property
    def filters(self) -> Sequence[Filter]:
        """What the calls keep to."""
        ...

    @property
    def since(self) -> datetime | None:
        """The first instant."""
        ...

    @property
    def until(self) -> datetime | None:
        """The first instant after them."""
        ...


@dataclass(slots=True)
class Parameters:
    """Hands out placeholders for values."""

    values: dict[str, Any] = field(default_factory=dict[str, Any])

    def bind(self, value: Any, kind: str) -> str:
        """Placeholder of a value under a new name."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"


def zone_name(name: str) -> str:
    """The name of a time zone. Raises InvalidQueryError for one there is not."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidQueryError(
            f"There is no time zone {name[:60]!r}.", hint="Use an IANA name such as UTC or Europe/Berlin."
        ) from None
    return name


def where_sql(query: Scope, parameters: Parameters, rollup: Rollup | None = None) -> str:
    """The WHERE clause of a question, worded for a rollup or for the rows. Raises InvalidQueryError for
    unknown columns and values that do not fit theirs.
    """
    conditions = ["workspace_id = {workspace:String}"]
    for moment, comparison in ((query.since, ">="), (query.until, "<")):
        if moment is not None and rollup is not None:
            stamp = parameters.bind(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"), "DateTime('UTC')")
            conditions.append(f"{rollup.ts} {comparison} {stamp}")
        elif moment is not None:
            conditions += time_limit(moment, comparison, parameters)
    if query.since and query.until and query.since >= query.until:
        raise InvalidQueryError("`since` must lie before `until`.")
    conditions += [_condition(entry, parameters) for entry in query.filters]
    return "WHERE " + " AND ".join(conditions)


def time_limit(moment: datetime, comparison: str, parameters: Parameters) -> list[str]:
    """A time limit on rows, and the same for `day` so that whole days outside are not read.

    Conditions name the table: the dimension `day` is an alias of another type, which would hide the column.
    """
    utc = moment.astimezone(UTC)
    stamp = parameters.bind(utc.strftime("%Y-%m-%d %H:%M:%S.%f"), "DateTime64(6, 'UTC')")
    day = parameters.bind(utc.strftime("%Y-%m-%d"), "Date")
    return [f"llm_calls.day {'>=' if comparison == '>=' else '<='} {day}", f"ts {comparison} {stamp}"]


def _condition(entry: Filter, parameters: Parameters) -> str:
    column, kind = _filtered(entry.column, parameters)
    if entry.operator in ("is null", "is not null"):
        if kind == "String":
            return f"{column} {'=' if entry.operator == 'is null' else '!='} ''"
        return f"{'isNull' if entry.operator == 'is null' else 'isNotNull'}({column})"
    if entry.operator in ("in", "not in"):
        values = entry.value if isinstance(entry.value, list) else [entry.value]
        if not values or len(values) > _MAX_IN:
            raise InvalidQueryError(f"`{entry.operator}` takes 1 to {_MAX_IN} values.")
        typed = [typed_value(value, kind, entry.column) for value in values]
        return f"{column} {entry.operator.upper()} {parameters.bind(typed, f'Array({kind})')}"
    if entry.operator == "between":
        ends = entry.value if isinstance(entry.value, list) else []
        if len(ends) != 2:
            raise InvalidQueryError("`between` takes two values, the lowest and the highest.")
        low, high = (parameters.bind(typed_value(end, kind, entry.column), kind) for end in ends)
        return f"{column} BETWEEN {low} AND {high}"
    if isinstance(entry.value, list):
        raise InvalidQueryError(f"`{entry.operator}` takes one value; use `in` for a list.")
    if entry.operator in ("contains", "prefix"):
        if kind != "String":
            raise InvalidQueryError(f"`{entry.operator}` works on text, and {entry.column} is none.")
        text = parameters.bind(str(entry.value), "String")
        if entry.operator == "prefix":
            return f"startsWith({column}, {text})"
        return f"positionCaseInsensitiveUTF8({column}, {text}) > 0"
    value = parameters.bind(typed_value(entry.value, kind, entry.column), kind)
    return f"{column} {_COMPARISONS[entry.operator]} {value}"


def _filtered(name: str, parameters: Parameters) -> tuple[str, FilterType]:
    """The SQL of what a filter looks at, and the type its values are bound as."""
    key = tag_of(name)
    if key is not None:
        return TAG_SQL.replace("{key}", parameters.bind(key, "String")), "String"
    kind = FILTER_COLUMNS.get(name)
    if kind is None and name in CLOCK_DIMENSIONS:
        raise InvalidQueryError(f"Cannot filter on {name!r}.", hint="Limit time by `since` and `until`.")
    if kind is None:
        raise InvalidQueryError(
            f"Cannot filter on {name[:60]!r}.",
            hint=hint_of(name, "Columns", [*FILTER_COLUMNS, "team", "tag:NAME"]),
        )
    return FILTER_SQL.get(name, f"llm_calls.`{name}`"), kind
