"""Cancellation: a request in any process reaches the worker that carries the run out, within a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from netra.data_access.factory import DataAccess
from netra.errors.kinds import UnavailableError
from netra.runs import repository

CHANNEL = "netra:runs:cancel"
POLL_S = 0.7


class CancelDoor(Protocol):
    """The part of the hot store that announcing a cancellation needs."""

    async def publish(self, channel: str, payload: bytes) -> object:
        """Hand `payload` to whoever is subscribed to `channel` at this moment."""
        ...


async def announce(door: CancelDoor, run_ids: list[str]) -> None:
    """Tell every worker at once; one that does not hear it reads the request from PostgreSQL within a
    second.
    """
    for run_id in run_ids:
        try:
            await door.publish(CHANNEL, run_id.encode())
        except Exception as failure:
            log = structlog.get_logger("netra.runs.cancellation")
            log.warning("cancel_not_announced", run_id=run_id, failure=repr(failure))


class CancellationWatch:
    """The runs that this worker carries out now, and who waits to hear that one shall end."""

    def __init__(self) -> None:
        self._heard: dict[str, asyncio.Event] = {}

    async def on_message(self, channel: str, payload: bytes) -> None:
        """Take a published cancellation; those of other workers' runs are ignored."""
        heard = self._heard.get(payload.decode("ascii", "replace"))
        if heard is not None:
            heard.set()

    async def wait(self, access: DataAccess, run_id: str) -> None:
        """Return when the run shall end: on request, or because it was deleted."""
        heard = self._heard[run_id] = asyncio.Event()
        try:
            while not await self._is_requested(access, run_id):
                await _within(heard.wait, POLL_S)
                heard.clear()
        finally:
            self._heard.pop(run_id, None)

    async def _is_requested(self, access: DataAccess, run_id: str) -> bool:
        try:
            async with access.transaction() as tx:
                requested = await repository.find_cancel_request(tx, run_id)
        except UnavailableError:
            return False
        return requested is None or requested


async def _within(wait: Callable[[], Awaitable[object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return
