"""ImportService: a stream of bytes becomes stored rows, exactly once, resumable after a crash.

The file is received to disk, parsed in a thread one chunk ahead, and stored chunk by chunk. For each chunk:
PostgreSQL learns that it is coming; under a lock of the workspace its ids are compared with the store and
the new rows written under the chunk's insert token; PostgreSQL learns that it is done. Whatever happens in
between, the same file again continues at the first chunk that is not done, and rows that did land are
recognised.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import structlog

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccess, DataAccessFactory
from netra.errors.kinds import NetraError
from netra.ids.manager import UnifiedIDManager
from netra.usage.errors import ImportNotFoundError, ImportRunningError
from netra.usage.importers.formats import SinkName
from netra.usage.parsing import FileParser, ImportOptions, ParsedChunk
from netra.usage.reading.chunks import MAX_CHUNK_ROWS, Reject
from netra.usage.reading.lines import BLOCK_BYTES, MAX_LINE_BYTES
from netra.usage.reconciling import reconcile
from netra.usage.repository import DoneChunk, ImportRepository
from netra.usage.schemas import ImportCounts, ImportProgress, ImportRecord, ImportResult
from netra.usage.spool import RejectFile, Spool, Upload

ProgressCallback = Callable[[ImportProgress], Awaitable[None]]
AfterImport = Callable[[UserExecutionContext], Awaitable[None]]

_CHUNKING = f"1/{MAX_CHUNK_ROWS}/{MAX_LINE_BYTES}"
"""Part of a file's fingerprint: with other chunk borders the ledger of an unfinished import would not fit."""


class ImportSink(Protocol):
    """Where rows of a format go: calls or evaluations."""

    async def existing(self, context: UserExecutionContext, hashes: Sequence[int]) -> pl.DataFrame:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced."""
        ...

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows once per token; how many of them have no price."""
        ...


@dataclass(slots=True)
class _Running:
    """One import under way."""

    context: UserExecutionContext
    access: DataAccess
    import_id: str
    sink: ImportSink
    rejects: RejectFile
    done: dict[int, DoneChunk]
    counts: ImportCounts
    bytes: int
    started: float

    def progress(self) -> ImportProgress:
        seconds = max(time.monotonic() - self.started, 1e-6)
        return ImportProgress(
            phase="importing",
            bytes=self.bytes,
            rows_per_second=round(self.counts.read / seconds, 1),
            seconds=round(seconds, 3),
            **self.counts.model_dump(),
        )


