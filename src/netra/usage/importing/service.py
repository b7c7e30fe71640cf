"""ImportService: a stream of bytes becomes stored rows, exactly once, resumable after a crash.

The file is received to disk, parsed in a thread one chunk ahead, and stored chunk by chunk (`usage.storing`).
Whatever happens in between, the same file again continues at the first chunk that is not done, and rows that
did land are recognised.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.errors.kinds import NetraError
from netra.ids.manager import UnifiedIDManager
from netra.usage.errors import ImportNotFoundError, ImportRunningError
from netra.usage.importers.catalogue import get_format
from netra.usage.importers.formats import SinkName
from netra.usage.importing.parsing import FileParser, ImportOptions, ParsedChunk
from netra.usage.importing.quality import DataQuality
from netra.usage.importing.spool import RejectFile, Spool, Upload
from netra.usage.importing.storing import ImportSink, ImportUnderWay
from netra.usage.reading.chunks import MAX_CHUNK_ROWS
from netra.usage.reading.lines import BLOCK_BYTES, MAX_LINE_BYTES
from netra.usage.repository import ImportRepository
from netra.usage.schemas import ImportProgress, ImportRecord, ImportResult

ProgressCallback = Callable[[ImportProgress], Awaitable[None]]
AfterImport = Callable[[UserExecutionContext], Awaitable[None]]

_CHUNKING = f"2/{MAX_CHUNK_ROWS}/{MAX_LINE_BYTES}"
"""Part of a file's fingerprint: with other chunk borders the ledger of an unfinished import would not fit."""


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
        running = await self._begin(context, upload, parser, options, started)
        self._under_way.add(running.import_id)
        try:
            async for chunk in _ahead(parser.parse(upload.path, block_bytes=self._block_bytes)):
                await running.store(chunk)
                if on_progress is not None:
                    await on_progress(running.progress())
            quality = await running.quality(parser.quality)
            version = await self._finish(running, quality, None)
        except NetraError as error:
            if error.status < 500:
                if running.counts.stored:
                    stored = f"{running.counts.stored:,} rows before that place are stored."
                    error.hint = f"{error.hint} {stored}" if error.hint else stored
                problem = {"code": error.code, "message": error.message, "hint": error.hint}
                await self._finish(running, await running.quality(parser.quality), problem)
            raise
        finally:
            self._under_way.discard(running.import_id)
        return self._result(running, options, quality, version)

    def check(self, options: ImportOptions) -> SinkName:
        """Refuse impossible options before anything is received; where the rows of the format go."""
        return FileParser(options).format.sink

    def sink_of(self, record: ImportRecord) -> SinkName:
        """Where the rows of a past import went."""
        return get_format(record.format).sink

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

    async def undo_import(self, context: UserExecutionContext, import_id: str) -> ImportRecord:
        """Take an import back: delete the rows it stored. Undoing again changes nothing.

        Rows that a later import found stored already are gone too: import that file again. Raises
        ImportNotFoundError, ImportRunningError.
        """
        record = await self.get_import(context, import_id)
        if record.status == "undone":
            return record
        # An import remembers which rows are stored; none of them may go while it runs.
        if any(workspace == context.workspace_id for workspace, _ in self._active):
            raise ImportRunningError(
                "An import into this workspace is under way.", hint="Wait for it to end, then undo this one."
            )
        access = self._access.for_context(context)
        async with access.transaction() as transaction:
            repository = ImportRepository(transaction, context)
            await repository.set_undone(import_id, finished=False)
            await repository.bump_data_version()
        async with access.transaction() as transaction:
            repository = ImportRepository(transaction, context)
            await repository.lock_workspace()
            await self._sinks[self.sink_of(record)].rows(context).forget(import_id)
            await repository.set_undone(import_id, finished=True)
            await repository.bump_data_version()
        return await self.get_import(context, import_id)

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
    ) -> ImportUnderWay:
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
        return ImportUnderWay(
            context,
            access,
            import_id,
            sink,
            parser.format,
            rejects,
            done,
            upload.size,
            started,
            resumed=found is not None,
        )

    async def _finish(
        self, running: ImportUnderWay, quality: DataQuality, error: dict[str, Any] | None
    ) -> int:
        async with running.access.transaction() as transaction:
            repository = ImportRepository(transaction, running.context)
            await repository.finish(running.import_id, running.counts, quality, error)
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

    def _result(
        self, running: ImportUnderWay, options: ImportOptions, quality: DataQuality, version: int
    ) -> ImportResult:
        progress = running.progress()
        rejected = running.counts.rejected > 0
        return ImportResult(
            import_id=running.import_id,
            name=options.name or "upload",
            format=options.format,
            reject_file=str(running.rejects.path) if rejected else None,
            rejects_url=f"/v1/imports/{running.import_id}/rejects" if rejected else None,
            resumed=running.resumed,
            seconds=progress.seconds,
            rows_per_second=progress.rows_per_second,
            data_version=version,
            findings=quality.findings,
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
