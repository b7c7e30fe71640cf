"""The state of a thread at one position of its events, and the rule by which an event changes it.

A snapshot at position p, folded with the events after p, equals a fresh snapshot. So a client loads a
snapshot once and follows events from its cursor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netra.context.models import UserExecutionContext
from netra.conversations import repository as conversations
from netra.conversations.models import Message, Thread
from netra.conversations.service import thread_not_found
from netra.data_access.factory import DataAccessFactory
from netra.events.errors import StreamGoneError
from netra.events.log import EventLog
from netra.events.types import Cursor, Envelope
from netra.runs import repository
from netra.runs.models import IN_PROGRESS, Run

EVENTS_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A thread with everything in it; `events` are the newest 2,000, `cursor` the position of the last
    one.
    """

    thread: Thread
    messages: list[Message]
    runs: list[Run]
    events: list[Envelope]
    cursor: Cursor


class SnapshotService:
    """Reads snapshots and events."""

    def __init__(self, access: DataAccessFactory, log: EventLog) -> None:
        self._access = access
        self._log = log

    async def access_snapshot(self, context: UserExecutionContext, thread_id: str) -> Snapshot:
        """The user's own thread as it is now. Raises ThreadNotFoundError."""
        async with self._access.for_context(context).transaction() as tx:
            try:
                # Whoever changes what a thread shows holds this lock alone: all reads below see one state.
                cursor = await self._log.lock(tx, thread_id, shared=True)
            except StreamGoneError as gone:
                raise thread_not_found() from gone
            thread = await conversations.find_thread(tx, thread_id)
            if thread is None:
                raise thread_not_found()
            return Snapshot(
                thread=thread,
                messages=await conversations.list_messages(tx, thread_id),
                runs=await repository.list_runs(tx, thread_id),
                events=await self._log.read_last(tx, thread_id, cursor, EVENTS_LIMIT),
                cursor=cursor,
            )

    async def access_events(
        self, context: UserExecutionContext, thread_id: str, *, after: int, limit: int
    ) -> tuple[list[Envelope], Cursor]:
        """Events after a seq, in order, and where the thread stands. Raises ThreadNotFoundError."""
        async with self._access.for_context(context).transaction() as tx:
            position = await self._log.find_position(tx, thread_id)
            if position is None:
                raise thread_not_found()
            return await self._log.read(tx, thread_id, after_seq=after, limit=limit), position


def fold(state: Snapshot, event: Envelope) -> Snapshot:
    """The snapshot after one more durable event; one that is already in it changes nothing."""
    seq = event.seq or 0
    if seq <= state.cursor.seq:
        return state
    state = replace(
        state,
        events=[*state.events, event][-EVENTS_LIMIT:],
        cursor=Cursor(epoch=state.cursor.epoch, seq=seq),
    )
    if event.type == "message_accepted":
        return _accepted(state, event)
    if event.type == "state_changed":
        return _changed(state, event)
    if event.type == "agent_completed" and event.parent is None:
        return _ended(state, event)
    return state


def _accepted(state: Snapshot, event: Envelope) -> Snapshot:
    data, run_id = event.data, event.run_id or ""
    run = Run(
        id=run_id, thread_id=state.thread.id, message_id=data["message_id"], status="queued",
        question=data["text"], created_at=event.ts, started_at=None, finished_at=None,
        cancel_requested_at=None, answer=None, report_id=None,
    )  # fmt: skip
    message = Message(data["message_id"], state.thread.id, run_id, "user", data["text"], None, event.ts)
    title = state.thread.title if state.thread.title is not None else data["title"]
    thread = replace(state.thread, title=title, status="running", updated_at=event.ts)
    return replace(state, thread=thread, runs=[*state.runs, run], messages=[*state.messages, message])


def _changed(state: Snapshot, event: Envelope) -> Snapshot:
    changes = event.data["changes"]
    if event.data["subject"] == "thread":
        return replace(state, thread=replace(state.thread, title=changes["title"], updated_at=event.ts))
    if "status" in changes:
        return _with_run(state, event.run_id, status=changes["status"], started_at=event.ts)
    return _with_run(state, event.run_id, cancel_requested_at=event.ts)


def _ended(state: Snapshot, event: Envelope) -> Snapshot:
    data = event.data
    state = _with_run(
        state, event.run_id, status=data["outcome"], finished_at=event.ts, answer=data["answer"],
        report_id=data["report_id"],
    )  # fmt: skip
    answer = Message(
        data["message_id"], state.thread.id, event.run_id or "", "assistant", data["message"], data, event.ts
    )
    busy = any(run.status in IN_PROGRESS for run in state.runs)
    thread = replace(state.thread, status="running" if busy else "idle", updated_at=event.ts)
    return replace(state, thread=thread, messages=[*state.messages, answer])


def _with_run(state: Snapshot, run_id: str | None, **changes: object) -> Snapshot:
    runs = [replace(run, **changes) if run.id == run_id else run for run in state.runs]  # pyright: ignore[reportArgumentType]
    return replace(state, runs=runs)
