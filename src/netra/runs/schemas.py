"""Wire forms of runs, snapshots and events."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from netra.conversations.schemas import MessageOut, ThreadOut
from netra.events.types import Cursor, Envelope
from netra.runs.models import Accepted, Run
from netra.runs.snapshot import Snapshot

Status = Literal["queued", "running", "completed", "failed", "timed_out", "cancelled"]


class MessageIn(BaseModel):
    """A question. The same `client_message_id` never makes a second run."""

    model_config = ConfigDict(extra="forbid")

    text: str
    client_message_id: str
    strategy: Literal["reject", "enqueue", "interrupt"] = Field(
        default="enqueue", description="What happens while the thread has a run in progress."
    )


class AcceptedOut(BaseModel):
    """A stored question; (epoch, seq) is the position of its first event."""

    thread_id: str
    message_id: str
    run_id: str
    epoch: str
    seq: int

    @staticmethod
    def of(accepted: Accepted) -> "AcceptedOut":
        """From the model."""
        return AcceptedOut(
            thread_id=accepted.thread_id,
            message_id=accepted.message_id,
            run_id=accepted.run_id,
            epoch=accepted.epoch,
            seq=accepted.seq,
        )


class RunOut(BaseModel):
    """A run."""

    id: str
    thread_id: str
    message_id: str
    status: Status
    question: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    answer: Literal["answered", "partial", "insufficient_data"] | None
    report_id: str | None

    @staticmethod
    def of(run: Run) -> "RunOut":
        """From the model."""
        return RunOut(
            id=run.id,
            thread_id=run.thread_id,
            message_id=run.message_id,
            status=run.status,
            question=run.question,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            cancel_requested_at=run.cancel_requested_at,
            answer=run.answer,
            report_id=run.report_id,
        )


class FiguresOut(BaseModel):
    """The figures of a run, each with the query behind it."""

    figures: list[dict[str, Any]]


class CursorOut(BaseModel):
    """A position in a thread's events."""

    epoch: str
    seq: int

    @staticmethod
    def of(cursor: Cursor) -> "CursorOut":
        """From the model."""
        return CursorOut(epoch=cursor.epoch, seq=cursor.seq)


class EnvelopeOut(BaseModel):
    """A durable event, as it was sent live."""

    type: str
    thread_id: str | None
    run_id: str | None
    seq: int | None
    epoch: str | None
    event_id: str | None
    parent: str | None
    ts: datetime
    data: dict[str, Any]

    @staticmethod
    def of(envelope: Envelope) -> "EnvelopeOut":
        """From the model."""
        return EnvelopeOut(
            type=envelope.type,
            thread_id=envelope.thread_id,
            run_id=envelope.run_id,
            seq=envelope.seq,
            epoch=envelope.epoch,
            event_id=envelope.event_id,
            parent=envelope.parent,
            ts=envelope.ts,
            data=envelope.data,
        )


class EventsOut(BaseModel):
    """Events after a position, in order, and where the thread stands now."""

    items: list[EnvelopeOut]
    cursor: CursorOut


class SnapshotOut(BaseModel):
    """A thread with everything in it; follow its events from `cursor`."""

    thread: ThreadOut
    messages: list[MessageOut]
    runs: list[RunOut]
    events: list[EnvelopeOut]
    cursor: CursorOut

    @staticmethod
    def of(snapshot: Snapshot) -> "SnapshotOut":
        """From the model."""
        return SnapshotOut(
            thread=ThreadOut.of(snapshot.thread),
            messages=[MessageOut.of(message) for message in snapshot.messages],
            runs=[RunOut.of(run) for run in snapshot.runs],
            events=[EnvelopeOut.of(event) for event in snapshot.events],
            cursor=CursorOut.of(snapshot.cursor),
        )
