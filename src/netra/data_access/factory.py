"""DataAccessFactory: from a context to the stores it may reach."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from netra.context.models import UserExecutionContext
from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.hot import ScopedHotStore
from netra.data_access.stores import AnalyticsReaderWriter, HotKeys
from netra.storage.postgres.sessions import DatabaseSessionManager, Transaction


@dataclass(frozen=True, slots=True)
class DataAccess:
    """The three stores as one context sees them."""

    context: UserExecutionContext
    analytics: ScopedAnalytics
    hot: ScopedHotStore
    sessions: DatabaseSessionManager

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A PostgreSQL transaction in which only this workspace's (and user's) rows exist."""
        return self.sessions.transaction(
            workspace_id=self.context.workspace_id, user_id=self.context.user_id, serializable=serializable
        )


class DataAccessFactory:
    """Holds the stores of the process; hands them out only together with a context."""

    def __init__(
        self, sessions: DatabaseSessionManager, analytics: AnalyticsReaderWriter, hot: HotKeys
    ) -> None:
        self._sessions = sessions
        self._analytics = analytics
        self._hot = hot

    def for_context(self, context: UserExecutionContext) -> DataAccess:
        """The stores as this context sees them. Cheap: makes no connection."""
        return DataAccess(
            context=context,
            analytics=ScopedAnalytics(self._analytics, context.workspace_id),
            hot=ScopedHotStore(self._hot, workspace_id=context.workspace_id, user_id=context.user_id),
            sessions=self._sessions,
        )
