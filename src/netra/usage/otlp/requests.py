"""The bytes of an export request and of its answers, as OTLP/HTTP has them.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import orjson
import pyarrow

from netra.errors.kinds import InvalidInputError, NetraError, TooLargeError
from netra.usage.otlp.json_spans import read_json
from netra.usage.otlp.packed import MalformedError, TooManyItemsError
from netra.usage.otlp.protobuf import read_protobuf
from netra.usage.otlp.spans import Spans

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MAX_PLAIN_BYTES = 64 * 1024**2
"""Largest request once decompressed."""

MAX_JSON_BYTES = 16 * 1024**2
"""The same for JSON, which takes many times its size in memory."""

MAX_SPANS = 50_000
"""Spans, log records or points of metrics in one request."""

_STEP = 1 << 20
_MOST_MEMBERS = 100
_arrow = cast(Any, pyarrow)


class UnsupportedMediaError(InvalidInputError):
    """Neither protobuf nor JSON, or compressed in a way that is not known here."""

    code = "unsupported_media_type"
    status = 415


class UnreadableExportError(InvalidInputError):
    """The body is not what its headers say, or no export request."""

    code = "unreadable_export"


def media_type(content_type: str) -> str:
    """PROTOBUF or JSON. Raises UnsupportedMediaError."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in (PROTOBUF, JSON):
        return kind
    raise UnsupportedMediaError(
        f"content type {kind[:60]!r} is not known here", hint=f"send {PROTOBUF} or {JSON} (OTLP over HTTP)"
    )


def read_export(body: bytes, content_type: str, encoding: str) -> Spans:
    """The spans of a request. Raises UnsupportedMediaError, UnreadableExportError, TooLargeError."""
    kind = media_type(content_type)
    plain = plain_of(body, kind, encoding)
    with reading("spans"):
        return (read_protobuf if kind == PROTOBUF else read_json)(plain, MAX_SPANS)


@contextmanager
def reading(items: str) -> Generator[None]:
    """Says of a body that cannot be read what is wrong. Raises UnreadableExportError, TooLargeError."""
    try:
        yield
    except TooManyItemsError:
        raise TooLargeError(
            f"the request has more than {MAX_SPANS} {items}", hint="send fewer at once"
        ) from None
    except MalformedError as failure:
        raise UnreadableExportError(
            f"the body is no export request: {failure}",
            hint="the exporter must send what OTLP says for this path",
        ) from None


def plain_of(body: bytes, kind: str, encoding: str) -> bytes:
    """A body before its encoding. Raises UnsupportedMediaError, UnreadableExportError, TooLargeError."""
    plain = _decompressed(body, encoding.strip().lower())
    if kind == JSON and len(plain) > MAX_JSON_BYTES:
        raise TooLargeError(f"the request is larger than {MAX_JSON_BYTES} bytes", hint="send protobuf")
    return plain


def _decompressed(body: bytes, encoding: str) -> bytes:
    try:
        match encoding:
            case "" | "identity":
                return body
            case "gzip" | "deflate":
                return _inflated(body, zlib.MAX_WBITS | 32)
            case "zstd":
                return _unzstd(body)
            case _:
                raise UnsupportedMediaError(
                    f"content encoding {encoding[:40]!r} is not known here",
                    hint="send gzip, deflate, zstd or none",
                )
    except (zlib.error, OSError) as failure:
        raise UnreadableExportError(f"the body is not {encoding}: {failure}") from None


def _inflated(body: bytes, window: int) -> bytes:
    """Compressed members, one after the other; zeros behind one are padding."""
    parts: list[bytes] = []
    left = MAX_PLAIN_BYTES
    for _ in range(_MOST_MEMBERS):
        engine = zlib.decompressobj(window)
        parts.append(engine.decompress(body, left + 1))
        left -= len(parts[-1])
        if left < 0:
            raise _too_large()
        if not engine.eof:
            raise UnreadableExportError("the compressed body is cut off")
        body = engine.unused_data.lstrip(b"\0")
        if not body:
            return b"".join(parts)
    raise UnreadableExportError(f"the compressed body has more than {_MOST_MEMBERS} members")


def _unzstd(body: bytes) -> bytes:
    parts = io.BytesIO()
    with _arrow.CompressedInputStream(_arrow.BufferReader(body), "zstd") as stream:
        while part := stream.read(_STEP):
            parts.write(part)
            if parts.tell() > MAX_PLAIN_BYTES:
                raise _too_large()
    return parts.getvalue()


def _too_large() -> TooLargeError:
    return TooLargeError(f"the request is larger than {MAX_PLAIN_BYTES} bytes once decompressed")


def accepted(content_type: str, rejected: int, told: str) -> bytes:
    """ExportTraceServiceResponse: everything taken, or how many spans were not and why."""
    return not_taken(content_type, "Spans", rejected, told)


def not_taken(content_type: str, items: str, rejected: int, told: str) -> bytes:
    """The same for any signal: `items` as its answer names them (`Spans`, `LogRecords`, `DataPoints`)."""
    if content_type == JSON:
        partial = {f"rejected{items}": str(rejected), "errorMessage": told}
        return orjson.dumps({"partialSuccess": partial} if rejected else {})
    if not rejected:
        return b""
    return _field(1, b"\x08" + _varint(rejected) + _field(2, told.encode()))


def refused(content_type: str, failure: NetraError) -> bytes:
    """google.rpc.Status with the message of an error."""
    if content_type == JSON:
        return orjson.dumps({"code": failure.status, "message": str(failure)})
    return b"\x08" + _varint(failure.status) + _field(2, str(failure).encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
