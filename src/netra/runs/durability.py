"""The durable engine (DBOS), contained: queue, checkpoints, recovery. The only file that imports it.

DBOS is one instance per process by nature; DurableEngine owns it from `start` to `stop`. Only the worker
process starts one: the API process enqueues through SQL and never imports this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, cast

import structlog
from dbos import DBOS, DBOSConfig
from dbos._serialization import DBOSPortableJSONSerializer  # the package exports no name for it
from pydantic import JsonValue

from netra.runs.models import RunRef
from netra.runs.steps import Checkpoints
from netra.runs.waking import LOOK_S, QueuePace

APPLICATION = "netra"
APPLICATION_VERSION = "1"  # bump when a workflow in progress could not be continued by the new code
QUEUE = "netra-runs"
WORKFLOW = "netra.run"
SCHEMA = "dbos"
MAX_RECOVERIES = 5
POOL_SIZE = 8
THREADS = 24

Body: TypeAlias = Callable[[RunRef, Checkpoints], Awaitable[None]]
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def migrate_durable_engine(url: str) -> None:
    """Bring the engine's schema up to date; `url` is a libpq URL of its own role. Blocks."""
    DBOS.migrate(url, schema=SCHEMA)


class DbosCheckpoints:
    """Checkpoints of the workflow in whose task this is called."""

    async def once(self, name: str, body: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """The body's result, from the store if this step of the workflow has finished before."""

        async def step() -> JsonValue:
            return await body()

        return await DBOS.run_step_async({"name": name}, step)


class DurableEngine:
    """Takes queued runs and has `body` carry them out; gives back those it could not finish."""

    def __init__(self, url: str, executor_id: str, body: Body, *, concurrency: int) -> None:
        self._url = url
        self.executor_id = executor_id
        self._body = body
        self._concurrency = concurrency
        self._active: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._pace = QueuePace(lambda: bool(self._active))
        self._dbos: DBOS | None = None
        self._log = structlog.get_logger("netra.runs.durability")

    @property
    def active_runs(self) -> int:
        """How many runs this process carries out now."""
        return len(self._active)

    async def start(self) -> None:
        """Connect and begin to take runs. Must be called in the loop that shall carry them out."""
        self._dbos = DBOS(config=self._config())
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERIES)(self._workflow())
        # Launching in this thread makes DBOS adopt the running loop, so that runs share the process's pools.
        DBOS.launch()
        for event in self._dbos.background_thread_stop_events:
            # DBOS looks into its queues at one pace and cannot be told that there is something to find.
            self._pace.govern(event)
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self._concurrency,
            partition_concurrency=1,
            polling_interval_sec=LOOK_S,
            on_conflict="always_update",
        )

    def wake(self) -> None:
        """Look for a queued run now."""
        self._pace.wake()

    async def stop(self, drain_s: float) -> None:
        """Take no more runs, give those in progress `drain_s` seconds, leave the rest to another worker."""
        if self._dbos is None:
            return
        self._stopping = True
        for event in self._dbos.background_thread_stop_events:
            event.set()
        self.wake()
        if self._active:
            await asyncio.wait(set(self._active), timeout=drain_s)
        for task in set(self._active):
            task.cancel()
        if self._active:
            await asyncio.wait(set(self._active), timeout=2.0)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._dbos = None

    async def recover(self, executor_id: str) -> int:
        """Queue again the runs of a dead executor; those begun by another version of the workflow are
        returned by `unrecoverable`. Idempotent.
        """
        handles = await asyncio.to_thread(DBOS._recover_pending_workflows, [executor_id])  # pyright: ignore[reportPrivateUsage]
        self.wake()
        return len(handles)

    async def unrecoverable(self, executor_id: str) -> list[RunRef]:
        """Runs that still belong to the executor after `recover`."""
        rows = await DBOS.list_workflows_async(
            status="PENDING", executor_id=executor_id, name=WORKFLOW, load_output=False
        )
        return [_ref(row.input) for row in rows]

    async def finished(self, limit: int) -> list[tuple[RunRef, bool]]:
        """Workflows that have ended, with whether they ended by themselves (and not by an error or by being
        given up).
        """
        rows = await DBOS.list_workflows_async(
            status=_FINISHED, name=WORKFLOW, limit=limit, load_output=False
        )
        return [(_ref(row.input), row.status == "SUCCESS") for row in rows]

    async def forget(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints of runs, which hold their users' text."""
        if run_ids:
            await DBOS.delete_workflows_async(list(run_ids))

    def _workflow(self) -> Callable[..., Awaitable[None]]:
        async def carry_out(run_id: str, thread_id: str, workspace_id: str, user_id: str) -> None:
            task = cast("asyncio.Task[Any]", asyncio.current_task())
            if self._stopping:
                raise asyncio.CancelledError
            self._active.add(task)
            try:
                await self._body(RunRef(run_id, thread_id, workspace_id, user_id), DbosCheckpoints())
            finally:
                self._active.discard(task)
                self.wake()  # what had to wait for this one, of the same thread or for want of room

        return carry_out

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": self._url,
            "dbos_system_schema": SCHEMA,
            "executor_id": self.executor_id,
            "application_version": APPLICATION_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "use_listen_notify": False,
            "sys_db_pool_size": POOL_SIZE,
            "max_executor_threads": THREADS,
            "log_level": "WARNING",
        }


def _ref(arguments: object) -> RunRef:
    named = cast("dict[str, Any]", arguments)["kwargs"]
    return RunRef(**named)
