"""95 % intervals of totals by block bootstrap.

Percentile method over 2,000 resamples of per-block sums, generator PCG64(0). Source: Efron and Tibshirani, An
Introduction to the Bootstrap, chapters 8 and 13. All totals share the resamples, so an analysis draws once:
the counts of a resample times the matrix of per-block sums gives every total.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Draws = npt.NDArray[np.uint32]

RESAMPLES = 2_000
MIN_CALLS = 50
_CELLS_AT_ONCE = 1 << 20
_CELLS_KEPT = 1 << 28
_UINT8 = 256


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in the unit of the sums."""

    low: float
    high: float

    def widened(self, below: float, above: float) -> "Interval":
        """The interval with its bounds moved apart by two amounts that are at least 0."""
        return Interval(self.low - below, self.high + above)


class Resamples:
    """How often each block is drawn in each resample; drawn once, kept where that takes little memory."""

    def __init__(self, blocks: int, resamples: int = RESAMPLES) -> None:
        self._blocks = blocks
        self._resamples = resamples
        self._kept: list[npt.NDArray[np.uint8]] | None = None

    def intervals(self, sums: Sequence[Float64]) -> list[Interval]:
        """The 95 % interval of the total of each row of per-block sums."""
        if not sums or not self._blocks:
            return [Interval(0.0, 0.0) for _ in sums]
        matrix = np.stack(sums, axis=1)
        totals = np.concatenate([counts @ matrix for counts in self._counts()])
        bounds = np.percentile(totals, [2.5, 97.5], axis=0)
        return [Interval(float(low), float(high)) for low, high in bounds.T]

    def _counts(self) -> Iterator[Float64]:
        """Counts (resamples in a batch, blocks); good until the next ones are asked for."""
        if self._kept is not None:
            yield from (counts.astype(np.float64) for counts in self._kept)
            return
        batch = max(1, min(self._resamples, _CELLS_AT_ONCE // self._blocks))
        keep = self._blocks * self._resamples <= _CELLS_KEPT
        kept: list[npt.NDArray[np.uint8]] = []
        buffer = np.empty((batch, self._blocks))
        for drawn in self._draws(batch):
            counts = buffer[: len(drawn)]
            for row, indices in zip(counts, drawn, strict=True):
                row[:] = np.bincount(indices, minlength=self._blocks)
            keep = keep and bool(counts.max() < _UINT8)
            if keep:
                kept.append(counts.astype(np.uint8))
            yield counts
        self._kept = kept if keep else None

    def _draws(self, batch: int) -> Iterator[Draws]:
        """Indices (resamples in a batch, blocks), the next batch drawn on another core meanwhile."""
        generator = np.random.Generator(np.random.PCG64(0))
        sizes = [min(batch, self._resamples - start) for start in range(0, self._resamples, batch)]

        def draw(size: int) -> Draws:
            return generator.integers(0, self._blocks, size=(size, self._blocks), dtype=np.uint32)

        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(draw, sizes[0])
            for size in sizes[1:]:
                drawn, coming = coming.result(), ahead.submit(draw, size)
                yield drawn
            yield coming.result()


def bootstrap_totals(sums: Sequence[Float64], resamples: int = RESAMPLES) -> list[Interval]:
    """The 95 % interval of the total of each row of per-block sums; all rows have the same blocks."""
    return Resamples(len(sums[0]) if sums else 0, resamples).intervals(sums)
