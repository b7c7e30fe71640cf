"""A circuit breaker: after repeated failures a provider is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after `failures` in a row for `pause_s`, then lets one attempt through; a success closes it."""

    def __init__(
        self, failures: int = 5, pause_s: float = 20.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._failed = 0
        self._open_until = 0.0

    def seconds_until_retry(self) -> float:
        """0 when a request may go out, else how long to wait. A half-open breaker lets one request out."""
        left = self._open_until - self._clock()
        if left > 0:
            return left
        if self._failed >= self._limit:
            self._open_until = self._clock() + self._pause_s
        return 0.0

    def succeeded(self) -> None:
        """A request was answered."""
        self._failed, self._open_until = 0, 0.0

    def failed(self) -> None:
        """A request failed in a way that says nothing about the request itself."""
        self._failed += 1
        if self._failed >= self._limit:
            self._open_until = self._clock() + self._pause_s
