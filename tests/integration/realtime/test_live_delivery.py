"""Events reach the sockets of their user, in order and once, across cuts."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from netra.client.asking import ask
from netra.client.errors import MissingError
from netra.client.event_stream import EventStream
from netra.events.log import NewEvent, Writer
from netra.events.types import AgentThinking

pytestmark = pytest.mark.protects("W8")


@asynccontextmanager
async def raw_socket(server: Any, user: Any, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A socket that has said nothing yet but who it is, and was told `ready`."""
    async with connect(
        server.url.replace("http", "ws") + "/ws", subprotocols=["netra.v1"], compression=None, **options
    ) as socket:
        await say(socket, type="authenticate", access_token=user.session.access_token)
        assert (await hear(socket))["type"] == "ready"
        yield socket


async def say(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))


async def hear(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


def thought(text: str) -> AgentThinking:
    return AgentThinking(agent_id="a", agent="a", step=1, of=1, text=text)


async def append(dialogue: Any, context: Any, thread_id: str, *texts: str, publish: bool = True) -> None:
    """Events of a run that is not there, published or not."""
    for text in texts:
        async with dialogue.access.for_context(context).transaction() as tx:
            event = NewEvent(thought(text), step=text)
            appended = await dialogue.log.append(tx, Writer(thread_id, "run_x"), [event])
        if publish:
            await dialogue.publisher.publish(context.workspace_id, context.user_id, appended.fresh)


@pytest.mark.protects("W1")
async def test_a_question_is_answered_live(live_server: Any, new_user: Any, worker: None) -> None:
    frames: list[Any] = []
    async with live_server.client(await new_user()) as client:
        asked = await ask(client, "steps=2 text=all+is+well deltas=3", on_event=frames.append)
        figures = await client.get(f"/v1/runs/{asked.run_id}/figures")
    assert asked.terminal["outcome"] == "completed"
    assert [event["seq"] for event in asked.events] == list(range(1, len(asked.events) + 1))
    assert asked.events[0]["type"] == "message_accepted"
    deltas = [frame["data"] for frame in frames if frame["type"] == "message_delta"]
    assert "".join(delta["text"] for delta in deltas) == "all is well"
    assert [delta["offset"] for delta in deltas] == sorted({delta["offset"] for delta in deltas})
    assert len(figures["figures"]) == 2


@pytest.mark.protects("W8")
async def test_live_events_are_the_stored_ones(live_server: Any, new_user: Any, worker: None) -> None:
    async with live_server.client(await new_user()) as client:
        asked = await ask(client, "steps=2")
        snapshot = await client.get(f"/v1/threads/{asked.thread_id}")
        listed = await client.get(f"/v1/threads/{asked.thread_id}/events", after=3)
    assert snapshot["events"] == asked.events
    assert listed["items"] == asked.events[3:]
    assert listed["cursor"] == snapshot["cursor"]


async def test_cuts_lose_and_repeat_nothing(live_server: Any, new_user: Any, worker: None) -> None:
    async with live_server.client(await new_user()) as client, EventStream(client) as stream:
        seen = 0

        async def cutting() -> None:
            while True:
                await asyncio.sleep(0.06)
                await stream.cut()

        cutter = asyncio.create_task(cutting())
        try:
            asked = await ask(client, "steps=12 pause=0.03", stream=stream)
        finally:
            cutter.cancel()
        seen = stream.reconnects
    assert seen >= 3
    assert [event["seq"] for event in asked.events] == list(range(1, len(asked.events) + 1))
    assert len({event["event_id"] for event in asked.events}) == len(asked.events)


@pytest.mark.protects("W16")
async def test_a_cursor_replays_the_whole_gap(live_server: Any, dialogue: Any, new_user: Any) -> None:
    user = await new_user()
    thread = await dialogue.threads.create(user.context)
    await append(dialogue, user.context, thread.id, *(f"t{number}" for number in range(6)))
    epoch = (await dialogue.snapshots.access_snapshot(user.context, thread.id)).cursor.epoch
    async with raw_socket(live_server, user) as socket:
        await say(socket, type="subscribe", thread_id=thread.id, cursor={"epoch": epoch, "seq": 2})
        subscribed = await hear(socket)
        assert subscribed["data"] == {"recovered": True, "cursor": {"epoch": epoch, "seq": 6}}
        assert [(await hear(socket))["seq"] for _ in range(4)] == [3, 4, 5, 6]
        await append(dialogue, user.context, thread.id, "t6")
        assert (await hear(socket))["data"]["text"] == "t6"


@pytest.mark.parametrize("cursor", [{"epoch": "another", "seq": 1}, {"epoch": None, "seq": 99}])
async def test_an_impossible_cursor_replays_nothing(
    live_server: Any, dialogue: Any, new_user: Any, cursor: dict[str, Any]
) -> None:
    user = await new_user()
    thread = await dialogue.threads.create(user.context)
    await append(dialogue, user.context, thread.id, "a", "b")
    position = (await dialogue.snapshots.access_snapshot(user.context, thread.id)).cursor
    async with raw_socket(live_server, user) as socket:
        cursor = {"epoch": cursor["epoch"] or position.epoch, "seq": cursor["seq"]}
        await say(socket, type="subscribe", thread_id=thread.id, cursor=cursor)
        assert (await hear(socket))["data"]["recovered"] is False
        assert (await hear(socket))["type"] == "resync"


async def test_what_was_not_published_is_read(live_server: Any, dialogue: Any, new_user: Any) -> None:
    user = await new_user()
    thread = await dialogue.threads.create(user.context)
    async with raw_socket(live_server, user) as socket:
        await say(socket, type="subscribe", thread_id=thread.id)
        await hear(socket)
        await append(dialogue, user.context, thread.id, "lost", "lost too", publish=False)
        await append(dialogue, user.context, thread.id, "heard")
        assert [(await hear(socket))["seq"] for _ in range(3)] == [1, 2, 3]
        await append(dialogue, user.context, thread.id, "the last", publish=False)
        await live_server.router.check_positions()
        assert (await hear(socket))["data"]["text"] == "the last"


async def test_a_deleted_thread_is_told(live_server: Any, dialogue: Any, new_user: Any) -> None:
    user = await new_user()
    thread = await dialogue.threads.create(user.context)
    async with raw_socket(live_server, user) as socket:
        await say(socket, type="subscribe", thread_id=thread.id)
        await hear(socket)
        await dialogue.threads.delete(user.context, thread.id)
        await live_server.router.check_positions()
        assert (await hear(socket))["type"] == "resync"


async def test_an_unfollowed_thread_is_silent(live_server: Any, dialogue: Any, new_user: Any) -> None:
    user = await new_user()
    one, two = [await dialogue.threads.create(user.context) for _ in range(2)]
    async with raw_socket(live_server, user) as socket:
        for thread in (one, two):
            await say(socket, type="subscribe", thread_id=thread.id)
            await hear(socket)
        await say(socket, type="unsubscribe", thread_id=one.id)
        await say(socket, type="ping")
        assert (await hear(socket))["type"] == "pong"
        await append(dialogue, user.context, one.id, "unheard")
        await append(dialogue, user.context, two.id, "heard")
        assert (await hear(socket))["data"]["text"] == "heard"


async def test_a_stranger_gets_what_a_random_id_gets(
    live_server: Any, dialogue: Any, new_user: Any, worker: None
) -> None:
    owner, stranger = await new_user(), await new_user()
    accepted = await dialogue.ask(owner.context, "steps=1 pause=30 text=canary")
    async with raw_socket(live_server, stranger) as socket:
        for kind, mine, random_id in (
            ({"type": "subscribe"}, accepted.thread_id, dialogue.ids.new("thr")),
            ({"type": "subscribe", "cursor": {"epoch": accepted.epoch, "seq": 0}}, accepted.thread_id,
             dialogue.ids.new("thr")),
            ({"type": "send", "client_message_id": "m", "text": "q"}, accepted.thread_id,
             dialogue.ids.new("thr")),
            ({"type": "cancel"}, accepted.run_id, dialogue.ids.new("run")),
        ):  # fmt: skip
            field = "run_id" if kind["type"] == "cancel" else "thread_id"
            answers = []
            for value in (mine, random_id):
                await say(socket, **kind, **{field: value})
                answer = (await hear(socket))["data"]
                answers.append({**answer, "ref": None})
            assert answers[0] == answers[1]
            assert answers[0]["status"] == 404
        await dialogue.runs.cancel(owner.context, accepted.run_id)
        await dialogue.ended(owner.context, accepted.run_id)
        await say(socket, type="ping")
        assert (await hear(socket))["type"] == "pong"
    async with live_server.client(stranger) as client:
        for path in (f"/v1/threads/{accepted.thread_id}", f"/v1/runs/{accepted.run_id}"):
            with pytest.raises(MissingError):
                await client.get(path)
        assert [thread async for thread in client.pages("/v1/threads")] == []


async def test_a_run_is_cancelled_over_the_socket(live_server: Any, new_user: Any, worker: None) -> None:
    async with live_server.client(await new_user()) as client, EventStream(client) as stream:

        def stop(frame: Any) -> None:
            if frame["type"] == "tool_executing":
                tasks.append(asyncio.ensure_future(stream.cancel(frame["run_id"])))

        tasks: list[Any] = []
        asked = await ask(client, "steps=1 pause=30", stream=stream, on_event=stop)
    assert asked.terminal["outcome"] == "cancelled"


async def test_a_repeated_send_is_the_same_run(live_server: Any, new_user: Any, worker: None) -> None:
    user = await new_user()
    runs = set()
    for _ in range(2):
        async with raw_socket(live_server, user) as socket:
            await say(socket, type="send", client_message_id="same", text="steps=0")
            frames = [await hear(socket), await hear(socket)]
            assert [frame["type"] for frame in frames] == ["subscribed", "message_accepted"]
            runs.add(frames[1]["run_id"])
    assert len(runs) == 1
