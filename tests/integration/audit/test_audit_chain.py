"""The audit chain in PostgreSQL: durable before the answer, whole, and broken visibly by any change."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from netra.audit.service import AuditLog
from netra.audit.verification import verify_chain
from netra.errors.kinds import UnavailableError
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager, PoolSettings
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from netra.telemetry.metrics import Metrics
from testkit.databases import own_database


@pytest.fixture
async def chain(engine_urls: EngineUrls) -> AsyncGenerator[DatabaseManager]:
    async with own_database(engine_urls) as database:
        await migrate(database, "app")
        yield database


@pytest.fixture
async def log(chain: DatabaseManager) -> AsyncGenerator[AuditLog]:
    made = AuditLog(DatabaseSessionManager(chain), Metrics())
    yield made
    await made.close()


async def change(chain: DatabaseManager, statement: str) -> None:
    async with chain.connection("admin") as connection:
        await connection.execute(text(statement))
        await connection.commit()


async def test_what_is_recorded_is_durable_and_the_chain_is_whole(
    chain: DatabaseManager, log: AuditLog
) -> None:
    assert (await verify_chain(chain)).is_whole
    await log.record("account.sign_in", "denied", subject="x", details={"reason": "wrong password"})
    log.note("workspace.access", "allowed", actor_user_id="usr_1", workspace_id="wsp_1")
    verdict = await verify_chain(chain)
    assert verdict.entries >= 1
    await log.close()
    verdict = await verify_chain(chain)
    assert (verdict.entries, verdict.is_whole) == (2, True)


async def test_many_writers_make_one_chain(chain: DatabaseManager, log: AuditLog) -> None:
    other = AuditLog(DatabaseSessionManager(chain), Metrics())
    await asyncio.gather(
        *(one.record("x", "allowed", details={"n": n}) for n in range(60) for one in (log, other))
    )
    verdict = await verify_chain(chain)
    assert (verdict.entries, verdict.broken_at) == (120, None)


@pytest.mark.parametrize(
    ("attack", "broken_at"),
    [
        ("update app.audit_entries set entry = replace(entry, 'denied', 'allowed') where seq = 3", 3),
        ("update app.audit_entries set action = 'nothing' where seq = 2", 2),
        ("delete from app.audit_entries where seq = 2", 2),
        ("delete from app.audit_entries where seq = 5", 5),
        ("delete from app.audit_entries", 1),
        (
            "insert into app.audit_entries select 6, at, action, outcome, actor_user_id, workspace_id, "
            "entry, previous_hash, hash from app.audit_entries where seq = 5",
            6,
        ),
    ],
)
async def test_any_change_shows(chain: DatabaseManager, log: AuditLog, attack: str, broken_at: int) -> None:
    for number in range(5):
        await log.record("x", "denied", details={"n": number})
    await change(chain, attack)
    verdict = await verify_chain(chain)
    assert (verdict.is_whole, verdict.broken_at) == (False, broken_at)
    assert verdict.reason


@pytest.mark.parametrize(
    "statement",
    [
        "select * from app.audit_entries",
        "update app.audit_entries set outcome = 'allowed'",
        "delete from app.audit_entries",
        "truncate app.audit_entries",
        "delete from app.audit_head",
    ],
)
async def test_the_product_can_neither_read_nor_change_the_chain(
    database: DatabaseManager, statement: str
) -> None:
    async with database.connection("app") as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(statement))


async def test_what_cannot_be_kept_is_an_error() -> None:
    nowhere = DatabaseManager(
        DatabaseURLBuilder.from_url("postgresql://nobody@127.0.0.1:1/none"),
        pools=PoolSettings(patience_s=0.0),
    )
    log = AuditLog(DatabaseSessionManager(nowhere), Metrics())
    with capture_logs() as lines:
        with pytest.raises(UnavailableError):
            await log.record("x", "allowed")
        log.note("x", "allowed")
        await log.close()
    assert [line["event"] for line in lines] == ["audit_write_failed"] * 2
    await nowhere.close()


async def test_a_caller_that_gives_up_does_not_hold_up_the_others(
    chain: DatabaseManager, log: AuditLog
) -> None:
    impatient = asyncio.create_task(log.record("x", "allowed"))
    await asyncio.sleep(0)
    impatient.cancel()
    await log.record("y", "allowed")
    assert (await verify_chain(chain)).is_whole
