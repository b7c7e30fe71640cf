"""Export requests as an exporter writes them, without an exporter: for tests and load."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = str | bool | int | float


@dataclass(frozen=True)
class Span:
    """One span; ids are bytes, times nanoseconds, `events` (name, time)."""

    trace_id: bytes
    span_id: bytes
    start: int
    end: int
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    name: str = "chat"
    parent_id: bytes = b""
    status: int = 0
    message: str = ""
    events: Sequence[tuple[str, int]] = ()


def request_of(
    spans: Iterable[Span], *, scope: str = "a.scope", resource: Mapping[str, str] | None = None
) -> bytes:
    """ExportTraceServiceRequest in protobuf, with one resource and one scope."""
    facts = {"service.name": "a-service"} if resource is None else resource
    about = b"".join(_field(1, _pair(key, value)) for key, value in facts.items())
    inner = _field(1, _field(1, scope.encode())) + b"".join(_field(2, span_bytes(span)) for span in spans)
    return _field(1, _field(1, about) + _field(2, inner))


def json_of(spans: Iterable[Span], *, scope: str = "a.scope", service: str = "a-service") -> dict[str, Any]:
    """The same request as JSON."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_json_pair("service.name", service)]},
                "scopeSpans": [{"scope": {"name": scope}, "spans": [_json_span(span) for span in spans]}],
            }
        ]
    }


def span_bytes(span: Span) -> bytes:
    """One span in protobuf."""
    parts = [
        _field(1, span.trace_id),
        _field(2, span.span_id),
        _field(4, span.parent_id) if span.parent_id else b"",
        _field(5, span.name.encode()),
        _varint(6 << 3) + _varint(3),
        _fixed(7, span.start),
        _fixed(8, span.end),
        *(_field(9, _pair(key, value)) for key, value in span.attributes.items()),
        *(_field(11, _fixed(1, at) + _field(2, name.encode())) for name, at in span.events),
    ]
    if span.status or span.message:
        told = _field(2, span.message.encode()) if span.message else b""
        parts.append(_field(15, told + _varint(3 << 3) + _varint(span.status)))
    return b"".join(parts)


def _json_span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_id.hex(),
        "name": span.name,
        "kind": 3,
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": [_json_pair(key, value) for key, value in span.attributes.items()],
        "events": [{"name": name, "timeUnixNano": str(at)} for name, at in span.events],
        "status": {"code": span.status, "message": span.message},
    }


def _json_pair(key: str, value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"doubleValue" if isinstance(value, float) else "stringValue": value}}


def _pair(key: str, value: Value) -> bytes:
    if isinstance(value, bool):
        encoded = _varint(2 << 3) + _varint(int(value))
    elif isinstance(value, int):
        encoded = _varint(3 << 3) + _varint(value & (1 << 64) - 1)
    elif isinstance(value, float):
        encoded = _varint(4 << 3 | 1) + struct.pack("<d", value)
    else:
        encoded = _field(1, value.encode())
    return _field(1, key.encode()) + _field(2, encoded)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _fixed(number: int, value: int) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<Q", value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
