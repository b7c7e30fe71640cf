"""The typed question for single calls and its translation to parameterised SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.http.pagination import InvalidCursorError, decode_cursor, encode_cursor
from netra.usage.conditions import Filter, Parameters, time_limit, where_sql, zone_name
from netra.usage.dimensions import FilterType
from netra.usage.errors import InvalidQueryError
from netra.usage.filter_values import typed_value
from netra.usage.schema import CALL_COLUMNS

CallOrder = Literal[
    "ts",
    "-ts",
    "cost_usd",
    "-cost_usd",
    "input_tokens",
    "-input_tokens",
    "output_tokens",
    "-output_tokens",
    "total_tokens",
    "-total_tokens",
    "latency_ms",
    "-latency_ms",
    "ttft_ms",
    "-ttft_ms",
]

MAX_CALLS = 200
"""Most calls of one page."""

_KEYS: dict[str, tuple[str, FilterType]] = {
    "cost_usd": ("llm_calls.cost_usd", "Decimal(38, 15)"),
    "input_tokens": ("llm_calls.input_tokens", "Int64"),
    "output_tokens": ("llm_calls.output_tokens", "Int64"),
    "total_tokens": ("(llm_calls.input_tokens + llm_calls.output_tokens)", "Int64"),
    "latency_ms": ("llm_calls.latency_ms", "Float64"),
    "ttft_ms": ("llm_calls.ttft_ms", "Float64"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = "DateTime64(6, 'UTC')"
_ALL = (*(column.name for column in CALL_COLUMNS), "cost_usd", "price_source", "import_id", "position")
_LISTED = tuple(name for name in _ALL if name not in {"prefix_hashes", "prefix_block_tokens", "tags"})


class CallsQuery(BaseModel):
    """Which calls, and in which order: those that a typed question of the same filters and range sums.

    `since` is inclusive, `until` exclusive; both absent means all stored data. `order_by`: what comes first,
    `-` in front for the largest; calls without that value come last, equal ones in order of their start and
    id. `cursor` is `next_cursor` of the page before, of the same filters and order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    filters: list[Filter] = Field(default_factory=list[Filter], max_length=40)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    order_by: CallOrder = "-ts"
    limit: int = Field(default=50, ge=1, le=MAX_CALLS)
    cursor: str | None = Field(default=None, max_length=8_000)
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class CompiledCalls:
    """SQL of one page and one call more, with named parameters; times are shown in `zone`."""

    sql: str
    params: dict[str, Any]
    zone: str


def compile_calls(query: CallsQuery, *, default_timezone: str = "UTC") -> CompiledCalls:
    """Translate a question for calls. Raises InvalidQueryError, and InvalidCursorError for a cursor that is
    not of this order.
    """
    parameters = Parameters()
    conditions = [where_sql(query, parameters)]
    if query.cursor:
        conditions += _behind(query.cursor, query.order_by, parameters)
    name, direction = query.order_by.removeprefix("-"), "DESC" if query.order_by.startswith("-") else "ASC"
    if name == "ts":
        # As the rows lie in the store, so that the first page does not read all of them.
        order = f"llm_calls.day {direction}, llm_calls.ts {direction}, llm_calls.call_id ASC"
    else:
        order = f"{_KEYS[name][0]} {direction} NULLS LAST, llm_calls.ts ASC, llm_calls.call_id ASC"
    lines = [
        f"SELECT {', '.join(f'llm_calls.`{column}` AS `{column}`' for column in _LISTED)}",
        "FROM llm_calls",
        " AND ".join(conditions),
        f"ORDER BY {order}",
        f"LIMIT {parameters.bind(query.limit + 1, 'UInt64')}",
    ]
    zone = zone_name(query.timezone or default_timezone)
    return CompiledCalls("\n".join(lines), parameters.values, zone)


def one_call_sql() -> str:
    """SQL of the call of an id, parameters `call_id` and its digest `id_hash`, which is found faster."""
    columns = ", ".join(f"`{name}`" for name in (*_ALL, "content_hash", "stored_at"))
    return (
        f"SELECT {columns}\nFROM llm_calls\nWHERE workspace_id = {{workspace:String}} "
        "AND id_hash = {id_hash:UInt64} AND call_id = {call_id:String}\nLIMIT 1"
    )


def cursor_behind(row: Mapping[str, Any], order: CallOrder) -> str:
    """The cursor of the page that begins behind a row."""
    name = order.removeprefix("-")
    value = row["ts"] if name == "ts" else _value_of(row, name)
    known = "" if name == "ts" or value is None else str(value)
    return encode_cursor(order, known, (row["ts"] - _EPOCH) // timedelta(microseconds=1), row["call_id"])


def _value_of(row: Mapping[str, Any], name: str) -> Any:
    if name == "total_tokens":
        return row["input_tokens"] + row["output_tokens"]
    value = row[name]
    return format(value, "f") if isinstance(value, Decimal) else value


def _behind(cursor: str, order: CallOrder, parameters: Parameters) -> list[str]:
    """What holds of the rows behind a position, a null being behind every value."""
    written, value, micros, call_id = decode_cursor(cursor, str, str, int, str)
    if written != order:
        raise InvalidCursorError(
            f"the cursor is of a list ordered by {written[:20]!r}",
            hint=f"Leave it out to begin a list ordered by {order!r}.",
        )
    try:
        moment = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise InvalidCursorError("the cursor is not one of this server's") from None
    stamp = parameters.bind(moment.strftime("%Y-%m-%d %H:%M:%S.%f"), _STAMP)
    identity = parameters.bind(call_id, "String")
    name, falling = order.removeprefix("-"), order.startswith("-")
    if name == "ts":
        limits = time_limit(moment, "<=" if falling else ">=", parameters)
        return [*limits, f"(ts {'<' if falling else '>'} {stamp} OR llm_calls.call_id > {identity})"]
    later = f"(ts, llm_calls.call_id) > ({stamp}, {identity})"
    key, kind = _KEYS[name]
    if not value:
        return [f"isNull({key})", later]
    try:
        edge = parameters.bind(typed_value(value, kind, name), kind)
    except InvalidQueryError:
        raise InvalidCursorError("the cursor is not one of this server's") from None
    return [f"({key} {'<' if falling else '>'} {edge} OR isNull({key}) OR ({key} = {edge} AND {later}))"]
