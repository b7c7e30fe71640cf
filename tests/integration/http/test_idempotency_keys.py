"""A write with an idempotency key is done once, for one user, with one request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from netra.http.idempotency import (
    IdempotencyInProgressError,
    IdempotencyKeyReusedError,
    IdempotencyStore,
    KeyedWrite,
)
from netra.ids.manager import UnifiedIDManager
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager


@pytest.fixture
def store(sessions: DatabaseSessionManager) -> IdempotencyStore:
    return IdempotencyStore(sessions)


@pytest.fixture
def write(ids: UnifiedIDManager) -> Callable[..., KeyedWrite]:
    workspace, user = ids.new("wsp"), ids.new("usr")

    def make(**changes: Any) -> KeyedWrite:
        values = {
            "workspace_id": workspace,
            "user_id": user,
            "operation": "op",
            "key": "k",
            "request": {"a": 1},
        }
        return KeyedWrite(**{**values, **changes})

    return make


def counting() -> tuple[list[int], Callable[[], Awaitable[dict[str, Any]]]]:
    done: list[int] = []

    async def work() -> dict[str, Any]:
        done.append(1)
        return {"number": len(done), "text": "é"}

    return done, work


async def test_the_same_key_gets_the_first_answer(store: IdempotencyStore, write: Any) -> None:
    done, work = counting()
    first = await store.once(write(), work)
    assert await store.once(write(), work) == first == {"number": 1, "text": "é"}
    assert len(done) == 1


@pytest.mark.parametrize(
    "other", [{"key": "other"}, {"operation": "other"}, {"user_id": "usr_x"}, {"workspace_id": "wsp_x"}]
)
async def test_another_key_operation_user_or_workspace_is_another_write(
    store: IdempotencyStore, write: Any, ids: UnifiedIDManager, other: dict[str, str]
) -> None:
    done, work = counting()
    unique = {name: f"{value}{ids.new('req')}" for name, value in other.items()}
    await store.once(write(), work)
    await store.once(write(**unique), work)
    assert len(done) == 2


async def test_a_key_used_for_another_request_is_refused(store: IdempotencyStore, write: Any) -> None:
    done, work = counting()
    await store.once(write(), work)
    with pytest.raises(IdempotencyKeyReusedError):
        await store.once(write(request={"a": 2}), work)
    assert len(done) == 1


async def test_of_parallel_requests_one_does_the_work(store: IdempotencyStore, write: Any) -> None:
    done, work = counting()
    answers = await asyncio.gather(*(store.once(write(), work) for _ in range(6)), return_exceptions=True)
    assert len(done) == 1
    assert all(
        one == {"number": 1, "text": "é"} or isinstance(one, IdempotencyInProgressError) for one in answers
    )


async def test_a_failed_write_leaves_its_key_free(store: IdempotencyStore, write: Any) -> None:
    async def fail() -> dict[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.once(write(), fail)
    done, work = counting()
    await store.once(write(), work)
    assert len(done) == 1


@pytest.mark.parametrize(("age", "answered"), [("61 seconds", False), ("25 hours", True)])
async def test_an_abandoned_or_old_key_may_be_used_anew(
    store: IdempotencyStore, write: Any, sessions: DatabaseSessionManager, age: str, answered: bool
) -> None:
    done, work = counting()
    await store.once(write(), work)
    async with sessions.transaction(workspace_id=write().workspace_id, user_id=write().user_id) as tx:
        forget = "" if answered else ", answer = null"
        await tx.execute(
            f"update app.idempotency_keys set claimed_at = claimed_at - interval '{age}'{forget}"
        )
    await store.once(write(), work)
    assert len(done) == 2


async def test_answers_are_closed_to_everybody_else(
    store: IdempotencyStore, write: Any, database: DatabaseManager
) -> None:
    _, work = counting()
    await store.once(write(), work)
    async with database.connection("app") as connection:
        assert await connection.scalar(text("select count(*) from app.idempotency_keys")) == 0
