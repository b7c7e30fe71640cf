"""Stored calls as frames: streamed from the store in time order, in as little memory as their values need."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any, cast

import polars as pl

from netra.data_access.analytics import ScopedAnalytics
from netra.usage.arrow import frame_of
from netra.usage.dimensions import TAG_SQL, tag_of
from netra.usage.errors import InvalidQueryError
from netra.usage.outbox.batch import UNREPORTED
from netra.usage.schema import CALL_COLUMNS, MONEY_SCALE, PRICE_COLUMNS

LOADABLE: dict[str, str] = {
    **{column.name: column.clickhouse for column in CALL_COLUMNS},
    **PRICE_COLUMNS,
    "import_id": "LowCardinality(String)",
    "position": "UInt64",
    "day": "Date",
    "cache_unreported": "Bool",
}
"""Columns that calls can be loaded with, with their store types."""

_DERIVED = {"cache_unreported": f"toBool(position(tags, '{UNREPORTED}') > 0)"}
"""Columns that are worked out of stored ones: whether the report of a call leaves out what was cached."""

IDENTIFIERS = frozenset(
    ("call_id", "retry_of", "request_hash", "user", "session_id", "trace_id", "span_id", "parent_span_id")
)
"""Text columns of which a compact frame holds 64-bit numbers: equal where the text is, 0 where it is empty.
Two different texts among ten million meet with probability 3e-6.
"""

LONGEST_LOAD_S = 600
_ROWS_AT_ONCE = 1 << 18
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_YES = ("true", "yes", "1")


@dataclass(frozen=True, slots=True)
class CallSelection:
    """Which calls, and which of their columns. `since` inclusive, `until` exclusive; `where`: columns, `team`
    or `tag:NAME`, and the text their values must equal (yes or no for flags).
    """

    columns: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None
    where: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def names(self) -> list[str]:
        """The columns, each once. Raises InvalidQueryError where one is not stored."""
        conditions = [name for name in self.where if tag_of(name) is None]
        unknown = [name for name in (*self.columns, *conditions) if name not in LOADABLE]
        if unknown or not self.columns:
            raise InvalidQueryError(f"Unknown columns: {', '.join(unknown) or 'none given'}.")
        return list(dict.fromkeys(self.columns))


@dataclass(frozen=True, slots=True)
class Extent:
    """How many calls a selection has, and how many prefix blocks they carry."""

    calls: int
    blocks: int


async def extent_of(analytics: ScopedAnalytics, selection: CallSelection) -> Extent:
    """The size of a selection, without loading it."""
    conditions, params = _conditions(selection)
    blocks = "sum(length(prefix_hashes))" if "prefix_hashes" in selection.names else "0"
    rows = await analytics.query_rows(
        f"SELECT count() AS calls, {blocks} AS blocks FROM llm_calls WHERE {conditions}", params
    )
    return Extent(int(rows[0]["calls"]), int(rows[0]["blocks"]))


async def newest_days(analytics: ScopedAnalytics, selection: CallSelection, calls: int) -> datetime | None:
    """Midnight (UTC) of the first day since which a selection has at most so many calls; None where its last
    day alone has more.
    """
    conditions, params = _conditions(selection)
    sql = f"SELECT day, count() AS calls FROM llm_calls WHERE {conditions} GROUP BY day ORDER BY day DESC"
    first: datetime | None = None
    for row in await analytics.query_rows(sql, params):
        calls -= int(row["calls"])
        if calls < 0:
            break
        first = datetime.combine(row["day"], time(), UTC)
    return first


async def load_calls(analytics: ScopedAnalytics, selection: CallSelection) -> pl.DataFrame:
    """The selected calls with the types they are stored with, sorted by (ts, position)."""
    names = selection.names
    sql, params = _query(selection, {name: f"{_stored(name)} AS `{name}`" for name in names})
    frames = [frame async for frame in _frames(analytics, sql, params, {})]
    return pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=_schema(names))


async def load_compact(analytics: ScopedAnalytics, selection: CallSelection) -> pl.DataFrame:
    """The selected calls sorted by (ts, position), for computing over millions of them.

    Text of few values comes as Enum (see `netra.pricing.coding`), IDENTIFIERS as UInt64, whole numbers in the
    smallest of Int8, Int32 and Int64 that holds them; each column is in one piece. Beside the frame itself,
    loading takes memory for its largest column.
    """
    names = selection.names
    sql, params = _query(selection, {name: _compact_sql(name) for name in names})
    parts: list[pl.DataFrame] = []
    waiting: list[pl.DataFrame] = []
    settings = {"output_format_arrow_low_cardinality_as_dictionary": 1, "prefer_column_name_to_alias": 1}
    async for frame in _frames(analytics, sql, params, settings):
        waiting.append(frame)
        if sum(part.height for part in waiting) >= _ROWS_AT_ONCE:
            parts.append(_compacted(waiting))
            waiting = []
    if waiting:
        parts.append(_compacted(waiting))
    if not parts:
        return pl.DataFrame(schema=_schema(names))
    return pl.DataFrame([_joined(parts, name) for name in names])


async def _frames(
    analytics: ScopedAnalytics, sql: str, params: dict[str, Any], settings: dict[str, Any]
) -> AsyncIterator[pl.DataFrame]:
    settings = {"max_execution_time": LONGEST_LOAD_S, **settings}
    async for batch in analytics.query_arrow_batches(sql, params, settings):
        if batch.num_rows:
            yield frame_of(batch)


def _compacted(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows of some batches in buffers of their own: a column that still points into a batch would keep
    all of the batch.
    """
    whole = pl.concat(frames, rechunk=True)
    return whole.with_columns(_narrow(column) for column in whole if column.dtype == pl.Int64)


