"""The transaction edge: tenant context, commit, hooks, cancellation."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from netra.storage.postgres.errors import DatabaseFullError, UnstorableTextError
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager, Transaction


@pytest.fixture
async def notes(notes_database: DatabaseManager) -> DatabaseSessionManager:
    """A tenant table `notes`, and `diaries`, which is closed to other users too; both empty."""
    async with notes_database.connection("owner") as connection:
        await connection.execute(text("truncate app.notes, app.diaries"))
        await connection.commit()
    return DatabaseSessionManager(notes_database)


async def write(
    sessions: DatabaseSessionManager, workspace: str, user: str, body: str, table: str = "notes"
) -> None:
    async with sessions.transaction(workspace_id=workspace, user_id=user) as tx:
        await tx.execute(
            f"insert into app.{table} (workspace_id, user_id, body) values (:w, :u, :b)",
            {"w": workspace, "u": user, "b": body},
        )


async def bodies(
    sessions: DatabaseSessionManager, workspace: str | None, user: str | None, table: str = "notes"
) -> list[str]:
    async with sessions.transaction(workspace_id=workspace, user_id=user) as tx:
        return [row.body for row in await tx.execute(f"select body from app.{table} order by body")]


async def test_each_workspace_sees_its_own_rows_only(notes: DatabaseSessionManager) -> None:
    await write(notes, "a", "u1", "of a")
    await write(notes, "b", "u1", "of b")
    assert await bodies(notes, "a", "u1") == ["of a"]
    assert await bodies(notes, "a", "u2") == ["of a"]
    assert await bodies(notes, "b", "u1") == ["of b"]
    assert await bodies(notes, None, None) == []
    assert await bodies(notes, "", "") == []


async def test_a_table_by_user_hides_the_rows_of_colleagues(notes: DatabaseSessionManager) -> None:
    await write(notes, "a", "u1", "mine", "diaries")
    assert await bodies(notes, "a", "u1", "diaries") == ["mine"]
    assert await bodies(notes, "a", "u2", "diaries") == []


async def test_a_row_of_another_workspace_cannot_be_written_changed_or_removed(
    notes: DatabaseSessionManager,
) -> None:
    await write(notes, "a", "u", "of a")
    async with notes.transaction(workspace_id="b", user_id="u") as tx:
        with pytest.raises(DBAPIError, match="row-level security"):
            await tx.execute("insert into app.notes values ('a', 'u', 'forged')")
    async with notes.transaction(workspace_id="a", user_id="u") as tx:
        with pytest.raises(DBAPIError, match="row-level security"):
            await tx.execute("update app.notes set workspace_id = 'b'")
    async with notes.transaction(workspace_id="b", user_id="u") as tx:
        assert (await tx.execute("update app.notes set body = 'x'")).rowcount == 0
        assert (await tx.execute("delete from app.notes")).rowcount == 0
    assert await bodies(notes, "a", "u") == ["of a"]


async def test_the_owner_of_the_tables_is_bound_by_the_same_rule(
    notes: DatabaseSessionManager, notes_database: DatabaseManager
) -> None:
    await write(notes, "a", "u", "of a")
    assert await bodies(DatabaseSessionManager(notes_database, "owner"), None, None) == []


async def test_the_context_does_not_outlive_its_transaction(
    notes: DatabaseSessionManager, notes_database: DatabaseManager
) -> None:
    for _ in range(6):
        await bodies(notes, "a", "u")
    async with notes_database.connection("app") as connection:
        assert await connection.scalar(text("select app.current_workspace() is null")) is True


async def test_an_error_rolls_everything_back(notes: DatabaseSessionManager) -> None:
    async def work() -> None:
        async with notes.transaction(workspace_id="a", user_id="u") as tx:
            await tx.execute("insert into app.notes values ('a', 'u', 'lost')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await bodies(notes, "a", "u") == []


async def test_hooks_run_after_the_commit_in_order_and_one_that_fails_stops_none(
    notes: DatabaseSessionManager,
) -> None:
    seen: list[str] = []

    async def look(tx_bodies: str) -> None:
        seen.append(f"{tx_bodies}:{','.join(await bodies(notes, 'a', 'u'))}")

    async def fail() -> None:
        raise RuntimeError("a publisher is away")

    async with notes.transaction(workspace_id="a", user_id="u") as tx:
        await tx.execute("insert into app.notes values ('a', 'u', 'kept')")
        tx.after_commit(lambda: look("first"))
        tx.after_commit(fail)
        tx.after_commit(lambda: look("second"))
    assert seen == ["first:kept", "second:kept"]


async def test_no_hook_runs_after_a_rollback(notes: DatabaseSessionManager) -> None:
    seen: list[str] = []

    async def see() -> None:
        seen.append("never")

    async def work() -> None:
        async with notes.transaction(workspace_id="a", user_id="u") as tx:
            tx.after_commit(see)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert seen == []


async def test_a_serialisable_transaction_is_one(notes: DatabaseSessionManager) -> None:
    async with notes.transaction(workspace_id="a", user_id="u", serializable=True) as tx:
        level = (await tx.execute("select current_setting('transaction_isolation') as level")).one().level
    assert level == "serializable"
    async with notes.transaction(workspace_id="a", user_id="u") as tx:
        level = (await tx.execute("select current_setting('transaction_isolation') as level")).one().level
    assert level == "read committed"


async def test_cancellation_at_every_await_never_leaks_a_context_or_a_connection(
    notes: DatabaseSessionManager,
) -> None:
    workspaces = [f"w{number}" for number in range(8)]
    for workspace in workspaces:
        await write(notes, workspace, "u", f"of {workspace}")

    async def work(workspace: str, seen: list[str]) -> None:
        async with notes.transaction(workspace_id=workspace, user_id="u") as tx:
            for _ in range(3):
                seen += [row.body for row in await tx.execute("select body from app.notes")]
                await tx.execute("select pg_sleep(0.001)")

    for steps in range(40):
        workspace, seen = workspaces[steps % 8], list[str]()
        task = asyncio.create_task(work(workspace, seen))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert set(seen) <= {f"of {workspace}"}
        other = workspaces[(steps + 3) % 8]
        assert await bodies(notes, other, "u") == [f"of {other}"]
        assert await bodies(notes, None, None) == []


async def test_cancelled_work_keeps_nothing(notes: DatabaseSessionManager) -> None:
    began = asyncio.Event()

    async def work() -> None:
        async with notes.transaction(workspace_id="a", user_id="u") as tx:
            await tx.execute("insert into app.notes values ('a', 'u', 'half')")
            began.set()
            await tx.execute("select pg_sleep(30)")

    task = asyncio.create_task(work())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bodies(notes, "a", "u") == []


async def test_rows_of_one_statement_given_many_values(notes: DatabaseSessionManager) -> None:
    values = [{"b": f"body {number}"} for number in range(5)]
    async with notes.transaction(workspace_id="a", user_id="u") as tx:
        await tx.execute("insert into app.notes values ('a', 'u', :b)", values)
    assert len(await bodies(notes, "a", "u")) == 5


def test_a_transaction_lists_its_hooks() -> None:
    transaction = Transaction(None)  # type: ignore[arg-type]

    async def hook() -> None: ...

    transaction.after_commit(hook)
    assert transaction.hooks == (hook,)


@pytest.mark.parametrize("body", ["a\0b", "half \ud800 pair"])
async def test_a_text_that_cannot_be_stored_is_bad_input(notes: DatabaseSessionManager, body: str) -> None:
    with pytest.raises(UnstorableTextError):
        await write(notes, "a", "u", body)
    assert await bodies(notes, "a", "u") == []


async def write_to_a_full_disk(sessions: DatabaseSessionManager) -> None:
    refusal = "do $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    async with sessions.transaction(workspace_id="a", user_id="u") as tx:
        await tx.execute("insert into app.notes (workspace_id, user_id, body) values ('a', 'u', 'x')")
        await tx.execute(refusal)


async def test_a_full_disk_is_told_as_one_and_nothing_is_kept(notes: DatabaseSessionManager) -> None:
    with pytest.raises(DatabaseFullError, match="disk of PostgreSQL is full") as told:
        await write_to_a_full_disk(notes)
    assert "free space" in (told.value.hint or "")
    assert await bodies(notes, "a", "u") == []
