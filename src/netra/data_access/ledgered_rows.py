"""Rows that carry where they came from: tables with import_id, position, id_hash and content_hash."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.arrow import ArrowTable
from netra.data_access.number_lists import LIST_SETTINGS, number_list

_OWN = "WHERE workspace_id = {workspace:String}"


class LedgeredRows:
    """What an import asks about the rows of one workspace in one table.

    `unpriced` is the SQL condition under which a row counts as unpriced.
    """

    def __init__(self, analytics: ScopedAnalytics, table: str, unpriced: str = "false") -> None:
        self._analytics = analytics
        self._table = table
        self._unpriced = unpriced

    async def existing(self, hashes: Sequence[int]) -> ArrowTable:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced."""
        sql = (
            f"SELECT id_hash, content_hash, import_id, position, {self._unpriced} AS unpriced "
            f"FROM {self._table} {_OWN} AND id_hash IN ({number_list(hashes)})"
        )
        return await self._analytics.query_arrow(sql, settings=LIST_SETTINGS)

    async def count(self) -> int:
        """Rows of the workspace."""
        rows = await self._analytics.query_rows(f"SELECT count() AS n FROM {self._table} {_OWN}")
        return int(rows[0]["n"])

    def digests(self) -> AsyncIterator[Any]:
        """Batches of id_hash and content_hash of every row of the workspace."""
        sql = f"SELECT id_hash, content_hash FROM {self._table} {_OWN}"
        return self._analytics.query_arrow_batches(sql)

    async def forget(self, import_id: str) -> None:
        """Delete the rows of one import; deleting again does nothing more."""
        await self._analytics.delete(self._table, "import_id = {import_id:String}", {"import_id": import_id})

    async def unpriced_models(self, import_id: str, limit: int = 50) -> dict[str, int]:
        """Models of an import's unpriced rows, most frequent first, with the number of rows."""
        sql = (
            f"SELECT model, count() AS n FROM {self._table} {_OWN} AND import_id = {{import_id:String}} "
            f"AND {self._unpriced} GROUP BY model ORDER BY n DESC, model LIMIT {limit:d}"
        )
        rows = await self._analytics.query_rows(sql, {"import_id": import_id})
        return {str(row["model"]): int(row["n"]) for row in rows}
