"""RunWorkflow: what a worker does with a run it has taken from the queue."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from netra.agents.runtime import SupervisorResult, Turn
from netra.context.models import UserExecutionContext
from netra.conversations import repository as conversations
from netra.data_access.factory import DataAccess, DataAccessFactory
from netra.errors.kinds import NetraError, UnavailableError
from netra.events.errors import StaleWriterError, StreamGoneError
from netra.events.log import EventLog, NewEvent, Writer
from netra.events.publisher import EventPublisher
from netra.events.types import StateChanged
from netra.ids.manager import UnifiedIDManager
from netra.runs import repository
from netra.runs.cancellation import CancellationWatch
from netra.runs.ending import RunEnding
from netra.runs.engine import ExecutionEngine
from netra.runs.engine_factory import ExecutionEngineFactory
from netra.runs.models import Run, RunEnd, RunRef
from netra.runs.service import CANCELLED_MESSAGE
from netra.runs.steps import Checkpoints

T = TypeVar("T")

STOP_GRACE_S = 5.0
FAILED_MESSAGE = (
    "Something went wrong on our side and this run stopped. What had been found by then is kept; "
    "asking again usually helps."
)
ABANDONED_MESSAGE = (
    "This run was in progress when the service stopped and could not be carried on. What had been found by "
    "then is kept; please ask again."
)


@dataclass(frozen=True, slots=True)
class _Opened:
    run: Run
    context: UserExecutionContext
    access: DataAccess
    writer: Writer
    history: list[Turn]
    seconds_left: float


class RunWorkflow:
    """Takes a run, answers it, and ends it exactly once, whatever happens in between."""

    def __init__(
        self,
        access: DataAccessFactory,
        log: EventLog,
        publisher: EventPublisher,
        ids: UnifiedIDManager,
        engines: ExecutionEngineFactory,
        watch: CancellationWatch,
    ) -> None:
        self._access = access
        self._log = log
        self._publisher = publisher
        self._engines = engines
        self._watch = watch
        self._ending = RunEnding(log, ids)
        self._events = structlog.get_logger("netra.runs")

    async def execute(self, ref: RunRef, checkpoints: Checkpoints) -> None:
        """Carry the run to its terminal event, or return when somebody else has.

        Cancelling this task (the worker stops) leaves the run to be taken over at its last finished step.
        """
        opened = await _patiently(lambda: self._open(ref))
        if opened is None:
            return
        engine = self._engines.create(opened.context, opened.writer, checkpoints)
        try:
            end = await self._answer(engine, opened)
            await _patiently(lambda: self._end(opened.access, opened.writer, opened.run, end))
        except (StaleWriterError, StreamGoneError) as fenced:
            # Another worker carries the run on, or its thread was deleted: nothing of ours may be written.
            self._events.warning("run_left", run_id=ref.run_id, reason=fenced.code)

    async def abandon(self, ref: RunRef) -> None:
        """End a run that no worker can carry on any more; nothing when it has ended."""
        access = self._access.for_context(_opening_context(ref))
        writer = Writer(ref.thread_id, ref.run_id, secrets.token_hex(8))
        async with access.transaction() as tx:
            claimed = await self._log.claim(tx, writer)
            run = await repository.find_run(tx, ref.run_id)
        if claimed and run is not None:
            await self._end(access, writer, run, RunEnd(outcome="failed", message=ABANDONED_MESSAGE))

    async def _open(self, ref: RunRef) -> _Opened | None:
        access = self._access.for_context(_opening_context(ref))
        writer = Writer(ref.thread_id, ref.run_id, secrets.token_hex(8))
        async with access.transaction() as tx:
            if not await self._log.claim(tx, writer):
                return None
            run = await repository.find_run(tx, ref.run_id)
            if run is None:
                return None
            running = StateChanged(subject="run", changes={"status": "running"})
            appended = await self._log.append(tx, writer, [NewEvent(running, step="start")])
            stored, left = await repository.start_run(tx, run.id, at=appended.envelopes[0].ts)
            said = await conversations.list_messages(tx, ref.thread_id)
            results = await repository.results_of_thread(tx, ref.thread_id)
        await self._publisher.publish(ref.workspace_id, ref.user_id, appended.fresh)
        context = UserExecutionContext.from_dict(stored)
        history = [
            Turn(
                role=message.role,
                text=message.text,
                run_id=message.run_id,
                result=results.get(message.run_id),
            )
            for message in said
            if message.run_id != ref.run_id and message.created_at < run.created_at
        ]
        return _Opened(run, context, self._access.for_context(context), writer, history, left)

    async def _answer(self, engine: ExecutionEngine, opened: _Opened) -> RunEnd:
        """The end of the run: the agents' result, or why there is none."""
        started = time.monotonic()
        work = asyncio.create_task(engine.answer(opened.run.question, opened.history))
        cancelled = asyncio.create_task(self._watch.wait(opened.access, opened.run.id))
        try:
            await asyncio.wait(
                {work, cancelled}, timeout=max(opened.seconds_left, 0.0), return_when=asyncio.FIRST_COMPLETED
            )
            stopped_by = cancelled.done()
        finally:
            finished = work.done()
            await self._stop(work, cancelled)
        ms = round((time.monotonic() - started) * 1000)
        if finished:
            return self._finished(work, opened, ms)
        if stopped_by:
            return RunEnd(outcome="cancelled", message=CANCELLED_MESSAGE, ms=ms)
        limit = opened.context.limits.timeout_s
        message = (
            f"This run took longer than {limit:g} seconds and was stopped. What was found by then is kept."
        )
        return RunEnd(outcome="timed_out", message=message, ms=ms)

    def _finished(self, work: asyncio.Task[SupervisorResult], opened: _Opened, ms: int) -> RunEnd:
        failure = work.exception()
        if failure is None:
            return _end_of(work.result(), ms)
        if isinstance(failure, StaleWriterError | StreamGoneError):
            raise failure
        self._events.error("run_failed", run_id=opened.run.id, exc_info=failure)
        message = FAILED_MESSAGE
        if isinstance(failure, NetraError) and failure.status < 500:
            message = f"This run stopped: {failure.message}" + (f" {failure.hint}." if failure.hint else "")
        return RunEnd(outcome="failed", message=message, ms=ms)

    async def _stop(self, *tasks: asyncio.Task[Any]) -> None:
        open_tasks = {task for task in tasks if not task.done()}
        for task in open_tasks:
            task.cancel()
        if open_tasks:
            _, deaf = await asyncio.wait(open_tasks, timeout=STOP_GRACE_S)
            if deaf:
                # It may still compute, but its events are refused once the run is closed.
                self._events.error("run_did_not_stop", tasks=len(deaf))

    async def _end(self, access: DataAccess, writer: Writer, run: Run, end: RunEnd) -> None:
        async with access.transaction() as tx:
            appended = await self._ending.write(tx, writer, run, end)
        context = access.context
        await self._publisher.publish(context.workspace_id, context.user_id, appended.fresh)


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat until the database answers: a run that has begun is ended even after an outage."""
    pause = 0.2
    while True:
        try:
            return await work()
        except UnavailableError:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)


def _opening_context(ref: RunRef) -> UserExecutionContext:
    """Enough to read the run's row, which holds the context it was asked in."""
    return UserExecutionContext(
        user_id=ref.user_id, workspace_id=ref.workspace_id, role="viewer", request_id=ref.run_id
    )


def _end_of(result: SupervisorResult, ms: int) -> RunEnd:
    return RunEnd(
        outcome=result.outcome,
        message=result.message,
        prose=result.prose,
        agent_id=result.agent_id,
        answer=result.answer,
        missing=list(result.missing),
        report_id=result.report_id,
        figures=list(result.figures),
        usage=dict(result.usage),
        cost=result.cost_usd,
        ms=result.ms or ms,
        result=result.to_dict(),
    )
