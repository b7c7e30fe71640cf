"""ScopedAnalytics: the analytics store as one workspace sees it."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from netra.data_access.arrow import ArrowTable, with_constant_column
from netra.data_access.errors import UnscopedQueryError
from netra.data_access.number_lists import LIST_SETTINGS
from netra.data_access.stores import AnalyticsReaderWriter

PLACEHOLDER = "{workspace:String}"
_COLUMN = "workspace_id"
# Comments and quoted text could carry the placeholder without its doing anything.
_INERT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"[^\"]*\"", re.DOTALL)
_FILTER = re.compile(
    r"\bworkspace_id\s*=\s*\{workspace:String\}|\{workspace:String\}\s*=\s*(?:\w+\.)?workspace_id\b"
)


class ScopedAnalytics:
    """Queries and inserts of one workspace.

    Every SQL text must compare `workspace_id` with the placeholder `{workspace:String}`, which is bound here
    and cannot be given by the caller. Raises UnscopedQueryError otherwise, before anything is sent.
    """

    def __init__(self, store: AnalyticsReaderWriter, workspace_id: str) -> None:
        self._store = store
        self._workspace_id = workspace_id

    async def query_rows(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """The result as dictionaries; for small results."""
        return await self._store.query_rows(sql, self._bind(sql, params), settings)

    async def query_arrow(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> ArrowTable:
        """The result as one Arrow table."""
        return await self._store.query_arrow(sql, self._bind(sql, params), settings)

    def query_arrow_batches(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        """The result as a stream of Arrow batches; for large results."""
        return self._store.query_arrow_batches(sql, self._bind(sql, params), settings)

    async def insert(self, table: str, data: ArrowTable, *, token: str) -> None:
        """Insert rows once per `token`; the column workspace_id is put in, over whatever the data says."""
        owned = with_constant_column(data, _COLUMN, self._workspace_id)
        await self._store.insert_arrow(table, owned, token=self._own(token))

    async def is_inserting(self, token: str) -> bool:
        """Whether an insert under this token runs now: one that has noted it and may still commit."""
        return await self._store.is_inserting(self._own(token))

    async def delete(self, table: str, condition: str, params: Mapping[str, Any]) -> None:
        """Delete the workspace's rows that meet the condition; waits until no query sees them."""
        # A mutation and not a lightweight delete, which the store refuses where a table has projections.
        sql = (
            f"ALTER TABLE {table} DELETE WHERE {_COLUMN} = {PLACEHOLDER} AND ({condition}) "
            "SETTINGS mutations_sync = 2"
        )
        await self._store.command(sql, self._bind(sql, params))

    async def update(
        self, table: str, assignments: str, condition: str, params: Mapping[str, Any] | None = None
    ) -> None:
        """Rewrite columns of the workspace's rows that meet the condition; waits until it is done.

        Each part of the table changes whole or not at all; after a crash the store finishes what it began.
        """
        sql = (
            f"ALTER TABLE {table} UPDATE {assignments} WHERE {_COLUMN} = {PLACEHOLDER} AND ({condition}) "
            "SETTINGS mutations_sync = 2"
        )
        await self._store.command(sql, self._bind(sql, params), LIST_SETTINGS)

    def _own(self, token: str) -> str:
        return f"{self._workspace_id}:{token}"

    def _bind(self, sql: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        if params and "workspace" in params:
            raise UnscopedQueryError("the parameter `workspace` is bound by the context, not by the caller")
        if not _FILTER.search(_INERT.sub(" ", sql)):
            raise UnscopedQueryError(f"the query does not compare {_COLUMN} with {PLACEHOLDER}")
        return {**(params or {}), "workspace": self._workspace_id}
