"""95 % intervals of totals by block bootstrap.

Percentile method over 2,000 resamples of per-block sums, generator PCG64(0). Source: Efron and Tibshirani, An
Introduction to the Bootstrap, chapters 8 and 13. All totals share the resamples, so an analysis draws once:
the counts of a resample times the matrix of per-block sums gives every total.

Many blocks are drawn in two steps, which gives the same distribution and stays in the processor's cache: how
many of the draws fall into each group of blocks (multinomial), then which blocks inside a group. Groups have
generators of their own (PCG64(0) jumped ahead), so they can be drawn at the same time, and add up in one
order.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Drawn = npt.NDArray[np.uint32] | npt.NDArray[np.uint16]
Numbers = Callable[[np.random.Generator, int, int], Drawn]

RESAMPLES = 2_000
MIN_CALLS = 50
DRAWN_AT_ONCE = 1 << 15
"""Up to so many blocks are drawn directly."""

_GROUP = 1 << 12
_LARGEST_WORD = 2**64 - 1
_CELLS_AT_ONCE = 1 << 18
_PRODUCTS_AT_ONCE = 1 << 18
_THREADS = 2
_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in the unit of the sums."""

    low: float
    high: float

    def widened(self, below: float, above: float) -> "Interval":
        """The interval with its bounds moved apart by two amounts that are at least 0."""
        return Interval(self.low - below, self.high + above)


class Resamples:
    """The resamples of some number of blocks; the same ones each time they are asked for."""

    def __init__(self, blocks: int, resamples: int = RESAMPLES) -> None:
        self._blocks = blocks
        self._resamples = resamples

    def intervals(self, sums: Sequence[Float64]) -> list[Interval]:
        """The 95 % interval of the total of each row of per-block sums."""
        if not sums or not self._blocks:
            return [Interval(0.0, 0.0) for _ in sums]
        bounds = np.percentile(self._totals(np.stack(sums, axis=1)), [2.5, 97.5], axis=0)
        return [Interval(float(low), float(high)) for low, high in bounds.T]

    def _totals(self, matrix: Float64) -> Float64:
        """(resamples, totals) of a matrix of per-block sums (blocks, totals)."""
        if self._blocks <= DRAWN_AT_ONCE:
            return resampled_totals(matrix, self._resamples)
        firsts = np.arange(0, self._blocks, _GROUP)
        sizes = np.diff(firsts, append=self._blocks)
        generator = np.random.Generator(np.random.PCG64(0))
        draws = generator.multinomial(self._blocks, sizes / self._blocks, size=self._resamples)

        def of_group(number: int) -> Float64:
            begin = int(firsts[number])
            own = np.random.Generator(np.random.PCG64(0).jumped(number + 1))
            numbers = _number_in_group if sizes[number] == _GROUP else _any_number
            return _drawn(numbers, own, draws[:, number], matrix[begin : begin + int(sizes[number])])

        totals = np.zeros((self._resamples, matrix.shape[1]))
        with ThreadPoolExecutor(_THREADS) as threads:
            for part in threads.map(of_group, range(len(firsts))):
                totals += part
        return totals


def resampled_totals(matrix: Float64, resamples: int) -> Float64:
    """(resamples, totals): sums of the rows of a matrix (rows, totals) over resamples of its rows, drawn one
    after the other from PCG64(0): the same rows for every matrix of as many.
    """
    generator = np.random.Generator(np.random.PCG64(0))
    return _drawn(_any_number, generator, np.full(resamples, len(matrix)), matrix)


def _drawn(numbers: Numbers, generator: np.random.Generator, draws: Int64, matrix: Float64) -> Float64:
    """Totals of resamples that draw that many of the rows of `matrix` each."""
    blocks, totals = len(matrix), np.empty((len(draws), matrix.shape[1]))
    for rows in _slices(len(draws), max(1, _CELLS_AT_ONCE // blocks)):
        sizes = draws[rows]
        drawn = numbers(generator, blocks, int(sizes.sum()))
        counts = np.empty((len(sizes), blocks))
        ends = np.cumsum(sizes)
        for row, (begin, end) in enumerate(zip(ends - sizes, ends, strict=True)):
            counts[row] = np.bincount(drawn[begin:end], minlength=blocks)
        totals[rows] = _product(counts, matrix)
    return totals


def _any_number(generator: np.random.Generator, below: int, size: int) -> Drawn:
    """Uniform numbers from 0 to `below` - 1."""
    return generator.integers(0, below, size=size, dtype=np.uint32)


def _number_in_group(generator: np.random.Generator, below: int, size: int) -> Drawn:
    """The same below a power of two that 16 bits hold: each random word gives four."""
    words = generator.integers(0, _LARGEST_WORD, size=-(-size // 4), dtype=np.uint64, endpoint=True)
    return words.view(np.uint16)[:size] & np.uint16(below - 1)


def _product(counts: Float64, matrix: Float64) -> Float64:
    """Matrix product in pieces that the library computes on the thread that asks: its own threads wait for
    each other when the processors have other work, a hundred times as long as the product takes.
    """
    total = np.zeros((len(counts), matrix.shape[1]))
    for part in _slices(len(matrix), max(1, _PRODUCTS_AT_ONCE // total.size)):
        total += counts[:, part] @ matrix[part]
    return total


def _slices(length: int, step: int) -> Iterator[slice]:
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def bootstrap_totals(sums: Sequence[Float64], resamples: int = RESAMPLES) -> list[Interval]:
    """The 95 % interval of the total of each row of per-block sums; all rows have the same blocks."""
    return Resamples(len(sums[0]) if sums else 0, resamples).intervals(sums)


def likely_interval(sums: Float64) -> Interval:
    """About what the bootstrap will say of the total, from the spread of the per-block sums alone: resampled
    totals have the variance of the blocks times their number.
    """
    total, reach = float(sums.sum()), _Z_95 * float(sums.std()) * len(sums) ** 0.5
    return Interval(total - reach, total + reach)