def _narrow(column: pl.Series) -> pl.Series:
    low, high = cast("int | None", column.min()), cast("int | None", column.max())
    if not low and not high:
        return column.cast(pl.Int8)
    fits = low is not None and high is not None and low >= _SMALLEST and high <= _LARGEST
    return column.cast(pl.Int32) if fits else column


def _joined(parts: list[pl.DataFrame], name: str) -> pl.Series:
    """One column in one piece; it is taken out of the parts."""
    pieces = [parts[number].get_column(name).to_frame() for number in range(len(parts))]
    for number, part in enumerate(parts):
        parts[number] = part.drop(name)
    column = pl.concat(pieces, how="vertical_relaxed", rechunk=True).get_column(name)
    if column.dtype != pl.Categorical:
        return column
    return column.cast(pl.Enum(column.unique(maintain_order=True).cast(pl.String)))


def _compact_sql(name: str) -> str:
    if name in IDENTIFIERS:
        return f"if(`{name}` = '', 0, cityHash64(`{name}`)) AS `{name}`"
    if LOADABLE[name] == "String":
        return f"toLowCardinality(`{name}`) AS `{name}`"
    return f"{_stored(name)} AS `{name}`"


def _stored(name: str) -> str:
    return _DERIVED.get(name, f"`{name}`")


def _query(selection: CallSelection, columns: dict[str, str]) -> tuple[str, dict[str, Any]]:
    conditions, params = _conditions(selection)
    names = ", ".join(columns.values())
    return f"SELECT {names} FROM llm_calls WHERE {conditions} ORDER BY day, ts, position", params


def _conditions(selection: CallSelection) -> tuple[str, dict[str, Any]]:
    conditions = ["workspace_id = {workspace:String}"]
    params: dict[str, Any] = {}
    for name, moment, comparison in (("since", selection.since, ">="), ("until", selection.until, "<")):
        if moment is not None:
            params[name] = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            conditions.append(f"ts {comparison} {{{name}:DateTime64(6, 'UTC')}}")
    for number, (name, value) in enumerate(selection.where.items()):
        bound = f"where{number}"
        tag = tag_of(name)
        if tag is not None:
            params |= {bound: value, f"tag{number}": tag}
            stored = TAG_SQL.replace("{key}", f"{{tag{number}:String}}")
            conditions.append(f"{stored} = {{{bound}:String}}")
            continue
        kind = LOADABLE[name]
        if "Bool" in kind:
            params[bound] = value.lower() in _YES
            conditions.append(f"{_stored(name)} = {{{bound}:Bool}}")
            continue
        params[bound] = value
        stored = f"`{name}`" if "String" in kind else f"toString(`{name}`)"
        conditions.append(f"{stored} = {{{bound}:String}}")
    return " AND ".join(conditions), params


def _schema(names: Sequence[str]) -> dict[str, pl.DataType]:
    types = {column.name: column.dtype for column in CALL_COLUMNS}
    types |= {
        "cache_unreported": pl.Boolean(),
        "cost_usd": pl.Decimal(38, MONEY_SCALE),
        "position": pl.UInt64(),
        "day": pl.Date(),
    }
    return {name: types.get(name, pl.String()) for name in names}
