"""What became of what came in live: totals by day and rejects, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from netra.data_access.repository import ScopedRepository
from netra.usage.outbox.batch import MARKS, WaitingBatch

COUNTS = (
    "batches", "received", "stored", "duplicates", "same_calls", "ignored", "rejected", "unpriced",
    *MARKS,
)  # fmt: skip


class IngestLedger(ScopedRepository):
    """Totals and rejects of the current workspace, inside one open transaction."""

    async def add_totals(self, source: str, day: date, counts: Mapping[str, int]) -> None:
        """Add what one flush came to."""
        sums = ", ".join(f"{name} = app.ingest_totals.{name} + excluded.{name}" for name in COUNTS)
        await self.transaction.execute(
            f"insert into app.ingest_totals (workspace_id, source, day, {', '.join(COUNTS)}, last_stored_at) "
            f"values (:w, :source, :day, {', '.join(':' + name for name in COUNTS)}, clock_timestamp()) "
            f"on conflict (workspace_id, source, day) do update set {sums}, "
            "last_stored_at = excluded.last_stored_at",
            {
                "w": self.workspace_id,
                "source": source,
                "day": day,
                **{name: counts.get(name, 0) for name in COUNTS},
            },
        )

    async def add_rejected_spans(self, batch: WaitingBatch) -> None:
        """Keep the spans of a batch that were refused when it came."""
        rows = [
            {"w": self.workspace_id, "source": batch.source, "at": batch.accepted_at, **asdict(one)}
            for one in batch.rejects
        ]
        if rows:
            await self.transaction.execute(
                "insert into app.ingest_rejects (workspace_id, source, kind, accepted_at, trace_id, span_id, "
                "code, reason) values (:w, :source, 'span', :at, :trace_id, :span_id, :code, :reason)",
                rows,
            )

    async def totals(self) -> list[dict[str, Any]]:
        """Totals of this workspace by source and day, newest first."""
        result = await self.transaction.execute(
            f"select source, day, {', '.join(COUNTS)}, last_stored_at from app.ingest_totals "
            "order by day desc, source limit 400"
        )
        return [dict(row) for row in result.mappings()]

    async def rejects(self, before: int | None, limit: int) -> Sequence[Mapping[str, Any]]:
        """Rejects of this workspace, newest first, from before the one with this number."""
        condition = "" if before is None else "where seq < :before "
        result = await self.transaction.execute(
            "select seq, source, kind, accepted_at, rejected_at, trace_id, span_id, code, reason, calls "
            f"from app.ingest_rejects {condition}order by seq desc limit :limit",
            {"limit": limit} | ({} if before is None else {"before": before}),
        )
        return [dict(row) for row in result.mappings()]

    async def rejected_batches(self) -> int:
        """Batches that the analytics store would not take."""
        result = await self.transaction.execute(
            "select count(*) from app.ingest_rejects where kind = 'batch'"
        )
        return int(result.scalar_one())
