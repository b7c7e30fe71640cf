"""The runner of the SQL migrations that come with the package."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, cast

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from netra.errors.kinds import ConflictError, UnavailableError
from netra.storage.postgres.bootstrap import bootstrap
from netra.storage.postgres.errors import SchemaBehindError, sql_state
from netra.storage.postgres.manager import DatabaseManager

Schema = Literal["app", "auth"]

_NAME = re.compile(r"^(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql$")
_LOCK_NOT_AVAILABLE = "55P03"
_READER = {"app": "netra_app", "auth": "netra_auth"}


class MigrationChangedError(ConflictError):
    """A migration that was already applied has been edited since."""

    code = "migration_changed"


class MigrationFailedError(UnavailableError):
    """A migration did not go through; it was rolled back whole."""

    code = "migration_failed"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: number, name, SQL text and its SHA-256."""

    version: int
    name: str
    sql: str
    checksum: str


def shipped_migrations(schema: Schema) -> list[Migration]:
    """The migrations in the package for a schema, in order of their number."""
    found: list[Migration] = []
    for entry in files("netra").joinpath("migrations", schema).iterdir():
        match = _NAME.match(entry.name)
        if match is not None:
            sql = entry.read_text(encoding="utf-8")
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            found.append(Migration(int(match["version"]), match["name"], sql, checksum))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(database: DatabaseManager, schema: Schema) -> list[str]:
    """Bring a schema up to date; the names of what was applied, empty when nothing was to do.

    Sets up roles and schemas first. Each file runs in a transaction of its own as netra_owner, one process at
    a time (advisory lock), giving up rather than queueing behind a long query (lock_timeout 5 s). Raises
    MigrationChangedError when an applied file has changed, MigrationFailedError when a statement fails.
    """
    await bootstrap(database)
    applied: list[str] = []
    async with database.connection("owner") as connection:
        await _prepare(connection, schema)
        for migration in shipped_migrations(schema):
            if await _apply(connection, schema, migration):
                applied.append(f"{migration.version:04d}_{migration.name}")
    return applied


async def verify(database: DatabaseManager, schema: Schema) -> None:
    """Check, as the role that will use it, that the schema is what this version needs. Raises
    SchemaBehindError.
    """
    role = "app" if schema == "app" else "auth"
    async with database.connection(role) as connection:
        exists = await connection.scalar(text(f"select to_regclass('{schema}.schema_migrations')"))
        known = await _checksums(connection, schema) if exists is not None else {}
    shipped = {migration.version: migration for migration in shipped_migrations(schema)}
    missing = [f"{one.version:04d}_{one.name}" for one in shipped.values() if one.version not in known]
    changed = [
        f"{one.version:04d}_{one.name}"
        for one in shipped.values()
        if known.get(one.version, one.checksum) != one.checksum
    ]
    if missing or changed:
        raise SchemaBehindError(
            f"the schema {schema} is not the one this version needs "
            f"(missing: {', '.join(missing) or 'none'}; changed: {', '.join(changed) or 'none'})",
            hint="run `netra migrate`",
        )


async def _prepare(connection: AsyncConnection, schema: Schema) -> None:
    await _lock(connection, schema)
    await connection.execute(
        text(
            f"create table if not exists {schema}.schema_migrations (version integer primary key, "
            "name text not null, checksum text not null, applied_at timestamptz not null default now())"
        )
    )
    await connection.execute(text(f"revoke all on {schema}.schema_migrations from {_READER[schema]}"))
    await connection.execute(text(f"grant select on {schema}.schema_migrations to {_READER[schema]}"))
    await connection.commit()


async def _apply(connection: AsyncConnection, schema: Schema, migration: Migration) -> bool:
    label = f"{schema}/{migration.version:04d}_{migration.name}"
    await _lock(connection, schema)
    known = (await _checksums(connection, schema)).get(migration.version)
    if known is not None:
        await connection.rollback()
        if known != migration.checksum:
            raise MigrationChangedError(
                f"{label} was changed after it had been applied",
                hint="add a new migration instead of editing one",
            )
        return False
    try:
        await _run_script(connection, migration.sql)
        await connection.execute(
            text(f"insert into {schema}.schema_migrations (version, name, checksum) values (:v, :n, :c)"),
            {"v": migration.version, "n": migration.name, "c": migration.checksum},
        )
        await connection.commit()
    except DBAPIError as failure:
        await connection.rollback()
        busy = sql_state(failure) == _LOCK_NOT_AVAILABLE
        raise MigrationFailedError(
            f"{label}: {str(failure.orig).splitlines()[0]}",
            hint="a long query holds the table: try again" if busy else "nothing of it was kept",
        ) from failure
    return True


async def _run_script(connection: AsyncConnection, sql: str) -> None:
    # A file holds many statements: only the driver's own simple-query path takes them at once.
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    if driver is None:
        raise MigrationFailedError("the database connection was lost")
    try:
        await driver.execute(sql)
    except Exception as failure:
        raise DBAPIError(sql[:200], None, cast(BaseException, failure)) from failure


async def _lock(connection: AsyncConnection, schema: Schema) -> None:
    await connection.execute(text("set local lock_timeout = '60s'"))
    await connection.execute(
        text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": f"netra:migrate:{schema}"}
    )
    await connection.execute(text("set local lock_timeout = '5s'"))
    await connection.execute(text(f"set local search_path = {schema}, pg_temp"))


async def _checksums(connection: AsyncConnection, schema: Schema) -> dict[int, str]:
    rows = await connection.execute(text(f"select version, checksum from {schema}.schema_migrations"))
    return {int(row.version): str(row.checksum) for row in rows}
