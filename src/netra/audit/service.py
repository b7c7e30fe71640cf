"""AuditLog: append decisions to the chain."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from netra.audit import repository
from netra.audit.entries import AuditEntry, Outcome
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics
from netra.telemetry.trace import current_trace_id

_BATCH = 200
_MAX_WAITING = 10_000


class AuditLog:
    """Appends entries in batches: all that wait while one batch is written go into the next (group commit).

    Made on an event loop and used only there. `close` before the loop ends.
    """

    def __init__(self, sessions: DatabaseSessionManager, metrics: Metrics) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._waiting: deque[tuple[AuditEntry, asyncio.Future[None] | None]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("netra.audit")

    async def record(
        self,
        action: str,
        outcome: Outcome,
        *,
        actor_user_id: str | None = None,
        workspace_id: str | None = None,
        subject: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Append a decision and return when it is durable. Raises UnavailableError when it cannot be kept."""
        entry = self._entry(action, outcome, actor_user_id, workspace_id, subject, details)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(entry, done)
        await done

    def note(
        self,
        action: str,
        outcome: Outcome,
        *,
        actor_user_id: str | None = None,
        workspace_id: str | None = None,
        subject: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Append a decision shortly, without waiting: for refusals that must not cost the store
        a round trip each.
        """
        entry = self._entry(action, outcome, actor_user_id, workspace_id, subject, details)
        if len(self._waiting) >= _MAX_WAITING:
            self._log.error("audit_overflow", action=action, outcome=outcome)
            return
        self._enqueue(entry, None)

    async def close(self) -> None:
        """Write out everything that waits."""
        while self._writer is not None:
            await asyncio.shield(self._writer)

    def _entry(
        self,
        action: str,
        outcome: Outcome,
        actor: str | None,
        workspace: str | None,
        subject: str | None,
        details: Mapping[str, object] | None,
    ) -> AuditEntry:
        self._metrics.auth_decisions.labels(action, outcome).inc()
        return AuditEntry(
            action=action,
            outcome=outcome,
            at=datetime.now(UTC),
            actor_user_id=actor,
            workspace_id=workspace,
            subject=subject,
            trace_id=current_trace_id(),
            details=details or {},
        )

    def _enqueue(self, entry: AuditEntry, done: "asyncio.Future[None] | None") -> None:
        self._waiting.append((entry, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="audit writer")

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: "list[tuple[AuditEntry, asyncio.Future[None] | None]]") -> None:
        failure: Exception | None = None
        try:
            async with self._sessions.transaction(workspace_id=None, user_id=None) as transaction:
                await repository.append(transaction, [entry for entry, _ in batch])
        except Exception as caught:
            failure = caught
            self._log.exception("audit_write_failed", entries=len(batch))
        for _, done in batch:
            if done is None or done.done():
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)
