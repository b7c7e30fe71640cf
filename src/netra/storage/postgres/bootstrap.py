"""Roles and schemas of the product: made, or repaired, before migrating."""

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from netra.storage.postgres.errors import DatabaseUnavailableError, sql_state
from netra.storage.postgres.manager import ROLE_NAMES, DatabaseManager, DatabaseRole

# Roles belong to the whole server, the lock to one database: two databases of one server may be set up at
# once.
_LOST_RACE = frozenset({"42710", "23505", "XX000", "40001", "40P01"})
_UNKNOWN_DATABASE = "3D000"
_LOCK = 0x6E65747261  # "netra"
_OLDEST = 150_000
_CHOOSES_INHERITANCE = 160_000

_SCHEMAS = (
    "create schema if not exists app authorization netra_owner",
    "create schema if not exists auth authorization netra_owner",
    "create schema if not exists dbos authorization netra_dbos",
    "revoke all on schema app, auth, dbos from public",
    "grant usage on schema app to netra_app, netra_dbos",
    "grant usage on schema auth to netra_auth",
    "grant usage on schema dbos to netra_owner",
)


async def bootstrap(database: DatabaseManager) -> None:
    """Make the roles netra_owner, netra_app, netra_auth, netra_dbos and the schemas app, auth, dbos.

    Makes the database itself when it is missing. Repeating it repairs grants and passwords and changes
    nothing else. Needs an admin address that may create roles. Raises DatabaseUnavailableError naming what
    failed.
    """
    await _ensure_database(database)
    for attempt in range(20):
        try:
            async with database.connection("admin") as connection:
                await _apply(connection, database)
                await connection.commit()
                return
        except DBAPIError as failure:
            if sql_state(failure) not in _LOST_RACE or attempt == 19:
                raise _refused(failure) from failure
        await asyncio.sleep(0.02 * (attempt + 1))


async def _apply(connection: AsyncConnection, database: DatabaseManager) -> None:
    await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    for role in ROLE_NAMES:
        await _ensure_role(connection, database, role)
    version = await connection.scalar(text("select current_setting('server_version_num')::int"))
    if version < _OLDEST:
        raise DatabaseUnavailableError(
            f"PostgreSQL {version // 10_000} is too old: {_OLDEST // 10_000} or newer is needed",
            hint="upgrade the server behind NETRA_DATABASE_URL, or unset it to use the one that comes along",
        )
    superuser = await connection.scalar(text("select rolsuper from pg_roles where rolname = current_user"))
    # Before 16 a grant always lets the member act as the role, and inherits as the member was made to.
    chosen = version >= _CHOOSES_INHERITANCE
    if not superuser:
        how = " with inherit true, set true" if chosen else ""
        await connection.execute(text(f"grant netra_owner, netra_dbos to current_user{how}"))
    # The function that enqueues a run belongs to netra_dbos: the owner must be able to hand it over.
    how = " with inherit false, set true" if chosen else ""
    await connection.execute(text(f"grant netra_dbos to netra_owner{how}"))
    for statement in _SCHEMAS:
        await connection.execute(text(statement))
    name = await connection.scalar(text("select quote_ident(current_database())"))
    await connection.execute(text(f"revoke all on database {name} from public"))
    await connection.execute(
        text(f"grant connect on database {name} to netra_owner, netra_app, netra_auth, netra_dbos")
    )


async def _ensure_role(connection: AsyncConnection, database: DatabaseManager, role: DatabaseRole) -> None:
    name, password = ROLE_NAMES[role], database.role_password(role)
    known = await connection.scalar(text("select 1 from pg_roles where rolname = :name"), {"name": name})
    if not known:
        await connection.execute(text(f"create role {name} login noinherit nocreatedb nocreaterole"))
    if password is not None:
        # Hexadecimal digits only, so it needs no escaping; DDL takes no parameters.
        await connection.execute(text(f"alter role {name} password '{password}'"))


async def _ensure_database(database: DatabaseManager) -> None:
    url = database.url("admin")
    for candidate in (url.database, "postgres"):
        engine = create_async_engine(
            url.with_database(candidate).sqlalchemy_url(),
            connect_args=url.connect_args(),
            isolation_level="AUTOCOMMIT",
        )
        try:
            async with engine.connect() as connection:
                if candidate == url.database:
                    return
                name = await connection.scalar(text("select quote_ident(:name)"), {"name": url.database})
                await connection.execute(text(f"create database {name} encoding 'UTF8' template template0"))
                return
        except DBAPIError as failure:
            if candidate == url.database and sql_state(failure) == _UNKNOWN_DATABASE:
                continue
            if sql_state(failure) in ("42P04", "23505"):
                return
            raise _refused(failure) from failure
        finally:
            await engine.dispose()


def _refused(failure: DBAPIError) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"PostgreSQL refused to set up roles and schemas: {str(failure.orig).splitlines()[0]}",
        hint="NETRA_DATABASE_URL must name a role that may create roles and, if it is missing, the database",
    )
