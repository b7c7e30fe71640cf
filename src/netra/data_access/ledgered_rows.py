"""Rows that carry where they came from: tables with import_id, position, id_hash and content_hash."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.arrow import ArrowTable
from netra.data_access.errors import RowsNotStoredError
from netra.data_access.number_lists import LIST_SETTINGS, number_list

_OWN = "WHERE workspace_id = {workspace:String}"
_REWRITTEN_AT_ONCE = 500
LOOKS_S = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Pauses between looks for rows that no insert brings any more, but that a store may show late."""

_LONGEST_INSERT_LOOKS = 64
_TOKENS = 3


@dataclass(frozen=True, slots=True)
class NewValues:
    """Values of one column, a text each (None: NULL), and the store's type of it."""

    kind: str
    values: Sequence[str | None]


class LedgeredRows:
    """The rows of one workspace in one table: inserts them, and answers what an import asks about them.

    `unpriced` is the SQL condition under which a row counts as unpriced; `found_by` finds a row by the
    table's order without reading the others, `{at:Int64}` being its `ts` in microseconds.
    """

    def __init__(
        self, analytics: ScopedAnalytics, table: str, unpriced: str = "false", found_by: str = "true"
    ) -> None:
        self._analytics = analytics
        self._table = table
        self._unpriced = unpriced
        self._found_by = found_by

    async def insert(self, rows: ArrowTable, *, token: str) -> None:
        """Insert rows as one block, once per token, and see that they are there.

        A store that is killed after it noted a token and before it committed the rows takes every repetition
        for known, and answers that all is well. So rows that stay away are inserted under another token; but
        not while an insert under the first one runs, since an earlier try whose answer was lost may be
        between those two steps at this moment. Raises RowsNotStoredError.
        """
        if rows.num_rows == 0:
            return
        for attempt in range(_TOKENS):
            name = f"{token}~{attempt}" if attempt else token
            await self._analytics.insert(self._table, rows, token=name)
            if await self._arrived(rows, name):
                return
        raise RowsNotStoredError(f"{rows.num_rows} rows for {self._table} do not stay in the analytics store")

    async def _arrived(self, rows: ArrowTable, token: str) -> bool:
        """Whether the block is there. False: nobody is about to commit it under this token either.

        Raises RowsNotStoredError where an insert under the token does not end.
        """
        quiet = 0
        for look in range(_LONGEST_INSERT_LOOKS):
            if await self._is_there(rows):
                return True
            inserting = await self._analytics.is_inserting(token)
            quiet = 0 if inserting else quiet + 1
            if quiet > len(LOOKS_S):
                # It may have committed between the two questions.
                return await self._is_there(rows)
            await asyncio.sleep(LOOKS_S[min(look if inserting else quiet - 1, len(LOOKS_S) - 1)])
        raise RowsNotStoredError(f"an insert into {self._table} does not end in the analytics store")

    async def _is_there(self, rows: ArrowTable) -> bool:
        """Whether the first row, and so its block, is stored."""
        sql = (
            f"SELECT 1 FROM {self._table} {_OWN} AND {self._found_by} "
            "AND id_hash = {id:UInt64} AND import_id = {import_id:String} LIMIT 1"
        )
        first = {"id": rows["id_hash"][0].as_py(), "import_id": rows["import_id"][0].as_py()}
        if "{at:" in self._found_by:
            first["at"] = rows["ts"][0].value
        return bool(await self._analytics.query_rows(sql, first))

    async def existing(self, hashes: Sequence[int]) -> ArrowTable:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced."""
        sql = (
            f"SELECT id_hash, content_hash, import_id, position, {self._unpriced} AS unpriced "
            f"FROM {self._table} {_OWN} AND id_hash IN ({number_list(hashes)})"
        )
        return await self._analytics.query_arrow(sql, settings=LIST_SETTINGS)

    async def values(self, hashes: Sequence[int], columns: Sequence[str]) -> ArrowTable:
        """These columns, and id_hash, of the stored rows with these id digests."""
        names = ", ".join(f"`{name}`" for name in ("id_hash", *columns))
        sql = f"SELECT {names} FROM {self._table} {_OWN} AND id_hash IN ({number_list(hashes)})"
        return await self._analytics.query_arrow(sql, settings=LIST_SETTINGS)

    async def rewrite(self, hashes: Sequence[int], columns: Mapping[str, NewValues]) -> None:
        """Give the stored rows with these id digests new values in these columns, in the order of `hashes`.

        A row changes in all columns or in none; the same again changes nothing. After a crash the store
        finishes what it began, and rows of a later part of a long list are as they were.
        """
        for start in range(0, len(hashes), _REWRITTEN_AT_ONCE):
            stop = start + _REWRITTEN_AT_ONCE
            part = hashes[start:stop]
            ids = f"arrayMap(x -> toUInt64(x), {_texts([str(value) for value in part])})"
            assignments = ", ".join(
                f"`{name}` = {_chosen(ids, new.kind, new.values[start:stop])}"
                for name, new in columns.items()
            )
            await self._analytics.update(self._table, assignments, f"id_hash IN ({number_list(part)})")

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


def _texts(values: Sequence[str]) -> str:
    """A constant array of texts without line breaks; the alphabet of base64 needs no quoting."""
    encoded = base64.b64encode("\n".join(values).encode()).decode()
    return f"splitByChar('\\n', base64Decode('{encoded}'))"


def _chosen(ids: str, kind: str, values: Sequence[str | None]) -> str:
    """The value that belongs to a row's id. The store works it out for all rows, also those that stay."""
    texts = _texts([value or "" for value in values])
    if kind.startswith("Nullable"):
        return f"CAST(nullIf(transform(id_hash, {ids}, {texts}, ''), '') AS {kind})"
    other = "" if "String" in kind else "0"
    return f"CAST(transform(id_hash, {ids}, {texts}, '{other}') AS {kind})"
