"""What recovery tests stand on."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from netra.conversations.service import ThreadService
from netra.data_access.factory import DataAccessFactory
from netra.events.log import EventLog
from netra.events.publisher import EventPublisher
from netra.ids.manager import UnifiedIDManager
from netra.runs.durability import migrate_durable_engine
from netra.runs.service import RunService
from netra.runs.snapshot import SnapshotService
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from testkit.accounts import *  # noqa: F403
from testkit.dialogue import *  # noqa: F403
from testkit.dialogue import Dialogue
from testkit.repricing import *  # noqa: F403
from testkit.stores import *  # noqa: F403
from testkit.stores import ROLE_SECRET
from testkit.usage_bench import *  # noqa: F403


@pytest.fixture
async def own_database(engine_urls: EngineUrls, ids: UnifiedIDManager) -> AsyncGenerator[DatabaseManager]:
    """A database of this test's own, so that no other worker takes its runs."""
    address = DatabaseURLBuilder.from_url(engine_urls.database_url).with_database(ids.new("run"))
    database = DatabaseManager(address, role_secret=ROLE_SECRET)
    await migrate(database, "app")
    await asyncio.to_thread(migrate_durable_engine, database.url("dbos").libpq_url())
    yield database
    await database.close()


@pytest.fixture
def own_dialogue(own_database: DatabaseManager, analytics: Any, hot: Any, ids: UnifiedIDManager) -> Dialogue:
    """The services over that database."""
    sessions = DatabaseSessionManager(own_database)
    access = DataAccessFactory(sessions, analytics, hot)
    log, publisher = EventLog(ids), EventPublisher(hot)
    return Dialogue(
        ids=ids,
        access=access,
        sessions=sessions,
        log=log,
        publisher=publisher,
        threads=ThreadService(access, log, publisher, ids),
        runs=RunService(access, log, publisher, ids, hot),
        snapshots=SnapshotService(access, log),
    )
