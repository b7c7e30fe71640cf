"""The SQL of threads and messages; every statement runs as the tenant of its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import CursorResult

from netra.conversations.models import Message, Thread
from netra.storage.postgres.sessions import Transaction

_MINE = "workspace_id = app.current_workspace() and user_id = app.current_user_id()"
_THREAD = "id, title, status, created_at, updated_at"
_MESSAGE = "id, thread_id, run_id, role, text, result::text, created_at"


async def insert_thread(tx: Transaction, thread_id: str, title: str | None) -> Thread:
    """A new thread, dated by the database."""
    rows = await tx.execute(
        "insert into app.threads (workspace_id, user_id, id, title, created_at, updated_at) "
        "values (app.current_workspace(), app.current_user_id(), :id, :title, clock_timestamp(), "
        f"clock_timestamp()) returning {_THREAD}",
        {"id": thread_id, "title": title},
    )
    return _threads(rows)[0]


async def find_thread(tx: Transaction, thread_id: str) -> Thread | None:
    """The thread, None when it is not this user's or not there."""
    if "\x00" in thread_id:
        return None  # no id holds it, and PostgreSQL would refuse the parameter
    rows = await tx.execute(
        f"select {_THREAD} from app.threads where {_MINE} and id = :id", {"id": thread_id}
    )
    found = _threads(rows)
    return found[0] if found else None


async def list_threads(tx: Transaction, *, before: tuple[datetime, str] | None, limit: int) -> list[Thread]:
    """Threads by last change, newest first, after the given (updated_at, id)."""
    condition = "and (updated_at, id) < (:updated_at, :id)" if before is not None else ""
    parameters: dict[str, Any] = {"limit": limit}
    if before is not None:
        parameters |= {"updated_at": before[0], "id": before[1]}
    rows = await tx.execute(
        f"select {_THREAD} from app.threads where {_MINE} {condition} "
        "order by updated_at desc, id desc limit :limit",
        parameters,
    )
    return _threads(rows)


async def update_thread(
    tx: Transaction, thread_id: str, *, at: datetime, title: str | None = None, status: str | None = None
) -> None:
    """Set what is given, and the time of the last change."""
    await tx.execute(
        "update app.threads set title = coalesce(:title, title), status = coalesce(:status, status), "
        f"updated_at = :at where {_MINE} and id = :id",
        {"id": thread_id, "title": title, "status": status, "at": at},
    )


async def delete_thread(tx: Transaction, thread_id: str) -> bool:
    """Delete the thread with everything in it; whether there was one."""
    if "\x00" in thread_id:
        return False
    rows = await tx.execute(f"delete from app.threads where {_MINE} and id = :id", {"id": thread_id})
    return rows.rowcount > 0


async def accept_question(tx: Transaction, thread_id: str, *, title: str, at: datetime) -> None:
    """Mark the thread as running; its first question gives it a title if it has none."""
    await tx.execute(
        "update app.threads set title = coalesce(title, :title), status = 'running', updated_at = :at "
        f"where {_MINE} and id = :id",
        {"id": thread_id, "title": title, "at": at},
    )


async def insert_message(tx: Transaction, message: Message, client_message_id: str | None = None) -> bool:
    """Store a message; false when the client has sent one under this id before."""
    rows = await tx.execute(
        "insert into app.messages (workspace_id, user_id, id, thread_id, run_id, role, text, result, "
        "client_message_id, created_at) values (app.current_workspace(), app.current_user_id(), :id, "
        ":thread, :run, :role, :text, cast(:result as json), :client, :at) "
        "on conflict (workspace_id, user_id, client_message_id) where client_message_id is not null "
        "do nothing",
        {
            "id": message.id,
            "thread": message.thread_id,
            "run": message.run_id,
            "role": message.role,
            "text": message.text,
            "result": None if message.result is None else orjson.dumps(message.result).decode(),
            "client": client_message_id,
            "at": message.created_at,
        },
    )
    return rows.rowcount > 0


async def find_by_client_id(tx: Transaction, client_message_id: str) -> Message | None:
    """The message that a client has sent under this id."""
    rows = await tx.execute(
        f"select {_MESSAGE} from app.messages where {_MINE} and client_message_id = :client",
        {"client": client_message_id},
    )
    found = _messages(rows)
    return found[0] if found else None


async def list_messages(tx: Transaction, thread_id: str) -> list[Message]:
    """The messages of a thread, oldest first."""
    rows = await tx.execute(
        f"select {_MESSAGE} from app.messages where {_MINE} and thread_id = :thread order by created_at, id",
        {"thread": thread_id},
    )
    return _messages(rows)


def _threads(rows: CursorResult[Any]) -> list[Thread]:
    return [Thread(*row) for row in _tuples(rows)]


def _messages(rows: CursorResult[Any]) -> list[Message]:
    return [_message(*row) for row in _tuples(rows)]


def _message(*row: Any) -> Message:
    *head, result, created_at = row
    return Message(*head, result=None if result is None else orjson.loads(result), created_at=created_at)


def _tuples(rows: CursorResult[Any]) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in rows]
