"""A client that does not read harms only itself."""

import asyncio
import contextlib
import json
import socket as sockets
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from netra.events.log import NewEvent, Writer
from netra.events.types import MessageCompleted

pytestmark = pytest.mark.protects("W12")

EVENTS = 60
EVENT_BYTES = 64 * 1024


async def follower(server: Any, user: Any, thread_id: str, **options: Any) -> ClientConnection:
    socket = await connect(
        server.url.replace("http", "ws") + "/ws", subprotocols=["netra.v1"], compression=None, max_size=None,
        **options,
    )  # fmt: skip
    await socket.send(json.dumps({"type": "authenticate", "access_token": user.session.access_token}))
    await socket.send(json.dumps({"type": "subscribe", "thread_id": thread_id}))
    assert json.loads(await socket.recv())["type"] == "ready"
    assert json.loads(await socket.recv())["type"] == "subscribed"
    return socket


def small_socket(url: str) -> sockets.socket:
    """Connected, with a receive buffer that fills at once."""
    host, port = url.removeprefix("http://").split(":")
    made = sockets.socket()
    made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    made.connect((host, int(port)))
    made.setblocking(False)
    return made


async def test_a_client_that_does_not_read_is_closed(live_server: Any, dialogue: Any, new_user: Any) -> None:
    user = await new_user()
    thread = await dialogue.threads.create(user.context)
    quick = await follower(live_server, user, thread.id)
    slow = await follower(live_server, user, thread.id, sock=small_socket(live_server.url), max_queue=1)
    slow.transport.pause_reading()
    received = asyncio.create_task(_take(quick, EVENTS))
    for number in range(EVENTS):
        payload = MessageCompleted(part=number, text="x" * EVENT_BYTES)
        async with dialogue.access.for_context(user.context).transaction() as tx:
            appended = await dialogue.log.append(
                tx, Writer(thread.id, "run_x"), [NewEvent(payload, step=str(number))]
            )
        await dialogue.publisher.publish(user.context.workspace_id, user.context.user_id, appended.fresh)
    assert await received == list(range(1, EVENTS + 1))
    slow.transport.resume_reading()
    assert await _closing_code(slow) == 4408
    await quick.send('{"type": "ping"}')
    assert json.loads(await quick.recv())["type"] == "pong"
    await quick.close()


async def _take(socket: ClientConnection, count: int) -> list[int]:
    async with asyncio.timeout(15):
        return [json.loads(await socket.recv())["seq"] for _ in range(count)]


async def _closing_code(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(15):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code
