"""The import ledger and data versions in PostgreSQL; the only SQL text of this room that runs there."""

import json
from dataclasses import dataclass
from typing import Any

from netra.data_access.repository import ScopedRepository
from netra.usage.importing.quality import DataQuality
from netra.usage.schemas import ImportCounts, ImportRecord

_COUNTS = "read, stored, duplicates, rejected, ignored, unpriced"
_RECORD = (
    "id, name, format, options, status, bytes, created_by, error, started_at, finished_at, undone_at, "
    f"quality, {_COUNTS}"
)


@dataclass(frozen=True, slots=True)
class DoneChunk:
    """A chunk of an import whose rows are stored."""

    counts: ImportCounts
    reject_bytes: int


def _counts(row: Any) -> ImportCounts:
    return ImportCounts(**{name: int(row[name]) for name in ImportCounts.model_fields})


class ImportRepository(ScopedRepository):
    """Imports of the current workspace, inside one open transaction."""

    async def lock_workspace(self) -> None:
        """Wait until no other import of this workspace is between looking up ids and writing them."""
        await self.transaction.execute(
            "select pg_advisory_xact_lock(hashtextextended('imports of ' || :w, 0))", {"w": self.workspace_id}
        )

    async def find_running(self, fingerprint: str) -> str | None:
        """Id of the unfinished import of the same file, if any."""
        result = await self.transaction.execute(
            "select id from app.imports where fingerprint = :f and status = 'running'", {"f": fingerprint}
        )
        row = result.mappings().first()
        return None if row is None else str(row["id"])

    async def add(
        self, import_id: str, *, name: str, kind: str, options: dict[str, Any], fingerprint: str, size: int
    ) -> None:
        """Record a new import as running."""
        await self.transaction.execute(
            "insert into app.imports (workspace_id, id, created_by, name, format, options, fingerprint, "
            "bytes, status, started_at) values (:w, :id, :u, :name, :format, :options, :f, :size, "
            "'running', now())",
            {
                "w": self.workspace_id,
                "id": import_id,
                "u": self.user_id,
                "name": name,
                "format": kind,
                "options": json.dumps(options),
                "f": fingerprint,
                "size": size,
            },
        )

    async def done_chunks(self, import_id: str) -> dict[int, DoneChunk]:
        """Chunks already stored, by number."""
        result = await self.transaction.execute(
            f"select number, reject_bytes, {_COUNTS} from app.import_chunks "
            "where import_id = :id and status = 'done' order by number",
            {"id": import_id},
        )
        rows = result.mappings().all()
        return {int(row["number"]): DoneChunk(_counts(row), int(row["reject_bytes"])) for row in rows}

    async def announce(self, import_id: str, number: int) -> None:
        """Say that a chunk is about to be written."""
        await self.transaction.execute(
            "insert into app.import_chunks (workspace_id, import_id, number, status) "
            "values (:w, :id, :n, 'pending') on conflict do nothing",
            {"w": self.workspace_id, "id": import_id, "n": number},
        )

    async def settle(self, import_id: str, number: int, counts: ImportCounts, reject_bytes: int) -> None:
        """Say that a chunk is stored, with its counts."""
        assignments = ", ".join(f"{name} = :{name}" for name in ImportCounts.model_fields)
        await self.transaction.execute(
            f"update app.import_chunks set status = 'done', reject_bytes = :bytes, {assignments} "
            "where import_id = :id and number = :n",
            {"id": import_id, "n": number, "bytes": reject_bytes, **counts.model_dump()},
        )

    async def finish(
        self, import_id: str, counts: ImportCounts, quality: DataQuality, error: dict[str, Any] | None
    ) -> None:
        """Close an import: completed, or failed with the reason; its chunk ledger is no longer needed."""
        assignments = ", ".join(f"{name} = :{name}" for name in ImportCounts.model_fields)
        values = {name: getattr(counts, name) for name in ImportCounts.model_fields}
        await self.transaction.execute(
            f"update app.imports set status = :status, error = :error, quality = :quality, "
            f"finished_at = now(), {assignments} where id = :id and status = 'running'",
            {
                "id": import_id,
                "status": "completed" if error is None else "failed",
                "error": None if error is None else json.dumps(error),
                "quality": quality.model_dump_json(),
                **values,
            },
        )
        await self.transaction.execute(
            "delete from app.import_chunks where import_id = :id", {"id": import_id}
        )

    async def set_undone(self, import_id: str, *, finished: bool) -> None:
        """Say that an import's rows are being deleted, or that they are gone."""
        await self.transaction.execute(
            "update app.imports set status = :status, undone_at = now() where id = :id",
            {"id": import_id, "status": "undone" if finished else "undoing"},
        )
        if finished:
            await self.transaction.execute(
                "delete from app.import_chunks where import_id = :id", {"id": import_id}
            )

    async def bump_data_version(self) -> int:
        """Make everything computed from older data stale; the new version."""
        result = await self.transaction.execute(
            "insert into app.data_versions (workspace_id, version, changed_at) values (:w, 1, now()) "
            "on conflict (workspace_id) do update set version = app.data_versions.version + 1, "
            "changed_at = now() returning version",
            {"w": self.workspace_id},
        )
        return int(result.scalar_one())

    async def data_version(self) -> int:
        """The current version, 0 before the first data."""
        result = await self.transaction.execute("select version from app.data_versions")
        return int(result.scalar() or 0)

    async def get(self, import_id: str) -> ImportRecord | None:
        """One import of this workspace."""
        result = await self.transaction.execute(
            f"select {_RECORD} from app.imports where id = :id", {"id": import_id}
        )
        row = result.mappings().first()
        return None if row is None else _record(row)

    async def list_newest(self, before: str | None, limit: int) -> list[ImportRecord]:
        """Imports newest first, from after the one with id `before`."""
        condition = "" if before is None else "where id < :before "
        result = await self.transaction.execute(
            f"select {_RECORD} from app.imports {condition}order by id desc limit :limit",
            {"limit": limit} | ({} if before is None else {"before": before}),
        )
        return [_record(row) for row in result.mappings().all()]


def _record(row: Any) -> ImportRecord:
    values = dict(row)
    for name in ("options", "error", "quality"):
        if isinstance(values[name], str):
            values[name] = json.loads(values[name])
    return ImportRecord(**values)
