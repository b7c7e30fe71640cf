"""Intake: accepting batches, as long as there is room for what waits."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.errors.kinds import UnavailableError
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics
from netra.usage.outbox.batch import NewBatch
from netra.usage.outbox.repository import OutboxRepository, outbox_load

LOOK_EVERY_S = 0.5
RETRY_AFTER_S = 5
LEAST_FREE_BYTES = 256 * 1024**2
"""Room on the disk that waiting batches leave to everything else."""


class OutboxFullError(UnavailableError):
    """More waits for the analytics store than may wait; nothing of this request was kept."""

    code = "outbox_full"


class Intake:
    """Accepts batches. `limit_bytes` is what may wait over all workspaces; `home` is on the disk that holds
    it.

    The limit is looked at twice a second: between two looks it may be passed by what arrives meanwhile.
    """

    def __init__(
        self,
        access: DataAccessFactory,
        sessions: DatabaseSessionManager,
        metrics: Metrics,
        *,
        limit_bytes: int,
        home: Path,
    ) -> None:
        self._access = access
        self._sessions = sessions
        self._limit = limit_bytes
        self._home = home
        self._looked_at = float("-inf")
        self._trouble: str | None = None
        self._looking = asyncio.Lock()
        self._batches = metrics.gauge("netra_outbox_batches", "Batches that wait for the analytics store.")
        self._bytes = metrics.gauge("netra_outbox_bytes", "Bytes that wait for the analytics store.")

    async def accept(self, context: UserExecutionContext, batch: NewBatch) -> None:
        """Keep a batch: once this returns, its calls will be stored. Raises OutboxFullError, or that the
        database is away.
        """
        await self.check_room()
        async with self._access.for_context(context).transaction() as transaction:
            await OutboxRepository(transaction, context).add(batch)

    async def check_room(self) -> None:
        """Refuse (OutboxFullError) while too much waits or the disk is nearly full."""
        async with self._looking:
            if time.monotonic() - self._looked_at > LOOK_EVERY_S:
                self._trouble = await self._look()
                self._looked_at = time.monotonic()
        if self._trouble is not None:
            raise OutboxFullError(
                self._trouble,
                hint="what was accepted is stored once the analytics store takes it; send this again later",
                details={"retry_after_s": RETRY_AFTER_S},
            )

    async def _look(self) -> str | None:
        async with self._sessions.transaction(workspace_id=None, user_id=None) as transaction:
            load = await outbox_load(transaction)
        self._batches.set(load.batches)
        self._bytes.set(load.bytes)
        if load.bytes >= self._limit:
            return f"{load.bytes >> 20} MiB of calls wait to be stored, which is as much as may wait"
        free = (await asyncio.to_thread(shutil.disk_usage, self._home)).free if self._home.exists() else None
        return None if free is None or free >= LEAST_FREE_BYTES else "the disk is nearly full"
