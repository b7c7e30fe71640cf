"""A question is stored with its run, first event and queued workflow, or not at all."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from netra.conversations.errors import ThreadNotFoundError
from netra.errors.kinds import NotFoundError
from netra.ids.manager import IdPrefix, UnifiedIDManager
from netra.runs.errors import (
    EmptyQuestionError,
    InvalidMessageIdError,
    MessageReusedError,
    QuestionTooLongError,
    RunInProgressError,
    RunNotFoundError,
)
from netra.runs.models import QUESTION_LIMIT, SendRequest
from netra.runs.service import RunService

pytestmark = pytest.mark.protects("W10")


class RepeatedRunIds(UnifiedIDManager):
    """Gives every run the same id, so that the second one fails in the middle of its transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._run = super().new("run")

    def new(self, prefix: IdPrefix) -> str:
        return self._run if prefix == "run" else super().new(prefix)


async def count(dialogue: Any, context: Any, table: str) -> int:
    async with dialogue.access.for_context(context).transaction() as tx:
        return (await tx.execute(f"select count(*) from app.{table}")).scalar_one()


async def test_a_question_becomes_message_run_and_event(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    accepted = await dialogue.ask(context, "What did   we spend?\nAnd why?")
    snapshot = await dialogue.snapshots.access_snapshot(context, accepted.thread_id)
    assert snapshot.thread.title == "What did we spend? And why?"
    assert [message.text for message in snapshot.messages][:1] == ["What did   we spend?\nAnd why?"]
    assert snapshot.runs[0].id == accepted.run_id
    first = snapshot.events[0]
    assert (first.seq, first.type, first.run_id) == (1, "message_accepted", accepted.run_id)
    assert accepted.seq == 1
    assert accepted.epoch == snapshot.cursor.epoch


async def test_a_failure_in_the_middle_leaves_nothing(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    ids = RepeatedRunIds()
    runs = RunService(dialogue.access, dialogue.log, dialogue.publisher, ids, _Deaf())
    await runs.send(context, SendRequest(None, "first", "steps=0"))
    # Of messages only the user's: a worker of another test may be answering the first one now.
    tables = ("threads", "messages where role = 'user'", "event_streams")
    before = {table: await count(dialogue, context, table) for table in tables}
    with pytest.raises(IntegrityError):
        await runs.send(context, SendRequest(None, "second", "steps=0"))
    after = {table: await count(dialogue, context, table) for table in before}
    assert after == before


class _Deaf:
    async def publish(self, channel: str, payload: bytes) -> int:
        return 0


async def test_one_message_id_makes_one_run(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    request = SendRequest(None, "once", "steps=0")
    accepted = await asyncio.gather(*(dialogue.runs.send(context, request) for _ in range(6)))
    assert len({one.run_id for one in accepted}) == 1
    assert await count(dialogue, context, "runs") == 1
    assert await count(dialogue, context, "threads") == 1
    again = await dialogue.runs.send(context, SendRequest(accepted[0].thread_id, "once", "steps=0"))
    assert again == accepted[0]


async def test_a_message_id_is_not_reused_for_another_text(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    await dialogue.runs.send(context, SendRequest(None, "id", "one"))
    with pytest.raises(MessageReusedError):
        await dialogue.runs.send(context, SendRequest(None, "id", "two"))


async def test_two_users_may_choose_the_same_message_id(dialogue: Any, fresh_context: Any) -> None:
    first = await dialogue.runs.send(fresh_context(), SendRequest(None, "same", "steps=0"))
    second = await dialogue.runs.send(fresh_context(), SendRequest(None, "same", "steps=0"))
    assert first.run_id != second.run_id


@pytest.mark.parametrize("text", ["", "  \n ", "a\x00b"])
async def test_nothing_to_answer_is_refused(dialogue: Any, fresh_context: Any, text: str) -> None:
    with pytest.raises(EmptyQuestionError):
        await dialogue.ask(fresh_context(), text)


@pytest.mark.parametrize("message_id", ["", "a\x00", "x" * 129])
async def test_a_message_id_is_short_and_printable(
    dialogue: Any, fresh_context: Any, message_id: str
) -> None:
    with pytest.raises(InvalidMessageIdError):
        await dialogue.runs.send(fresh_context(), SendRequest(None, message_id, "steps=0"))


async def test_an_impossible_id_is_not_found(dialogue: Any, fresh_context: Any) -> None:
    context = fresh_context()
    for attempt in (
        dialogue.ask(context, "q", thread_id="\x00"),
        dialogue.snapshots.access_snapshot(context, "\x00"),
        dialogue.snapshots.access_events(context, "\x00", after=0, limit=1),
        dialogue.threads.rename(context, "\x00", "t"),
        dialogue.threads.delete(context, "\x00"),
        dialogue.threads.history(context, "\x00"),
        dialogue.runs.cancel(context, "\x00"),
        dialogue.runs.figures(context, "\x00"),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_a_question_has_a_limit(dialogue: Any, fresh_context: Any) -> None:
    with pytest.raises(QuestionTooLongError, match="at most 32,000"):
        await dialogue.ask(fresh_context(), "x" * (QUESTION_LIMIT + 1))


async def test_a_busy_thread_can_refuse(dialogue: Any, fresh_context: Any, worker: None) -> None:
    context = fresh_context()
    busy = await dialogue.ask(context, "steps=1 pause=30")
    with pytest.raises(RunInProgressError):
        await dialogue.ask(context, "steps=0", thread_id=busy.thread_id, strategy="reject")
    await dialogue.runs.cancel(context, busy.run_id)
    await dialogue.ended(context, busy.run_id)
    await dialogue.ask(context, "steps=0", thread_id=busy.thread_id, strategy="reject")


async def test_a_thread_answers_one_question_after_another(
    dialogue: Any, fresh_context: Any, worker: None
) -> None:
    context = fresh_context()
    first = await dialogue.ask(context, "steps=2 pause=0.05")
    second = await dialogue.ask(context, "steps=1", thread_id=first.thread_id)
    await dialogue.ended(context, second.run_id)
    runs = (await dialogue.snapshots.access_snapshot(context, first.thread_id)).runs
    assert [run.status for run in runs] == ["completed", "completed"]
    assert runs[0].finished_at <= runs[1].started_at


async def test_an_interrupting_question_ends_the_others(
    dialogue: Any, fresh_context: Any, worker: None
) -> None:
    context = fresh_context()
    running = await dialogue.ask(context, "steps=1 pause=30")
    await dialogue.until(
        context, running.thread_id, lambda events: any(e.type == "tool_executing" for e in events)
    )
    waiting = await dialogue.ask(context, "steps=0", thread_id=running.thread_id)
    urgent = await dialogue.ask(context, "steps=0", thread_id=running.thread_id, strategy="interrupt")
    assert (await dialogue.ended(context, urgent.run_id)).status == "completed"
    assert (await dialogue.runs.access_run(context, running.run_id)).status == "cancelled"
    assert (await dialogue.runs.access_run(context, waiting.run_id)).status == "cancelled"


@pytest.mark.protects("W2")
async def test_another_user_finds_nothing(dialogue: Any, fresh_context: Any) -> None:
    owner = fresh_context()
    accepted = await dialogue.ask(owner, "steps=0")
    for stranger in (fresh_context(), fresh_context(workspace_id=owner.workspace_id)):
        for thread_id in (accepted.thread_id, dialogue.ids.new("thr")):
            with pytest.raises(ThreadNotFoundError, match="there is no such thread"):
                await dialogue.ask(stranger, "steps=0", thread_id=thread_id)
            with pytest.raises(ThreadNotFoundError, match="there is no such thread"):
                await dialogue.snapshots.access_snapshot(stranger, thread_id)
            with pytest.raises(ThreadNotFoundError, match="there is no such thread"):
                await dialogue.threads.delete(stranger, thread_id)
            with pytest.raises(ThreadNotFoundError, match="there is no such thread"):
                await dialogue.threads.rename(stranger, thread_id, "mine")
        for run_id in (accepted.run_id, dialogue.ids.new("run")):
            with pytest.raises(RunNotFoundError, match="there is no such run"):
                await dialogue.runs.cancel(stranger, run_id)
            with pytest.raises(RunNotFoundError, match="there is no such run"):
                await dialogue.runs.figures(stranger, run_id)


async def test_only_ones_own_run_can_be_queued(dialogue: Any, fresh_context: Any) -> None:
    owner, stranger = fresh_context(), fresh_context()
    accepted = await dialogue.ask(owner, "steps=0")
    with pytest.raises(DBAPIError, match="no such run waits"):
        async with dialogue.access.for_context(stranger).transaction() as tx:
            await tx.execute(
                "select app.enqueue_run(:run, :user)", {"run": accepted.run_id, "user": owner.user_id}
            )


async def test_the_product_cannot_read_the_durable_engine(dialogue: Any, fresh_context: Any) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with dialogue.access.for_context(fresh_context()).transaction() as tx:
            await tx.execute("select * from dbos.workflow_status")
