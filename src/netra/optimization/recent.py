"""Results of the last few computations, by key."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Keeps what was computed for the keys asked for last, and forgets the rest before it computes more."""

    def __init__(self, kept: int = 2) -> None:
        self._kept = max(kept, 1)
        self._found: OrderedDict[Hashable, T] = OrderedDict()

    def forget(self) -> None:
        """Keep nothing of what was computed so far."""
        self._found.clear()

    def of(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result for a key, computed where it is not kept."""
        if key not in self._found:
            while len(self._found) >= self._kept:
                self._found.popitem(last=False)
            self._found[key] = compute()
        self._found.move_to_end(key)
        return self._found[key]
