"""RunWorker: one process that carries out runs, says it is alive, and takes over from those that died."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil
import structlog

from netra.runs import repository
from netra.runs.models import RunRef, WorkerSeen
from netra.storage.postgres.sessions import DatabaseSessionManager

BEAT_S = 1.5
SILENT_S = 5.0
LOOK_S = 1.0
TIDY_S = 2.0
TIDY_BATCH = 200
DRAIN_S = 20.0


class Durable(Protocol):
    """The part of the durable engine that a worker steers."""

    executor_id: str

    async def start(self) -> None:
        """Begin to take runs."""
        ...

    async def stop(self, drain_s: float) -> None:
        """Take no more, wait, give the rest away."""
        ...

    async def recover(self, executor_id: str) -> int:
        """Queue a dead executor's runs again."""
        ...

    async def unrecoverable(self, executor_id: str) -> list[RunRef]:
        """What `recover` could not queue."""
        ...

    async def finished(self, limit: int) -> list[tuple[RunRef, bool]]:
        """Ended workflows, and whether they ended by themselves."""
        ...

    async def forget(self, run_ids: list[str]) -> None:
        """Delete their checkpoints."""
        ...


def new_executor_id() -> str:
    """A name no other process has had: a reused one would let two processes carry out one run."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def machine() -> str:
    """What two processes share exactly when one can see the other's process id."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"{socket.gethostname()} {secrets.token_hex(8)}"


def _is_dead(other: WorkerSeen) -> bool:
    """Silent for too long, or a process of this machine that has ended."""
    if other.silent_s > SILENT_S:
        return True
    return other.host == machine() and not psutil.pid_exists(other.pid)


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker needs: the durable engine, how to end a run nobody can carry on, its version."""

    durable: Durable
    abandon: Callable[[RunRef], Awaitable[None]]
    sessions: DatabaseSessionManager
    version: str


class RunWorker:
    """Heartbeats every 1.5 s; a worker silent for 5 s, or whose process has ended, is dead, and its runs are
    queued again under a lock.

    Finished workflows' checkpoints are deleted, because they hold users' text.
    """

    def __init__(self, parts: WorkerParts) -> None:
        self._durable = parts.durable
        self._abandon = parts.abandon
        self._sessions = parts.sessions
        self._version = parts.version
        self._log = structlog.get_logger("netra.runs.worker")

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Carry out runs until the block ends; then drain at most 20 s and hand over what is left."""
        await self._beat()
        await self._durable.start()
        loops = [
            asyncio.create_task(self._every(BEAT_S, self._beat)),
            asyncio.create_task(self._every(LOOK_S, self.take_over)),
            asyncio.create_task(self._every(TIDY_S, self.tidy)),
        ]
        try:
            yield
        finally:
            for task in loops[1:]:
                task.cancel()
            await asyncio.gather(*loops[1:], return_exceptions=True)
            await self._durable.stop(DRAIN_S)
            loops[0].cancel()
            await asyncio.gather(loops[0], return_exceptions=True)
            async with self._sessions.transaction(workspace_id=None, user_id=None) as tx:
                await repository.retire(tx, self._durable.executor_id)

    async def take_over(self) -> int:
        """Queue again the runs of workers that fell silent; how many. One worker does it at a time."""
        recovered = 0
        async with self._sessions.transaction(workspace_id=None, user_id=None) as tx:
            others = await repository.find_others(tx, self._durable.executor_id) or []
            for dead in [other.executor_id for other in others if _is_dead(other)]:
                recovered += await self._durable.recover(dead)
                for ref in await self._durable.unrecoverable(dead):
                    await self._abandon(ref)
                    await self._durable.forget([ref.run_id])
                await repository.forget_worker(tx, dead)
                self._log.warning("worker_taken_over", executor=dead, runs=recovered)
        return recovered

    async def tidy(self) -> None:
        """End the runs whose workflow gave up, and delete the checkpoints of all that ended."""
        ended = await self._durable.finished(TIDY_BATCH)
        for ref, by_itself in ended:
            if not by_itself:
                await self._abandon(ref)
        await self._durable.forget([ref.run_id for ref, _ in ended])

    async def _beat(self) -> None:
        async with self._sessions.transaction(workspace_id=None, user_id=None) as tx:
            await repository.beat(tx, self._durable.executor_id, self._version, machine(), os.getpid())

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Exception:
                self._log.exception("worker_duty_failed", duty=getattr(work, "__name__", "?"))
