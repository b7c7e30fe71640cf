"""One import under way: its chunks go to the store one after the other, each exactly once."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccess
from netra.data_access.ledgered_rows import LedgeredRows
from netra.usage.importing.known_rows import KnownRows
from netra.usage.importing.parsing import ParsedChunk
from netra.usage.importing.quality import DataQuality
from netra.usage.importing.quality_watch import QualityWatch
from netra.usage.importing.spool import RejectFile
from netra.usage.reading.chunks import Reject
from netra.usage.reconciliation.importing import reconcile
from netra.usage.repository import DoneChunk, ImportRepository
from netra.usage.schemas import ImportCounts, ImportProgress


class ImportSink(Protocol):
    """Where rows of a format go: calls, evaluations or usage lines."""

    def rows(self, context: UserExecutionContext) -> LedgeredRows:
        """What of it is stored in the workspace."""
        ...

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows once per token; how many of them have no price."""
        ...


@dataclass(slots=True)
class ImportUnderWay:
    """State of one import; `done` are the chunks that an interrupted run of it had stored."""

    context: UserExecutionContext
    access: DataAccess
    import_id: str
    sink: ImportSink
    rejects: RejectFile
    done: dict[int, DoneChunk]
    bytes: int
    started: float
    resumed: bool
    counts: ImportCounts = field(default_factory=ImportCounts)
    known: KnownRows = field(init=False)

    def __post_init__(self) -> None:
        self.known = KnownRows(self.sink.rows(self.context))

    def progress(self) -> ImportProgress:
        """How far it is."""
        seconds = max(time.monotonic() - self.started, 1e-6)
        return ImportProgress(
            phase="importing",
            bytes=self.bytes,
            rows_per_second=round(self.counts.read / seconds, 1),
            seconds=round(seconds, 3),
            **self.counts.model_dump(),
        )

    async def store(self, chunk: ParsedChunk) -> None:
        """Store one chunk and its rejects; a chunk that is done already only counts.

        PostgreSQL learns that it is coming; under a lock of the workspace its ids are compared with the
        store and the new rows written under the chunk's insert token; PostgreSQL learns that it is done.
        """
        done = self.done.get(chunk.number)
        if done is None:
            async with self.access.transaction() as transaction:
                repository = ImportRepository(transaction, self.context)
                await repository.announce(self.import_id, chunk.number)
                # Readers must not cache what they see half-way under the version before or after this chunk.
                await repository.bump_data_version()
            async with self.access.transaction() as transaction:
                repository = ImportRepository(transaction, self.context)
                await repository.lock_workspace()
                counts, rejects = await self._write(chunk)
                size = await asyncio.to_thread(self.rejects.append, rejects)
                await repository.settle(self.import_id, chunk.number, counts, size)
                await repository.bump_data_version()
            done = DoneChunk(counts, size)
        self.counts = self.counts.plus(done.counts)

    async def _write(self, chunk: ParsedChunk) -> tuple[ImportCounts, list[Reject]]:
        if not chunk.frame.height:
            rejected = len(chunk.rejects)
            return ImportCounts(read=chunk.read, rejected=rejected, ignored=chunk.ignored), chunk.rejects
        # Of an interrupted import the first chunk that is not done may have been written all the same.
        exactly = self.resumed and chunk.number == max(self.done, default=-1) + 1
        existing = await self.known.of(chunk.frame["id_hash"], exactly=exactly)
        known = await asyncio.to_thread(reconcile, chunk.frame, existing, self.import_id)
        rows = known.new.with_columns(pl.lit(self.import_id).alias("import_id"))
        unpriced = await self.sink.write(self.context, rows, f"{self.import_id}:{chunk.number}")
        self.known.written(rows)
        rejects = sorted([*chunk.rejects, *known.conflicts], key=lambda reject: reject.line)
        counts = ImportCounts(
            read=chunk.read,
            stored=known.new.height + known.kept,
            duplicates=known.duplicates,
            rejected=len(rejects),
            ignored=chunk.ignored,
            unpriced=unpriced + known.kept_unpriced,
        )
        return counts, rejects

    async def quality(self, watch: QualityWatch) -> DataQuality:
        """The data-quality report: what the parser saw, and what only the store could tell."""
        unpriced: dict[str, int] = {}
        if self.counts.unpriced:
            unpriced = await self.sink.rows(self.context).unpriced_models(self.import_id)
        conflicts = max(self.counts.rejected - watch.rejected, 0)
        return await asyncio.to_thread(
            lambda: watch.report(conflicts=conflicts, duplicates=self.counts.duplicates, unpriced=unpriced)
        )
