"""Waking: a queued run reaches a worker at once, though a worker with nothing to do looks seldom.

To look into the durable engine's queue costs several statements; twenty times a second that was a tenth of a
core on an idle machine. A look that nobody asked for still comes twice a second, so that a lost notice costs
half a second and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable

import structlog

from netra.runs.cancellation import CHANNEL as CANCELLED
from netra.runs.cancellation import CancelDoor, CancellationWatch

QUEUED = "netra:runs:queued"
CHANNELS = (CANCELLED, QUEUED)
LOOK_S = 0.05
IDLE_LOOK_S = 0.5
AWAKE_S = 1.0


async def announce_queued(door: CancelDoor) -> None:
    """Tell every worker that a run waits; one that does not hear it looks within half a second."""
    try:
        await door.publish(QUEUED, b"")
    except Exception as failure:
        structlog.get_logger("netra.runs.waking").warning("queued_not_announced", failure=repr(failure))


def hearing(watch: CancellationWatch, wake: Callable[[], None]) -> Callable[[str, bytes], Awaitable[None]]:
    """What a worker does with messages of `CHANNELS`."""

    async def hear(channel: str, payload: bytes) -> None:
        if channel == QUEUED:
            wake()
        else:
            await watch.on_message(channel, payload)

    return hear


class QueuePace:
    """How long a queue's thread waits before it looks again: `LOOK_S` while `busy` and for a second after
    `wake`, `IDLE_LOOK_S` otherwise. Any thread may wake it.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._awake_until = 0.0
        self._turn = threading.Condition()

    def wake(self) -> None:
        """Look now, and often for a second."""
        with self._turn:
            self._awake_until = time.monotonic() + AWAKE_S
            self._turn.notify_all()

    def govern(self, stop: threading.Event) -> None:
        """Give the event a `wait` that keeps this pace in place of waits as short as `LOOK_S`."""
        usual = stop.wait

        def wait(timeout: float | None = None) -> bool:
            if timeout is None or timeout > 2 * LOOK_S:
                return usual(timeout)
            with self._turn:
                if not self._is_awake():
                    self._turn.wait(IDLE_LOOK_S)
                    return stop.is_set()
            return usual(timeout)

        stop.wait = wait

    def _is_awake(self) -> bool:
        return self._busy() or time.monotonic() < self._awake_until