class ImportService:
    """Imports files into a workspace; lives as long as the process.

    `block_bytes` is how much of a text file makes one chunk at most. `directory` is the data directory:
    uploads pass through its `uploads/`, rejected rows stay in its `rejects/`.
    """

    def __init__(
        self,
        access: DataAccessFactory,
        ids: UnifiedIDManager,
        sinks: Mapping[SinkName, ImportSink],
        *,
        directory: Path,
        after_import: Sequence[AfterImport] = (),
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        self._access = access
        self._ids = ids
        self._sinks = sinks
        self._spool = Spool(directory / "uploads")
        self._reject_directory = directory / "rejects"
        self._after_import = tuple(after_import)
        self._block_bytes = block_bytes
        self._active: set[tuple[str, str]] = set()
        self._under_way: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("netra.usage")

    async def import_stream(
        self,
        context: UserExecutionContext,
        source: AsyncIterator[bytes],
        options: ImportOptions,
        on_progress: ProgressCallback | None = None,
    ) -> ImportResult:
        """Import one file. Raises UnknownFormatError, InvalidOptionError, MissingColumnsError,
        EmptyFileError, UnreadableFileError (rows before the broken place are kept), ImportRunningError,
        DiskFullError.
        """
        started = time.monotonic()
        parser = FileParser(options)

        async def on_bytes(size: int) -> None:
            if on_progress is not None:
                seconds = round(time.monotonic() - started, 3)
                await on_progress(
                    ImportProgress(phase="receiving", bytes=size, rows_per_second=0.0, seconds=seconds)
                )

        upload = await self._spool.receive(source, on_bytes)
        active = (context.workspace_id, self._fingerprint(upload, options))
        if active in self._active:
            upload.remove()
            raise ImportRunningError(
                "This file is being imported into this workspace right now.",
                hint="Wait for that import to end.",
            )
        self._active.add(active)
        try:
            return await self._import_file(context, upload, parser, options, started, on_progress)
        finally:
            self._active.discard(active)
            upload.remove()

    async def _import_file(
        self,
        context: UserExecutionContext,
        upload: Upload,
        parser: FileParser,
        options: ImportOptions,
        started: float,
        on_progress: ProgressCallback | None,
    ) -> ImportResult:
        running, resumed = await self._begin(context, upload, parser, options, started)
        self._under_way.add(running.import_id)
        try:
            async for chunk in _ahead(parser.parse(upload.path, block_bytes=self._block_bytes)):
                await self._store(running, chunk)
                if on_progress is not None:
                    await on_progress(running.progress())
            version = await self._finish(running, None)
        except NetraError as error:
            if error.status < 500:
                problem = {"code": error.code, "message": error.message, "hint": error.hint}
                await self._finish(running, problem)
            raise
        finally:
            self._under_way.discard(running.import_id)
        return self._result(running, options, resumed, version)

    def check(self, options: ImportOptions) -> SinkName:
        """Refuse impossible options before anything is received; where the rows of the format go."""
        return FileParser(options).format.sink

    async def list_imports(
        self, context: UserExecutionContext, *, before: str | None = None, limit: int = 50
    ) -> list[ImportRecord]:
        """Imports of the workspace, newest first; only those older than the import `before`."""
        async with self._access.for_context(context).transaction() as transaction:
            records = await ImportRepository(transaction, context).list_newest(before, limit)
        return [self._as_it_is(record) for record in records]

    async def get_import(self, context: UserExecutionContext, import_id: str) -> ImportRecord:
        """One import of the workspace. Raises ImportNotFoundError."""
        async with self._access.for_context(context).transaction() as transaction:
            record = await ImportRepository(transaction, context).get(import_id)
        if record is None:
            raise ImportNotFoundError("There is no such import in this workspace.")
        return self._as_it_is(record)

    def _as_it_is(self, record: ImportRecord) -> ImportRecord:
        """Imports are carried out where they are asked about: one that is stored as running and is not under
        way here ended with its process, and the same file again continues it.
        """
        if record.status == "running" and record.id not in self._under_way:
            return record.model_copy(update={"status": "interrupted"})
        return record

    async def access_rejects(self, context: UserExecutionContext, import_id: str) -> Path | None:
        """The reject file of an import of this workspace, None where nothing was rejected."""
        record = await self.get_import(context, import_id)
        path = self._reject_path(context, record.id)
        return path if await asyncio.to_thread(path.exists) else None

    async def data_changed(self, context: UserExecutionContext) -> None:
        """Calls came in by another door (the gateway): answers kept for the data before no longer count."""
        async with self._access.for_context(context).transaction() as transaction:
            await ImportRepository(transaction, context).bump_data_version()

    async def aclose(self) -> None:
        """Stop what still runs after imports."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _fingerprint(self, upload: Upload, options: ImportOptions) -> str:
        values, names = sorted(options.values.items()), sorted(options.names.items())
        parts = [upload.digest, options.format, values, names, _CHUNKING, self._block_bytes]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _reject_path(self, context: UserExecutionContext, import_id: str) -> Path:
        return self._reject_directory / context.workspace_id / f"{import_id}.jsonl"

    async def _begin(
        self,
        context: UserExecutionContext,
        upload: Upload,
        parser: FileParser,
        options: ImportOptions,
        started: float,
    ) -> tuple[_Running, bool]:
        access = self._access.for_context(context)
        fingerprint = self._fingerprint(upload, options)
        async with access.transaction() as transaction:
            repository = ImportRepository(transaction, context)
            await repository.lock_workspace()
            found = await repository.find_running(fingerprint)
            import_id = found or self._ids.new("imp")
            done = await repository.done_chunks(import_id) if found else {}
            if found is None:
                await repository.add(
                    import_id,
                    name=options.name or "upload",
                    kind=options.format,
                    options={"set": dict(options.values), "map": dict(options.names)},
                    fingerprint=fingerprint,
                    size=upload.size,
                )
        rejects = RejectFile(self._reject_path(context, import_id))
        await asyncio.to_thread(rejects.cut, max((chunk.reject_bytes for chunk in done.values()), default=0))
        sink = self._sinks[parser.format.sink]
        running = _Running(
            context, access, import_id, sink, rejects, done, ImportCounts(), upload.size, started
        )
        return running, found is not None

    async def _store(self, running: _Running, chunk: ParsedChunk) -> None:
        done = running.done.get(chunk.number)
        if done is None:
            async with running.access.transaction() as transaction:
                repository = ImportRepository(transaction, running.context)
                await repository.announce(running.import_id, chunk.number)
                # Readers must not cache what they see half-way under the version before or after this chunk.
                await repository.bump_data_version()
            async with running.access.transaction() as transaction:
                repository = ImportRepository(transaction, running.context)
                await repository.lock_workspace()
                counts, rejects = await self._write(running, chunk)
                size = await asyncio.to_thread(running.rejects.append, rejects)
                await repository.settle(running.import_id, chunk.number, counts, size)
                await repository.bump_data_version()
            done = DoneChunk(counts, size)
        running.counts = running.counts.plus(done.counts)

    async def _write(self, running: _Running, chunk: ParsedChunk) -> tuple[ImportCounts, list[Reject]]:
        if not chunk.frame.height:
            rejected = len(chunk.rejects)
            return ImportCounts(read=chunk.read, rejected=rejected, ignored=chunk.ignored), chunk.rejects
        hashes: list[int] = chunk.frame["id_hash"].to_list()
        existing = await running.sink.existing(running.context, hashes)
        known = await asyncio.to_thread(reconcile, chunk.frame, existing, running.import_id)
        rows = known.new.with_columns(pl.lit(running.import_id).alias("import_id"))
        unpriced = await running.sink.write(running.context, rows, f"{running.import_id}:{chunk.number}")
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

    async def _finish(self, running: _Running, error: dict[str, Any] | None) -> int:
        async with running.access.transaction() as transaction:
            repository = ImportRepository(transaction, running.context)
            await repository.finish(running.import_id, running.counts, error)
            version = await repository.data_version()
        if running.counts.stored:
            task = asyncio.create_task(self._run_hooks(running.context))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        return version

    async def _run_hooks(self, context: UserExecutionContext) -> None:
        for hook in self._after_import:
            try:
                await hook(context)
            except Exception:
                self._log.exception("after_import_failed", hook=getattr(hook, "__qualname__", repr(hook)))

    def _result(self, running: _Running, options: ImportOptions, resumed: bool, version: int) -> ImportResult:
        progress = running.progress()
        rejected = running.counts.rejected > 0
        return ImportResult(
            import_id=running.import_id,
            name=options.name or "upload",
            format=options.format,
            reject_file=str(running.rejects.path) if rejected else None,
            rejects_url=f"/v1/imports/{running.import_id}/rejects" if rejected else None,
            resumed=resumed,
            seconds=progress.seconds,
            rows_per_second=progress.rows_per_second,
            data_version=version,
            **running.counts.model_dump(),
        )


async def _ahead(chunks: Iterator[ParsedChunk]) -> AsyncIterator[ParsedChunk]:
    """Chunks parsed in a thread, the next one while the caller stores this one."""
    upcoming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (chunk := await upcoming) is not None:
            upcoming = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)
