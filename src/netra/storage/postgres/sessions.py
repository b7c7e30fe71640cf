"""DatabaseSessionManager: the transaction edge, the only place that commits."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy import CursorResult, Executable, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from netra.storage.postgres.errors import (
    DatabaseFullError,
    DatabaseUnavailableError,
    UnstorableTextError,
    is_full_disk,
    is_unstorable_text,
)
from netra.storage.postgres.manager import DatabaseManager, DatabaseRole, unavailable

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
AfterCommit = Callable[[], Awaitable[None]]

_TENANT = text("select set_config('app.workspace_id', :w, true), set_config('app.user_id', :u, true)")


class Transaction:
    """One open transaction. Lives inside the `async with` that made it; must not be kept beyond it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._hooks: list[AfterCommit] = []

    async def execute(
        self, statement: Executable | str, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; text may hold `:name` parameters. The result is already in memory.

        Raises UnstorableTextError for a text that PostgreSQL cannot hold; SQLAlchemy's errors otherwise.
        """
        if isinstance(statement, str):
            statement = text(statement)
        try:
            return await self._connection.execute(statement, parameters)
        except (DBAPIError, UnicodeEncodeError) as failure:
            if is_unstorable_text(failure):
                raise UnstorableTextError(
                    "a text holds a character that cannot be stored (NUL or half of a pair)"
                ) from None
            raise

    def after_commit(self, hook: AfterCommit) -> None:
        """Await `hook` once the transaction is committed, in order of registration; never after
        a rollback.
        """
        self._hooks.append(hook)

    @property
    def hooks(self) -> tuple[AfterCommit, ...]:
        """What waits for the commit."""
        return tuple(self._hooks)


class DatabaseSessionManager:
    """Opens transactions for one database role and commits them.

    The tenant context is the first statement of each transaction, in the open, never in an event of the pool:
    such an event can be cancelled half-way and leave a connection with another tenant's context. Because
    nothing has happened before that statement, it is repeated once on a fresh connection when the pooled one
    turns out to be dead; this replaces a ping at every checkout.
    """

    def __init__(self, database: DatabaseManager, role: DatabaseRole = "app") -> None:
        self._database = database
        self._role: DatabaseRole = role
        self._log = structlog.get_logger("netra.storage.postgres")

    @asynccontextmanager
    async def transaction(
        self, *, workspace_id: str | None, user_id: str | None, serializable: bool = False
    ) -> AsyncGenerator[Transaction]:
        """A transaction in which row-level security sees this workspace and user (None: nobody's rows).

        Commits when the block ends, rolls back when it raises or is cancelled, then awaits the after-commit
        hooks; a failing hook is logged and does not undo what is committed. Raises
        DatabaseUnavailableError, DatabaseBusyError or DatabaseFullError; other errors of statements come
        through as SQLAlchemy's.
        """
        async with self._opened(workspace_id, user_id, serializable) as connection:
            transaction = Transaction(connection)
            try:
                yield transaction
                await connection.commit()
            except DBAPIError as failure:
                if failure.connection_invalidated:
                    raise unavailable(failure, self._database.url(self._role)) from failure
                if is_full_disk(failure):
                    raise DatabaseFullError(
                        "the disk of PostgreSQL is full; nothing of this was kept",
                        hint="free space where its data lies, then try again; "
                        "`netra doctor` says how much is left",
                    ) from failure
                raise
        await self._run(transaction.hooks)

    @asynccontextmanager
    async def _opened(
        self, workspace_id: str | None, user_id: str | None, serializable: bool
    ) -> AsyncGenerator[AsyncConnection]:
        tenant = {"w": workspace_id or "", "u": user_id or ""}
        for last in (False, True):
            async with self._database.connection(self._role, serializable=serializable) as connection:
                try:
                    await connection.execute(_TENANT, tenant)
                except DBAPIError as failure:
                    if not failure.connection_invalidated or last:
                        raise unavailable(failure, self._database.url(self._role)) from failure
                    continue
                yield connection
                return
        raise DatabaseUnavailableError("no connection could be opened")

    async def _run(self, hooks: Sequence[AfterCommit]) -> None:
        for hook in hooks:
            try:
                await hook()
            except Exception:
                self._log.exception("after_commit_failed", hook=getattr(hook, "__qualname__", repr(hook)))
