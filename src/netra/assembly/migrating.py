"""`netra migrate`, and the same work at the start of `netra up`: every schema up to date."""

import asyncio
import logging
from dataclasses import replace

from netra.assembly.apex import open_database, required
from netra.config.settings import Settings
from netra.runs.durability import migrate_durable_engine
from netra.storage.clickhouse.migrate import migrate_analytics
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock
from netra.storage.embedded.engines import running_engines
from netra.storage.postgres.migrate import migrate


async def migrate_schemas(settings: Settings) -> list[str]:
    """Bring `app`, `auth`, the durable engine's and the analytics schema up to date; what was applied.

    The settings name all three engines. Each schema's own runner locks against others, so two processes
    may call this at once.
    """
    # The engine's runner tells addresses and pool sizes of no interest to who starts a server.
    logging.getLogger("dbos").setLevel(logging.WARNING)
    database = open_database(settings)
    analytics = AnalyticsStore(required(settings.clickhouse_url, "NETRA_CLICKHOUSE_URL"), threads=2)
    try:
        in_analytics = asyncio.create_task(migrate_analytics(analytics))
        try:
            applied = [f"app/{name}" for name in await migrate(database, "app")]
            applied += [f"auth/{name}" for name in await migrate(database, "auth")]
            await asyncio.to_thread(migrate_durable_engine, database.url("dbos").libpq_url())
        finally:
            applied_in_analytics = await in_analytics
        return applied + applied_in_analytics
    finally:
        await analytics.close()
        await database.close()


async def run_migrate(settings: Settings) -> list[str]:
    """The same for the command line: engines that the settings do not name are started for the duration.

    Raises DataDirectoryHeldError when a server runs over the data directory: it has migrated at its start.
    """
    directory = DataDirectory(settings.home)
    directory.prepare()
    lock = DirectoryLock(directory)
    lock.acquire()
    try:
        async with running_engines(settings) as urls:
            reached = replace(
                settings,
                database_url=urls.database_url,
                valkey_url=urls.valkey_url,
                clickhouse_url=urls.clickhouse_url,
            )
            return await migrate_schemas(reached)
    finally:
        lock.release()
