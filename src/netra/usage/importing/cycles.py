"""Cycles among rows that name another row: a call that retries itself, a span that is its own ancestor."""

from typing import Any

import numpy as np

from netra.usage.digests import Hashes

MOST_EDGES = 4_000_000
"""Named rows kept at most, 24 bytes each; more are counted as not checked."""

_Lines = np.ndarray[Any, np.dtype[np.int64]]


class References:
    """Who names whom, by digest; kept over all chunks of a file."""

    def __init__(self) -> None:
        self._own: list[Hashes] = []
        self._named: list[Hashes] = []
        self._lines: list[_Lines] = []
        self._kept = 0
        self.unchecked = 0

    def add(self, own: Hashes, named: Hashes, lines: _Lines) -> None:
        """Rows with these digests name the rows with those."""
        if self._kept + len(own) > MOST_EDGES:
            self.unchecked += len(own)
            return
        self._own.append(own)
        self._named.append(named)
        self._lines.append(lines)
        self._kept += len(own)

    def on_cycles(self) -> _Lines:
        """Lines of the rows that reach themselves by following the names, ascending.

        Every row names at most one other, so following all names at once and doubling the stride each time
        leaves, after log2(n) steps, exactly those in flight that never reach an end; where they are then are
        the cycles (pointer jumping, Wyllie 1979).
        """
        if not self._kept:
            return np.zeros(0, dtype=np.int64)
        own, first = np.unique(np.concatenate(self._own), return_index=True)
        named, lines = np.concatenate(self._named)[first], np.concatenate(self._lines)[first]
        end = len(own)
        place = np.minimum(np.searchsorted(own, named), end - 1)
        target = np.append(np.where(own[place] == named, place, end), end)
        for _ in range(end.bit_length()):
            target = target[target]
        return np.sort(lines[np.unique(target[target < end])])
