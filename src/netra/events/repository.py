"""The SQL of the event log; every statement runs as the tenant of its transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.exc import DBAPIError

from netra.events.errors import StaleWriterError, StreamGoneError
from netra.events.types import Cursor, JsonObject
from netra.storage.postgres.errors import sql_state
from netra.storage.postgres.sessions import Transaction

Row = tuple[Any, ...]

_MINE = "workspace_id = app.current_workspace() and user_id = app.current_user_id()"
_EVENT = "seq, event_id, type, parent, ts, data::text, run_id"


async def insert_stream(tx: Transaction, thread_id: str, epoch: str) -> None:
    """A stream without events for a new thread."""
    await tx.execute(
        "insert into app.event_streams (workspace_id, user_id, thread_id, epoch) "
        "values (app.current_workspace(), app.current_user_id(), :thread, :epoch)",
        {"thread": thread_id, "epoch": epoch},
    )


async def find_position(tx: Transaction, thread_id: str, *, lock: str = "") -> Cursor | None:
    """Epoch and last seq of a thread's stream; `lock` is "", "for share" or "for update"."""
    if "\x00" in thread_id:
        return None  # no id holds it, and PostgreSQL would refuse the parameter
    rows = await tx.execute(
        f"select epoch, last_seq from app.event_streams where {_MINE} and thread_id = :thread {lock}",
        {"thread": thread_id},
    )
    row = first(rows)
    return None if row is None else Cursor(epoch=row[0], seq=row[1])


async def find_positions(tx: Transaction, thread_ids: list[str]) -> dict[str, Cursor]:
    """Epoch and last seq of those threads that are there."""
    rows = await tx.execute(
        "select thread_id, epoch, last_seq from app.event_streams "
        f"where {_MINE} and thread_id = any(:threads)",
        {"threads": thread_ids},
    )
    return {str(row[0]): Cursor(epoch=row[1], seq=row[2]) for row in map(tuple, rows)}


async def append(
    tx: Transaction, thread_id: str, run_id: str | None, *, claim: str | None, close: bool, events: str
) -> list[Row]:
    """Append a JSON array of events (see append_events in the migration); rows of seq, event_id, type,
    parent, ts, data as text, epoch, fresh. Raises StaleWriterError and StreamGoneError.
    """
    if "\x00" in thread_id:
        raise StreamGoneError("there is no such thread")
    async with _translated(thread_id):
        rows = await tx.execute(
            "select o_seq, o_event_id, o_type, o_parent, o_ts, o_data::text, o_epoch, o_fresh "
            "from app.append_events(:thread, :run, :claim, :close, cast(:events as json))",
            {"thread": thread_id, "run": run_id, "claim": claim, "close": close, "events": events},
        )
    return [tuple(row) for row in rows]


async def claim_writer(tx: Transaction, thread_id: str, run_id: str, claim: str) -> int:
    """Become the run's only writer: how many have claimed it, 0 when it is closed or gone."""
    rows = await tx.execute(
        "select app.claim_writer(:thread, :run, :claim)",
        {"thread": thread_id, "run": run_id, "claim": claim},
    )
    return int(rows.scalar_one())


async def begin_step(tx: Transaction, run_id: str, claim: str, step: str) -> int:
    """Which attempt of the step begins now. Raises StaleWriterError."""
    async with _translated(run_id):
        rows = await tx.execute(
            "select app.begin_step(:run, :claim, :step)", {"run": run_id, "claim": claim, "step": step}
        )
    return int(rows.scalar_one())


async def calls_before(tx: Transaction, run_id: str, step: str, attempt: int) -> list[str]:
    """The ids of the tool calls that earlier attempts of a step announced, in order."""
    rows = await tx.execute(
        f"select data ->> 'call_id' from app.events where {_MINE} and run_id = :run and step = :step "
        "and attempt < :attempt and type = 'tool_executing' order by seq",
        {"run": run_id, "step": step, "attempt": attempt},
    )
    return [str(row[0]) for row in rows]


async def read(tx: Transaction, thread_id: str, after_seq: int, limit: int) -> list[Row]:
    """Events after a seq, in order; rows of seq, event_id, type, parent, ts, data as text, run_id."""
    rows = await tx.execute(
        f"select {_EVENT} from app.events where {_MINE} and thread_id = :thread and seq > :after "
        "order by seq limit :limit",
        {"thread": thread_id, "after": after_seq, "limit": limit},
    )
    return [tuple(row) for row in rows]


async def read_last(tx: Transaction, thread_id: str, limit: int) -> list[Row]:
    """The newest events, oldest first; rows as in `read`."""
    rows = await tx.execute(
        f"select * from (select {_EVENT} from app.events where {_MINE} and thread_id = :thread "
        "order by seq desc limit :limit) newest order by seq",
        {"thread": thread_id, "limit": limit},
    )
    return [tuple(row) for row in rows]


async def find_accepted(tx: Transaction, run_id: str) -> Cursor | None:
    """Where the run's first event stands."""
    rows = await tx.execute(
        "select s.epoch, e.seq from app.events e "
        "join app.event_streams s using (workspace_id, user_id, thread_id) "
        "where e.workspace_id = app.current_workspace() and e.user_id = app.current_user_id() "
        "and e.run_id = :run and e.type = 'message_accepted' order by e.seq limit 1",
        {"run": run_id},
    )
    row = first(rows)
    return None if row is None else Cursor(epoch=row[0], seq=row[1])


async def figures_of_run(tx: Transaction, run_id: str) -> list[str]:
    """The figure arrays (JSON text) of the run's finished tool calls, in order."""
    rows = await tx.execute(
        f"select data ->> 'figures' from app.events where {_MINE} and run_id = :run "
        "and type = 'tool_completed' order by seq",
        {"run": run_id},
    )
    return [str(row[0]) for row in rows]


async def supervisor_of_run(tx: Transaction, run_id: str) -> JsonObject | None:
    """Agent id and name of the run's supervisor, None when it has not started."""
    rows = await tx.execute(
        f"select data ->> 'agent_id', data ->> 'agent' from app.events where {_MINE} and run_id = :run "
        "and type = 'agent_started' and parent is null order by seq limit 1",
        {"run": run_id},
    )
    row = first(rows)
    return None if row is None else {"agent_id": row[0], "agent": row[1]}


def first(rows: CursorResult[Any]) -> Row | None:
    """The first row as a tuple, None when there is none."""
    row = rows.first()
    return None if row is None else tuple(row)


@asynccontextmanager
async def _translated(subject: str) -> AsyncGenerator[None]:
    """Errors that the log's functions raise on purpose, as this room's."""
    try:
        yield
    except DBAPIError as failure:
        state = sql_state(failure)
        if state == "NT001":
            raise StaleWriterError(
                "this run is carried on by another worker, or has ended", details={"subject": subject}
            ) from failure
        if state == "NT002":
            raise StreamGoneError("there is no such thread") from failure
        raise
