"""Wire forms of threads and messages."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from netra.conversations.models import Message, Thread


class ThreadOut(BaseModel):
    """A thread."""

    id: str
    title: str | None
    status: Literal["idle", "running"]
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def of(thread: Thread) -> "ThreadOut":
        """From the model."""
        return ThreadOut(
            id=thread.id,
            title=thread.title,
            status=thread.status,
            created_at=thread.created_at,
            updated_at=thread.updated_at,
        )


class MessageOut(BaseModel):
    """A message of a thread."""

    id: str
    run_id: str
    role: Literal["user", "assistant"]
    text: str
    result: dict[str, Any] | None
    created_at: datetime

    @staticmethod
    def of(message: Message) -> "MessageOut":
        """From the model."""
        return MessageOut(
            id=message.id,
            run_id=message.run_id,
            role=message.role,
            text=message.text,
            result=message.result,
            created_at=message.created_at,
        )


class ThreadCreateIn(BaseModel):
    """A new thread; without a title the first question gives it one."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=200)


class ThreadChangeIn(BaseModel):
    """What can be changed about a thread."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=200)
