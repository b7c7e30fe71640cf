"""Turns one HTTP request of the ClickHouse interface into a statement."""

import contextlib
import gzip
import importlib
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from python_multipart import parse_form

from netra.storage.embedded.analytics_connections import Statement
from netra.storage.embedded.analytics_sql import output_format, split_insert

NO_SETTINGS = frozenset(
    {
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "close_session",
        "compress",
        "database",
        "decompress",
        "default_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_zlib_compression_level",
        "password",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "stacktrace",
        "user",
        "wait_end_of_query",
    }
)
LARGEST_PLAIN_BYTES = 1024**3
CHUNK_BYTES = 1024**2
_PLAIN = frozenset({"", "identity"})


def _installed(*names: str) -> Any:
    """The first of these modules that there is: which of them come with the client depends on the Python."""
    for name in names:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


_lz4 = _installed("lz4.frame")
_zstd = _installed("compression.zstd", "backports.zstd")
_UNREADABLE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zlib.error,
    getattr(_zstd, "ZstdError", OSError),
)


class BadRequestError(Exception):
    """The request cannot be read; `code` is ClickHouse's number for the closest error."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def read_statement(
    method: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str], *body: bytes
) -> Statement:
    """Build the statement of a request, whose body may come in parts. Raises BadRequestError when body or
    text cannot be read.
    """
    values = dict(query)
    encoding = headers.get("content-encoding", "")
    form = headers.get("content-type", "").startswith("multipart/form-data")
    insert = split_insert(values.get("query", "").encode()) if encoding in _PLAIN and not form else None
    if insert is not None and not insert[2]:
        # The address holds the whole statement, so the body is nothing but data: it is not copied.
        return _statement(method, values, *insert[:2], body)
    plain = _plain(body[0] if len(body) == 1 else b"".join(body), encoding)
    if form:
        values.update(_form(headers, plain))
        plain = b""
    head = values.get("query", "").encode()
    text = head + b"\n" + plain if head and plain else head or plain
    insert = split_insert(text)
    if insert is not None:
        return _statement(method, values, *insert[:2], (insert[2],))
    try:
        sql = text.decode()
    except UnicodeDecodeError:
        raise BadRequestError("the query is not UTF-8", 62) from None
    output = output_format(sql) or headers.get("x-clickhouse-format") or values.get("default_format")
    return replace(
        _statement(method, values, sql),
        output=output or "TabSeparated",
        whole=values.get("wait_end_of_query", "0") not in {"0", "false"},
    )


def _statement(
    method: str,
    values: Mapping[str, str],
    sql: str,
    data_format: str | None = None,
    data: tuple[bytes, ...] = (),
) -> Statement:
    parameters = {key[6:]: value for key, value in values.items() if key.startswith("param_")}
    settings = {
        key: value
        for key, value in values.items()
        if key not in NO_SETTINGS and not key.startswith("param_") and value != ""
    }
    if method == "GET":
        settings["readonly"] = "1"
    return Statement(
        sql,
        parameters=parameters,
        settings=settings,
        database=values.get("database"),
        data_format=data_format,
        data=data,
    )


def _plain(body: bytes, encoding: str) -> bytes:
    try:
        if encoding in _PLAIN or not body:
            return body
        if encoding == "gzip":
            return _bounded(gzip.GzipFile(fileobj=io.BytesIO(body)))
        if encoding == "lz4" and _lz4 is not None:
            return _bounded(_lz4.open(io.BytesIO(body)))
        if encoding == "deflate":
            unpacker = zlib.decompressobj()
            plain = unpacker.decompress(body, LARGEST_PLAIN_BYTES)
            if unpacker.unconsumed_tail:
                raise BadRequestError("the unpacked body is too large", 307)
            return plain
        if encoding == "zstd" and _zstd is not None:
            return _bounded(_zstd.open(io.BytesIO(body)))
    except _UNREADABLE as failure:
        raise BadRequestError(f"the body is no valid {encoding}: {failure}", 354) from None
    raise BadRequestError(f"unknown content encoding {encoding}", 354)


def _bounded(source: Any) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := source.read(CHUNK_BYTES):
        size += len(part)
        if size > LARGEST_PLAIN_BYTES:
            raise BadRequestError("the unpacked body is too large", 307)
        parts.append(part)
    return b"".join(parts)


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    values: dict[str, str] = {}

    def on_field(field: object) -> None:
        name, value = getattr(field, "field_name", None), getattr(field, "value", None)
        values[(name or b"").decode()] = (value or b"").decode()

    def on_file(_: object) -> None:
        raise BadRequestError("tables sent along with a query are not supported", 48)

    form_headers = {"Content-Type": headers["content-type"].encode()}
    cast(Any, parse_form)(form_headers, io.BytesIO(body), on_field, on_file)
    return values
