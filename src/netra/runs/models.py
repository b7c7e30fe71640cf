"""What a run is, how one is asked for and how one ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from netra.events.types import Answer, JsonObject, Outcome

RunStatus = Literal["queued", "running", "completed", "failed", "timed_out", "cancelled"]
Strategy = Literal["reject", "enqueue", "interrupt"]

IN_PROGRESS: tuple[RunStatus, ...] = ("queued", "running")
QUESTION_LIMIT = 32_000
CLIENT_MESSAGE_ID_LIMIT = 128


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A question: in a thread or, with None, in a new one; `strategy` decides when the thread is busy."""

    thread_id: str | None
    client_message_id: str
    text: str
    strategy: Strategy = "enqueue"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored message: `epoch` and `seq` are the position of its first event."""

    thread_id: str
    message_id: str
    run_id: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run's row. Times are UTC; `result` is what the supervisor gave back, with what a follow-up needs."""

    id: str
    thread_id: str
    message_id: str
    status: RunStatus
    question: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    answer: Answer | None
    report_id: str | None


@dataclass(frozen=True, slots=True)
class RunRef:
    """Where a run is: everything a queued workflow knows."""

    run_id: str
    thread_id: str
    workspace_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ends: the fields of its terminal event, and `result` for follow-ups."""

    outcome: Outcome
    message: str
    prose: str | None = None
    agent_id: str | None = None
    answer: Answer | None = None
    missing: list[JsonObject] = field(default_factory=list[JsonObject])
    report_id: str | None = None
    figures: list[JsonObject] | None = None
    usage: JsonObject = field(default_factory=dict[str, Any])
    cost: str | None = None
    ms: int | None = None
    result: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker process, and how many seconds ago it was last heard of."""

    executor_id: str
    host: str
    pid: int
    silent_s: float
