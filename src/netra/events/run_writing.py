"""RunWriting: what the emitters of one run share, and the order in which their events are appended."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from netra.context.models import UserExecutionContext
from netra.events.log import EventLog, NewEvent, Writer
from netra.events.publisher import EventPublisher
from netra.events.types import Envelope
from netra.storage.postgres.sessions import Transaction


class TenantTransactions(Protocol):
    """The part of DataAccess that the emitter needs."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction of the run's user in the run's workspace."""
        ...


@dataclass(slots=True)
class RunWriting:
    """Whose the run is, where it writes, the ordinals given out so far, and what waits to be appended.

    Events are appended in the order in which they were given, those that wait together in one transaction.
    A batch that fails waits again, so that the next caller of `append` or `flush` meets the failure.
    """

    context: UserExecutionContext
    writer: Writer
    access: TenantTransactions
    log: EventLog
    publisher: EventPublisher
    ordinals: defaultdict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    _waiting: list[NewEvent] = field(default_factory=list[NewEvent])
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _soon: asyncio.Task[None] | None = None

    def append_soon(self, event: NewEvent) -> None:
        """Append without waiting: at once when nothing is being appended, else with what waits by then."""
        self._waiting.append(event)
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._append_waiting())

    async def append(self, event: NewEvent) -> Envelope:
        """Append after everything given before; the envelope, once it is committed and published."""
        self._waiting.append(event)
        try:
            async with self._order:
                batch, envelopes = await self._append_batch()
            return envelopes[next(at for at, one in enumerate(batch) if one is event)]
        except BaseException:
            self._waiting = [one for one in self._waiting if one is not event]
            raise

    async def flush(self) -> None:
        """Wait until everything given so far is committed."""
        if self._waiting or self._order.locked():
            async with self._order:
                await self._append_batch()

    async def _append_waiting(self) -> None:
        try:
            await self.flush()
        except Exception as failure:
            log = structlog.get_logger("netra.events")
            log.warning("events_wait", run_id=self.writer.run_id, failure=repr(failure))

    async def _append_batch(self) -> tuple[list[NewEvent], list[Envelope]]:
        batch, self._waiting = self._waiting, []
        if not batch:
            return [], []
        try:
            async with self.access.transaction() as tx:
                appended = await self.log.append(tx, self.writer, batch)
        except BaseException:
            self._waiting = [*batch, *self._waiting]
            raise
        await self.publisher.publish(self.context.workspace_id, self.context.user_id, appended.fresh)
        return batch, appended.envelopes
