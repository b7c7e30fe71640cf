"""EventStream: live frames of one's threads over a WebSocket, in order and once, across cuts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, TypeAlias, cast

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from netra.client.errors import ApiError, UnreachableError, api_error
from netra.client.http import NetraClient

Frame: TypeAlias = dict[str, Any]

SUBPROTOCOL = "netra.v1"
HANDSHAKE_S = 10.0
UNAUTHENTICATED = 4401
FINAL_CLOSE_CODES = {4401: 401, 4403: 403, 4400: 400}


class EventStream:
    """A WebSocket that reconnects from its cursors.

    Use as `async with EventStream(client) as stream`, then `subscribe` or `send`, and iterate. Durable
    events of a thread come once, in order of `seq`; frames without `seq` (deltas, progress, pong) may be
    missing. A cut longer than `give_up_after_s` raises UnreachableError; a refused credential raises
    ApiError.
    """

    def __init__(
        self,
        client: NetraClient,
        *,
        give_up_after_s: float = 60.0,
        on_reconnect: Callable[[], None] | None = None,
    ) -> None:
        self._client = client
        self._give_up_after_s = give_up_after_s
        self._on_reconnect = on_reconnect
        self._socket: ClientConnection | None = None
        self._cursors: dict[str, dict[str, Any] | None] = {}
        self._unconfirmed: dict[str, Frame] = {}
        self.reconnects = 0

    async def __aenter__(self) -> EventStream:
        self._socket = await self._handshake()
        return self

    async def __aexit__(self, *exc: object) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def subscribe(self, thread_id: str, cursor: dict[str, Any] | None = None) -> None:
        """Follow a thread: everything after `cursor` (`{"epoch", "seq"}`), or only what comes from now on."""
        self._cursors[thread_id] = cursor
        await self._transmit({"type": "subscribe", "thread_id": thread_id, "cursor": cursor})

    async def unsubscribe(self, thread_id: str) -> None:
        """Stop following a thread."""
        self._cursors.pop(thread_id, None)
        await self._transmit({"type": "unsubscribe", "thread_id": thread_id})

    async def send(
        self, text: str, *, client_message_id: str, thread_id: str | None = None, strategy: str = "enqueue"
    ) -> None:
        """Ask; the answer's first event is `message_accepted` with the same `client_message_id`.

        A message that was not accepted before a cut is sent again after it; the server knows it by its id.
        """
        frame: Frame = {
            "type": "send",
            "thread_id": thread_id,
            "client_message_id": client_message_id,
            "text": text,
            "strategy": strategy,
        }
        self._unconfirmed[client_message_id] = frame
        await self._transmit(frame)

    async def cancel(self, run_id: str) -> None:
        """Ask for the end of a run; it still ends with its terminal event."""
        await self._transmit({"type": "cancel", "run_id": run_id})

    async def ping(self) -> None:
        """Ask for a `pong` frame."""
        await self._transmit({"type": "ping"})

    async def cut(self) -> None:
        """Drop the connection without a word, as a network would; the iteration reconnects."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while self._socket is not None:
            try:
                raw = await self._socket.recv()
            except ConnectionClosed as closed:
                # An expired credential is renewed with the next ticket, or refused there for good.
                self._check_final(closed, renewable=True)
                await self._reconnect()
                continue
            frame = cast("Frame", orjson.loads(raw))
            if frame["type"] == "resync":
                async for event in self._resynchronise(str(frame["thread_id"])):
                    yield event
            elif self._is_new(frame):
                yield frame

    def _is_new(self, frame: Frame) -> bool:
        """Whether to hand the frame on; moves the thread's cursor."""
        thread_id, seq = frame.get("thread_id"), frame.get("seq")
        if frame["type"] == "subscribed":
            # Only a subscription without a cursor begins there; one that `send` made replays up to there.
            if str(thread_id) in self._cursors and self._cursors[str(thread_id)] is None:
                self._cursors[str(thread_id)] = frame["data"]["cursor"]
            return True
        if frame["type"] == "error":
            self._unconfirmed.pop(str(frame["data"].get("ref")), None)
        if thread_id is None or seq is None:
            return True
        cursor = self._cursors.get(str(thread_id))
        if cursor is not None and cursor["epoch"] == frame["epoch"] and seq <= cursor["seq"]:
            return False
        self._cursors[str(thread_id)] = {"epoch": frame["epoch"], "seq": seq}
        if frame["type"] == "message_accepted":
            self._unconfirmed.pop(frame["data"]["client_message_id"], None)
        return True

    async def _resynchronise(self, thread_id: str) -> AsyncIterator[Frame]:
        snapshot = cast("Frame", await self._client.get(f"/v1/threads/{thread_id}"))
        for event in cast("list[Frame]", snapshot["events"]):
            if self._is_new(event):
                yield event
        await self.subscribe(thread_id, snapshot["cursor"])

    async def _transmit(self, frame: Frame) -> None:
        if self._socket is None:
            raise UnreachableError("The event stream is closed.")
        # A cut shows itself to the reader, which reconnects and repeats what is still open.
        with suppress(ConnectionClosed):
            await self._socket.send(orjson.dumps(frame).decode())

    async def _reconnect(self) -> None:
        loop = asyncio.get_running_loop()
        give_up_at, delay = loop.time() + self._give_up_after_s, 0.05
        while True:
            try:
                self._socket = await self._handshake()
                break
            except UnreachableError:
                if loop.time() > give_up_at:
                    raise
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 - spreads reconnects
                delay = min(delay * 2, 2.0)
        self.reconnects += 1
        if self._on_reconnect is not None:
            self._on_reconnect()
        for thread_id, cursor in list(self._cursors.items()):
            await self._transmit({"type": "subscribe", "thread_id": thread_id, "cursor": cursor})
        for frame in list(self._unconfirmed.values()):
            await self._transmit(frame)

    async def _handshake(self) -> ClientConnection:
        """A connection that has said `ready`."""
        ticket = await self._client.ticket()
        url = self._client.base_url.replace("http", "ws", 1) + "/ws"
        try:
            socket = await connect(
                url, subprotocols=[cast("Any", SUBPROTOCOL)], compression=None, max_size=None,
                open_timeout=HANDSHAKE_S, proxy=None,
            )  # fmt: skip
            authenticate = {
                "type": "authenticate", "ticket": ticket, "workspace_id": self._client.workspace,
            }  # fmt: skip
            await socket.send(orjson.dumps(authenticate).decode())
            frame = cast("Frame", orjson.loads(await asyncio.wait_for(socket.recv(), HANDSHAKE_S)))
        except InvalidStatus as error:
            raise api_error(error.response.status_code, {"title": "The WebSocket was refused."}) from error
        except ConnectionClosed as closed:
            self._check_final(closed)
            raise UnreachableError("The server closed the WebSocket before it was ready.") from closed
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise UnreachableError(f"No WebSocket at {url}: {error}") from error
        if frame["type"] == "error":
            raise api_error(400, cast("Frame", frame["data"]))
        return socket

    def _check_final(self, closed: ConnectionClosed, *, renewable: bool = False) -> None:
        """ApiError for a close that a reconnect cannot mend."""
        code = closed.rcvd.code if closed.rcvd is not None else 1006
        if code in FINAL_CLOSE_CODES and not (renewable and code == UNAUTHENTICATED):
            reason = closed.rcvd.reason if closed.rcvd is not None else ""
            raise _closed_error(code, reason)


def _closed_error(code: int, reason: str) -> ApiError:
    problem = {"code": f"socket_closed_{code}", "detail": reason or f"The server closed the socket ({code})."}
    return api_error(FINAL_CLOSE_CODES[code], problem)
