"""A run ends exactly once, whatever happens; and the log tells the whole story."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from netra.context.models import RunLimits
from netra.conversations.errors import InvalidTitleError, ThreadNotFoundError
from netra.runs.snapshot import fold

pytestmark = pytest.mark.protects("W6")


def terminals(events: list[Any], run_id: str) -> list[Any]:
    return [e for e in events if e.run_id == run_id and e.type == "agent_completed" and e.parent is None]


@pytest.mark.protects("W6")
async def test_the_events_of_a_run_come_in_order(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "steps=2 text=seven+calls")
    await dialogue.ended(context, accepted.run_id)
    events = await dialogue.events(context, accepted.thread_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events] == [
        "message_accepted", "state_changed", "agent_started", "agent_thinking", "agent_started",
        "tool_executing", "tool_completed", "tool_executing", "tool_completed", "agent_completed",
        "message_completed", "agent_completed",
    ]  # fmt: skip
    assert events[4].parent == events[2].data["agent_id"]
    assert terminals(events, accepted.run_id) == events[-1:]
    assert events[-1].data["outcome"] == "completed"
    assert events[-1].data["message"] == "seven calls"
    assert {event.run_id for event in events} == {accepted.run_id}
    assert len({event.event_id for event in events}) == len(events)


async def test_a_snapshot_and_its_events_are_a_fresh_snapshot(
    dialogue: Any, fresh_context: Any, worker: None
) -> None:
    context = fresh_context()
    thread = await dialogue.threads.create(context)
    take = dialogue.snapshots.access_snapshot
    start = await take(context, thread.id)
    seen = [start]
    first = await dialogue.ask(context, "steps=3 pause=0.02", thread_id=thread.id)
    second = await dialogue.ask(context, "steps=1 fail=1", thread_id=thread.id)
    third = await dialogue.ask(context, "steps=1 pause=30", thread_id=thread.id)
    while (await dialogue.runs.access_run(context, third.run_id)).status != "running":
        seen.append(await take(context, thread.id))
    await dialogue.threads.rename(context, thread.id, "Renamed")
    seen.append(await take(context, thread.id))
    await dialogue.runs.cancel(context, third.run_id)
    seen.append(await take(context, thread.id))
    await dialogue.ended(context, third.run_id)
    last = await take(context, thread.id)
    assert [run.status for run in last.runs] == ["completed", "failed", "cancelled"]
    assert [run.id for run in last.runs] == [first.run_id, second.run_id, third.run_id]
    state, by_seq = start, {start.cursor.seq: start}
    for event in last.events:
        state = fold(state, event)
        by_seq[state.cursor.seq] = state
    for snapshot in [*seen, last]:
        assert by_seq[snapshot.cursor.seq] == snapshot
    assert fold(last, last.events[-1]) == last


async def test_a_failure_keeps_what_was_found(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "steps=2 fail=1")
    run = await dialogue.ended(context, accepted.run_id)
    events = await dialogue.events(context, accepted.thread_id)
    end = terminals(events, accepted.run_id)
    assert run.status == "failed"
    assert len(end) == 1
    assert "went wrong on our side" in end[0].data["message"]
    assert "script" not in end[0].data["message"]
    assert [figure["id"] for figure in end[0].data["figures"]] == ["fig_0", "fig_1"]
    assert [figure["id"] for figure in await dialogue.runs.figures(context, run.id)] == ["fig_0", "fig_1"]
    snapshot = await dialogue.snapshots.access_snapshot(context, accepted.thread_id)
    assert snapshot.thread.status == "idle"
    assert snapshot.messages[-1].text == end[0].data["message"]


async def test_a_run_has_a_deadline(dialogue: Any, fresh_context: Any, worker: None, tmp_path: Path) -> None:
    context = replace(fresh_context(), limits=RunLimits(timeout_s=2.0))
    mark = tmp_path / "marks"
    accepted = await dialogue.ask(context, f"steps=3 pause=20 mark={mark}")
    run = await dialogue.ended(context, accepted.run_id)
    events = await dialogue.events(context, accepted.thread_id)
    assert run.status == "timed_out"
    assert len(terminals(events, run.id)) == 1
    assert "2 seconds" in events[-1].data["message"]
    assert mark.read_text() == "begin 0 1\n"


async def test_a_running_run_is_cancelled(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "steps=1 pause=30")
    await dialogue.until(context, accepted.thread_id, lambda e: any(x.type == "tool_executing" for x in e))
    asked = await dialogue.runs.cancel(context, accepted.run_id)
    assert asked.cancel_requested_at is not None
    async with asyncio.timeout(3):
        run = await dialogue.ended(context, accepted.run_id)
    assert run.status == "cancelled"
    assert len(terminals(await dialogue.events(context, accepted.thread_id), run.id)) == 1
    assert await dialogue.runs.cancel(context, run.id) == run


async def test_a_waiting_run_is_cancelled_at_once(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    running = await dialogue.ask(context, "steps=1 pause=30")
    waiting = await dialogue.ask(context, "steps=1", thread_id=running.thread_id)
    assert (await dialogue.runs.cancel(context, waiting.run_id)).status == "cancelled"
    await dialogue.runs.cancel(context, running.run_id)
    await dialogue.ended(context, running.run_id)
    events = await dialogue.events(context, running.thread_id)
    assert len(terminals(events, waiting.run_id)) == 1
    assert len(terminals(events, running.run_id)) == 1


async def test_a_cancellation_not_heard_is_read(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "steps=1 pause=30")
    await dialogue.until(context, accepted.thread_id, lambda e: any(x.type == "tool_executing" for x in e))
    async with dialogue.access.for_context(context).transaction() as tx:
        await tx.execute(
            "update app.runs set cancel_requested_at = now() where id = :id", {"id": accepted.run_id}
        )
    async with asyncio.timeout(3):
        assert (await dialogue.ended(context, accepted.run_id)).status == "cancelled"


async def forgotten(database: Any, run_id: str) -> None:
    """Return when the durable engine knows nothing of the run any more."""
    query = text(
        "select (select count(*) from dbos.workflow_status where workflow_uuid = :id) + "
        "(select count(*) from dbos.operation_outputs where workflow_uuid = :id)"
    )
    left = 1
    async with asyncio.timeout(15):
        while left:
            await asyncio.sleep(0.05)
            async with database.connection("dbos") as connection:
                left = await connection.scalar(query, {"id": run_id})


async def test_deleting_a_thread_stops_its_run(
    dialogue: Any, fresh_context: Any, worker: None, database: Any, tmp_path: Path
) -> None:
    context, mark = fresh_context(), tmp_path / "marks"
    accepted = await dialogue.ask(context, f"steps=2 pause=40 mark={mark}")
    await dialogue.until(context, accepted.thread_id, lambda e: any(x.type == "tool_executing" for x in e))
    await dialogue.threads.delete(context, accepted.thread_id)
    with pytest.raises(ThreadNotFoundError):
        await dialogue.events(context, accepted.thread_id)
    await forgotten(database, accepted.run_id)
    assert mark.read_text() == "begin 0 1\n"


async def test_checkpoints_do_not_outlive_the_run(
    dialogue: Any, fresh_context: Any, worker: None, database: Any
) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "steps=1")
    await dialogue.ended(context, accepted.run_id)
    await forgotten(database, accepted.run_id)


async def test_a_follow_up_knows_what_was_said(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    first = await dialogue.ask(context, "steps=0 text=one")
    await dialogue.ended(context, first.run_id)
    second = await dialogue.ask(context, "steps=0 text=two", thread_id=first.thread_id)
    await dialogue.ended(context, second.run_id)
    async with dialogue.access.for_context(context).transaction() as tx:
        row = await tx.execute(
            "select result #>> '{memory,turns}' from app.runs where id = :id", {"id": second.run_id}
        )
        assert row.scalar_one() == "2"


async def test_threads_are_listed_by_last_change(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    made = [await dialogue.threads.create(context, f"T{number}") for number in range(5)]
    await dialogue.threads.rename(context, made[0].id, "  A  new  name ")
    first = await dialogue.threads.list_recent(context, before=None, limit=3)
    assert [thread.title for thread in first] == ["A new name", "T4", "T3"]
    rest = await dialogue.threads.list_recent(context, before=(first[-1].updated_at, first[-1].id), limit=3)
    assert [thread.title for thread in rest] == ["T2", "T1"]
    with pytest.raises(InvalidTitleError):
        await dialogue.threads.rename(context, made[0].id, " ")
