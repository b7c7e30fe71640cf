"""What the import endpoints say: progress, result, record."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from netra.usage.importing.quality import DataQuality, Finding

ImportStatus = Literal["running", "interrupted", "completed", "failed", "undoing", "undone"]


class ImportCounts(BaseModel):
    """Row counts; read = stored + duplicates + rejected + ignored. `unpriced` is a part of `stored`."""

    model_config = ConfigDict(frozen=True)

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    ignored: int = 0
    unpriced: int = 0

    def plus(self, other: "ImportCounts") -> "ImportCounts":
        """Both together."""
        mine = self.model_dump(include=set(ImportCounts.model_fields))
        theirs = other.model_dump(include=set(ImportCounts.model_fields))
        return ImportCounts(**{name: value + theirs[name] for name, value in mine.items()})


class ImportProgress(ImportCounts):
    """How far an import is. `phase` receiving counts bytes of the upload, importing counts rows."""

    type: Literal["progress"] = "progress"
    phase: Literal["receiving", "importing"]
    bytes: int
    rows_per_second: float
    seconds: float


class ImportResult(ImportCounts):
    """What an import did. `reject_file` is a path on the server, null where nothing was rejected.

    `resumed`: an interrupted import of the same file was continued; the counts are of the whole file.
    """

    import_id: str
    name: str
    format: str
    reject_file: str | None
    rejects_url: str | None
    resumed: bool
    seconds: float
    rows_per_second: float
    data_version: int
    findings: tuple[Finding, ...] = ()


class ImportRecord(ImportCounts):
    """One past or running import. `quality` is null while it runs. `undone`: its rows were deleted again."""

    id: str
    name: str
    format: str
    options: dict[str, dict[str, str]]
    status: ImportStatus
    bytes: int
    created_by: str
    error: dict[str, object] | None
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None = None
    quality: DataQuality | None = None
