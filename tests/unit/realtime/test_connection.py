"""A connection's queue is bounded: passing frames go first, then the client."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from netra.auth.models import Membership, Principal
from netra.context.models import UserExecutionContext
from netra.realtime.connection import Connection
from netra.realtime.websocket_auth import Admitted, HandshakeError, UnifiedWebSocketAuth
from netra.realtime.websocket_manager import UnifiedWebSocketManager

PRINCIPAL = Principal("usr_1", "a@b.c", "session", "ses_1", None, datetime(2100, 1, 1, tzinfo=UTC))
MEMBERSHIP = Membership("wsp_1", "default", "owner")
CONTEXT = UserExecutionContext("usr_1", "wsp_1", "owner", "req_1")
ADMITTED = Admitted(PRINCIPAL, MEMBERSHIP, CONTEXT)


class Socket:
    """Takes frames while `open` is set."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: tuple[int, str | None] | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def send_text(self, data: str) -> None:
        await self.open.wait()
        self.sent.append(data)

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        self.closed = (code, reason)


async def test_frames_leave_in_order_before_the_close() -> None:
    socket = Socket()
    connection = Connection(socket, ADMITTED)
    for frame in ("a", "b", "c"):
        connection.offer(frame)
    connection.close(1012, "restart")
    connection.offer("too late")
    connection.close(4401, "another reason")
    await connection.write()
    assert socket.sent == ["a", "b", "c"]
    assert socket.closed == (1012, "restart")
    assert connection.waiting_bytes == 0


async def test_deltas_go_before_the_client_does() -> None:
    connection = Connection(Socket(), ADMITTED, limit=100)
    connection.offer("d" * 40, droppable=True)
    connection.offer("e" * 40)
    connection.offer("d" * 40, droppable=True)
    assert connection.dropped == 2
    assert connection.waiting_bytes == 40
    connection.offer("e" * 60)
    assert connection.closing_code is None
    connection.offer("e")
    assert connection.closing_code == 4408
    assert connection.waiting_bytes == 0


async def test_a_stalled_client_holds_nothing_up() -> None:
    socket = Socket()
    socket.open.clear()
    connection = Connection(socket, ADMITTED, limit=1000)
    writing = asyncio.create_task(connection.write())
    for number in range(100):
        connection.offer("x" * 100 + str(number))
        await asyncio.sleep(0)
    assert connection.closing_code == 4408
    await connection.wait_closing()
    socket.open.set()
    await writing
    assert socket.closed is not None
    assert socket.closed[0] == 4408
    assert len(socket.sent) <= 11


class Accounts:
    """Knows one token; what it says about the session can be changed."""

    def __init__(self) -> None:
        self.active = True
        self.role: Any = "owner"

    async def redeem_ticket(self, ticket: str) -> Principal:
        return PRINCIPAL

    async def verify_access_token(self, token: str) -> Principal:
        return PRINCIPAL

    async def is_active(self, principal: Principal) -> bool:
        return self.active

    async def access_workspace(self, principal: Principal, workspace: str | None) -> Membership:
        return Membership("wsp_1", "default", self.role)


class Origins:
    def is_allowed(self, origin: str | None, host: str | None) -> bool:
        return origin is None


def gate(accounts: Accounts, first_frame_s: float = 5.0) -> UnifiedWebSocketAuth:
    return UnifiedWebSocketAuth(
        accounts, accounts, Origins(), lambda principal, membership: CONTEXT, first_frame_s=first_frame_s
    )  # type: ignore[arg-type]


async def test_silence_is_not_waited_for() -> None:
    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    with pytest.raises(HandshakeError) as refused:
        await gate(Accounts(), first_frame_s=0.01).authenticate(never)
    assert refused.value.code == 4401


async def test_a_socket_may_stay_until_something_changes() -> None:
    accounts = Accounts()
    guard = gate(accounts)
    assert await guard.find_objection(ADMITTED) is None
    accounts.role = "viewer"
    objection = await guard.find_objection(ADMITTED)
    assert objection is not None
    assert objection.code == 4403
    accounts.active = False
    objection = await guard.find_objection(ADMITTED)
    assert objection is not None
    assert objection.code == 4401


async def test_an_expired_credential_ends_the_socket() -> None:
    old = Principal("usr_1", "a@b.c", "session", "ses_1", None, datetime(2000, 1, 1, tzinfo=UTC))
    objection = await gate(Accounts()).find_objection(Admitted(old, MEMBERSHIP, CONTEXT))
    assert objection is not None
    assert objection.code == 4401


async def test_sockets_are_counted_and_let_go() -> None:
    manager = UnifiedWebSocketManager(gate(Accounts()), sockets_per_user=2)
    for _ in range(1000):
        with (
            manager.admitting(Connection(Socket(), ADMITTED)),
            manager.admitting(Connection(Socket(), ADMITTED)),
        ):
            assert manager.open_sockets == 2
            with pytest.raises(HandshakeError) as refused, manager.admitting(Connection(Socket(), ADMITTED)):
                pass
            assert refused.value.code == 4409
    assert manager.open_sockets == 0


async def test_nobody_comes_in_while_the_process_stops() -> None:
    manager = UnifiedWebSocketManager(gate(Accounts()))
    await manager.drain()
    with pytest.raises(HandshakeError) as refused, manager.admitting(Connection(Socket(), ADMITTED)):
        pass
    assert refused.value.code == 1012
