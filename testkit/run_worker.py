"""A real worker process whose agents follow their questions.

`python -m testkit.run_worker DATABASE_URL VALKEY_URL`

Prints `ready` when it takes runs; ends with its standard input, or on SIGTERM after draining.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

from netra.data_access.factory import DataAccessFactory
from netra.events.log import EventLog
from netra.events.publisher import EventPublisher
from netra.ids.manager import UnifiedIDManager
from netra.runs.cancellation import CancellationWatch
from netra.runs.durability import APPLICATION_VERSION, DurableEngine
from netra.runs.engine_factory import ExecutionEngineFactory
from netra.runs.waking import CHANNELS, hearing
from netra.runs.worker import RunWorker, WorkerParts, new_executor_id
from netra.runs.workflows import RunWorkflow
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from netra.storage.valkey.hot_store import HotStore
from testkit.scripted_team import scripted_team
from testkit.stores import ROLE_SECRET


async def serve(database_url: str, valkey_url: str) -> None:
    """Carry out runs until asked to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    database = DatabaseManager(DatabaseURLBuilder.from_url(database_url), role_secret=ROLE_SECRET)
    sessions, hot, ids = DatabaseSessionManager(database), HotStore(valkey_url), UnifiedIDManager()
    # The scripted agents query nothing, so the analytics store is left out.
    access = DataAccessFactory(sessions, cast("Any", None), hot)
    log, publisher, watch = EventLog(ids), EventPublisher(hot), CancellationWatch()
    engines = ExecutionEngineFactory(access, log, publisher, scripted_team)
    workflow = RunWorkflow(access, log, publisher, ids, engines, watch)
    durable = DurableEngine(
        database.url("dbos").libpq_url(), new_executor_id(), workflow.execute, concurrency=8
    )
    subscription = await hot.subscribe(hearing(watch, durable.wake))
    for channel in CHANNELS:
        await subscription.add_channel(channel)
    worker = RunWorker(WorkerParts(durable, workflow.abandon, sessions, APPLICATION_VERSION))
    async with worker.running():
        print("ready", flush=True)
        await stop.wait()
    await subscription.close()
    await hot.close()
    await database.close()


def worker_command(database_url: str, valkey_url: str) -> list[str]:
    """The command line of a worker."""
    return [sys.executable, "-m", "testkit.run_worker", database_url, valkey_url]


@contextlib.contextmanager
def running_worker(database_url: str, valkey_url: str) -> Generator["subprocess.Popen[str]"]:
    """A worker process for the length of a block; kill it inside to see what happens."""
    root = Path(__file__).resolve().parent.parent
    process = subprocess.Popen(
        worker_command(database_url, valkey_url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        if line != "ready":
            raise RuntimeError(f"the worker did not start: {line!r}")
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
