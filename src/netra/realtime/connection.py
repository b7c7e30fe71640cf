"""Connection: one live socket with its bounded queue."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from netra.context.models import UserExecutionContext
from netra.realtime.protocol import CLOSE_TOO_SLOW, QUEUE_LIMIT
from netra.realtime.websocket_auth import Admitted


class SocketDoor(Protocol):
    """The part of a WebSocket that a connection writes to."""

    async def send_text(self, data: str) -> None:
        """Send one text frame; returns when the transport has room again."""
        ...

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close with a code."""
        ...


class Connection:
    """Frames on their way to one client.

    At most 1 MiB waits. Beyond it droppable frames (deltas, progress) go first; if that is not enough the
    client is too slow: everything waiting is dropped and the socket closed with 4408. Offering never waits,
    so a client that does not read delays nobody else.
    """

    def __init__(self, socket: SocketDoor, admitted: Admitted, *, limit: int = QUEUE_LIMIT) -> None:
        self.admitted = admitted
        self._socket = socket
        self._limit = limit
        self._queue: deque[tuple[str, int, bool]] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self.dropped = 0

    @property
    def context(self) -> UserExecutionContext:
        """Whose socket it is."""
        return self.admitted.context

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the queue."""
        return self._waiting_bytes

    @property
    def closing_code(self) -> int | None:
        """The code this side closes with, None while it stays open."""
        return None if self._closing is None else self._closing[0]

    def offer(self, frame: str, *, droppable: bool = False) -> None:
        """Queue a frame; a closing connection takes none."""
        if self._closing is not None:
            return
        size = len(frame)
        if self._waiting_bytes + size > self._limit:
            self._drop_droppable()
            if droppable:
                self.dropped += 1
                return
        if self._waiting_bytes + size > self._limit:
            self._queue.clear()
            self._waiting_bytes = 0
            self.close(CLOSE_TOO_SLOW, "the client reads too slowly; reconnect from your cursor")
            return
        self._queue.append((frame, size, droppable))
        self._waiting_bytes += size
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued has been sent; the first reason counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._closed.set()
            self._wake.set()

    async def write(self) -> None:
        """Send what is offered; returns once this side has closed the socket.

        A client that does not read holds this up for as long as it likes: the caller bounds the wait after
        `wait_closing`.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                frame, size, _ = self._queue.popleft()
                self._waiting_bytes -= size
                await self._socket.send_text(frame)
            if self._closing is not None:
                await self._socket.close(*self._closing)
                return

    async def wait_closing(self) -> None:
        """Return when this side has decided to close."""
        await self._closed.wait()

    def _drop_droppable(self) -> None:
        kept = [item for item in self._queue if not item[2]]
        self.dropped += len(self._queue) - len(kept)
        self._queue = deque(kept)
        self._waiting_bytes = sum(size for _, size, _ in kept)
