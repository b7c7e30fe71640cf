"""The trace id of the work at hand (W3C Trace Context: 32 hexadecimal digits)."""

import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = "trace_id"


def new_trace_id() -> str:
    """A random trace id."""
    return secrets.token_hex(16)


def trace_id_from(traceparent: str | None) -> str | None:
    """The trace id in a `traceparent` header, None when there is none or it is malformed."""
    match = _TRACEPARENT.match(traceparent or "")
    return match["trace"] if match and match["trace"] != "0" * 32 else None


def current_trace_id() -> str | None:
    """The trace id bound to the running task, None outside of any."""
    value = get_contextvars().get(_KEY)
    return value if isinstance(value, str) else None


@contextmanager
def traced(trace_id: str | None = None, **fields: str) -> Generator[str]:
    """Bind a trace id (new by default) and further fields to every log line of the block."""
    chosen = trace_id or new_trace_id()
    with bound_contextvars(**{_KEY: chosen}, **fields):
        yield chosen
