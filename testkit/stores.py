"""Fixtures over the real engines: migrated stores, scoped access, contexts.

A folder of tests takes them with `from testkit.stores import *` in its `conftest.py`. Pools belong to an
event loop, so each test opens its own; the schemas are migrated once per run.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

from netra.auth.permissions import permissions_of
from netra.config.settings import Settings
from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.storage.clickhouse.migrate import migrate_analytics
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager, PoolSettings
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from netra.storage.valkey.hot_store import HotStore
from testkit.real_services import SharedEngines

__all__ = [
    "analytics",
    "data_access",
    "database",
    "fresh_context",
    "hot",
    "ids",
    "migrated",
    "sessions",
    "settings",
]

ROLE_SECRET = b"the secret of a test run, the same in every process of it"


@pytest.fixture(scope="session")
def ids() -> UnifiedIDManager:
    """The maker of ids."""
    return UnifiedIDManager()


@pytest.fixture(scope="session")
def settings(shared_engines: SharedEngines, engine_urls: EngineUrls) -> Settings:
    """Settings that point at the engines of the run."""
    return Settings(
        environment="test",
        home=shared_engines.directory / "home",
        port=0,
        database_url=engine_urls.database_url,
        valkey_url=engine_urls.valkey_url,
        clickhouse_url=engine_urls.clickhouse_url,
    )


@pytest.fixture(scope="session")
def migrated(shared_engines: SharedEngines, engine_urls: EngineUrls) -> EngineUrls:
    """The engines with every schema in place."""
    shared_engines.once("migrate", lambda: _run_apart(_migrate(engine_urls)))
    return engine_urls


@pytest.fixture(scope="session")
async def database(migrated: EngineUrls) -> AsyncGenerator[DatabaseManager]:
    """PostgreSQL, migrated, with the pools of this test."""
    manager = open_database(migrated)
    yield manager
    await manager.close()


@pytest.fixture(scope="session")
def sessions(database: DatabaseManager) -> DatabaseSessionManager:
    """The transaction edge of the product's role."""
    return DatabaseSessionManager(database)


@pytest.fixture(scope="session")
async def analytics(migrated: EngineUrls) -> AsyncGenerator[AnalyticsStore]:
    """The analytics store, migrated."""
    store = AnalyticsStore(migrated.clickhouse_url, threads=4)
    yield store
    await store.close()


@pytest.fixture(scope="session")
async def hot(engine_urls: EngineUrls) -> AsyncGenerator[HotStore]:
    """The hot store."""
    store = HotStore(engine_urls.valkey_url)
    yield store
    await store.close()


@pytest.fixture(scope="session")
def data_access(
    sessions: DatabaseSessionManager, analytics: AnalyticsStore, hot: HotStore
) -> DataAccessFactory:
    """Scoped access over the three stores."""
    return DataAccessFactory(sessions, analytics, hot)


@pytest.fixture
def fresh_context(ids: UnifiedIDManager) -> Callable[..., UserExecutionContext]:
    """Make contexts of users and workspaces nobody has used, without an account behind them."""

    def make(**changes: Any) -> UserExecutionContext:
        role = changes.pop("role", "owner")
        values: dict[str, Any] = {
            "user_id": ids.new("usr"),
            "workspace_id": ids.new("wsp"),
            "role": role,
            "request_id": ids.new("req"),
            "permissions": permissions_of(role),
        }
        return UserExecutionContext(**{**values, **changes})

    return make


def open_database(urls: EngineUrls) -> DatabaseManager:
    """A manager for the engines of the run, patient: a busy machine is no failure of a test. Close it."""
    return DatabaseManager(
        DatabaseURLBuilder.from_url(urls.database_url),
        role_secret=ROLE_SECRET,
        pools=PoolSettings(wait_s=30.0, patience_s=30.0, connect_timeout_s=30.0),
    )


async def _migrate(urls: EngineUrls) -> None:
    manager = open_database(urls)
    store = AnalyticsStore(urls.clickhouse_url, threads=1)
    try:
        await migrate(manager, "app")
        await migrate(manager, "auth")
        await migrate_analytics(store)
    finally:
        await store.close()
        await manager.close()


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on a thread of its own, since a test's event loop may be running on this one."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
