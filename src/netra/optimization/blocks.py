"""Blocks of calls that belong together, the unit of resampling."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.pricing.coding import Int32, identities

Int64 = npt.NDArray[np.int64]
BlockKind = Literal["sessions", "days", "contiguous"]

ENOUGH_BLOCKS = 30
CONTIGUOUS_BLOCKS = 50
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Blocks:
    """Each call's block, 0..count-1, in the order in which blocks begin."""

    kind: BlockKind
    codes: Int32
    count: int

    def sums(self, amounts: Int64, members: Int64 | None = None) -> npt.NDArray[np.float64]:
        """Sum of per-call femto-dollars in each block, in dollars; of all calls or of `members` (k)."""
        some = np.flatnonzero(amounts)
        calls = some if members is None else members[some]
        totals = np.bincount(self.codes[calls], weights=amounts[some], minlength=self.count)
        return totals.astype(np.float64) * 1e-15


def blocks_of(ts: Int64, sessions: pl.Series | None) -> Blocks:
    """Sessions if there are 30 or more, else days if 30 or more, else 50 contiguous blocks of equal count.

    `ts` in microseconds, ascending; `sessions` text or numbers, empty, 0 or null where unknown. Calls without
    a session form contiguous blocks as long as the mean session, rounded down.
    """
    n = len(ts)
    if sessions is not None and n:
        by_session = _by_session(sessions)
        if by_session is not None:
            return by_session
    days = ts // _MICROSECONDS_PER_DAY
    distinct = np.unique(days)
    if len(distinct) >= ENOUGH_BLOCKS:
        return Blocks("days", np.searchsorted(distinct, days).astype(np.int32), len(distinct))
    count = max(1, min(CONTIGUOUS_BLOCKS, n))
    return Blocks("contiguous", (np.arange(n) * count // max(n, 1)).astype(np.int32), count)


def _by_session(sessions: pl.Series) -> Blocks | None:
    numbers = identities(sessions)
    known = np.flatnonzero(numbers)
    order = known[np.argsort(numbers[known], kind="stable")]
    ordered = numbers[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(begins)
    count = len(starts)
    if count < ENOUGH_BLOCKS:
        return None
    rank = np.empty(count, dtype=np.int32)
    rank[np.argsort(order[starts])] = np.arange(count, dtype=np.int32)
    codes = np.empty(len(numbers), dtype=np.int32)
    codes[order] = np.repeat(rank, np.diff(starts, append=len(order)))
    alone = np.flatnonzero(numbers == 0)
    if len(alone):
        length = max(1, len(known) // count)
        codes[alone] = count + np.arange(len(alone), dtype=np.int32) // length
        count = int(codes[alone[-1]]) + 1
    return Blocks("sessions", codes, count)
