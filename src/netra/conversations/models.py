"""Thread and Message, as the rest of the product sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

ThreadStatus = Literal["idle", "running"]
MessageRole = Literal["user", "assistant"]

TITLE_LIMIT = 200
DERIVED_TITLE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation; `running` while a run of it waits or works. Times are UTC."""

    id: str
    title: str | None
    status: ThreadStatus
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What was asked or answered; `result` is the stored result of an answer's run."""

    id: str
    thread_id: str
    run_id: str
    role: MessageRole
    text: str
    result: dict[str, Any] | None
    created_at: datetime


def title_of(question: str) -> str:
    """A thread's title from its first question: its words, cut at a word's end to 80 characters."""
    words = " ".join(question.split())
    if len(words) <= DERIVED_TITLE_LIMIT:
        return words
    head = words[: DERIVED_TITLE_LIMIT - 1]
    return (head.rsplit(" ", 1)[0] if " " in head else head) + "…"
