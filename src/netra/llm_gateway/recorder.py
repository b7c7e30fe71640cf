"""CallRecorder: keeps the gateway's calls for storing, apart from the requests they came from."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from netra.context.models import UserExecutionContext
from netra.llm_gateway.call_record import CallRecord
from netra.usage.outbox.batch import NewBatch, packed

_log = structlog.get_logger(__name__)
_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.2


class CallIntake(Protocol):
    """The usage room's way in for calls."""

    async def accept(self, context: UserExecutionContext, batch: NewBatch) -> None:
        """Keep a batch; once this returns, its calls will be stored."""
        ...


class CallRecorder:
    """Each record is one task that outlives its request; `close` waits for all of them.

    A call goes into the outbox and no further: the analytics store may be away. Trying again is harmless,
    because a call is stored once by its id.
    """

    def __init__(self, intake: CallIntake) -> None:
        self._intake = intake
        self._pending: set[asyncio.Task[None]] = set()

    def record(self, context: UserExecutionContext, record: CallRecord) -> None:
        """Keep this call, in the background."""
        task = asyncio.create_task(self._keep(context, record), name=f"record {record.call_id}")
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def drained(self) -> None:
        """Return when everything recorded so far is kept or given up."""
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)

    async def close(self) -> None:
        """Wait for what is under way."""
        await self.drained()

    async def _keep(self, context: UserExecutionContext, record: CallRecord) -> None:
        batch = await asyncio.to_thread(_batch_of, record)
        for attempt in range(_ATTEMPTS):
            try:
                await self._intake.accept(context, batch)
            except Exception:
                if attempt == _ATTEMPTS - 1:
                    _log.exception("call not recorded", call_id=record.call_id, usage=record.usage)
                    return
                await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt)
            else:
                return


def _batch_of(record: CallRecord) -> NewBatch:
    return NewBatch(source="gateway", received=1, calls=1, body=packed(record.frame()))
