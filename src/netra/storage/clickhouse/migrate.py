"""The runner of the analytics migrations that come with the package."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import structlog

from netra.errors.kinds import ConflictError, UnavailableError
from netra.storage.clickhouse.store import AnalyticsStore

_NAME = re.compile(r"^(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql$")
_STATEMENT = re.compile(
    r"(?:--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"[^\"]*\"|[^;'`\"])+", re.DOTALL
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VERSIONS = """CREATE TABLE IF NOT EXISTS schema_migrations
(version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = ReplacingMergeTree(applied_at) ORDER BY version"""

_log = structlog.get_logger(__name__)


class AnalyticsMigrationChangedError(ConflictError):
    """An analytics migration that was already applied has been edited since."""

    code = "analytics_migration_changed"


class AnalyticsSchemaBehindError(UnavailableError):
    """The analytics schema is not the one this version of the product needs."""

    code = "analytics_schema_behind"


@dataclass(frozen=True, slots=True)
class AnalyticsMigration:
    """One file: number, name, its statements and the SHA-256 of its text."""

    version: int
    name: str
    statements: tuple[str, ...]
    checksum: str

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"analytics/{self.version:04d}_{self.name}"


def shipped_analytics_migrations() -> list[AnalyticsMigration]:
    """The migrations in the package, in order of their number."""
    found: list[AnalyticsMigration] = []
    for entry in files("netra").joinpath("migrations", "analytics").iterdir():
        match = _NAME.match(entry.name)
        if match is not None:
            sql = entry.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            found.append(
                AnalyticsMigration(int(match["version"]), match["name"], split_statements(sql), checksum)
            )
    return sorted(found, key=lambda migration: migration.version)


def split_statements(sql: str) -> tuple[str, ...]:
    """Statements of a script, split at semicolons outside quotes and comments."""
    pieces = (match.group().strip() for match in _STATEMENT.finditer(sql))
    return tuple(piece for piece in pieces if _COMMENTS.sub("", piece).strip())


async def migrate_analytics(store: AnalyticsStore) -> list[str]:
    """Bring the analytics schema up to date; the names of what was applied.

    ClickHouse has no transactions over DDL, so every statement of a migration must be repeatable (IF NOT
    EXISTS): a migration that was cut off is run again whole. Raises AnalyticsMigrationChangedError and
    the store's errors.
    """
    await store.create_database()
    await store.command(_VERSIONS)
    known = await _checksums(store)
    applied: list[str] = []
    for migration in shipped_analytics_migrations():
        checksum = known.get(migration.version)
        if checksum == migration.checksum:
            continue
        if checksum is not None:
            raise AnalyticsMigrationChangedError(
                f"{migration.label} was changed after it had been applied",
                hint="add a new migration instead of editing one",
            )
        for statement in migration.statements:
            await store.command(statement)
        await store.command(
            "INSERT INTO schema_migrations (version, name, checksum) "
            f"SELECT {migration.version}, '{migration.name}', '{migration.checksum}'"
        )
        _log.info("migrated", migration=migration.label)
        applied.append(migration.label)
    return applied


async def verify_analytics(store: AnalyticsStore) -> None:
    """Check that the analytics schema is what this version needs. Raises AnalyticsSchemaBehindError."""
    found = await store.query_rows("EXISTS TABLE schema_migrations")
    known = await _checksums(store) if found[0]["result"] else {}
    wrong = [one.label for one in shipped_analytics_migrations() if known.get(one.version) != one.checksum]
    if wrong:
        raise AnalyticsSchemaBehindError(
            f"the analytics schema is not the one we need (missing or changed: {', '.join(wrong)})",
            hint="run `netra migrate`",
        )


async def _checksums(store: AnalyticsStore) -> dict[int, str]:
    rows = await store.query_rows("SELECT version, checksum FROM schema_migrations FINAL")
    return {int(row["version"]): str(row["checksum"]) for row in rows}
