"""Who may open a socket, what it may say, and when it is closed."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytestmark = pytest.mark.protects("W7")


def address(server: Any) -> str:
    return server.url.replace("http", "ws") + "/ws"


async def closed_with(socket: ClientConnection) -> int:
    """The code the server closes with, whatever it says before."""
    async with asyncio.timeout(15):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def opened(server: Any, user: Any, **options: Any) -> ClientConnection:
    socket = await connect(address(server), subprotocols=["netra.v1"], compression=None, **options)
    await socket.send(json.dumps({"type": "authenticate", "access_token": user.session.access_token}))
    assert json.loads(await socket.recv())["type"] == "ready"
    return socket


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_a_foreign_origin_is_refused_before_the_handshake(live_server: Any, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(address(live_server), subprotocols=["netra.v1"], origin=origin)
    assert refused.value.response.status_code == 403


async def test_listed_and_own_origins_are_let_in(live_server: Any, new_user: Any) -> None:
    user = await new_user()
    for origin in ("https://page.example", live_server.url):
        socket = await opened(live_server, user, origin=origin)
        await socket.close()


async def test_another_protocol_is_refused(live_server: Any) -> None:
    with pytest.raises(InvalidStatus):
        await connect(address(live_server))


async def test_a_ticket_opens_one_socket(live_server: Any, new_user: Any) -> None:
    async with live_server.client(await new_user()) as client:
        ticket = await client.ticket()
    codes = []
    for _ in range(2):
        async with connect(address(live_server), subprotocols=["netra.v1"]) as socket:
            await socket.send(json.dumps({"type": "authenticate", "ticket": ticket}))
            try:
                codes.append(json.loads(await socket.recv())["type"])
            except ConnectionClosed as closed:
                codes.append(closed.rcvd.code if closed.rcvd else None)
    assert codes == ["ready", 4401]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"type": "authenticate"}, 4401),
        ({"type": "authenticate", "access_token": "nonsense"}, 4401),
        ({"type": "authenticate", "ticket": "a", "access_token": "b"}, 4401),
        ({"type": "ping"}, 4401),
        ({"type": "authenticate", "ticket": "a", "extra": 1}, 4400),
        ({"type": "nothing"}, 4400),
        ([], 4400),
    ],
)
async def test_the_first_frame_must_authenticate(live_server: Any, first: Any, code: int) -> None:
    async with connect(address(live_server), subprotocols=["netra.v1"]) as socket:
        await socket.send(json.dumps(first))
        assert await closed_with(socket) == code


async def test_a_foreign_workspace_is_forbidden(live_server: Any, new_user: Any) -> None:
    user, other = await new_user(), await new_user()
    for workspace in (other.context.workspace_id, "wsp_unknown"):
        async with connect(address(live_server), subprotocols=["netra.v1"]) as socket:
            frame = {
                "type": "authenticate", "access_token": user.session.access_token, "workspace_id": workspace,
            }  # fmt: skip
            await socket.send(json.dumps(frame))
            assert await closed_with(socket) == 4403


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", 4400),
        (b"\x00\x01", 4400),
        ('{"type": "ping", "more": 1}', 4400),
        ('{"type": "subscribe"}', 4400),
        ('{"type": "subscribe", "thread_id": "t", "cursor": {"epoch": "e", "seq": "1"}}', 4400),
        ('{"type": "send", "client_message_id": "a", "text": "b", "strategy": "never"}', 4400),
        ('{"type": "authenticate", "ticket": "again"}', 4400),
        ('{"type": "send", "client_message_id": "a", "text": "' + "x" * 70_000 + '"}', 1009),
        ("[" * 60_000, 4400),
    ],
)
async def test_a_bad_frame_closes_the_socket(live_server: Any, new_user: Any, frame: Any, code: int) -> None:
    socket = await opened(live_server, await new_user())
    await socket.send(frame)
    assert await closed_with(socket) == code


async def test_a_refused_command_keeps_the_socket(live_server: Any, new_user: Any) -> None:
    socket = await opened(live_server, await new_user())
    for frame, code in (
        ({"type": "approve", "approval_id": "x", "decision": "approve"}, "approval_not_found"),
        ({"type": "send", "client_message_id": "m", "text": " "}, "empty_question"),
        ({"type": "send", "client_message_id": "m", "text": "x" * 40_000}, "question_too_long"),
        ({"type": "send", "client_message_id": "m", "text": "q", "attachments": [{}]}, "attachments_refused"),
        ({"type": "unsubscribe", "thread_id": "thr_x"}, None),
        ({"type": "ping"}, None),
    ):
        await socket.send(json.dumps(frame))
        if code is not None:
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["data"]["code"]) == ("error", code)
    assert json.loads(await socket.recv())["type"] == "pong"
    await socket.close()


async def test_signing_out_closes_the_socket(live_server: Any, new_user: Any) -> None:
    user, bystander = await new_user(), await new_user()
    socket, other = await opened(live_server, user), await opened(live_server, bystander)
    async with live_server.client(user) as client:
        await client.post("/v1/auth/sign-out")
    async with asyncio.timeout(5):
        assert await closed_with(socket) == 4401
    await other.send('{"type": "ping"}')
    assert json.loads(await other.recv())["type"] == "pong"
    await other.close()


async def test_a_user_has_a_number_of_sockets(live_server: Any, new_user: Any) -> None:
    user = await new_user()
    sockets = [await opened(live_server, user) for _ in range(32)]
    async with connect(address(live_server), subprotocols=["netra.v1"]) as one_more:
        await one_more.send(json.dumps({"type": "authenticate", "access_token": user.session.access_token}))
        assert await closed_with(one_more) == 4409
    for socket in sockets:
        await socket.close()


async def test_a_flood_is_cut_off(live_server: Any, new_user: Any) -> None:
    socket = await opened(live_server, await new_user())
    for _ in range(400):
        await socket.send('{"type": "unsubscribe", "thread_id": "x"}')
    assert await closed_with(socket) == 4429


async def test_a_stopping_server_says_goodbye(new_server: Any, new_user: Any) -> None:
    async with new_server() as server:
        socket = await opened(server, await new_user())
        draining = asyncio.create_task(server.manager.drain())
        goodbye = json.loads(await socket.recv())
        assert goodbye["type"] == "goodbye"
        assert goodbye["data"]["retry_after_ms"] > 0
        assert await closed_with(socket) == 1012
        await draining
        assert server.manager.open_sockets == 0
