"""RunSteps: the StepRunner of one run, over the durable engine's checkpoints and the event log's attempts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from pydantic import JsonValue

from netra.data_access.factory import DataAccess
from netra.events.emitter import UserWebSocketEmitter
from netra.events.log import EventLog, Writer
from netra.tools.execution_engine import StepAttempt


class Checkpoints(Protocol):
    """What the durable engine gives to a run: a place where finished steps are remembered."""

    async def once(self, name: str, body: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """The body's result, from the store if this step of the run has finished before."""
        ...


class RunSteps:
    """Runs named steps once each; a step that had begun and not finished begins again as its next attempt.

    Names are unique within a run. An attempt after the first one announces with `superseded` which tool
    calls of the earlier attempts no longer count. StaleWriterError when another worker has taken the run
    over.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        access: DataAccess,
        log: EventLog,
        writer: Writer,
        emitter: UserWebSocketEmitter,
    ) -> None:
        self._checkpoints = checkpoints
        self._access = access
        self._log = log
        self._writer = writer
        self._emitter = emitter
        self._names: set[str] = set()

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        """The body's JSON result, from the store if the step has already finished in this run."""
        if name in self._names:
            raise ValueError(f"two steps of one run are named {name!r}")
        self._names.add(name)

        async def attempt() -> JsonValue:
            return await body(StepAttempt(attempt=await self._begin(name)))

        return await self._checkpoints.once(name, attempt)

    async def _begin(self, name: str) -> int:
        async with self._access.transaction() as tx:
            number, replaced = await self._log.begin_step(tx, self._writer, name)
        if number > 1:
            await self._emitter.with_step(name, number).superseded(call_ids=replaced)
        return number
