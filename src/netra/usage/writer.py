"""The only writer of `llm_calls`: completes, prices and inserts rows, once per token."""

import asyncio
from collections.abc import Sequence
from typing import Any

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.ledgered_rows import LedgeredRows
from netra.usage.arrow import encoded, frame_of, table_of
from netra.usage.identity import content_hashes, id_hashes
from netra.usage.importing.growing import new_values
from netra.usage.pricing_rows import PriceRows, WorkspacePricer
from netra.usage.schema import CALL_COLUMNS, LEDGER_COLUMNS, PRICE_COLUMNS, TABLE

_LOOK = 2_048
_FEW = 256
_NULLABLE = {
    *(column.name for column in CALL_COLUMNS if column.clickhouse.startswith("Nullable")),
    *(name for name, kind in PRICE_COLUMNS.items() if kind.startswith("Nullable")),
}
_FOUND_BY = (
    "day = toDate(fromUnixTimestamp64Micro({at:Int64}), 'UTC') AND ts = fromUnixTimestamp64Micro({at:Int64})"
)


class CallWriter:
    """Writes calls of one workspace at a time; holds no state between writes.

    `price` adds cost_usd and price_source (see `usage.pricing_rows`), or finds what does so for a workspace.
    """

    def __init__(self, access: DataAccessFactory, price: PriceRows | WorkspacePricer) -> None:
        self._access = access
        self._price = price

    def rows(self, context: UserExecutionContext) -> LedgeredRows:
        """What of the workspace's calls is stored, by id digest and import."""
        analytics = self._access.for_context(context).analytics
        return LedgeredRows(analytics, TABLE, unpriced="isNull(cost_usd)", found_by=_FOUND_BY)

    async def existing(self, context: UserExecutionContext, hashes: Sequence[int]) -> pl.DataFrame:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced."""
        return frame_of(await self.rows(context).existing(hashes))

    async def grow(self, context: UserExecutionContext, rows: pl.DataFrame, columns: Sequence[str]) -> None:
        """Give stored calls of the same id digests the values of these columns, and the cost of them."""
        price = await self._pricer(context)
        priced = await asyncio.to_thread(lambda: price(complete_calls(rows)))
        stored = {column.name: column.clickhouse for column in CALL_COLUMNS}
        kinds = {name: stored[name] for name in columns} | PRICE_COLUMNS
        kinds["content_hash"] = LEDGER_COLUMNS["content_hash"]
        await self.rows(context).rewrite(priced["id_hash"].to_list(), new_values(priced, kinds))

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows once per token; the number of rows that could not be priced.

        `frame` holds columns of CALL_COLUMNS, at least ts, model, input_tokens, output_tokens and a unique
        call_id; everything else is completed with its default. The caller answers for ids not stored before.
        """
        if not frame.height:
            return 0
        price = await self._pricer(context)
        table, unpriced = await asyncio.to_thread(_priced, frame, price)
        await self.rows(context).insert(table, token=token)
        return unpriced

    async def _pricer(self, context: UserExecutionContext) -> PriceRows:
        found = self._price
        return await found.for_context(context) if isinstance(found, WorkspacePricer) else found


def _priced(frame: pl.DataFrame, price: PriceRows) -> tuple[Any, int]:
    names = [*(c.name for c in CALL_COLUMNS), *PRICE_COLUMNS, *LEDGER_COLUMNS]
    rows = price(complete_calls(frame)).select(names)
    sent = rows.select([name for name in names if name in LEDGER_COLUMNS or not _is_blank(rows[name])])
    return encoded(table_of(sent), _labels(sent)), rows["cost_usd"].null_count()


def _is_blank(values: pl.Series) -> bool:
    """Whether a column holds nothing but what the store gives a column that was not sent: NULL where there
    may be one, else empty text, zero, or no elements.
    """
    if values.name in _NULLABLE:
        return values.null_count() == len(values)
    if values.dtype == pl.String:
        return values[0] == "" and values.str.len_bytes().max() == 0
    if values.dtype.is_integer():
        return values[0] == 0 and values.min() == 0 and values.max() == 0
    return isinstance(values.dtype, pl.List) and values.list.len().max() == 0


def _labels(rows: pl.DataFrame) -> set[str]:
    """Text columns whose first rows hold few different values; sent as dictionaries they are half the
    bytes and the store reads them in half the time.
    """
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    return {name for name in texts if rows[name].head(_LOOK).n_unique() <= _FEW}


def complete_calls(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of the fact in their types: absent ones get defaults, ids and content digests."""
    expressions: list[pl.Expr] = []
    for column in CALL_COLUMNS:
        value = pl.col(column.name) if column.name in frame.columns else pl.lit(None, dtype=column.dtype)
        value = value.cast(column.dtype)
        if column.default is not None:
            value = value.fill_null(pl.lit(column.default, dtype=column.dtype))
        elif column.kind == "hashes":
            value = value.fill_null(pl.lit([], dtype=column.dtype))
        expressions.append(value.alias(column.name))
    rest = [name for name in LEDGER_COLUMNS if name in frame.columns]
    full = frame.select([*expressions, *(pl.col(name) for name in rest)])
    if "position" not in rest:
        full = full.with_columns(pl.lit(0, dtype=pl.UInt64).alias("position"))
    if "import_id" not in rest:
        full = full.with_columns(pl.lit("").alias("import_id"))
    if "id_hash" not in rest:
        full = full.with_columns(pl.Series("id_hash", id_hashes(full["call_id"])))
    if "content_hash" not in rest:
        full = full.with_columns(pl.Series("content_hash", content_hashes(full, CALL_COLUMNS, "calls")))
    return full.with_columns(pl.col("position").cast(pl.UInt64))
