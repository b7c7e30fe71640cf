"""The analytics process: ClickHouse's HTTP interface over the embedded engine, for `clickhouse-connect`
as it is.

Run as `python -m netra.storage.embedded.analytics_server`; the parent writes one line of JSON
(`ServerConfig`) to standard input. Speaks what the client needs: queries with `param_` values and
settings, result formats, inserts with a body (plain, gzip, deflate, lz4, zstd), the exception header,
`/ping`; and `/identity` for the parent.
"""

import asyncio
import hmac
import json
import os
import socket
import sys
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
import uvloop

from netra.storage.embedded.analytics_engine import AnalyticsEngine, StatementFailedError, Summary
from netra.storage.embedded.analytics_request import BadRequestError, read_statement
from netra.storage.embedded.analytics_sql import RefusedStatementError
from netra.storage.embedded.resident_memory import give_back_startup_pages

LARGEST_BODY_BYTES = 512 * 1024**2
MOST_WAITING = 64
SLOWEST_READER_S = 120.0
TOO_MANY_QUERIES = 202
AUTHENTICATION_FAILED = 516
HTTP_STATUS = {516: 401, 60: 404, 81: 404, 62: 400, 47: 400, 46: 400, 115: 400, 164: 403, 497: 403, 202: 503}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What the parent tells the process: where the data lies, the inherited socket, who may ask, its
    limits.
    """

    directory: str
    socket_fd: int
    user: str
    password: str
    instance: str
    memory_bytes: int
    concurrency: int


class AnalyticsApp:
    """The ASGI application. Statements run on a bounded set of threads; more than `MOST_WAITING` are
    refused.
    """

    def __init__(self, engine: AnalyticsEngine, config: ServerConfig) -> None:
        self._engine = engine
        self._config = config
        self._threads = ThreadPoolExecutor(config.concurrency, thread_name_prefix="statement")
        self._waiting = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope["headers"]}
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        if scope["path"] == "/ping":
            await _reply(send, 200, b"Ok.\n")
        elif not self._knows(headers, dict(query)):
            await _fail(send, AUTHENTICATION_FAILED, "Authentication failed (AUTHENTICATION_FAILED)")
        elif scope["path"] == "/identity":
            identity = {"pid": os.getpid(), "instance": self._config.instance}
            await _reply(send, 200, json.dumps(identity).encode())
        elif self._waiting >= MOST_WAITING:
            await _fail(
                send, TOO_MANY_QUERIES, "Too many simultaneous queries (TOO_MANY_SIMULTANEOUS_QUERIES)"
            )
        else:
            self._waiting += 1
            try:
                await self._answer(scope["method"], query, headers, receive, send)
            finally:
                self._waiting -= 1

    async def _answer(
        self, method: str, query: list[tuple[str, str]], headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        response = _Response(send)
        loop = asyncio.get_running_loop()
        try:
            body = await _body(receive)

            def work() -> tuple[Summary, bytes]:
                statement = read_statement(method, query, headers, *body)
                response.output = statement.output
                if statement.whole:
                    parts: list[bytes] = []
                    return self._engine.run(statement, parts.append), b"".join(parts)
                return self._engine.run(statement, lambda part: _hand_over(loop, response.write(part))), b""

            summary, whole = await loop.run_in_executor(self._threads, work)
        except (RefusedStatementError, StatementFailedError, BadRequestError) as failure:
            if response.started:
                raise  # the connection breaks, so nobody takes the part for the whole
            text = str(failure)
            prefix = "" if text.startswith("Code: ") else f"Code: {failure.code}. DB::Exception: "
            await _fail(send, failure.code, prefix + text)
        else:
            await response.finish(summary, whole)

    def _knows(self, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        user = headers.get("x-clickhouse-user") or query.get("user", "")
        password = headers.get("x-clickhouse-key") or query.get("password", "")
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = b64decode(credentials).decode().partition(":")
            except ValueError:
                return False
        right = hmac.compare_digest(password.encode(), self._config.password.encode())
        return right and user == self._config.user


class _Response:
    """Sends the head with the first bytes, so that a statement that fails at once still gets its error
    status.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.output = "TabSeparated"

    async def write(self, chunk: bytes) -> None:
        await self._start(Summary())
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self, summary: Summary, whole: bytes) -> None:
        """End the response; `whole` is its body where nothing was written yet."""
        await self._start(summary, len(whole))
        await self._send({"type": "http.response.body", "body": whole, "more_body": False})

    async def _start(self, summary: Summary, length: int | None = None) -> None:
        if self.started:
            return
        self.started = True
        numbers = {
            "read_rows": str(summary.read_rows),
            "read_bytes": str(summary.read_bytes),
            "written_rows": str(summary.written_rows),
        }
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"x-clickhouse-summary", json.dumps(numbers).encode()),
            (b"x-clickhouse-format", self.output.encode()),
            (b"x-clickhouse-timezone", b"UTC"),
        ]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})


def _hand_over(loop: asyncio.AbstractEventLoop, writing: Any) -> None:
    """Send from a statement's thread; a reader that takes nothing for long loses its query."""
    asyncio.run_coroutine_threadsafe(writing, loop).result(timeout=SLOWEST_READER_S)


async def _body(receive: Receive) -> list[bytes]:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequestError("the client went away", 210)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            raise BadRequestError(f"the body is larger than {LARGEST_BODY_BYTES} bytes", 307)
        parts.append(part)
        if not message.get("more_body", False):
            return parts


async def _fail(send: Send, code: int, text: str) -> None:
    status = HTTP_STATUS.get(code, 500)
    await _reply(send, status, text.encode() + b"\n", (b"x-clickhouse-exception-code", str(code).encode()))


async def _reply(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*start, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def main() -> None:
    """Read the configuration, open the engine, serve until asked to stop."""
    config = ServerConfig(**json.loads(sys.stdin.readline()))
    engine = AnalyticsEngine(Path(config.directory), memory_bytes=config.memory_bytes)
    give_back_startup_pages()
    listening = socket.socket(fileno=config.socket_fd)
    server = uvicorn.Server(
        uvicorn.Config(
            AnalyticsApp(engine, config),
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=8,
        )
    )
    uvloop.run(server.serve(sockets=[listening]))
    engine.close()


if __name__ == "__main__":
    main()
