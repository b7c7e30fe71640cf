"""One import under way: its chunks go to the store one after the other, each exactly once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccess
from netra.data_access.ledgered_rows import LedgeredRows
from netra.usage.arrow import frame_of
from netra.usage.importers.formats import ImportFormat
from netra.usage.importing.growing import compare, most_complete
from netra.usage.importing.known_rows import KnownRows
from netra.usage.importing.parsing import ParsedChunk
from netra.usage.importing.quality import DataQuality
from netra.usage.importing.quality_watch import QualityWatch
from netra.usage.importing.spool import RejectFile
from netra.usage.reading.chunks import Reject
from netra.usage.reconciliation.importing import Reconciled, reconcile
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


@runtime_checkable
class GrowingSink(ImportSink, Protocol):
    """Where rows of a format go whose records may grow."""

    async def grow(self, context: UserExecutionContext, rows: pl.DataFrame, columns: Sequence[str]) -> None:
        """Give stored rows of the same id digests the values of these columns, and what follows from them."""
        ...


@dataclass(slots=True)
class ImportUnderWay:
    """State of one import; `done` are the chunks that an interrupted run of it had stored."""

    context: UserExecutionContext
    access: DataAccess
    import_id: str
    sink: ImportSink
    kind: ImportFormat
    rejects: RejectFile
    done: dict[int, DoneChunk]
    bytes: int
    started: float
    resumed: bool
    counts: ImportCounts = field(default_factory=ImportCounts)
    grown: int = 0
    conflict: Reject | None = None
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
        frame = await asyncio.to_thread(most_complete, chunk.frame, self.kind)
        # Of an interrupted import the first chunk that is not done may have been written all the same.
        exactly = self.resumed and chunk.number == max(self.done, default=-1) + 1
        existing = await self.known.of(frame["id_hash"], exactly=exactly)
        known = await asyncio.to_thread(reconcile, frame, existing, self.import_id)
        conflicts = await self._still_conflicts(known)
        self.conflict = self.conflict or next(iter(conflicts), None)
        rows = known.new.with_columns(pl.lit(self.import_id).alias("import_id"))
        unpriced = await self.sink.write(self.context, rows, f"{self.import_id}:{chunk.number}")
        self.known.written(rows)
        rejects = sorted([*chunk.rejects, *conflicts], key=lambda reject: reject.line)
        earlier = chunk.frame.height - frame.height + len(known.conflicts) - len(conflicts)
        counts = ImportCounts(
            read=chunk.read,
            stored=known.new.height + known.kept,
            duplicates=known.duplicates + earlier,
            rejected=len(rejects),
            ignored=chunk.ignored,
            unpriced=unpriced + known.kept_unpriced,
        )
        return counts, rejects

    async def _still_conflicts(self, known: Reconciled) -> list[Reject]:
        """Conflicts but for records that grew: a more complete one takes the place of what is stored, an
        earlier one is known already.
        """
        kind, sink = self.kind, self.sink
        if not known.conflicts or not kind.grows or not isinstance(sink, GrowingSink):
            return known.conflicts
        names = [*kind.lasting(), *kind.grows]
        ids = known.conflicting["id_hash"].to_list()
        stored = frame_of(await sink.rows(self.context).values(ids, names))
        growth = compare(known.conflicting, stored, kind)
        if growth.larger.height:
            await sink.grow(self.context, growth.larger, kind.grows)
            self.grown += growth.larger.height
        return [known.conflicts[place] for place in growth.unlike]

    async def quality(self, watch: QualityWatch) -> DataQuality:
        """The data-quality report: what the parser saw, and what only the store could tell."""
        unpriced: dict[str, int] = {}
        if self.counts.unpriced:
            unpriced = await self.sink.rows(self.context).unpriced_models(self.import_id)
        conflicts = max(self.counts.rejected - watch.rejected, 0)
        return await asyncio.to_thread(
            lambda: watch.report(
                conflicts=conflicts,
                duplicates=self.counts.duplicates - self.grown,
                grown=self.grown,
                conflict=self.conflict,
                unpriced=unpriced,
            )
        )
