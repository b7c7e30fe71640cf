"""The SQL of runs and workers; statements about runs run as the tenant of their transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import CursorResult

from netra.context.models import UserExecutionContext
from netra.events.types import JsonObject
from netra.runs.models import Run, RunEnd, WorkerSeen
from netra.storage.postgres.sessions import Transaction

_MINE = "workspace_id = app.current_workspace() and user_id = app.current_user_id()"
_RUN = (
    "id, thread_id, message_id, status, question, created_at, started_at, finished_at, cancel_requested_at, "
    "answer, report_id"
)
_TAKEOVER_LOCK = 0x6E6574726172  # "netrar"


async def insert_run(tx: Transaction, run: Run, context: UserExecutionContext) -> None:
    """Store a queued run with the context it will be carried out in."""
    await tx.execute(
        "insert into app.runs (workspace_id, user_id, id, thread_id, message_id, status, question, context, "
        "created_at) values (app.current_workspace(), app.current_user_id(), :id, :thread, :message, "
        "'queued', :question, cast(:context as json), :at)",
        {
            "id": run.id,
            "thread": run.thread_id,
            "message": run.message_id,
            "question": run.question,
            "context": orjson.dumps(context.to_dict()).decode(),
            "at": run.created_at,
        },
    )


async def enqueue(tx: Transaction, run_id: str, user_id: str) -> None:
    """Queue the run's workflow; it becomes visible to workers with the commit."""
    await tx.execute("select app.enqueue_run(:run, :user)", {"run": run_id, "user": user_id})


async def find_run(tx: Transaction, run_id: str) -> Run | None:
    """The run, None when it is not this user's or not there."""
    if "\x00" in run_id:
        return None  # no id holds it, and PostgreSQL would refuse the parameter
    rows = await tx.execute(f"select {_RUN} from app.runs where {_MINE} and id = :id", {"id": run_id})
    found = _runs(rows)
    return found[0] if found else None


async def list_runs(tx: Transaction, thread_id: str, *, in_progress: bool = False) -> list[Run]:
    """The runs of a thread, oldest first; only those that wait or work with `in_progress`."""
    condition = "and status in ('queued', 'running')" if in_progress else ""
    rows = await tx.execute(
        f"select {_RUN} from app.runs where {_MINE} and thread_id = :thread {condition} "
        "order by created_at, id",
        {"thread": thread_id},
    )
    return _runs(rows)


async def request_cancel(tx: Transaction, run_id: str, *, at: datetime) -> None:
    """Note that the run shall end."""
    await tx.execute(
        f"update app.runs set cancel_requested_at = :at where {_MINE} and id = :id", {"id": run_id, "at": at}
    )


async def find_cancel_request(tx: Transaction, run_id: str) -> bool | None:
    """Whether the run shall end; None when the run is not there (any more)."""
    rows = await tx.execute(
        f"select cancel_requested_at is not null from app.runs where {_MINE} and id = :id", {"id": run_id}
    )
    return rows.scalar_one_or_none()


async def start_run(tx: Transaction, run_id: str, *, at: datetime) -> tuple[JsonObject, float]:
    """Mark the run as running since `at` (the first start counts): its stored context, and the seconds left
    until its deadline by the database's clock.
    """
    rows = await tx.execute(
        "update app.runs set status = 'running', started_at = coalesce(started_at, :at), deadline_at = "
        "coalesce(deadline_at, :at + make_interval(secs => (context #>> '{limits,timeout_s}')::float8)) "
        f"where {_MINE} and id = :id "
        "returning context::text, extract(epoch from deadline_at - clock_timestamp())::float8",
        {"id": run_id, "at": at},
    )
    row = tuple(rows.one())
    return orjson.loads(row[0]), float(row[1])


async def end_run(tx: Transaction, run_id: str, end: RunEnd, *, at: datetime) -> None:
    """Store how the run ended."""
    await tx.execute(
        "update app.runs set status = :status, finished_at = :at, answer = :answer, report_id = :report, "
        f"result = cast(:result as json) where {_MINE} and id = :id",
        {
            "id": run_id,
            "status": end.outcome,
            "at": at,
            "answer": end.answer,
            "report": end.report_id,
            "result": None if end.result is None else orjson.dumps(end.result).decode(),
        },
    )


async def results_of_thread(tx: Transaction, thread_id: str) -> dict[str, JsonObject]:
    """What the supervisor gave back, by run."""
    rows = await tx.execute(
        f"select id, result::text from app.runs where {_MINE} and thread_id = :thread and result is not null",
        {"thread": thread_id},
    )
    return {str(row[0]): orjson.loads(row[1]) for row in _tuples(rows)}


async def beat(tx: Transaction, executor_id: str, version: str, host: str, pid: int) -> None:
    """Note that the worker is alive."""
    await tx.execute(
        "insert into app.workers (executor_id, application_version, host, pid) values (:id, :version, :host, "
        ":pid) on conflict (executor_id) do update set heartbeat_at = clock_timestamp()",
        {"id": executor_id, "version": version, "host": host, "pid": pid},
    )


async def retire(tx: Transaction, executor_id: str) -> None:
    """Note that the worker has stopped: whoever looks next takes its runs over at once."""
    await tx.execute(
        "update app.workers set heartbeat_at = 'epoch' where executor_id = :id", {"id": executor_id}
    )


async def forget_worker(tx: Transaction, executor_id: str) -> None:
    """Remove a worker whose runs have been taken over."""
    await tx.execute("delete from app.workers where executor_id = :id", {"id": executor_id})


async def find_others(tx: Transaction, executor_id: str) -> list[WorkerSeen] | None:
    """The other workers, held under a lock until the transaction ends; None when another process holds it."""
    rows = await tx.execute("select pg_try_advisory_xact_lock(:key)", {"key": _TAKEOVER_LOCK})
    if not rows.scalar_one():
        return None
    rows = await tx.execute(
        "select executor_id, host, pid, extract(epoch from clock_timestamp() - heartbeat_at)::float8 "
        "from app.workers where executor_id <> :id",
        {"id": executor_id},
    )
    return [WorkerSeen(*row) for row in _tuples(rows)]


def _runs(rows: CursorResult[Any]) -> list[Run]:
    return [Run(*row) for row in _tuples(rows)]


def _tuples(rows: CursorResult[Any]) -> Sequence[tuple[Any, ...]]:
    return [tuple(row) for row in rows]
