"""The only writer of `usage_lines`: sums that a provider reports, kept beside the calls."""

import asyncio
from collections.abc import Sequence

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.ledgered_rows import LedgeredRows
from netra.usage.arrow import table_of
from netra.usage.importing.growing import new_values
from netra.usage.schema import LEDGER_COLUMNS, USAGE_LINE_COLUMNS

TABLE = "usage_lines"


class UsageLineWriter:
    """Writes usage lines of one workspace at a time; holds no state between writes."""

    def __init__(self, access: DataAccessFactory) -> None:
        self._access = access

    def rows(self, context: UserExecutionContext) -> LedgeredRows:
        """What of it is stored, by id digest and import."""
        analytics = self._access.for_context(context).analytics
        return LedgeredRows(analytics, TABLE, found_by="ts = fromUnixTimestamp64Micro({at:Int64})")

    async def grow(self, context: UserExecutionContext, rows: pl.DataFrame, columns: Sequence[str]) -> None:
        """Give stored lines of the same id digests the values of these columns."""
        stored = {column.name: column.clickhouse for column in USAGE_LINE_COLUMNS}
        kinds = {name: stored[name] for name in columns}
        kinds["content_hash"] = LEDGER_COLUMNS["content_hash"]
        await self.rows(context).rewrite(rows["id_hash"].to_list(), new_values(rows, kinds))

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows with USAGE_LINE_COLUMNS and the ledger's columns once per token; 0 (nothing is
        priced here).
        """
        if frame.height:
            names = [*(column.name for column in USAGE_LINE_COLUMNS), *LEDGER_COLUMNS]
            table = await asyncio.to_thread(lambda: table_of(frame.select(names)))
            await self.rows(context).insert(table, token=token)
        return 0
