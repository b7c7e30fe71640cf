"""What becomes of the runs of workers that died, stopped or gave up."""

from typing import Any

import pytest

from netra.events.log import Writer
from netra.runs.cancellation import CancellationWatch
from netra.runs.engine_factory import ExecutionEngineFactory
from netra.runs.models import RunRef
from netra.runs.worker import RunWorker, WorkerParts
from netra.runs.workflows import RunWorkflow
from testkit.dialogue import Dialogue
from testkit.scripted_team import scripted_team


class Durable:
    """Notes what the worker asks of the durable engine."""

    executor_id = "me"

    def __init__(self) -> None:
        self.recovered: list[str] = []
        self.stuck: list[RunRef] = []
        self.ended: list[tuple[RunRef, bool]] = []
        self.forgotten: list[str] = []

    async def start(self) -> None: ...

    async def stop(self, drain_s: float) -> None: ...

    async def recover(self, executor_id: str) -> int:
        self.recovered.append(executor_id)
        return 1

    async def unrecoverable(self, executor_id: str) -> list[RunRef]:
        return self.stuck

    async def finished(self, limit: int) -> list[tuple[RunRef, bool]]:
        return self.ended

    async def forget(self, run_ids: list[str]) -> None:
        self.forgotten += run_ids


@pytest.fixture
def bench(own_dialogue: Dialogue) -> Any:
    """A worker over a durable engine that only takes notes."""
    one = own_dialogue
    engines = ExecutionEngineFactory(one.access, one.log, one.publisher, scripted_team)
    workflow = RunWorkflow(one.access, one.log, one.publisher, one.ids, engines, CancellationWatch())
    durable = Durable()
    return durable, RunWorker(WorkerParts(durable, workflow.abandon, one.sessions, "1"))


async def heard(dialogue: Dialogue, executor_id: str, ago_s: float) -> None:
    """A worker of another machine, last heard of some time ago."""
    async with dialogue.sessions.transaction(workspace_id=None, user_id=None) as tx:
        await tx.execute(
            "insert into app.workers (executor_id, application_version, host, pid, heartbeat_at) "
            "values (:id, '1', 'elsewhere', 1, clock_timestamp() - make_interval(secs => :ago))",
            {"id": executor_id, "ago": ago_s},
        )


async def begun(dialogue: Dialogue, context: Any) -> RunRef:
    """A run that some worker had begun."""
    accepted = await dialogue.ask(context, "steps=1")
    async with dialogue.access.for_context(context).transaction() as tx:
        await dialogue.log.claim(tx, Writer(accepted.thread_id, accepted.run_id, "its claim"))
    return RunRef(accepted.run_id, accepted.thread_id, context.workspace_id, context.user_id)


async def test_only_silent_workers_are_taken_over(
    own_dialogue: Dialogue, bench: Any, fresh_context: Any
) -> None:
    durable, worker = bench
    context = fresh_context()
    durable.stuck = [await begun(own_dialogue, context)]
    await heard(own_dialogue, "dead", 6)
    await heard(own_dialogue, "alive", 1)
    await heard(own_dialogue, "me", 3600)
    assert await worker.take_over() == 1
    assert durable.recovered == ["dead"]
    # What its version of the workflow had begun and ours cannot continue has ended, and is told so.
    run = await own_dialogue.runs.access_run(context, durable.stuck[0].run_id)
    assert run.status == "failed"
    assert durable.forgotten == [run.id]
    assert await worker.take_over() == 0
    assert durable.recovered == ["dead"]


async def test_a_run_that_was_given_up_ends_once(
    own_dialogue: Dialogue, bench: Any, fresh_context: Any
) -> None:
    durable, worker = bench
    context = fresh_context()
    ref = await begun(own_dialogue, context)
    durable.ended = [(ref, False)]
    await worker.tidy()
    await worker.tidy()
    events = await own_dialogue.events(context, ref.thread_id)
    ends = [event for event in events if event.type == "agent_completed"]
    assert len(ends) == 1
    assert ends[0].data["outcome"] == "failed"
    assert "please ask again" in ends[0].data["message"]
    assert durable.forgotten == [ref.run_id, ref.run_id]


async def test_a_worker_that_ends_says_so(own_dialogue: Dialogue, bench: Any) -> None:
    durable, worker = bench
    async with worker.running():
        pass
    durable.executor_id = "successor"
    assert await worker.take_over() == 1
    assert durable.recovered == ["me"]
