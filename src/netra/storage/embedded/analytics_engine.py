"""The engine inside the analytics process: one chDB directory, a connection for every statement."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from netra.storage.embedded.analytics_connections import EngineConnections, Statement, quoted

STREAMED_FORMATS = frozenset(
    {"Native", "ArrowStream", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"}
)
END_OF_ARROW_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
LONGEST_STATEMENT_S = 300
WIDE_FROM_BYTES = 128 * 1024**2
"""Parts smaller than this, before compression, keep all columns in one file."""
_STREAMED_QUERY = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")


class StatementFailedError(Exception):
    """The engine refused or failed a statement; `code` is ClickHouse's number."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Summary:
    """What a statement did, for the summary header."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0


class AnalyticsEngine:
    """chDB over one directory. Methods block; each call uses its own connection, so they may run in parallel.

    The working directory of the process moves into `directory`, because the engine cannot be given every
    path.
    """

    def __init__(self, directory: Path, *, memory_bytes: int) -> None:
        os.chdir(directory)
        Path("config.xml").write_text(_configuration(memory_bytes), encoding="utf-8")
        self._address = "store?config-file=config.xml"
        self._chdb = _load_chdb()
        self._keeper = self._connect()
        names = self._text("SELECT name FROM system.table_functions")
        self._connections = EngineConnections(
            self._connect,
            # This engine ignores profiles, so limits for who names none go with every statement.
            limits={
                "max_memory_usage": str(memory_bytes * 3 // 4),
                "max_execution_time": str(LONGEST_STATEMENT_S),
            },
            table_functions=frozenset(name.lower() for name in names.split()),
        )
        self._text("SELECT 1")

    def run(self, statement: Statement, emit: Callable[[bytes], None]) -> Summary:
        """Run one statement, handing result bytes to `emit` as they come.

        Raises RefusedStatementError, StatementFailedError, and whatever `emit` raises (which stops the
        query).
        """
        try:
            with self._connections.prepared(statement) as connection:
                if statement.data_format is not None:
                    return self._insert(connection, statement, statement.data_format)
                streamed = statement.output in STREAMED_FORMATS and not statement.whole
                if streamed and _STREAMED_QUERY.match(statement.sql):
                    return self._stream(connection, statement, emit)
                result = connection.query(statement.sql, statement.output, params=statement.parameters)
                if len(result):
                    emit(result.bytes())
                return _summary(result)
        except RuntimeError as failure:
            raise _failed(failure) from None

    def close(self) -> None:
        """Close the engine."""
        self._connections.close()
        self._keeper.close()

    def _insert(self, connection: Any, statement: Statement, data_format: str) -> Summary:
        # From a file in memory, because the engine's streaming insert reports success when the disk is full.
        with _as_file(statement.data) as path:
            sql = f"{statement.sql} FROM INFILE {quoted(path)} COMPRESSION 'none' FORMAT {data_format}"
            result = connection.query(sql, "TSV", params=statement.parameters)
        return Summary(written_rows=int(result.rows_written()))

    def _stream(self, connection: Any, statement: Statement, emit: Callable[[bytes], None]) -> Summary:
        arrow = statement.output == "ArrowStream"
        summary = Summary()
        stream = connection.send_query(statement.sql, statement.output, params=statement.parameters)
        first = True
        while True:
            block = connection.streaming_fetch_result(stream)
            rows = 0 if block is None else int(block.rows_read())
            if block is None or (rows == 0 and not first):
                break
            chunk = block.bytes()
            if arrow and chunk:
                chunk = _arrow_messages(chunk, with_schema=first)
            first = False
            try:
                if chunk:
                    emit(chunk)
            except BaseException:
                connection.streaming_cancel_query(stream)
                raise
            summary.read_rows += rows
            if rows == 0:
                break
        if arrow and not first:
            emit(END_OF_ARROW_STREAM)
        return summary

    def _connect(self) -> Any:
        return self._chdb.connect(self._address)

    def _text(self, sql: str) -> str:
        return self._keeper.query(sql, "TSV", params={}).bytes().decode()


@contextmanager
def _as_file(data: Sequence[bytes]) -> Generator[str]:
    """A path under which this process can read the bytes in one; it holds them in memory where the system
    can.
    """
    if sys.platform.startswith("linux"):
        descriptor = os.memfd_create("insert", os.MFD_CLOEXEC)
        path, temporary = f"/proc/self/fd/{descriptor}", ""
    else:
        descriptor, temporary = tempfile.mkstemp(dir=".", prefix="insert-")
        path = temporary
    try:
        for part in data:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        yield path
    finally:
        os.close(descriptor)
        if temporary:
            os.unlink(temporary)


def _arrow_messages(chunk: bytes, *, with_schema: bool) -> bytes:
    """One block's stream without its end mark, and without the schema when an earlier block has sent it.

    The engine encodes every block as an Arrow stream of its own (Arrow IPC: a continuation mark, the
    length of the metadata, the metadata; the schema message has no body).
    """
    begin = 0 if with_schema else 8 + int.from_bytes(chunk[4:8], "little")
    end = len(chunk) - len(END_OF_ARROW_STREAM) if chunk.endswith(END_OF_ARROW_STREAM) else len(chunk)
    return chunk[begin:end]


def _load_chdb() -> Any:
    """ChDB's extension without pyarrow, which its package imports when present and this process never
    uses.
    """
    hidden = {name: sys.modules.get(name) for name in ("pyarrow", "pandas")}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[dict-item]
    try:
        from chdb import _chdb  # type: ignore[attr-defined]
    finally:
        for name, module in hidden.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return _chdb


def _failed(failure: RuntimeError) -> StatementFailedError:
    text = str(failure)
    found = _CODE.search(text)
    return StatementFailedError(text, int(found.group(1)) if found else 1002)


def _summary(result: Any) -> Summary:
    return Summary(int(result.rows_read()), int(result.bytes_read()), int(result.rows_written()))


def _configuration(memory_bytes: int) -> str:
    """Server configuration: bounded memory, few threads, inserts on disk before they are acknowledged."""
    server = {
        "max_server_memory_usage": memory_bytes,
        "mark_cache_size": 64 * 1024**2,
        "uncompressed_cache_size": 0,
        "index_mark_cache_size": 16 * 1024**2,
        "background_pool_size": 2,
        "background_schedule_pool_size": 2,
        "background_move_pool_size": 1,
        "background_fetches_pool_size": 1,
        "background_common_pool_size": 2,
        "memory_worker_period_ms": 1000,
        "timezone": "UTC",
    }
    # A part of calls with files of its own for each column is some 180 files, each synced to the disk before
    # an insert is acknowledged; a block of an import lies in one file until it is merged. The last three keep
    # a merge from wanting more free background slots than a pool of two has.
    merge_tree = {
        "min_bytes_for_wide_part": WIDE_FROM_BYTES,
        "fsync_after_insert": 1,
        "fsync_part_directory": 1,
        "min_rows_to_fsync_after_merge": 1,
        "number_of_free_entries_in_pool_to_execute_mutation": 1,
        "number_of_free_entries_in_pool_to_lower_max_size_of_merge": 1,
        "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": 1,
    }
    lines = [
        "<clickhouse>",
        *(f"<{key}>{escape(str(value))}</{key}>" for key, value in server.items()),
        "<merge_tree>",
        *(f"<{key}>{value}</{key}>" for key, value in merge_tree.items()),
        "</merge_tree>",
        "</clickhouse>",
    ]
    return "\n".join(lines)
