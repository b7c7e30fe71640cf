"""UnifiedWebSocketManager: the live sockets of this process."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, Generator

import structlog

from netra.realtime.connection import Connection
from netra.realtime.protocol import CLOSE_RESTART, CLOSE_TOO_MANY, server_frame
from netra.realtime.websocket_auth import HandshakeError, UnifiedWebSocketAuth

SOCKETS_PER_USER = 32
WATCH_S = 1.5
RETRY_AFTER_MS = (200, 3_000)


class UnifiedWebSocketManager:
    """Admits sockets, watches whether their users may stay, and sends them away when the process stops.

    Dead peers are found by the server's WebSocket pings; slow ones by their own queue (see Connection).
    """

    def __init__(self, gate: UnifiedWebSocketAuth, *, sockets_per_user: int = SOCKETS_PER_USER) -> None:
        self._gate = gate
        self._limit = sockets_per_user
        self._connections: set[Connection] = set()
        self._by_user: Counter[str] = Counter()
        self._draining = False
        self._empty = asyncio.Event()
        self._log = structlog.get_logger("netra.realtime.sockets")

    @property
    def open_sockets(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Watch the sockets; at the end say goodbye to all of them."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            await self.drain()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    @contextlib.contextmanager
    def admitting(self, connection: Connection) -> Generator[None]:
        """Count the connection while the block runs. Raises HandshakeError when its user has too many sockets
        (4409) or the process is stopping (1012).
        """
        user_id = connection.context.user_id
        if self._draining:
            raise HandshakeError(CLOSE_RESTART, "the server restarts")
        if self._by_user[user_id] >= self._limit:
            raise HandshakeError(CLOSE_TOO_MANY, f"more than {self._limit} sockets of one user")
        self._by_user[user_id] += 1
        self._connections.add(connection)
        try:
            yield
        finally:
            self._connections.discard(connection)
            self._by_user[user_id] -= 1
            if not self._by_user[user_id]:
                del self._by_user[user_id]
            if not self._connections:
                self._empty.set()

    async def drain(self, wait_s: float = 5.0) -> None:
        """Tell every client when to come back, close with 1012, and wait until the sockets are gone."""
        self._draining = True
        for connection in list(self._connections):
            retry_after_ms = random.randint(*RETRY_AFTER_MS)  # noqa: S311 - spreads the reconnects
            connection.offer(server_frame("goodbye", {"retry_after_ms": retry_after_ms}))
            connection.close(CLOSE_RESTART, "the server restarts")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()

    async def check_credentials(self) -> None:
        """Close the sockets whose credential has expired or no longer counts."""
        for connection in list(self._connections):
            objection = await self._gate.find_objection(connection.admitted)
            if objection is not None:
                connection.close(objection.code, objection.reason)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self.check_credentials()
            except Exception:
                self._log.exception("socket_watch_failed")
