"""What every embedded engine does, and the supervision that keeps it up."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import structlog

from netra.storage.embedded import orphans
from netra.storage.embedded.child_process import ChildProcess
from netra.storage.embedded.errors import EngineStartError

READY_TIMEOUT_S = 120.0
"""Generous: PostgreSQL may replay a long log after a crash before it answers."""
POLL_S = 0.02
CHECK_INTERVAL_S = 5.0
CHECK_TIMEOUT_S = 3.0
CHECKS_UNTIL_KILLED = 4
SHORTEST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 10.0
CALM_S = 30.0

_log = structlog.get_logger(__name__)


class Engine(Protocol):
    """One engine in a data directory. `url` is known before the start and never changes."""

    name: str
    pid_file: Path

    @property
    def url(self) -> str:
        """Address for clients, credentials included."""
        ...

    async def prepare(self) -> None:
        """Create its files where they are missing; runs once before the first start."""
        ...

    def launch(self) -> ChildProcess:
        """Start its process."""
        ...

    async def answers(self, pid: int) -> bool:
        """Whether the process with this id, and not another one, serves the address."""
        ...


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """State of one engine: what it is doing, its process, how often it had to be restarted."""

    state: Literal["starting", "up", "down", "stopped"]
    pid: int | None
    restarts: int


class SupervisedEngine:
    """An engine with the task that restarts it: after its process ended, or when it stopped answering."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._child: ChildProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._state: Literal["starting", "up", "down", "stopped"] = "stopped"
        self._restarts = 0

    @property
    def health(self) -> EngineHealth:
        """Current state; "up" means that our own process answered at the last check."""
        pid = self._child.pid if self._child is not None and self._state != "stopped" else None
        return EngineHealth(self._state, pid, self._restarts)

    async def start(self) -> None:
        """Bring the engine up and watch it from now on. Raises EngineStartError."""
        self._state = "starting"
        await orphans.end_orphan(self._engine.pid_file)
        await self._engine.prepare()
        try:
            await self._launch()
        except BaseException:
            await self._end_child()
            raise
        self._task = asyncio.create_task(self._watch(), name=f"engine-{self._engine.name}")

    async def stop(self) -> None:
        """Stop watching and stop the engine in its own clean way."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end_child()
        self._state = "stopped"

    async def _launch(self) -> None:
        child = self._child = self._engine.launch()
        orphans.remember(self._engine.pid_file, child.pid)
        await wait_until_ready(self._engine.name, child, lambda: self._engine.answers(child.pid))
        self._state = "up"

    async def _end_child(self) -> None:
        if self._child is not None:
            await self._child.stop()
            self._engine.pid_file.unlink(missing_ok=True)

    async def _watch(self) -> None:
        backoff = SHORTEST_BACKOFF_S
        while True:
            started = time.monotonic()
            reason = await self._trouble()
            self._state = "down"
            self._restarts += 1
            if time.monotonic() - started > CALM_S:
                backoff = SHORTEST_BACKOFF_S
            _log.warning("engine restarts", engine=self._engine.name, reason=reason, restarts=self._restarts)
            while self._state == "down":
                try:
                    await orphans.end_orphan(self._engine.pid_file)
                    await self._launch()
                except Exception as failure:  # whatever it is, trying again is the only way back
                    _log.error("engine does not come back", engine=self._engine.name, error=str(failure))
                    await asyncio.sleep(backoff)
                    backoff = min(backoff * 2, LONGEST_BACKOFF_S)

    async def _trouble(self) -> str:
        """Return once the engine has ended, or was killed because it no longer answered."""
        child = self._child
        if child is None:
            return "never started"
        ended = asyncio.create_task(child.wait())
        failed = 0
        try:
            while True:
                await asyncio.wait({ended}, timeout=CHECK_INTERVAL_S)
                if ended.done():
                    return f"its process ended with {ended.result()}"
                failed = 0 if await _in_time(self._engine.answers(child.pid)) else failed + 1
                if failed >= CHECKS_UNTIL_KILLED:
                    child.send(signal.SIGKILL)
                    await ended
                    return "it no longer answered"
        finally:
            ended.cancel()


async def wait_until_ready(name: str, child: ChildProcess, answers: Callable[[], Awaitable[bool]]) -> None:
    """Return when the child answers; raise EngineStartError when it ends first or takes too long."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not await _in_time(answers()):
        if child.returncode is not None:
            code = await child.wait()
            raise _not_started(name, child, f"ended with exit code {code}")
        if time.monotonic() > deadline:
            await child.stop(grace_s=1.0)
            raise _not_started(name, child, f"did not answer within {READY_TIMEOUT_S:.0f} s")
        await asyncio.sleep(POLL_S)


def _not_started(name: str, child: ChildProcess, what: str) -> EngineStartError:
    words = child.last_words()
    full = "No space left on device" in words
    return EngineStartError(
        f"the embedded {name} {what}" + (f": {words.splitlines()[-1]}" if words else ""),
        hint="make room on the disk and start again" if full else f"see {child.spec.log_file}",
        details={"engine": name, "log": words},
    )


async def _in_time(check: Awaitable[bool]) -> bool:
    """The check's answer; a check that breaks or takes too long found nobody well. Watching goes on."""
    try:
        return await asyncio.wait_for(check, CHECK_TIMEOUT_S)
    except Exception as failure:
        _log.debug("engine check failed", error=repr(failure))
        return False
