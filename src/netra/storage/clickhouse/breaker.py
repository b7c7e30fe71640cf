"""A circuit breaker: after repeated failures calls fail at once, until one trial succeeds."""

import time
from collections.abc import Callable

from netra.storage.clickhouse.errors import LIVE_CALLS_ARE_KEPT, AnalyticsUnavailableError


class CircuitBreaker:
    """Closed: calls pass. Open after `threshold` failures in a row: refused for `pause_s`. Then one trial
    call decides. Only used from one event loop.
    """

    def __init__(
        self, *, threshold: int = 5, pause_s: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threshold = threshold
        self._pause_s = pause_s
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused at this moment."""
        return self._failures >= self._threshold and self._clock() < self._open_until

    def check_closed(self) -> None:
        """Refuse while open, otherwise let the caller through; after the pause only one caller tries at a
        time.
        """
        if self.is_open:
            raise AnalyticsUnavailableError(
                "the analytics store did not answer lately",
                hint=f"try again in a few seconds; {LIVE_CALLS_ARE_KEPT}",
            )
        if self._failures >= self._threshold:
            self._open_until = self._clock() + self._pause_s  # others wait while this caller tries

    def succeeded(self) -> None:
        """The store answered, whatever it said."""
        self._failures = 0

    def failed(self) -> None:
        """The store did not answer."""
        self._failures += 1
        if self._failures >= self._threshold:
            self._open_until = self._clock() + self._pause_s
