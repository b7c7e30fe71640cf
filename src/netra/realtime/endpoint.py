"""The WebSocket endpoint `/ws`: one function from accept to close."""

import asyncio
import time
from contextlib import suppress

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from netra.realtime.commands import SocketCommands
from netra.realtime.connection import Connection
from netra.realtime.event_router import WebSocketEventRouter
from netra.realtime.protocol import (
    CLOSE_BAD_FRAME,
    CLOSE_FORBIDDEN,
    CLOSE_INTERNAL,
    CLOSE_RATE,
    CLOSE_TOO_BIG,
    INBOUND_LIMIT,
    SUBPROTOCOL,
    Authenticate,
    BadFrameError,
    parse_client_frame,
    server_frame,
)
from netra.realtime.websocket_auth import HandshakeError, UnifiedWebSocketAuth
from netra.realtime.websocket_manager import UnifiedWebSocketManager
from netra.runs.service import RunService

CLOSE_GRACE_S = 10.0
FRAMES_PER_S = 50.0
FRAMES_BURST = 200.0

_log = structlog.get_logger("netra.realtime.endpoint")


def build_websocket_router(
    gate: UnifiedWebSocketAuth,
    manager: UnifiedWebSocketManager,
    router: WebSocketEventRouter,
    runs: RunService,
) -> APIRouter:
    """The route `/ws`. Serve it with WebSocket compression off and a message limit of at least 64 KiB."""
    commands = SocketCommands(router, runs)
    routes = APIRouter()

    @routes.websocket("/ws")
    async def open_socket(websocket: WebSocket) -> None:
        headers = websocket.headers
        offered = SUBPROTOCOL in websocket.scope.get("subprotocols", [])
        if not offered or not gate.is_allowed_origin(headers.get("origin"), headers.get("host")):
            await websocket.close(CLOSE_FORBIDDEN)
            return
        await websocket.accept(subprotocol=SUBPROTOCOL)
        with suppress(WebSocketDisconnect):
            try:
                admitted = await gate.authenticate(lambda: _receive(websocket))
                connection = Connection(websocket, admitted)
                with manager.admitting(connection):
                    await _serve(websocket, connection, router, commands)
            except HandshakeError as refused:
                await websocket.close(refused.code, refused.reason[:120])

    return routes


async def _serve(
    websocket: WebSocket, connection: Connection, router: WebSocketEventRouter, commands: SocketCommands
) -> None:
    """Read and write until either side closes."""
    tasks: list[asyncio.Task[None]] = []
    try:
        await router.attach(connection)
        connection.offer(_ready(connection))
        writing = asyncio.create_task(connection.write())
        reading = asyncio.create_task(_read(websocket, connection, commands))
        closing = asyncio.create_task(connection.wait_closing())
        tasks += [writing, reading, closing]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if connection.closing_code is not None and not reading.done():
            # A client that does not read may never take the close frame: it gets this long.
            await asyncio.wait({writing}, timeout=CLOSE_GRACE_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await router.detach(connection)


async def _read(websocket: WebSocket, connection: Connection, commands: SocketCommands) -> None:
    """Carry out what the client sends, one frame after another, until it leaves or misbehaves."""
    allowance, last = FRAMES_BURST, time.monotonic()
    while connection.closing_code is None:
        try:
            text = await _receive(websocket)
            now = time.monotonic()
            allowance, last = min(FRAMES_BURST, allowance + (now - last) * FRAMES_PER_S) - 1, now
            if allowance < 0:
                raise HandshakeError(CLOSE_RATE, "too many frames")
            command = parse_client_frame(text)
            if isinstance(command, Authenticate):
                raise BadFrameError("already authenticated")
            await commands.carry_out(connection, command)
        except WebSocketDisconnect:
            return
        except BadFrameError as bad:
            problem = {"code": "bad_frame", "message": str(bad), "hint": None, "status": 400, "ref": None}
            connection.offer(server_frame("error", problem))
            connection.close(CLOSE_BAD_FRAME, "not a frame of netra.v1")
        except HandshakeError as refused:
            connection.close(refused.code, refused.reason)
        except Exception:
            _log.exception("socket_failed")
            connection.close(CLOSE_INTERNAL, "an error on our side; reconnect from your cursor")


async def _receive(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if text is None:
        raise BadFrameError("frames are text")
    if len(text) > INBOUND_LIMIT or len(text.encode()) > INBOUND_LIMIT:
        raise HandshakeError(CLOSE_TOO_BIG, f"a frame has at most {INBOUND_LIMIT} bytes")
    return text


def _ready(connection: Connection) -> str:
    context = connection.context
    data = {
        "user_id": context.user_id,
        "workspace_id": context.workspace_id,
        "role": context.role,
        "protocol": SUBPROTOCOL,
    }
    return server_frame("ready", data)
