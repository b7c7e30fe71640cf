"""The outermost layer of the application: ids, limits, headers, the last resort for errors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from netra.errors.kinds import TooLargeError
from netra.http.problems import problem_of, problem_response, unexpected_problem
from netra.ids.manager import UnifiedIDManager
from netra.telemetry.metrics import Metrics
from netra.telemetry.trace import trace_id_from, traced

MEGABYTE = 1024 * 1024

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes a request body may have: `default`, or the longest matching path prefix's; None is
    without limit.
    """

    default: int = MEGABYTE
    by_prefix: Mapping[str, int | None] = field(default_factory=dict[str, int | None])

    def for_path(self, path: str) -> int | None:
        """The limit for a path."""
        matching = [prefix for prefix in self.by_prefix if path.startswith(prefix)]
        return self.by_prefix[max(matching, key=len)] if matching else self.default


class RequestMiddleware:
    """Gives each HTTP request a request id and a trace id, holds its body to the limit, counts it.

    An error that nothing else caught becomes a problem with status 500, its traceback goes to the log only.
    """

    def __init__(
        self, app: ASGIApp, *, ids: UnifiedIDManager, metrics: Metrics, limits: BodyLimits | None = None
    ) -> None:
        self._app = app
        self._ids = ids
        self._metrics = metrics
        self._limits = limits or BodyLimits()
        self._log = structlog.get_logger("netra.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; everything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = self._ids.new("req")
        scope.setdefault("state", {})["request_id"] = request_id
        with traced(trace_id_from(headers.get("traceparent")), request_id=request_id) as trace_id:
            exchange = _Exchange(send, {"netra-request-id": request_id, "netra-trace-id": trace_id})
            started = time.perf_counter()
            try:
                await self._serve(scope, headers, receive, exchange)
            finally:
                self._count(scope, exchange.status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, exchange: "_Exchange") -> None:
        limit = self._limits.for_path(scope["path"])
        declared = headers.get("content-length", "")
        if limit is not None and declared.isdigit() and int(declared) > limit:
            await problem_response(problem_of(_too_large(limit)))(scope, receive, exchange.send)
            return
        guarded = receive if limit is None else _limited(receive, limit)
        try:
            await self._app(scope, guarded, exchange.send)
        except ClientDisconnect:
            # It went away before its whole request had come: nobody is there to be answered.
            self._log.info("request_broken_off", path=scope["path"], method=scope["method"])
        except Exception:
            self._log.exception("request_crashed", path=scope["path"], method=scope["method"])
            if exchange.started:
                raise
            await problem_response(unexpected_problem())(scope, receive, exchange.send)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.http_requests.labels(route, scope["method"], str(status)).inc()
        self._metrics.http_seconds.labels(route).observe(seconds)


class _Exchange:
    """Watches what is sent: whether the response began, with which status; puts headers in."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.started = False
        self.status = 499

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, **self._headers}.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith(("application/json", "application/problem")):
                headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def guarded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # An HTTPException is the one error that FastAPI passes on while it reads a body.
            raise HTTPException(413, _too_large(limit).message)
        return message

    return guarded


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {limit} bytes", details={"limit_bytes": limit})
