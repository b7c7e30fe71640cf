"""CallRecorder: writes the gateway's calls to the call fact, apart from the requests they came from."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import polars as pl
import structlog

from netra.context.models import UserExecutionContext
from netra.llm_gateway.call_record import CallRecord

_log = structlog.get_logger(__name__)
_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.2


class CallSink(Protocol):
    """The usage room's writer of calls."""

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        """Insert rows once per token."""
        ...


AfterWrite = Callable[[UserExecutionContext], Awaitable[object]]


class CallRecorder:
    """Each record is one task that outlives its request; `close` waits for all of them.

    A write that fails is tried again with the same token, so that it lands once.
    """

    def __init__(self, sink: CallSink, after_write: AfterWrite | None = None) -> None:
        self._sink = sink
        self._after_write = after_write
        self._pending: set[asyncio.Task[None]] = set()

    def record(self, context: UserExecutionContext, record: CallRecord) -> None:
        """Write this call in the background."""
        task = asyncio.create_task(self._write(context, record), name=f"record {record.call_id}")
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def drained(self) -> None:
        """Return when everything recorded so far is written or given up."""
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)

    async def close(self) -> None:
        """Wait for the outstanding writes."""
        await self.drained()

    async def _write(self, context: UserExecutionContext, record: CallRecord) -> None:
        frame = record.frame()
        for attempt in range(_ATTEMPTS):
            try:
                await self._sink.write(context, frame, f"gateway:{record.call_id}")
                if self._after_write is not None:
                    await self._after_write(context)
            except Exception:
                if attempt == _ATTEMPTS - 1:
                    _log.exception("call not recorded", call_id=record.call_id, usage=record.usage)
                    return
                await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt)
            else:
                return
