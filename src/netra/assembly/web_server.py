"""uvicorn inside our own process: on a socket we bound, ended by us and not by its own signal handling."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any

import structlog
import uvicorn

from netra.errors.kinds import UnavailableError

GRACE_S = 20
_log = structlog.get_logger("netra.web")
LARGEST_FRAME_BYTES = 1024 * 1024
"""Beyond it the connection is closed unread; the protocol's own, smaller limit is told by `realtime`."""


class WebServerError(UnavailableError):
    """The application could not be started, or the server ended by itself."""

    code = "web_server_failed"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to `up`, which has more to stop than HTTP."""
        yield


class WebServer:
    """Serves one ASGI application from `start` to `stop`."""

    def __init__(self, application: Any, listening: socket.socket) -> None:
        self._listening = listening
        self._server = _Server(
            uvicorn.Config(
                application,
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=LARGEST_FRAME_BYTES,
                ws_per_message_deflate=False,
                interface="asgi3",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when the application has started and requests are accepted. Raises WebServerError."""
        self._task = asyncio.create_task(self._run(), name="web-server")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise WebServerError("the application did not start", hint="the log says why")
            await asyncio.sleep(0.005)

    async def _run(self) -> None:
        try:
            await self._server.serve(sockets=[self._listening])
        except SystemExit as end:  # uvicorn's answer to an application that does not start
            _log.error("the web server gave up", code=end.code)

    async def ended(self) -> None:
        """Return when the server has ended, in whatever way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def drain(self) -> None:
        """Accept no more; requests that run may finish, sockets are told to reconnect elsewhere."""
        self._server.should_exit = True
        await self.ended()

    async def stop(self) -> None:
        """End now what is left."""
        self._server.should_exit = True
        self._server.force_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._listening.close()
