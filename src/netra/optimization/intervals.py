"""95 % intervals of totals by block bootstrap.

Percentile method over 2,000 resamples of per-block sums, generator PCG64(0). Source: Efron and Tibshirani, An
Introduction to the Bootstrap, chapters 8 and 13. All totals share the resamples, so an analysis draws once:
the counts of a resample times the matrix of per-block sums gives every total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Draws = npt.NDArray[np.uint32]

RESAMPLES = 2_000
MIN_CALLS = 50
_CELLS_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in the unit of the sums."""

    low: float
    high: float

    def widened(self, below: float, above: float) -> "Interval":
        """The interval with its bounds moved apart by two amounts that are at least 0."""
        return Interval(self.low - below, self.high + above)


def bootstrap_totals(sums: Sequence[Float64], resamples: int = RESAMPLES) -> list[Interval]:
    """The 95 % interval of the total of each row of per-block sums; all rows have the same blocks."""
    if not sums:
        return []
    matrix = np.stack(sums, axis=1)
    blocks = matrix.shape[0]
    totals = np.empty((resamples, matrix.shape[1]))
    generator = np.random.Generator(np.random.PCG64(0))
    batch = max(1, min(resamples, _CELLS_AT_ONCE // blocks))
    counts = np.empty((batch, blocks))
    for start in range(0, resamples, batch):
        size = min(batch, resamples - start)
        for row in range(size):
            drawn = cast("Draws", generator.integers(0, blocks, size=blocks, dtype=np.uint32))
            counts[row] = np.bincount(drawn, minlength=blocks)
        totals[start : start + size] = counts[:size] @ matrix
    bounds = np.percentile(totals, [2.5, 97.5], axis=0)
    return [Interval(float(low), float(high)) for low, high in bounds.T]
