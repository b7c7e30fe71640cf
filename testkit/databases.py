"""A PostgreSQL database of a test's own, on the shared server."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import text

from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager, PoolSettings
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from testkit.stores import ROLE_SECRET


@asynccontextmanager
async def own_database(
    urls: EngineUrls, *, pools: PoolSettings | None = None
) -> AsyncGenerator[DatabaseManager]:
    """An empty database that exists as long as the block: neither roles nor schemas are set up in it."""
    shared = DatabaseURLBuilder.from_url(urls.database_url)
    name = f"netra_test_{secrets.token_hex(6)}"
    server = DatabaseManager(shared, role_secret=ROLE_SECRET)
    manager = DatabaseManager(shared.with_database(name), role_secret=ROLE_SECRET, pools=pools)
    try:
        yield manager
    finally:
        await manager.close()
        async with server.connection("admin") as connection:
            await connection.commit()
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await autocommit.execute(text(f"drop database if exists {name} with (force)"))
        await server.close()
