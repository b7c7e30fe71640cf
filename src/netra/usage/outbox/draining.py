"""OutboxDrain: from the outbox to the analytics store, exactly once.

For each workspace, one drain at a time: the oldest batches are put together under one flush, and that is
committed; then their calls are compared with what is stored, the new ones inserted under the flush's token,
and the batches taken out with their counts in one transaction. A drain that dies anywhere leaves the flush:
whoever comes next does the same again, finds the rows that landed, and an insert that is still on its way is
dropped by its token.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import polars as pl
import structlog

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccess, DataAccessFactory
from netra.errors.kinds import NetraError
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.usage.identity import id_hashes
from netra.usage.outbox.batch import MARKS, WaitingBatch, unpacked
from netra.usage.outbox.known_calls import stored_around
from netra.usage.outbox.ledger import IngestLedger
from netra.usage.outbox.repository import OutboxRepository, waiting_workspaces
from netra.usage.outbox.same_calls import completed, superfluous
from netra.usage.repository import ImportRepository
from netra.usage.writer import CallWriter

MOST_CALLS = 20_000
MOST_BATCHES = 500
ATTEMPTS = 3
LOOK_EVERY_S = 0.2
PAUSE_S = 1.0
TOLD_EVERY_S = 300.0
_USER = "outbox"
_ROWS_OF_A_BATCH = 24
_LOOKED_AT: dict[str, pl.DataType] = {
    **dict.fromkeys(("call_id", "ancestor_id", "response_id", "trace_id", "span_id", "tags"), pl.String()),
    **dict.fromkeys(("cache_read_tokens", "cache_write_tokens"), pl.Int64()),
    "latency_ms": pl.Float64(),
    "fetched": pl.Boolean(),
}

_log = structlog.get_logger("netra.usage.outbox")


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The calls of a flush: those to write, and why the others are not; `kept` were written by an earlier
    try.
    """

    new: pl.DataFrame
    fates: pl.DataFrame
    """source, day, fate (stored, duplicates, same_calls), unpriced (of kept rows), MARKS (of stored)"""


