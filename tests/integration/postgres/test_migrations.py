"""Roles, schemas and the runner of migrations."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from netra.storage.postgres import migrate as runner
from netra.storage.postgres.bootstrap import bootstrap
from netra.storage.postgres.errors import DatabaseUnavailableError, SchemaBehindError
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import (
    Migration,
    MigrationChangedError,
    MigrationFailedError,
    migrate,
    shipped_migrations,
    verify,
)


def use(monkeypatch: pytest.MonkeyPatch, *migrations: Migration) -> None:
    monkeypatch.setattr(runner, "shipped_migrations", lambda _schema: list(migrations))


def made(version: int, sql: str) -> Migration:
    return Migration(version, f"step_{version}", sql, str(hash(sql)))


async def test_a_missing_database_is_made_and_repeating_changes_nothing(
    empty_database: DatabaseManager,
) -> None:
    await bootstrap(empty_database)
    await bootstrap(empty_database)
    async with empty_database.connection("app") as connection:
        assert await connection.scalar(text("select current_user")) == "netra_app"


async def test_many_processes_may_set_up_at_once(empty_database: DatabaseManager) -> None:
    await asyncio.gather(*(bootstrap(empty_database) for _ in range(4)))


async def test_all_shipped_migrations_apply_once(empty_database: DatabaseManager) -> None:
    for schema in ("app", "auth"):
        with pytest.raises((SchemaBehindError, DatabaseUnavailableError)):
            await verify(empty_database, schema)
        applied = await migrate(empty_database, schema)
        assert len(applied) == len(shipped_migrations(schema))
        assert await migrate(empty_database, schema) == []
        await verify(empty_database, schema)


async def test_processes_that_migrate_at_once_apply_each_file_once(empty_database: DatabaseManager) -> None:
    answers = await asyncio.gather(*(migrate(empty_database, "auth") for _ in range(3)))
    assert sum(len(one) for one in answers) == len(shipped_migrations("auth"))


async def test_a_failing_file_leaves_nothing_and_names_itself(
    empty_database: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, made(1, "create table app.half (id text); select 1/0;"))
    with pytest.raises(MigrationFailedError, match=r"app/0001_step_1: .*division by zero"):
        await migrate(empty_database, "app")
    async with empty_database.connection("owner") as connection:
        assert await connection.scalar(text("select to_regclass('app.half')")) is None
        assert await connection.scalar(text("select count(*) from app.schema_migrations")) == 0


async def test_an_edited_file_is_refused(
    empty_database: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, made(1, "create table app.first (id text)"))
    await migrate(empty_database, "app")
    use(monkeypatch, made(1, "create table app.other (id text)"))
    with pytest.raises(MigrationChangedError):
        await migrate(empty_database, "app")
    with pytest.raises(SchemaBehindError, match="changed: 0001_step_1"):
        await verify(empty_database, "app")


async def test_a_later_file_makes_verify_fail_until_it_is_applied(
    empty_database: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, made(1, "select 1"))
    await migrate(empty_database, "app")
    use(monkeypatch, made(1, "select 1"), made(2, "select 2"))
    with pytest.raises(SchemaBehindError, match="missing: 0002_step_2"):
        await verify(empty_database, "app")
    assert await migrate(empty_database, "app") == ["0002_step_2"]


async def test_the_product_cannot_write_the_list_of_migrations(empty_database: DatabaseManager) -> None:
    await migrate(empty_database, "app")
    async with empty_database.connection("app") as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text("delete from app.schema_migrations"))


@pytest.mark.parametrize("role", ["app", "auth"])
async def test_no_product_role_can_make_objects_or_enter_dbos(
    empty_database: DatabaseManager, role: str
) -> None:
    await bootstrap(empty_database)
    statements = [
        "create schema mine",
        "create table app.x ()",
        "create table dbos.x ()",
        "create temp table x ()",
    ]
    for statement in statements:
        async with empty_database.connection(role) as connection:  # type: ignore[arg-type]
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(text(statement))
