"""Pools: exhaustion, dead connections, a server that restarts, addresses that are wrong."""

import asyncio
import time

import pytest
from sqlalchemy import text

from netra.storage.embedded.data_directory import DataDirectory
from netra.storage.embedded.engine import SupervisedEngine
from netra.storage.embedded.engines import EngineUrls
from netra.storage.embedded.postgres import PostgresEngine
from netra.storage.postgres.errors import DatabaseBusyError, DatabaseUnavailableError
from netra.storage.postgres.manager import DatabaseManager, PoolSettings
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder


async def test_nothing_connects_before_it_is_used(engine_urls: EngineUrls) -> None:
    manager = DatabaseManager(DatabaseURLBuilder.from_url("postgresql://nobody@127.0.0.1:1/none"))
    assert manager.url("app").user == "netra_app"
    await manager.close()


async def test_a_used_up_pool_says_so_in_time(small_pool: DatabaseManager) -> None:
    async with (
        small_pool.connection("app"),
        small_pool.connection("app"),
        small_pool.connection("app"),
    ):
        started = time.monotonic()
        with pytest.raises(DatabaseBusyError):
            await small_pool.ping("app")
        assert time.monotonic() - started < 5
        assert await small_pool.ping("owner") > 0
    assert await small_pool.ping("app") > 0


async def test_a_killed_connection_is_replaced_without_the_caller_noticing(
    small_pool: DatabaseManager,
) -> None:
    sessions = DatabaseSessionManager(small_pool)
    await asyncio.gather(*(_backend(sessions) for _ in range(3)))
    async with small_pool.connection("admin") as connection:
        await connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'netra_app' and datname = current_database()"
            )
        )
    for _ in range(3):
        assert await _backend(sessions) > 0


async def test_a_connection_killed_in_the_middle_is_an_error_and_keeps_nothing(
    small_pool: DatabaseManager,
) -> None:
    sessions = DatabaseSessionManager(small_pool)
    killed: list[int] = []

    async def work() -> None:
        async with sessions.transaction(workspace_id="a", user_id="u") as tx:
            killed.append((await tx.execute("select pg_backend_pid() as pid")).one().pid)
            async with small_pool.connection("admin") as connection:
                await connection.execute(text("select pg_terminate_backend(:pid, 2000)"), {"pid": killed[0]})
            await tx.execute("select 1")

    with pytest.raises(DatabaseUnavailableError):
        await work()
    assert await _backend(sessions) != killed[0]


async def test_an_address_where_nobody_answers_is_named_without_its_password() -> None:
    admin = DatabaseURLBuilder.from_url("postgresql://admin:hunter2secret@127.0.0.1:1/none")
    manager = DatabaseManager(admin, pools=PoolSettings(patience_s=0.1))
    with pytest.raises(DatabaseUnavailableError) as refused:
        await manager.ping("admin")
    assert "127.0.0.1:1" in str(refused.value)
    assert "hunter2secret" not in str(refused.value)
    await manager.close()


async def test_work_goes_on_after_the_server_restarts(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = DataDirectory(tmp_path_factory.mktemp("pg"))
    directory.prepare()
    postgres = PostgresEngine(directory)
    engine = SupervisedEngine(postgres)
    await engine.start()
    manager = DatabaseManager(
        DatabaseURLBuilder.from_url(postgres.url), pools=PoolSettings(size=2, patience_s=15)
    )
    try:
        sessions = DatabaseSessionManager(manager, "admin")
        await _read(sessions)
        await engine.stop()
        waiting = asyncio.create_task(_read(sessions))
        await engine.start()
        assert await waiting == 1
        assert await _read(sessions) == 1
    finally:
        await manager.close()
        await engine.stop()


async def _backend(sessions: DatabaseSessionManager) -> int:
    async with sessions.transaction(workspace_id="a", user_id="u") as tx:
        return (await tx.execute("select pg_backend_pid() as pid")).one().pid


async def _read(sessions: DatabaseSessionManager) -> int:
    async with sessions.transaction(workspace_id=None, user_id=None) as tx:
        return (await tx.execute("select 1 as one")).one().one
