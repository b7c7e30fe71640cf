"""The outbox in PostgreSQL; the only SQL text of this room that runs there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from netra.data_access.repository import ScopedRepository
from netra.storage.postgres.sessions import Transaction
from netra.usage.outbox.batch import REJECTS_KEPT, NewBatch, RejectedSpan, WaitingBatch


@dataclass(frozen=True, slots=True)
class Load:
    """What waits over all workspaces."""

    batches: int
    bytes: int


async def waiting_workspaces(transaction: Transaction) -> list[str]:
    """Workspaces with batches in the outbox, the longest waiting first; at most a hundred."""
    result = await transaction.execute("select workspace_id from app.outbox_waiting()")
    return [str(row.workspace_id) for row in result]


async def outbox_load(transaction: Transaction) -> Load:
    """How much waits over all workspaces."""
    row = (await transaction.execute("select batches, bytes from app.outbox_load()")).one()
    return Load(int(row.batches), int(row.bytes))


class OutboxRepository(ScopedRepository):
    """Batches of the current workspace, inside one open transaction."""

    async def add(self, batch: NewBatch) -> None:
        """Put a batch in; it is accepted when the transaction is committed."""
        rejects = [asdict(one) for one in batch.rejects[:REJECTS_KEPT]]
        await self.transaction.execute(
            "insert into app.outbox (workspace_id, accepted_by, source, received, ignored, rejected, "
            "rejects, calls, body) values (:w, :u, :source, :received, :ignored, :rejected, "
            "cast(:rejects as json), :calls, :body)",
            {
                "w": self.workspace_id,
                "u": self.user_id,
                "source": batch.source,
                "received": batch.received,
                "ignored": batch.ignored,
                "rejected": batch.rejected,
                "rejects": json.dumps(rejects) if rejects else None,
                "calls": batch.calls,
                "body": batch.body,
            },
        )

    async def try_lock(self) -> bool:
        """Be the only one who drains this workspace until the transaction ends; False if somebody else is."""
        result = await self.transaction.execute(
            "select pg_try_advisory_xact_lock(hashtextextended('outbox of ' || :w, 0))",
            {"w": self.workspace_id},
        )
        return bool(result.scalar_one())

    async def begun_flush(self) -> str | None:
        """The oldest flush that was put together and is not done."""
        result = await self.transaction.execute(
            "select flush from app.outbox where flush is not null order by seq limit 1"
        )
        flush = result.scalar_one_or_none()
        return None if flush is None else str(flush)

    async def begin_flush(self, most_calls: int, most_batches: int) -> str | None:
        """Put the oldest waiting batches together, at least one and no more calls than said; None without
        any.

        The name holds the first and last batch: batches belong to one flush only, so no two have the same
        name.
        """
        result = await self.transaction.execute(
            "update app.outbox set flush = chosen.first || '-' || chosen.last from ("
            "  select seq, min(seq) over () as first, max(seq) over () as last from ("
            "    select seq, sum(calls) over (order by seq) - calls as before from ("
            "      select seq, calls from app.outbox where flush is null order by seq limit :batches"
            "    ) as oldest"
            "  ) as counted where before < :calls"
            ") as chosen where app.outbox.seq = chosen.seq returning app.outbox.flush",
            {"calls": most_calls, "batches": most_batches},
        )
        row = result.first()
        return None if row is None else str(row.flush)

    async def of_flush(self, flush: str) -> list[WaitingBatch]:
        """The batches of a flush, in order."""
        result = await self.transaction.execute(
            "select seq, source, accepted_at, received, ignored, rejected, rejects, calls, body "
            "from app.outbox where flush = :flush order by seq",
            {"flush": flush},
        )
        return [_batch(row) for row in result.mappings()]

    async def finish_flush(self, flush: str) -> None:
        """Its rows are stored: take the batches out."""
        await self.transaction.execute("delete from app.outbox where flush = :flush", {"flush": flush})

    async def count_attempt(self, flush: str) -> int:
        """Note that a flush was refused; how often by now."""
        result = await self.transaction.execute(
            "update app.outbox set attempts = attempts + 1 where flush = :flush returning attempts",
            {"flush": flush},
        )
        return max((int(row.attempts) for row in result), default=0)

    async def take_apart(self, flush: str) -> None:
        """Let each batch of a refused flush go by itself, so that one does not hold up the others."""
        await self.transaction.execute(
            "update app.outbox set flush = seq || '-' || seq, attempts = 0 where flush = :flush",
            {"flush": flush},
        )

    async def reject_flush(self, flush: str, code: str, reason: str) -> None:
        """Move the batches of a flush to the rejects, calls and all."""
        await self.transaction.execute(
            "insert into app.ingest_rejects (workspace_id, source, kind, accepted_at, code, reason, calls, "
            "body) select workspace_id, source, 'batch', accepted_at, :code, :reason, calls, body "
            "from app.outbox where flush = :flush",
            {"flush": flush, "code": code, "reason": reason[:1000]},
        )
        await self.finish_flush(flush)

    async def waiting(self) -> tuple[int, int, datetime | None]:
        """Batches and calls of this workspace that wait, and since when."""
        result = await self.transaction.execute(
            "select count(*) as batches, coalesce(sum(calls), 0) as calls, "
            "min(accepted_at) as since from app.outbox"
        )
        row = result.one()
        return int(row.batches), int(row.calls), row.since


def _batch(row: Any) -> WaitingBatch:
    rejects = row["rejects"]
    if isinstance(rejects, str):
        rejects = json.loads(rejects)
    values: dict[str, Any] = dict(row)
    values["rejects"] = [RejectedSpan(**one) for one in rejects or ()]
    return WaitingBatch(**values)
