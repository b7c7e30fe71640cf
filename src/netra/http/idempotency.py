"""Idempotency keys: a write that is sent again gets the first answer."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Header

from netra.errors.kinds import ConflictError
from netra.storage.postgres.sessions import DatabaseSessionManager, Transaction

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Send the same key again after a lost answer: the write is done once. Kept for a day.",
    ),
]

_ABANDONED_AFTER = "60 seconds"
_KEPT = "24 hours"
_KEY = "operation = :operation and key = :key"


class IdempotencyKeyReusedError(ConflictError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class IdempotencyInProgressError(ConflictError):
    """The first request with this key is still being worked on."""

    code = "idempotency_in_progress"


@dataclass(frozen=True, slots=True)
class KeyedWrite:
    """One write of one user: which operation, under which key, with which request (JSON values)."""

    workspace_id: str
    user_id: str
    operation: str
    key: str
    request: object

    @property
    def fingerprint(self) -> bytes:
        """What tells this request from another with the same key."""
        return hashlib.sha256(orjson.dumps(self.request, option=orjson.OPT_SORT_KEYS, default=str)).digest()


class IdempotencyStore:
    """Remembers answers in PostgreSQL for a day, apart for each user of each workspace.

    A process that dies between doing the write and keeping its answer leaves the key in progress; after a
    minute the key may be used anew. A write that fails leaves its key free.
    """

    def __init__(self, sessions: DatabaseSessionManager) -> None:
        self._sessions = sessions

    async def answer(
        self,
        key: str | None,
        work: Callable[[], Awaitable[dict[str, Any]]],
        *,
        scope: str,
        user_id: str,
        operation: str,
        request: object,
    ) -> dict[str, Any]:
        """What an endpoint answers: the work's outcome, done once if the request carried a key.

        `scope` is the workspace; for what is done outside of one, the user's own id. The answer is stored as
        it is, so it holds no secret: one that must be told again is derived from the key. Raises as `once`.
        """
        if key is None:
            return await work()
        return await self.once(KeyedWrite(scope, user_id, operation, key, request), work)

    async def once(self, write: KeyedWrite, work: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Do the work, or give the answer (JSON values) that the first request with this key got.

        Raises IdempotencyKeyReusedError when the request differs, IdempotencyInProgressError while the first
        runs.
        """
        known = await self._claim(write)
        if known is not None:
            return known
        try:
            answer = await work()
        except BaseException:
            await self._finish(write, f"delete from app.idempotency_keys where {_KEY}")
            raise
        kept = orjson.dumps(answer, default=str).decode()
        await self._finish(
            write, f"update app.idempotency_keys set answer = cast(:answer as json) where {_KEY}", answer=kept
        )
        return answer

    async def _claim(self, write: KeyedWrite) -> dict[str, Any] | None:
        async with self._sessions.transaction(
            workspace_id=write.workspace_id, user_id=write.user_id
        ) as transaction:
            await transaction.execute(
                f"delete from app.idempotency_keys where claimed_at < clock_timestamp() - interval '{_KEPT}' "
                f"or (answer is null and claimed_at < clock_timestamp() - interval '{_ABANDONED_AFTER}')"
            )
            made = await transaction.execute(
                "insert into app.idempotency_keys (workspace_id, user_id, operation, key, fingerprint) "
                "values (:workspace, :user, :operation, :key, :fingerprint) "
                "on conflict do nothing returning key",
                {
                    "workspace": write.workspace_id,
                    "user": write.user_id,
                    "operation": write.operation,
                    "key": write.key,
                    "fingerprint": write.fingerprint,
                },
            )
            return None if made.one_or_none() is not None else await _known_answer(transaction, write)

    async def _finish(self, write: KeyedWrite, statement: str, **values: object) -> None:
        async with self._sessions.transaction(
            workspace_id=write.workspace_id, user_id=write.user_id
        ) as transaction:
            await transaction.execute(statement, {"operation": write.operation, "key": write.key, **values})


async def _known_answer(transaction: Transaction, write: KeyedWrite) -> dict[str, Any]:
    found = await transaction.execute(
        f"select fingerprint, answer from app.idempotency_keys where {_KEY}",
        {"operation": write.operation, "key": write.key},
    )
    row = found.one_or_none()
    if row is not None and row.fingerprint != write.fingerprint:
        raise IdempotencyKeyReusedError(
            "this idempotency key was used for another request", hint="use a new key for a new request"
        )
    if row is None or row.answer is None:
        raise IdempotencyInProgressError(
            "the first request with this key is still being worked on",
            hint="send it again in a moment",
            details={"retry_after_s": 1},
        )
    return row.answer
