"""Run by `test_full_disk`: engines on a small disk of their own, filled and freed again.

Prints one JSON object of what each store said while the disk was full and what was there afterwards;
exits with 77 where nothing can be mounted.
"""

import asyncio
import ctypes
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pyarrow as pa

from netra.config.settings import Settings
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EmbeddedEngines

CLONE_NEWNS = 0x00020000
PRIVATE_AND_RECURSIVE = 0x44000
ROWS = 150_000


def mount(place: Path) -> None:
    kernel = ctypes.CDLL(None, use_errno=True)
    place.mkdir()
    if kernel.unshare(CLONE_NEWNS) != 0:
        sys.exit(77)
    kernel.mount(b"none", b"/", None, PRIVATE_AND_RECURSIVE, None)
    if kernel.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, b"size=420m") != 0:
        sys.exit(77)


def fill(path: Path) -> None:
    with path.open("wb") as file:
        try:
            while True:
                file.write(b"0" * 65536)
                file.flush()
        except OSError:
            return


async def told(work: Callable[[], Awaitable[object]]) -> str:
    try:
        await work()
    except Exception as failure:
        return f"{type(failure).__name__}: {failure}"
    return "done"


async def story(place: Path) -> dict[str, object]:
    engines = EmbeddedEngines(Settings(home=place / "home"))
    urls = await engines.start()
    store = AnalyticsStore(urls.clickhouse_url, threads=2)
    database = await asyncpg.connect(urls.database_url)
    rows = pa.table(
        {"n": pa.array(range(ROWS), pa.uint64()), "r": [os.urandom(40).hex() for _ in range(ROWS)]}
    )
    await store.command(
        "CREATE TABLE t (n UInt64, r String) ENGINE = MergeTree ORDER BY n"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    await database.execute("create table t (x text)")
    await store.insert_arrow("t", rows, token="before")
    await database.execute("insert into t values ('before')")

    fill(place / "filling")
    full = {
        "analytics": await told(lambda: store.insert_arrow("t", rows, token="during")),
        "postgres": await told(
            lambda: database.execute(
                "insert into t select repeat(i::text, 900) from generate_series(1, 50000) i"
            )
        ),
        "counted": (await store.query_rows("SELECT count() AS n FROM t"))[0]["n"],
    }
    os.truncate(place / "filling", 0)
    await store.insert_arrow("t", rows, token="during")
    await database.execute("insert into t values ('after')")
    found = {
        "analytics": (await store.query_rows("SELECT count() AS n FROM t"))[0]["n"],
        "postgres": await database.fetchval("select count(*) from t"),
        "restarts": sum(health.restarts for health in engines.health().values()),
    }
    await database.close()
    await store.close()
    await engines.stop()
    return {"rows": ROWS, "full": full, "found": found}


if __name__ == "__main__":
    mount(Path(sys.argv[1]))
    print(json.dumps(asyncio.run(story(Path(sys.argv[1])))))
