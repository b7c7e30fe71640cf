"""Engines killed, frozen and orphaned while in use: back at the same address, with what was acknowledged."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pyarrow as pa
import pytest

from netra.config.settings import Settings
from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.ledgered_rows import LedgeredRows
from netra.errors.kinds import NetraError
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded import engine
from netra.storage.embedded.engines import EmbeddedEngines, EngineUrls
from netra.storage.embedded.errors import EngineStartError
from netra.storage.valkey.hot_store import HotStore

pytestmark = pytest.mark.protects("W13")

KILLS = 3
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Running:
    """Engines of their own, for tests that harm them."""

    def __init__(self, engines: EmbeddedEngines, urls: EngineUrls) -> None:
        self.engines = engines
        self.urls = urls

    def pid(self, name: str) -> int:
        pid = self.engines.health()[name].pid
        assert pid is not None
        return pid

    async def until_restarted(self, name: str, times: int) -> None:
        async with asyncio.timeout(60):
            while True:
                health = self.engines.health()[name]
                if health.restarts >= times and health.state == "up":
                    return
                await asyncio.sleep(0.01)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running]:
    engines = EmbeddedEngines(Settings(home=tmp_path / "a home"))
    yield Running(engines, await engines.start())
    await engines.stop()


async def write_through_kills(
    running: Running, name: str, write: Callable[[int], Awaitable[None]]
) -> list[int]:
    """Write numbers until the engine has been killed KILLS times; which were acknowledged."""
    acknowledged: list[int] = []
    number, going = 0, True

    async def keep_writing() -> None:
        nonlocal number
        while going:
            number += 1
            with suppress(NetraError, *FAILURES):
                await write(number)
                acknowledged.append(number)
            await asyncio.sleep(0)

    writer = asyncio.create_task(keep_writing())
    for kill in range(1, KILLS + 1):
        before = len(acknowledged)
        async with asyncio.timeout(30):
            while len(acknowledged) < before + 20:
                assert not writer.done()
                await asyncio.sleep(0.005)
        os.kill(running.pid(name), signal.SIGKILL)
        await running.until_restarted(name, kill)
    # Not cancelled: a client that waits with `wait_for` may swallow that where an answer comes just then.
    going = False
    await writer
    return acknowledged


async def test_postgres_keeps_what_it_committed(running: Running) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(running.urls.database_url, timeout=5)

    first = await connect()
    await first.execute("create table kept (n bigint primary key)")
    await first.close()

    async def write(number: int) -> None:
        connection = await connect()
        try:
            await connection.execute("insert into kept values ($1)", number)
        finally:
            connection.terminate()

    acknowledged = await write_through_kills(running, "postgres", write)
    last = await connect()
    kept = {row["n"] for row in await last.fetch("select n from kept")}
    await last.close()
    assert set(acknowledged) <= kept


async def test_valkey_keeps_what_it_acknowledged(running: Running) -> None:
    hot = HotStore(running.urls.valkey_url)

    async def write(number: int) -> None:
        await hot.set(f"kept:{number}", b"1", ttl_s=600)

    try:
        acknowledged = await write_through_kills(running, "valkey", write)
        lost = [number for number in acknowledged if await hot.get(f"kept:{number}") is None]
    finally:
        await hot.close()
    assert lost == []


async def test_analytics_keeps_each_acknowledged_insert_once(running: Running) -> None:
    store = AnalyticsStore(running.urls.clickhouse_url, threads=2)
    await store.command(
        "CREATE TABLE kept (workspace_id String, import_id String, id_hash UInt64) ENGINE = MergeTree"
        " ORDER BY id_hash SETTINGS non_replicated_deduplication_window = 10000"
    )
    rows = LedgeredRows(ScopedAnalytics(store, "w"), "kept")

    async def write(number: int) -> None:
        data = pa.table({"import_id": [f"i{number}"] * 5, "id_hash": pa.array([number] * 5, pa.uint64())})
        await rows.insert(data, token=f"t{number}")

    try:
        acknowledged = await write_through_kills(running, "analytics", write)
        counts = await store.query_rows("SELECT id_hash AS n, count() AS times FROM kept GROUP BY n")
    finally:
        await store.close()
    assert set(acknowledged) <= {row["n"] for row in counts}
    assert {row["times"] for row in counts} == {5}


async def test_a_block_whose_earlier_try_hangs_is_stored_once(running: Running) -> None:
    store = AnalyticsStore(running.urls.clickhouse_url, threads=3)
    await store.command(
        "CREATE TABLE kept (workspace_id String, import_id String, id_hash UInt64) ENGINE = MergeTree"
        " ORDER BY id_hash SETTINGS non_replicated_deduplication_window = 10000"
    )
    rows = LedgeredRows(ScopedAnalytics(store, "w"), "kept")
    data = pa.table({"import_id": ["i"] * 5, "id_hash": pa.array([1] * 5, pa.uint64())})
    try:
        await rows.insert(data, token="t")
        # The token is noted and the rows are not there, while a try under it goes on and commits after all.
        await store.command("ALTER TABLE kept DELETE WHERE true SETTINGS mutations_sync = 2")
        hanging = asyncio.create_task(
            store.command(
                "INSERT INTO kept SELECT 'w', 'i', 1 + sleepEachRow(0.6) FROM numbers(5)",
                settings={"insert_deduplication_token": "w:t", "max_block_size": 1},
            )
        )
        async with asyncio.timeout(30):
            while not await store.is_inserting("w:t"):  # noqa: ASYNC110 - the condition is in another process
                await asyncio.sleep(0.01)
        assert not await store.is_inserting("w:t~1")
        await rows.insert(data, token="t")
        await hanging
        assert await store.query_rows("SELECT count() AS n FROM kept") == [{"n": 5}]
    finally:
        await store.close()


async def test_a_frozen_engine_is_replaced(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHECK_INTERVAL_S", 0.05)
    monkeypatch.setattr(engine, "CHECK_TIMEOUT_S", 0.2)
    monkeypatch.setattr(engine, "CHECKS_UNTIL_KILLED", 2)
    # The supervisor reads its interval at the next round, so make a round end now.
    os.kill(running.pid("valkey"), signal.SIGKILL)
    await running.until_restarted("valkey", 1)
    os.kill(running.pid("valkey"), signal.SIGSTOP)
    await running.until_restarted("valkey", 2)
    hot = HotStore(running.urls.valkey_url)
    assert await hot.ping() < 2
    await hot.close()


async def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    broken = settings.home / "postgres"
    broken.mkdir(parents=True)
    (broken / "PG_VERSION").write_text("9.6\n")
    engines = EmbeddedEngines(settings)
    with pytest.raises(EngineStartError) as caught:
        await engines.start()
    assert "postgres" in caught.value.message
    assert "postgres.log" in (caught.value.hint or "")
    assert engines.health() == {}
    for name in ("valkey", "analytics"):
        assert not (settings.home / f"{name}.pid").exists(), "the others were stopped"


async def test_orphans_of_a_killed_parent_are_gone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    script = """
import asyncio, sys
from pathlib import Path
from netra.config.settings import Settings
from netra.storage.embedded.engines import running_engines
async def main():
    async with running_engines(Settings(home=Path(sys.argv[1]))):
        print("up", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(home), stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"up\n"
    family = psutil.Process(parent.pid).children(recursive=True)
    assert {"postgres", "valkey-server"} <= {process.name() for process in family}
    parent.kill()
    await parent.wait()
    gone, alive = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert len(gone) == len(family)
    assert alive == []
    # and the directory serves the next holder at once
    engines = EmbeddedEngines(Settings(home=home))
    await engines.start()
    assert {health.state for health in engines.health().values()} == {"up"}
    await engines.stop()


async def test_a_leftover_engine_is_ended_before_the_next_start(tmp_path: Path) -> None:
    """Where the parent's death was not noticed (no kernel bond), the next holder clears the directory."""
    settings = Settings(home=tmp_path / "home")
    first = EmbeddedEngines(settings)
    await first.start()
    left = [psutil.Process(health.pid) for health in first.health().values() if health.pid]
    for supervised in first._running.values():  # the supervisor is gone, its engines are not
        assert supervised._task is not None
        supervised._task.cancel()
    second = EmbeddedEngines(settings)
    await second.start()
    assert {health.state for health in second.health().values()} == {"up"}
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in left)
    await second.stop()
    await first.stop()
