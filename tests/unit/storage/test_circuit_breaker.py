"""The circuit breaker."""

import pytest

from netra.errors.kinds import UnavailableError
from netra.storage.clickhouse.breaker import CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_tries_once_after_the_pause() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=3, pause_s=1.0, clock=clock)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
        breaker.check_closed()
    breaker.failed()
    with pytest.raises(UnavailableError) as refused:
        breaker.check_closed()
    assert "live are still kept" in str(refused.value.hint)
    clock.now = 1.1
    breaker.check_closed()
    with pytest.raises(UnavailableError):  # only one tries
        breaker.check_closed()
    breaker.succeeded()
    breaker.check_closed()
    breaker.check_closed()
