"""Forwarding one chat completion, plain or streamed, and recording it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import orjson

from netra.context.models import UserExecutionContext
from netra.errors.kinds import NetraError
from netra.ids.manager import UnifiedIDManager
from netra.llm_gateway.call_record import CallRecord, JsonObject
from netra.llm_gateway.errors import ProviderTimeoutError, UnreadableRequestError
from netra.llm_gateway.recorder import CallRecorder
from netra.llm_gateway.upstream import Upstream

CHAT_PATH = "/chat/completions"
DRAIN_S = 120.0
"""How long the rest of a stream is still read, for its usage, after the caller has gone."""
_QUEUED_CHUNKS = 512


class Forwarded:
    """An answer on its way: status, headers, and the body either whole or as a stream."""

    def __init__(
        self, response: httpx.Response, body: bytes | None, stream: AsyncGenerator[bytes, None] | None
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body = body
        self.stream = stream


class ChatForwarder:
    """Forwards chat completions. Each call is recorded once, whether it succeeded, failed or lost its
    caller.
    """

    def __init__(self, upstream: Upstream, recorder: CallRecorder, ids: UnifiedIDManager) -> None:
        self._upstream = upstream
        self._recorder = recorder
        self._ids = ids
        self._pumps: set[asyncio.Task[None]] = set()

    async def forward(
        self,
        context: UserExecutionContext,
        body: bytes,
        labels: Mapping[str, str],
        *,
        interactive: bool | None = None,
    ) -> Forwarded:
        """Send the request on; `interactive` says whether somebody waits for the answer. Raises
        UnreadableRequestError, NoProviderError, Provider...Error.
        """
        request = read_request(body)
        record = CallRecord(
            call_id=self._ids.new("req"),
            started=datetime.now(UTC),
            request=request,
            labels={
                "user": str(request.get("user") or context.user_id),
                "api_key_id": context.key_id or "",
                **labels,
            },
            interactive=interactive,
        )
        started = time.monotonic()
        added_usage = _asks_for_usage(request)
        try:
            response = await self._upstream.open(
                "POST", CHAT_PATH, orjson.dumps(request) if added_usage else body
            )
        except NetraError as failure:
            record.status = "timeout" if isinstance(failure, ProviderTimeoutError) else "error"
            self._finish(context, record, started)
            raise
        except asyncio.CancelledError:
            self._finish(context, record, started)
            raise
        streamed = response.headers.get("content-type", "").startswith("text/event-stream")
        if response.is_success and streamed:
            pump = _StreamPump(response, record, started, hide_usage=added_usage)
            task = asyncio.create_task(pump.run(), name=f"stream {record.call_id}")
            self._pumps.add(task)
            task.add_done_callback(lambda done: self._pump_done(done, context, record, started))
            return Forwarded(response, None, pump.chunks())
        return await self._plain(context, response, record, started)

    async def close(self) -> None:
        """Wait for streams that are still read, then stop them."""
        if self._pumps:
            _, late = await asyncio.wait(self._pumps, timeout=5.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _plain(
        self, context: UserExecutionContext, response: httpx.Response, record: CallRecord, started: float
    ) -> Forwarded:
        try:
            body = await response.aread()
            record.status = _status_of(response.status_code)
            record.read(_as_object(body))
        finally:
            await response.aclose()
            self._finish(context, record, started)
        return Forwarded(response, body, None)

    def _pump_done(
        self, task: asyncio.Task[None], context: UserExecutionContext, record: CallRecord, started: float
    ) -> None:
        self._pumps.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: the record already says that the stream failed
        self._finish(context, record, started)

    def _finish(self, context: UserExecutionContext, record: CallRecord, started: float) -> None:
        if record.latency_ms is None:
            record.latency_ms = (time.monotonic() - started) * 1000
        self._recorder.record(context, record)


class _StreamPump:
    """Reads a stream to its end on its own, so that a caller who leaves does not hide what the call cost."""

    def __init__(
        self, response: httpx.Response, record: CallRecord, started: float, *, hide_usage: bool
    ) -> None:
        self._response = response
        self._record = record
        self._started = started
        self._hide_usage = hide_usage
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUED_CHUNKS)
        self._caller_left = asyncio.Event()

    async def run(self) -> None:
        """Read every event, take its usage, and pass it on while the caller is there."""
        try:
            async for event in self._events():
                shown = self._take(event)
                if shown and not self._caller_left.is_set():
                    await self._offer(event + b"\n\n")
            self._record.status = "ok"
        finally:
            self._record.latency_ms = (time.monotonic() - self._started) * 1000
            await self._response.aclose()
            if not self._caller_left.is_set():
                await self._offer(None)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The events for the caller, unchanged; leaving early does not stop the reading."""
        try:
            while (chunk := await self._queue.get()) is not None:
                yield chunk
        finally:
            self._caller_left.set()

    async def _offer(self, chunk: bytes | None) -> None:
        """Wait for room in the queue, or for the caller to leave; one who takes nothing has left."""
        put = asyncio.ensure_future(self._queue.put(chunk))
        left = asyncio.ensure_future(self._caller_left.wait())
        done, _ = await asyncio.wait({put, left}, timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            self._caller_left.set()
        for task in (put, left):
            task.cancel()

    async def _events(self) -> AsyncGenerator[bytes, None]:
        buffer = b""
        deadline: float | None = None
        async for chunk in self._response.aiter_bytes():
            if self._caller_left.is_set():
                deadline = deadline or time.monotonic() + DRAIN_S
                if time.monotonic() > deadline:
                    return
            buffer += chunk.replace(b"\r\n", b"\n")
            *events, buffer = buffer.split(b"\n\n")
            for event in events:
                yield event
        if buffer.strip():
            yield buffer

    def _take(self, event: bytes) -> bool:
        """Read one event; False when it is the usage chunk that only we asked for."""
        data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
        chunk = _as_object(data)
        self._record.read(chunk)
        choices = chunk.get("choices")
        if choices and self._record.ttft_ms is None:
            self._record.ttft_ms = (time.monotonic() - self._started) * 1000
        return not (self._hide_usage and choices == [] and chunk.get("usage") is not None)


def read_request(body: bytes) -> JsonObject:
    """The request as an object. Raises UnreadableRequestError."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise UnreadableRequestError(
            "the body is not JSON", hint="send a chat completion request"
        ) from failure
    if not isinstance(request, dict):
        raise UnreadableRequestError("the body must be a JSON object")
    return cast(JsonObject, request)


def _asks_for_usage(request: JsonObject) -> bool:
    """Make a streamed request report its usage; True when the caller had not asked for that."""
    if not request.get("stream"):
        return False
    options = cast(JsonObject, request.get("stream_options") or {})
    if options.get("include_usage"):
        return False
    request["stream_options"] = {**options, "include_usage": True}
    return True


def _status_of(status: int) -> str:
    if status < 400:
        return "ok"
    return {408: "timeout", 429: "rate_limited", 504: "timeout"}.get(status, "error")


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return cast(JsonObject, value) if isinstance(value, dict) else {}
