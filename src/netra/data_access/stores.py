"""What data_access needs of the two other stores; `storage` has the implementations."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from netra.data_access.arrow import ArrowTable


class AnalyticsReaderWriter(Protocol):
    """The part of `AnalyticsStore` that is reached through a context."""

    async def query_rows(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Rows as dictionaries."""
        ...

    async def query_arrow(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> ArrowTable:
        """Rows as one Arrow table."""
        ...

    def query_arrow_batches(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        """Rows as a stream of Arrow batches."""
        ...

    async def insert_arrow(self, table: str, data: ArrowTable, *, token: str) -> None:
        """Insert once per token."""
        ...

    async def is_inserting(self, token: str) -> bool:
        """Whether an insert under this token runs."""
        ...

    async def command(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Run a statement without a result."""
        ...


class HotKeys(Protocol):
    """The part of `HotStore` that is reached through a context."""

    async def get(self, key: str) -> bytes | None:
        """The value, None when absent."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Store for at most `ttl_s` seconds."""
        ...

    async def delete(self, key: str) -> None:
        """Remove."""
        ...
