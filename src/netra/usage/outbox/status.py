"""What became of live ingestion, for people."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.usage.outbox.ledger import COUNTS, IngestLedger
from netra.usage.outbox.repository import OutboxRepository


class IngestTotals(BaseModel):
    """Counts of one source on one day: received = stored + duplicates + same_calls + ignored + rejected.

    `same_calls` were reported by a second layer of the application; `ignored` are no calls of a model;
    `unpriced`, `cache_unreported` and `clock_skew` are among those stored. The cost of the second is an upper
    bound, as their reports leave out how much of the input was cached; of the third a time is left out, as
    the clocks of their reports contradict it.
    """

    source: str
    day: date
    batches: int
    received: int
    stored: int
    duplicates: int
    same_calls: int
    ignored: int
    rejected: int
    unpriced: int
    cache_unreported: int
    clock_skew: int
    last_stored_at: datetime


class IngestStatus(BaseModel):
    """Sums over all days by source, the days themselves (newest first), and what waits to be stored."""

    sources: dict[str, dict[str, int]]
    days: list[IngestTotals]
    waiting_batches: int
    waiting_calls: int
    waiting_s: float
    rejected_batches: int


class IngestReject(BaseModel):
    """A span that was not stored, or a batch of calls that the analytics store would not take."""

    seq: int
    source: str
    kind: str
    accepted_at: datetime
    rejected_at: datetime
    trace_id: str | None
    span_id: str | None
    code: str
    reason: str
    calls: int


class IngestStatusService:
    """Reads totals and rejects of a workspace."""

    def __init__(self, access: DataAccessFactory) -> None:
        self._access = access

    async def status(self, context: UserExecutionContext) -> IngestStatus:
        """How live ingestion stands."""
        async with self._access.for_context(context).transaction() as transaction:
            ledger = IngestLedger(transaction, context)
            days: list[dict[str, Any]] = await ledger.totals()
            batches, calls, since = await OutboxRepository(transaction, context).waiting()
            rejected_batches = await ledger.rejected_batches()
        sources: dict[str, Counter[str]] = {}
        for day in days:
            sources.setdefault(str(day["source"]), Counter()).update(
                {name: int(day[name]) for name in COUNTS}
            )
        return IngestStatus(
            sources={source: {name: counts[name] for name in COUNTS} for source, counts in sources.items()},
            days=[IngestTotals(**day) for day in days],
            waiting_batches=batches,
            waiting_calls=calls,
            waiting_s=0.0 if since is None else max((datetime.now(UTC) - since).total_seconds(), 0.0),
            rejected_batches=rejected_batches,
        )

    async def rejects(
        self, context: UserExecutionContext, *, before: int | None, limit: int
    ) -> list[IngestReject]:
        """Rejects, newest first."""
        async with self._access.for_context(context).transaction() as transaction:
            found = await IngestLedger(transaction, context).rejects(before, limit)
        return [IngestReject(**row) for row in found]
