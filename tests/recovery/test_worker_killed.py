"""A worker is killed with -9 in the middle of a run: another finishes it and repeats nothing finished."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager
from testkit.dialogue import Dialogue
from testkit.run_worker import running_worker

pytestmark = pytest.mark.protects("W13")


@pytest.mark.protects("W13")
async def test_a_killed_workers_run_is_finished(
    own_database: DatabaseManager,
    own_dialogue: Dialogue,
    fresh_context: Any,
    engine_urls: EngineUrls,
    tmp_path: Path,
) -> None:
    context, mark = fresh_context(), tmp_path / "marks"
    url = own_database.url("admin").libpq_url()

    def calls(events: list[Any], type_: str) -> list[str]:
        return [event.data["call_id"] for event in events if event.type == type_]

    with running_worker(url, engine_urls.valkey_url) as victim:
        accepted = await own_dialogue.ask(context, f"steps=3 pause=0.5 mark={mark}")
        # Two steps have finished in the store, the third is under way and has said so.
        await own_dialogue.until(
            context,
            accepted.thread_id,
            lambda events: len(calls(events, "tool_executing")) == 3 and "begin 2 1" in mark.read_text(),
        )
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
    with running_worker(url, engine_urls.valkey_url):
        run = await own_dialogue.ended(context, accepted.run_id)
    events = await own_dialogue.events(context, accepted.thread_id)

    assert run.status == "completed"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert Counter(mark.read_text().splitlines()) == {
        "begin 0 1": 1, "end 0 1": 1, "begin 1 1": 1, "end 1 1": 1,  # finished: not run again
        "begin 2 1": 1, "begin 2 2": 1, "end 2 2": 1,  # cut off: begun again as the second attempt
    }  # fmt: skip
    superseded = [event.data for event in events if event.type == "superseded"]
    assert superseded == [{"step": "data:2:count", "attempt": 2, "call_ids": ["data:2:count:1"]}]
    lost = set(superseded[0]["call_ids"])
    valid = [call for call in calls(events, "tool_executing") if call not in lost]
    assert valid == [call for call in calls(events, "tool_completed") if call not in lost]
    once = Counter((e.type, e.parent, str(e.data)) for e in events)
    assert max(once.values()) == 1
    ends = [event for event in events if event.type == "agent_completed" and event.parent is None]
    assert ends == events[-1:]


async def test_a_stopped_worker_hands_its_run_over(
    own_database: DatabaseManager,
    own_dialogue: Dialogue,
    fresh_context: Any,
    engine_urls: EngineUrls,
    tmp_path: Path,
) -> None:
    context, mark = fresh_context(), tmp_path / "marks"
    url = own_database.url("admin").libpq_url()
    with running_worker(url, engine_urls.valkey_url) as first:
        accepted = await own_dialogue.ask(context, f"steps=2 pause=1 mark={mark}")
        await own_dialogue.until(
            context, accepted.thread_id, lambda events: any(e.type == "tool_executing" for e in events)
        )
        first.terminate()
        # It drains: the run it has goes on to its end.
        run = await own_dialogue.ended(context, accepted.run_id)
        later = await own_dialogue.ask(context, "steps=1")
        first.wait()
    assert run.status == "completed"
    assert (await own_dialogue.runs.access_run(context, later.run_id)).status == "queued"
    with running_worker(url, engine_urls.valkey_url):
        assert (await own_dialogue.ended(context, later.run_id)).status == "completed"
