"""The log: gapless, idempotent, one writer at a time."""

import asyncio
from typing import Any

import pytest

from netra.events.emitter import UserWebSocketEmitter
from netra.events.errors import StaleWriterError, StreamGoneError
from netra.events.log import NewEvent, Writer
from netra.events.run_writing import RunWriting
from netra.events.types import AgentThinking, MessageCompleted


def thought(text: str) -> AgentThinking:
    return AgentThinking(agent_id="a", agent="a", step=1, of=1, text=text)


async def say(emitter: UserWebSocketEmitter, text: str) -> None:
    await emitter.agent_thinking(agent_id="a", parent=None, agent="a", step=1, of=1, text=text)


@pytest.fixture
async def thread(dialogue: Any, fresh_context: Any) -> Any:
    context = fresh_context()
    return context, (await dialogue.threads.create(context)).id


async def append(dialogue: Any, context: Any, writer: Writer, *events: NewEvent, close: bool = False) -> Any:
    async with dialogue.access.for_context(context).transaction() as tx:
        return await dialogue.log.append(tx, writer, list(events), close=close)


async def claim(dialogue: Any, context: Any, writer: Writer) -> int:
    async with dialogue.access.for_context(context).transaction() as tx:
        return await dialogue.log.claim(tx, writer)


async def test_concurrent_appends_leave_no_hole(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writers = [Writer(thread_id, f"run_{number}") for number in range(20)]
    await asyncio.gather(*(append(dialogue, context, w, NewEvent(thought("x"))) for w in writers))
    events = await dialogue.events(context, thread_id)
    assert [event.seq for event in events] == list(range(1, 21))
    assert [event.ts for event in events] == sorted(event.ts for event in events)


async def test_a_rolled_back_append_takes_no_number(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread

    async def fail() -> None:
        async with dialogue.access.for_context(context).transaction() as tx:
            await dialogue.log.append(tx, Writer(thread_id, "run_1"), [NewEvent(thought("lost"))])
            raise RuntimeError("after the append")

    with pytest.raises(RuntimeError, match="after the append"):
        await fail()
    appended = await append(dialogue, context, Writer(thread_id, "run_1"), NewEvent(thought("kept")))
    assert [event.seq for event in appended.envelopes] == [1]


async def test_the_same_key_gives_the_first_event_back(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1")
    first = await append(dialogue, context, writer, NewEvent(thought("first"), step="s", ordinal=3))
    again = await append(
        dialogue, context, writer,
        NewEvent(thought("second"), step="s", ordinal=3), NewEvent(thought("new"), step="s", ordinal=4),
    )  # fmt: skip
    assert again.envelopes[0] == first.envelopes[0]
    assert again.fresh == again.envelopes[1:]
    assert [event.data["text"] for event in await dialogue.events(context, thread_id)] == ["first", "new"]


async def test_another_attempt_is_another_event(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1")
    for attempt in (1, 2):
        await append(dialogue, context, writer, NewEvent(thought("x"), step="s", attempt=attempt))
    assert len(await dialogue.events(context, thread_id)) == 2


async def test_a_new_claim_fences_the_former_writer(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    former, successor = Writer(thread_id, "run_1", "claim-1"), Writer(thread_id, "run_1", "claim-2")
    assert await claim(dialogue, context, former) == 1
    await append(dialogue, context, former, NewEvent(thought("mine")))
    assert await claim(dialogue, context, successor) == 2
    with pytest.raises(StaleWriterError):
        await append(dialogue, context, former, NewEvent(thought("zombie"), ordinal=1))
    with pytest.raises(StaleWriterError):
        async with dialogue.access.for_context(context).transaction() as tx:
            await dialogue.log.begin_step(tx, former, "step")
    await append(dialogue, context, successor, NewEvent(thought("ours"), ordinal=1))
    assert [event.data["text"] for event in await dialogue.events(context, thread_id)] == ["mine", "ours"]


async def test_a_closed_run_takes_nothing_more(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1", "claim-1")
    await claim(dialogue, context, writer)
    await append(dialogue, context, writer, NewEvent(thought("last"), step="end"), close=True)
    with pytest.raises(StaleWriterError):
        await append(dialogue, context, writer, NewEvent(thought("late")))
    with pytest.raises(StaleWriterError):
        await append(dialogue, context, Writer(thread_id, "run_1"), NewEvent(thought("x")), close=True)
    assert await claim(dialogue, context, Writer(thread_id, "run_1", "claim-2")) == 0


async def test_a_step_that_begins_again_is_the_next_attempt(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1", "claim-1")
    await claim(dialogue, context, writer)
    attempts = []
    for _ in range(3):
        async with dialogue.access.for_context(context).transaction() as tx:
            attempts.append((await dialogue.log.begin_step(tx, writer, "look"))[0])
    assert attempts == [1, 2, 3]


async def test_an_emitter_counts_per_step_and_attempt(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1", "claim-1")
    await claim(dialogue, context, writer)

    def emitter() -> UserWebSocketEmitter:
        access = dialogue.access.for_context(context)
        writing = RunWriting(context, writer, access, dialogue.log, dialogue.publisher)
        return UserWebSocketEmitter(writing, step="run", attempt=1)

    for one in (emitter(), emitter()):  # the second is the replay of the first
        await one.emit(thought("a"))
        await one.with_step("tool", 1).emit(thought("b"))
        await one.with_step("tool", 1).emit(thought("c"))
        await one.message_completed(part=0, text="d")
    events = await dialogue.events(context, thread_id)
    assert [event.data["text"] for event in events] == ["a", "b", "c", "d"]
    assert events[-1].data == {"part": 0, "text": "d"}


async def test_what_is_said_keeps_its_order_and_comes_before_what_is_emitted(
    dialogue: Any, thread: Any
) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1", "claim-1")
    await claim(dialogue, context, writer)
    access = dialogue.access.for_context(context)
    writing = RunWriting(context, writer, access, dialogue.log, dialogue.publisher)
    emitter = UserWebSocketEmitter(writing, step="run", attempt=1)
    await say(emitter, "a")
    await asyncio.sleep(0)  # the first is on its way while the next are said
    await say(emitter, "b")
    await say(emitter.with_step("tool", 1), "c")
    assert (await emitter.emit(thought("d"))).seq == 4
    await say(emitter, "e")
    await emitter.flush()
    events = await dialogue.events(context, thread_id)
    assert [(event.seq, event.data["text"]) for event in events] == list(enumerate("abcde", start=1))


async def test_what_a_fenced_writer_said_fails_its_next_call(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    writer = Writer(thread_id, "run_1", "claim-1")
    await claim(dialogue, context, writer)
    access = dialogue.access.for_context(context)
    writing = RunWriting(context, writer, access, dialogue.log, dialogue.publisher)
    emitter = UserWebSocketEmitter(writing, step="run", attempt=1)
    await claim(dialogue, context, Writer(thread_id, "run_1", "claim-2"))
    await say(emitter, "a")
    for call in (emitter.flush, lambda: emitter.emit(thought("b")), emitter.flush):
        with pytest.raises(StaleWriterError):
            await call()
    assert await dialogue.events(context, thread_id) == []


async def test_only_the_run_itself_can_end_it(dialogue: Any, thread: Any) -> None:
    context, thread_id = thread
    access = dialogue.access.for_context(context)
    writing = RunWriting(context, Writer(thread_id, "run_1"), access, dialogue.log, dialogue.publisher)
    emitter = UserWebSocketEmitter(writing, step="run", attempt=1)
    with pytest.raises(ValueError, match="committed with the run"):
        await emitter.agent_completed(
            agent_id="a", parent=None, agent="a", outcome="completed", answer=None, missing=[],
            report_id=None, message="", figures=[], usage={}, cost=None, ms=0,
        )  # fmt: skip


@pytest.mark.parametrize("text", ["a\x00b", "back\\u0000slash", "\\\\\x00", "\U0001f600\u2028"])
async def test_any_text_survives(dialogue: Any, thread: Any, text: str) -> None:
    context, thread_id = thread
    await append(dialogue, context, Writer(thread_id, "run_1"), NewEvent(MessageCompleted(part=0, text=text)))
    events = await dialogue.events(context, thread_id)
    assert events[0].data["text"] == text.replace("\x00", "")


async def test_a_foreign_stream_does_not_exist(dialogue: Any, thread: Any, fresh_context: Any) -> None:
    owner, thread_id = thread
    for stranger in (fresh_context(), fresh_context(workspace_id=owner.workspace_id)):
        with pytest.raises(StreamGoneError):
            await append(dialogue, stranger, Writer(thread_id, "run_1"), NewEvent(thought("x")))
        async with dialogue.access.for_context(stranger).transaction() as tx:
            assert await dialogue.log.read(tx, thread_id, after_seq=0, limit=10) == []
    async with dialogue.sessions.transaction(workspace_id=None, user_id=None) as tx:
        assert (await tx.execute("select count(*) from app.events")).scalar_one() == 0
