"""AnalyticsStore: usage and history in ClickHouse, on a server or embedded."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import psutil
import pyarrow

from netra.storage.clickhouse.breaker import CircuitBreaker
from netra.storage.clickhouse.connection import ClickHouseConnection, Client, as_settings
from netra.storage.clickhouse.errors import (
    LIVE_CALLS_ARE_KEPT,
    AnalyticsAwayError,
    AnalyticsBusyError,
    AnalyticsDeadlineError,
    AnalyticsUnavailableError,
)

ArrowTable: TypeAlias = Any
"""A `pyarrow.Table`."""
RecordBatch: TypeAlias = Any
"""A `pyarrow.RecordBatch`."""
Answer = TypeVar("Answer")

DEADLINE_S = 60.0
PATIENCE_S = 8.0
"""How long a call is repeated while the store restarts: the embedded engine is back in about a second."""
GRACE_S = 0.15
LEAST_MEMORY_BYTES = 2 * 1024**3
_READ_AS_ARROW = {
    "output_format_arrow_string_as_string": 1,
    # Compressing costs more than it saves over loopback, and HTTP compresses on longer ways.
    "output_format_arrow_compression_method": "none",
}
_arrow = cast(Any, pyarrow)
_ipc = _arrow.ipc


class AnalyticsStore:
    """Queries and inserts with limits. Every call ends within its deadline; reads are repeated while the
    store is away, and so are inserts, whose token makes the repetition harmless.

    `memory_bytes` is what one query may take; default: a quarter of this machine's, at least 2 GiB.

    Errors: AnalyticsUnavailableError, AnalyticsDeadlineError, AnalyticsMemoryError, AnalyticsQueryError.
    """

    def __init__(
        self,
        url: str,
        *,
        threads: int = 12,
        deadline_s: float = DEADLINE_S,
        memory_bytes: int | None = None,
    ) -> None:
        self._connection = ClickHouseConnection(url, threads=threads)
        self._breaker = CircuitBreaker()
        self._deadline_s = deadline_s
        self._memory_bytes = memory_bytes or max(LEAST_MEMORY_BYTES, psutil.virtual_memory().total // 4)

    async def query_rows(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Rows as dictionaries: decimals as Decimal, times aware. For small results."""

        def work(client: Client) -> list[dict[str, Any]]:
            result = client.query(sql, parameters=dict(params or {}), settings=self._reading(settings))
            return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

        return await self._patiently(lambda: self._connection.call(work))

    async def query_arrow(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> ArrowTable:
        """Rows as one Arrow table; text as strings, LowCardinality decoded."""

        def work(client: Client) -> ArrowTable:
            with (
                self._arrow_stream(client, sql, params, settings) as source,
                _ipc.open_stream(source) as reader,
            ):
                return reader.read_all()

        return await self._patiently(lambda: self._connection.call(work))

    async def query_arrow_batches(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> AsyncIterator[RecordBatch]:
        """Rows as a stream of record batches (some 65,000 rows each), for results larger than memory
        should hold.

        A store that goes away in the middle raises: what was yielded is then a part.
        """

        def begin(client: Client) -> tuple[Any, Any]:
            source = self._arrow_stream(client, sql, params, settings)
            return source, _ipc.open_stream(source)

        source, reader = await self._patiently(lambda: self._connection.call(begin))
        try:
            while (batch := await self._connection.run(lambda: _next_batch(reader))) is not None:
                if batch.num_rows:
                    yield batch
        finally:
            reader.close()
            source.close()

    async def insert_arrow(self, table: str, data: ArrowTable, *, token: str) -> None:
        """Insert rows as one block, at most once per token (the table must have a deduplication window).

        Acknowledged means on disk, but for a repetition after the store was killed: it notes a token before
        it commits the rows, see `LedgeredRows.insert`.
        """
        if data.num_rows == 0:
            return
        settings = {
            "insert_deduplication_token": token,
            "insert_deduplicate": 1,
            # One block, so that it is stored whole or not at all.
            "max_insert_block_size": data.num_rows,
            "min_insert_block_size_rows": data.num_rows,
            "min_insert_block_size_bytes": 0,
            "input_format_arrow_skip_columns_with_unsupported_types_in_schema_inference": 0,
            # Compiling the sums that are kept with the rows takes longer than it saves on one block.
            "compile_expressions": 0,
            "compile_aggregate_expressions": 0,
            "max_execution_time": math.ceil(self._deadline_s),
        }

        def work(client: Client) -> None:
            if client.write_compression:
                client.insert_arrow(table, data, settings=settings)
            else:
                client.raw_insert(table, data.schema.names, _arrow_file(data), settings, "Arrow")

        await self._patiently(lambda: self._connection.call(work))

    async def is_inserting(self, token: str) -> bool:
        """Whether an insert under this token runs in the store at this moment, no matter who sent it."""
        sql = (
            "SELECT 1 FROM system.processes "
            "WHERE Settings['insert_deduplication_token'] = {token:String} LIMIT 1"
        )
        # Not as a reader, to whom the embedded engine shows no system tables.
        settings = {"max_execution_time": math.ceil(self._deadline_s)}

        def work(client: Client) -> bool:
            return bool(client.query(sql, parameters={"token": token}, settings=settings).result_rows)

        return await self._patiently(lambda: self._connection.call(work))

    async def command(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Run a statement without a result, such as DDL of a migration. Not repeated."""

        def work(client: Client) -> None:
            client.command(sql, parameters=dict(params or {}), settings=dict(settings or {}))

        await self._connection.call(work)

    async def create_database(self) -> None:
        """Make the database that the address names, where there is none."""
        name = self._connection.database
        if name is None or name == "default":
            return

        def work() -> None:
            client = self._connection.bare_client()
            try:
                client.command(f"CREATE DATABASE IF NOT EXISTS `{name.replace('`', '')}`")
            finally:
                client.close()

        await self._connection.run(work)

    async def ping(self) -> float:
        """Ask the store something; the seconds it took. Raises AnalyticsUnavailableError after 3 s."""
        started = time.perf_counter()
        try:
            work = self._connection.call(lambda client: client.query("SELECT 1", settings={"readonly": 1}))
            await asyncio.wait_for(work, 3.0)
        except TimeoutError:
            raise AnalyticsUnavailableError(
                "the analytics store does not answer", hint=LIVE_CALLS_ARE_KEPT
            ) from None
        return time.perf_counter() - started

    async def close(self) -> None:
        """Give connections and threads back."""
        await self._connection.close()

    def _reading(self, settings: Mapping[str, Any] | None) -> dict[str, Any]:
        limits = {
            "max_execution_time": math.ceil(self._deadline_s),
            "max_memory_usage": self._memory_bytes,
            "readonly": 1,
        }
        return as_settings(limits, settings)

    def _arrow_stream(
        self, client: Client, sql: str, params: Mapping[str, Any] | None, settings: Mapping[str, Any] | None
    ) -> Any:
        chosen = self._reading(as_settings(_READ_AS_ARROW, settings))
        return client.raw_stream(sql, parameters=dict(params or {}), settings=chosen, fmt="ArrowStream")

    async def _patiently(self, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """Run a repeatable call until it succeeds, fails for good, or its deadline is over."""
        started = time.monotonic()
        pause = 0.05
        while True:
            self._breaker.check_closed()
            left = self._deadline_s - (time.monotonic() - started)
            try:
                answer = await asyncio.wait_for(attempt(), max(left, 0.0) + GRACE_S)
            except TimeoutError:
                self._breaker.failed()
                raise AnalyticsDeadlineError(
                    f"the analytics store did not answer within {self._deadline_s:.0f} s"
                ) from None
            except (AnalyticsAwayError, AnalyticsBusyError) as failure:
                if isinstance(failure, AnalyticsAwayError):
                    self._breaker.failed()
                if time.monotonic() - started + pause > min(PATIENCE_S, self._deadline_s):
                    raise
            except BaseException:
                self._breaker.succeeded()
                raise
            else:
                self._breaker.succeeded()
                return answer
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)


def _arrow_file(data: ArrowTable) -> Any:
    """The table as an Arrow file, in a buffer made to measure: one that grows is copied when it doubles."""
    measured = _arrow.MockOutputStream()
    _write_file(data, measured)
    buffer = _arrow.allocate_buffer(measured.size())
    _write_file(data, _arrow.FixedSizeBufferWriter(buffer))
    return buffer


def _write_file(data: ArrowTable, sink: Any) -> None:
    with _ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data)


def _next_batch(reader: Any) -> RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
