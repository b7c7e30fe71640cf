"""AuthDatabaseManager: the schema `auth`, its role and its migrations."""

from contextlib import AbstractAsyncContextManager

from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import migrate, verify
from netra.storage.postgres.sessions import DatabaseSessionManager, Transaction


class AuthDatabaseManager:
    """Configures the shared DatabaseManager for the role `netra_auth`; the product's role
    cannot read what is here.
    """

    def __init__(self, database: DatabaseManager) -> None:
        self._database = database
        self._sessions = DatabaseSessionManager(database, "auth")

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction as `netra_auth`. Accounts belong to no workspace: there is no tenant context."""
        return self._sessions.transaction(workspace_id=None, user_id=None, serializable=serializable)

    async def migrate(self) -> list[str]:
        """Bring the schema up to date; the names of what was applied."""
        return await migrate(self._database, "auth")

    async def verify(self) -> None:
        """Refuse (SchemaBehindError) a schema that is not the one needed."""
        await verify(self._database, "auth")