class Wait:
    """What the log says while nothing can be stored: at once, every five minutes, and when it is over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._told = 0.0

    def goes_on(self, failure: Exception) -> None:
        """Storing failed, for the first time or again."""
        now = self._clock()
        first = self._since is None
        self._since = now if self._since is None else self._since
        if first or now - self._told >= TOLD_EVERY_S:
            self._told = now
            waited = round(now - self._since)
            _log.warning("outbox waits", reason=str(failure) or type(failure).__name__, waited_s=waited)

    def over(self) -> None:
        """Storing works."""
        if self._since is not None:
            _log.info("outbox is stored again", waited_s=round(self._clock() - self._since))
            self._since = None


class OutboxDrain:
    """Empties the outbox; any number of them may run, in any number of processes."""

    def __init__(
        self, sessions: DatabaseSessionManager, access: DataAccessFactory, writer: CallWriter
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._writer = writer

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Drain as long as the block lasts; a flush under way at its end is finished."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._run(stop), name="outbox drain")
        try:
            yield
        finally:
            stop.set()
            await task

    async def drain(self, only: str | None = None) -> int:
        """Store what waits now, of one workspace or of all; the number of flushes done.

        Raises what keeps it from being stored.
        """
        done = 0
        while True:
            waiting = [one for one in await self._waiting() if only in (None, one)]
            flushes = sum([await self._drain_workspace(one) for one in waiting])
            if not flushes:
                return done
            done += flushes

    async def _run(self, stop: asyncio.Event) -> None:
        wait = Wait()
        while not stop.is_set():
            pause = LOOK_EVERY_S
            try:
                waiting = await self._waiting()
                stored = any([await self._drain_workspace(workspace) for workspace in waiting])
                if stored or not waiting:  # else another process has them in hand: the store may be away
                    wait.over()
                if stored:
                    continue
            except Exception as failure:
                pause = PAUSE_S
                wait.goes_on(failure)
            with_timeout = asyncio.create_task(stop.wait())
            await asyncio.wait({with_timeout}, timeout=pause)
            with_timeout.cancel()

    async def _waiting(self) -> list[str]:
        async with self._sessions.transaction(workspace_id=None, user_id=None) as transaction:
            return await waiting_workspaces(transaction)

    async def _drain_workspace(self, workspace_id: str) -> bool:
        """Do one flush; False when there is none or somebody else drains this workspace."""
        context = UserExecutionContext(
            user_id=_USER, workspace_id=workspace_id, role="analyst", request_id=_USER
        )
        access = self._access.for_context(context)
        flush = await self._begin(access)
        if flush is None:
            return False
        try:
            return await self._flush(access, flush)
        except Exception as failure:
            if isinstance(failure, NetraError) and failure.status in (503, 504):
                raise
            await self._refused(access, flush, failure)
            return True

    async def _begin(self, access: DataAccess) -> str | None:
        async with access.transaction() as transaction:
            repository = OutboxRepository(transaction, access.context)
            if not await repository.try_lock():
                return None
            flush = await repository.begun_flush() or await repository.begin_flush(MOST_CALLS, MOST_BATCHES)
            if flush is not None:
                # Readers must not cache under the old version what they see while the rows land.
                await ImportRepository(transaction, access.context).bump_data_version()
        return flush

    async def _flush(self, access: DataAccess, flush: str) -> bool:
        async with access.transaction() as transaction:
            repository = OutboxRepository(transaction, access.context)
            if not await repository.try_lock():
                return False
            batches = await repository.of_flush(flush)
            if not batches:
                return False
            counts = await self._write(access, flush, batches)
            ledger = IngestLedger(transaction, access.context)
            for (source, day), totals in counts.items():
                await ledger.add_totals(source, day, totals)
            for batch in batches:
                await ledger.add_rejected_spans(batch)
            await repository.finish_flush(flush)
            await ImportRepository(transaction, access.context).bump_data_version()
        return True

    async def _write(
        self, access: DataAccess, flush: str, batches: Sequence[WaitingBatch]
    ) -> dict[tuple[str, date], Counter[str]]:
        counts = _brought(batches)
        calls = await asyncio.to_thread(_calls_of, batches)
        if not calls.height:
            return counts
        stored = await stored_around(access.analytics, calls)
        decided = await asyncio.to_thread(_sort, calls, stored)
        unpriced = await self._writer.write(access.context, decided.new, f"outbox:{flush}")
        for (source, day), told in _tally(decided.fates):
            counts[source, day].update(told)
        first = next(iter(counts))
        counts[first].update(unpriced=unpriced)
        return counts

    async def _refused(self, access: DataAccess, flush: str, failure: Exception) -> None:
        """The store, or we, cannot make sense of a flush: after some attempts its batches go one by one, and
        one that still fails is put aside.
        """
        _log.exception("flush refused", flush=flush, workspace=access.context.workspace_id)
        code = failure.code if isinstance(failure, NetraError) else "unreadable_batch"
        async with access.transaction() as transaction:
            repository = OutboxRepository(transaction, access.context)
            if not await repository.try_lock() or await repository.count_attempt(flush) < ATTEMPTS:
                return
            first, _, last = flush.partition("-")
            if first != last:
                await repository.take_apart(flush)
            else:
                details = failure.details if isinstance(failure, NetraError) else {}
                reason = f"{str(failure) or type(failure).__name__} {details.get('reason', '')}".strip()
                batches = await repository.of_flush(flush)
                for (source, day), counts in _brought(batches).items():
                    counts.update(rejected=sum(batch.calls for batch in batches))
                    await IngestLedger(transaction, access.context).add_totals(source, day, counts)
                await repository.reject_flush(flush, code, reason)


def _brought(batches: Sequence[WaitingBatch]) -> dict[tuple[str, date], Counter[str]]:
    """What batches say of themselves, by source and day."""
    counts: dict[tuple[str, date], Counter[str]] = {}
    for batch in batches:
        of_day = counts.setdefault((batch.source, batch.accepted_at.date()), Counter())
        of_day.update(batches=1, received=batch.received, ignored=batch.ignored, rejected=batch.rejected)
    return counts


def _calls_of(batches: Sequence[WaitingBatch]) -> pl.DataFrame:
    """All calls of a flush; `position` grows with arrival and is the same at every try."""
    frames: list[pl.DataFrame] = []
    for batch in batches:
        calls = unpacked(batch.body)
        if calls.height:
            position = pl.int_range(pl.len(), dtype=pl.UInt64) + (batch.seq << _ROWS_OF_A_BATCH)
            frames.append(
                calls.with_columns(
                    position.alias("position"),
                    pl.lit(batch.source).alias("import_id"),
                    pl.lit(batch.accepted_at.date()).alias("@day"),
                )
            )
    if not frames:
        return pl.DataFrame()
    calls = pl.concat(frames, how="diagonal_relaxed")
    absent = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in _LOOKED_AT.items()
        if name not in calls.columns
    ]
    calls = calls.with_columns(absent)
    # A span is known by its trace and its own id.
    calls = calls.with_columns(pl.coalesce("call_id", pl.concat_str("trace_id", "span_id")))
    at = pl.col("ts").dt.epoch("us")
    knows = (pl.col("cache_read_tokens") + pl.col("cache_write_tokens") > 0).fill_null(False).cast(pl.Int64)
    return calls.with_columns(
        pl.Series("id_hash", id_hashes(calls["call_id"])),
        at.alias("at"),
        (at + (pl.col("latency_ms").fill_null(0) * 1000).cast(pl.Int64)).alias("end"),
        pl.when("fetched").then(-1).otherwise(knows).alias("rank"),
        pl.col("fetched").fill_null(False),
        *(pl.col(name).fill_null("") for name in ("response_id", "ancestor_id", "trace_id", "span_id")),
    )


def _sort(calls: pl.DataFrame, stored: pl.DataFrame) -> _Sorted:
    """What of a flush is new. Pure."""
    known = stored.unique("id_hash", keep="first", maintain_order=True).select(
        "id_hash",
        pl.col("import_id").alias("@import"),
        pl.col("position").alias("@position"),
        pl.col("unpriced").cast(pl.Boolean).alias("@unpriced"),
    )
    rows = calls.join(known, on="id_hash", how="left", maintain_order="left")
    own = (pl.col("@import") == pl.col("import_id")) & (pl.col("@position") == pl.col("position"))
    repeated = pl.col("@position").is_not_null() | (pl.int_range(pl.len()).over("id_hash") > 0)
    rows = rows.with_columns(own.fill_null(False).alias("@own"), repeated.alias("@repeated"))
    fresh = rows.filter(~pl.col("@repeated"))
    lost = superfluous(fresh, stored)
    same = pl.Series(range(fresh.height), dtype=pl.UInt32).is_in(lost["row"].implode())
    rejoined = fresh.select("position").with_columns(same.alias("@same"))
    rows = rows.join(rejoined, on="position", how="left", maintain_order="left")
    fate = (
        pl.when(pl.col("@own"))
        .then(pl.lit("stored"))
        .when(pl.col("@repeated"))
        .then(pl.lit("duplicates"))
        .when(pl.col("@same"))
        .then(pl.lit("same_calls"))
        .otherwise(pl.lit("stored"))
    )
    marked = pl.col("tags").fill_null("")
    fates = rows.select(
        pl.col("import_id").alias("source"),
        pl.col("@day").alias("day"),
        fate.alias("fate"),
        (pl.col("@own") & pl.col("@unpriced").fill_null(False)).alias("unpriced"),
        *(
            ((fate == "stored") & marked.str.contains(mark, literal=True)).alias(name)
            for name, mark in MARKS.items()
        ),
    )
    return _Sorted(completed(fresh, lost).filter(~same), fates)


def _tally(fates: pl.DataFrame) -> list[tuple[tuple[str, date], dict[str, int]]]:
    counted = fates.group_by("source", "day", "fate").agg(pl.len(), pl.col("unpriced", *MARKS).sum())
    return [
        ((row["source"], row["day"]), {row["fate"]: row["len"], **{n: row[n] for n in ("unpriced", *MARKS)}})
        for row in counted.iter_rows(named=True)
    ]
