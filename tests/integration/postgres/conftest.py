"""Databases of a test's own."""

import os
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text

from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.bootstrap import bootstrap
from netra.storage.postgres.manager import DatabaseManager, PoolSettings
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from testkit.databases import own_database
from testkit.real_services import SharedEngines
from testkit.stores import ROLE_SECRET


@pytest.fixture
async def empty_database(engine_urls: EngineUrls) -> AsyncGenerator[DatabaseManager]:
    """A database that nobody has set up."""
    async with own_database(engine_urls) as manager:
        yield manager


@pytest.fixture
async def small_pool(engine_urls: EngineUrls) -> AsyncGenerator[DatabaseManager]:
    """Roles and schemas stand; three connections a role, a short wait for one."""
    pools = PoolSettings(size=3, overflow=0, wait_s=0.2, patience_s=1.0)
    async with own_database(engine_urls, pools=pools) as manager:
        await bootstrap(manager)
        yield manager


@pytest.fixture(scope="session")
def notes_database_name(shared_engines: SharedEngines) -> str:
    """The name of a database that the tests of one process of this run share."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return f"netra_notes_{shared_engines.directory.name.lower().replace('-', '_')}_{process}"


@pytest.fixture
async def notes_database(
    engine_urls: EngineUrls, shared_engines: SharedEngines, notes_database_name: str
) -> AsyncGenerator[DatabaseManager]:
    """A migrated database with two tables of tenants; three connections a role."""
    address = DatabaseURLBuilder.from_url(engine_urls.database_url).with_database(notes_database_name)
    manager = DatabaseManager(
        address, role_secret=ROLE_SECRET, pools=PoolSettings(size=3, overflow=0, wait_s=2.0)
    )
    made = shared_engines.directory / f"{notes_database_name}.tables"
    if not made.exists():
        await migrate(manager, "app")
        await _make_tables(manager)
        made.touch()
    yield manager
    await manager.close()


async def _make_tables(manager: DatabaseManager) -> None:
    async with manager.connection("owner") as connection:
        for name, by_user in (("notes", "false"), ("diaries", "true")):
            await connection.execute(
                text(
                    f"create table app.{name} (workspace_id text not null, user_id text not null, "
                    "body text, primary key (workspace_id, body))"
                )
            )
            await connection.execute(text(f"call app.protect('app.{name}', {by_user})"))
        await connection.commit()
