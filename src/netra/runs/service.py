"""RunService: ask, look, cancel. The same calls serve HTTP and the WebSocket."""

from __future__ import annotations

from dataclasses import dataclass

from netra.context.models import UserExecutionContext
from netra.conversations import repository as conversations
from netra.conversations.models import Message, title_of
from netra.conversations.service import thread_not_found
from netra.data_access.factory import DataAccessFactory
from netra.events.errors import StaleWriterError, StreamGoneError
from netra.events.log import EventLog, NewEvent, Writer
from netra.events.publisher import EventPublisher
from netra.events.types import Envelope, JsonObject, MessageAccepted, StateChanged
from netra.ids.manager import UnifiedIDManager
from netra.runs import repository
from netra.runs.cancellation import CancelDoor, announce
from netra.runs.ending import RunEnding
from netra.runs.errors import (
    EmptyQuestionError,
    InvalidMessageIdError,
    MessageReusedError,
    QuestionTooLongError,
    RunInProgressError,
    RunNotFoundError,
)
from netra.runs.models import (
    CLIENT_MESSAGE_ID_LIMIT,
    IN_PROGRESS,
    QUESTION_LIMIT,
    Accepted,
    Run,
    RunEnd,
    SendRequest,
)
from netra.runs.waking import announce_queued
from netra.storage.postgres.sessions import Transaction

CANCELLED_MESSAGE = "This run was cancelled. What had been found by then is kept."


class _KnownMessageError(Exception):
    """The same message was stored by a concurrent send; the transaction must be given up."""


@dataclass(frozen=True, slots=True)
class _Stored:
    accepted: Accepted
    events: list[Envelope]
    cancelled: list[str]


