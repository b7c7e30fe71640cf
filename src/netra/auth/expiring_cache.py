"""A small cache whose entries are forgotten after seconds."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ExpiringCache(Generic[K, V]):
    """At most `size` entries, each for at most `ttl_s` seconds; the oldest goes first. For one event loop."""

    def __init__(self, *, ttl_s: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, None when absent or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() - entry[0] >= self._ttl_s:
            del self._entries[key]
            return None
        return entry[1]

    def put(self, key: K, value: V, *, read_at: float) -> None:
        """Keep a value that was true at `read_at` (by `now`, taken before the store was asked)."""
        self._entries.pop(key, None)
        self._entries[key] = (read_at, value)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def now(self) -> float:
        """The cache's clock."""
        return self._clock()

    def forget(self, key: K) -> None:
        """Drop one entry."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