class RunService:
    """Stores questions with their queued runs, and ends runs on request."""

    def __init__(
        self,
        access: DataAccessFactory,
        log: EventLog,
        publisher: EventPublisher,
        ids: UnifiedIDManager,
        cancels: CancelDoor,
    ) -> None:
        self._access = access
        self._log = log
        self._publisher = publisher
        self._ids = ids
        self._cancels = cancels
        self._ending = RunEnding(log, ids)

    async def send(self, context: UserExecutionContext, request: SendRequest) -> Accepted:
        """Store the message, its run, the first event and the queued workflow in one transaction.

        The same `client_message_id` gives the first answer again and never a second run. Raises
        ThreadNotFoundError, RunInProgressError (strategy reject), EmptyQuestionError, QuestionTooLongError,
        MessageReusedError (same id, other text).
        """
        context.check_permission("threads:use")
        check_request(request)
        try:
            async with self._access.for_context(context).transaction() as tx:
                known = await conversations.find_by_client_id(tx, request.client_message_id)
                if known is not None:
                    return await self._accepted_before(tx, known, request)
                stored = await self._store(tx, context, request)
        except _KnownMessageError:
            async with self._access.for_context(context).transaction() as tx:
                known = await conversations.find_by_client_id(tx, request.client_message_id)
                if known is None:
                    raise thread_not_found() from None
                return await self._accepted_before(tx, known, request)
        await announce_queued(self._cancels)
        await self._publisher.publish(context.workspace_id, context.user_id, stored.events)
        await announce(self._cancels, stored.cancelled)
        return stored.accepted

    async def cancel(self, context: UserExecutionContext, run_id: str) -> Run:
        """Ask for the end of a run: at once when it still waits, within a second when a worker has it; a
        run that has ended stays as it is. The run as it is now. Raises RunNotFoundError.
        """
        events: list[Envelope] = []
        async with self._access.for_context(context).transaction() as tx:
            run = await self._access_locked(tx, run_id)
            running = run.status == "running"
            if run.status in IN_PROGRESS:
                events = await self._stop(tx, [run])
            run = await repository.find_run(tx, run_id) or run
        await self._publisher.publish(context.workspace_id, context.user_id, events)
        if running:
            await announce(self._cancels, [run_id])
        return run

    async def access_run(self, context: UserExecutionContext, run_id: str) -> Run:
        """The user's own run. Raises RunNotFoundError for every other id."""
        async with self._access.for_context(context).transaction() as tx:
            run = await repository.find_run(tx, run_id)
        if run is None:
            raise run_not_found()
        return run

    async def figures(self, context: UserExecutionContext, run_id: str) -> list[JsonObject]:
        """The figures that the run's tools have computed so far. Raises RunNotFoundError."""
        async with self._access.for_context(context).transaction() as tx:
            if await repository.find_run(tx, run_id) is None:
                raise run_not_found()
            return await self._log.figures_of_run(tx, run_id)

    async def _store(self, tx: Transaction, context: UserExecutionContext, request: SendRequest) -> _Stored:
        thread_id, stopped, events = await self._enter_thread(tx, request)
        run_id, message_id = self._ids.new("run"), self._ids.new("msg")
        accepted = MessageAccepted(
            message_id=message_id,
            client_message_id=request.client_message_id,
            text=request.text,
            title=title_of(request.text),
        )
        appended = await self._log.append(tx, Writer(thread_id, run_id), [NewEvent(accepted, step="send")])
        first = appended.envelopes[0]
        run = Run(
            id=run_id, thread_id=thread_id, message_id=message_id, status="queued", question=request.text,
            created_at=first.ts, started_at=None, finished_at=None, cancel_requested_at=None, answer=None,
            report_id=None,
        )  # fmt: skip
        message = Message(message_id, thread_id, run_id, "user", request.text, None, first.ts)
        if not await conversations.insert_message(tx, message, request.client_message_id):
            raise _KnownMessageError
        await conversations.accept_question(tx, thread_id, title=accepted.title, at=first.ts)
        await repository.insert_run(tx, run, context.child(thread_id=thread_id, run_id=run_id))
        await repository.enqueue(tx, run_id, context.user_id)
        position = Accepted(thread_id, message_id, run_id, epoch=first.epoch or "", seq=first.seq or 0)
        return _Stored(position, [*events, *appended.fresh], stopped)

    async def _enter_thread(
        self, tx: Transaction, request: SendRequest
    ) -> tuple[str, list[str], list[Envelope]]:
        """The locked thread, the runs asked to stop, and the events of those that stopped at once."""
        if request.thread_id is None:
            thread = await conversations.insert_thread(tx, self._ids.new("thr"), None)
            await self._log.open_stream(tx, thread.id)
            return thread.id, [], []
        try:
            await self._log.lock(tx, request.thread_id)
        except StreamGoneError as gone:
            raise thread_not_found() from gone
        if request.strategy == "enqueue":
            return request.thread_id, [], []
        busy = await repository.list_runs(tx, request.thread_id, in_progress=True)
        if busy and request.strategy == "reject":
            raise RunInProgressError(
                "this thread has a run in progress",
                hint="wait for it, cancel it, or send with the strategy enqueue or interrupt",
                details={"run_id": busy[-1].id},
            )
        return request.thread_id, [run.id for run in busy], await self._stop(tx, busy)

    async def _stop(self, tx: Transaction, runs: list[Run]) -> list[Envelope]:
        """Ask runs of a locked thread to end; the events of those that no worker has and that end here."""
        events: list[Envelope] = []
        for run in runs:
            writer = Writer(run.thread_id, run.id)
            if run.status == "queued":
                end = RunEnd(outcome="cancelled", message=CANCELLED_MESSAGE)
                events += (await self._ending.write(tx, writer, run, end)).fresh
                continue
            asked = NewEvent(StateChanged(subject="run", changes={"cancel_requested": True}), step="cancel")
            appended = await self._log.append(tx, writer, [asked])
            await repository.request_cancel(tx, run.id, at=appended.envelopes[0].ts)
            events += appended.fresh
        return events

    async def _access_locked(self, tx: Transaction, run_id: str) -> Run:
        run = await repository.find_run(tx, run_id)
        if run is None:
            raise run_not_found()
        try:
            await self._log.lock(tx, run.thread_id)
        except StreamGoneError as gone:
            raise run_not_found() from gone
        # Read again: it may have started or ended before the lock was granted.
        return await repository.find_run(tx, run_id) or run

    async def _accepted_before(self, tx: Transaction, known: Message, request: SendRequest) -> Accepted:
        if known.text != request.text or request.thread_id not in (None, known.thread_id):
            raise MessageReusedError(
                "this message id was used before for another message", hint="use a new id for a new message"
            )
        position = await self._log.find_accepted(tx, known.run_id)
        if position is None:
            raise StaleWriterError("the message's run has no first event")
        return Accepted(known.thread_id, known.id, known.run_id, epoch=position.epoch, seq=position.seq)


def check_request(request: SendRequest) -> None:
    """Refuse a question that cannot be stored or read."""
    message_id = request.client_message_id
    if not 1 <= len(message_id) <= CLIENT_MESSAGE_ID_LIMIT or not message_id.isprintable():
        raise InvalidMessageIdError(
            f"client_message_id has 1 to {CLIENT_MESSAGE_ID_LIMIT} printable characters"
        )
    if not request.text.strip() or "\x00" in request.text:
        raise EmptyQuestionError("there is no question in the message", hint="send some text")
    if len(request.text) > QUESTION_LIMIT:
        raise QuestionTooLongError(
            f"the question has {len(request.text):,} characters; at most {QUESTION_LIMIT:,} are read",
            hint="shorten it; data belongs into an import",
        )


def run_not_found() -> RunNotFoundError:
    """The one answer for a run that is not there and for one that is somebody else's."""
    return RunNotFoundError("there is no such run")
