"""Blocks of calls that belong together, the unit of resampling."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Int64 = npt.NDArray[np.int64]
BlockKind = Literal["sessions", "days", "contiguous"]

ENOUGH_BLOCKS = 30
CONTIGUOUS_BLOCKS = 50
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Blocks:
    """Each call's block, 0..count-1."""

    kind: BlockKind
    codes: Int64
    count: int

    def sums(self, amounts: Int64) -> npt.NDArray[np.float64]:
        """Sum of per-call femto-dollars in each block, in dollars."""
        totals = np.bincount(self.codes, weights=amounts, minlength=self.count)
        return totals.astype(np.float64) * 1e-15


def blocks_of(ts: Int64, sessions: pl.Series | None) -> Blocks:
    """Sessions if there are 30 or more, else days if 30 or more, else 50 contiguous blocks of equal count.

    `ts` in microseconds, ascending; `sessions` empty or null where unknown. Calls without a session form
    contiguous blocks as long as the mean session.
    """
    n = len(ts)
    if sessions is not None and n:
        by_session = _by_session(sessions)
        if by_session is not None:
            return by_session
    days = ts // _MICROSECONDS_PER_DAY
    distinct = np.unique(days)
    if len(distinct) >= ENOUGH_BLOCKS:
        return Blocks("days", np.searchsorted(distinct, days).astype(np.int64), len(distinct))
    count = max(1, min(CONTIGUOUS_BLOCKS, n))
    return Blocks("contiguous", np.arange(n, dtype=np.int64) * count // max(n, 1), count)


def _by_session(sessions: pl.Series) -> Blocks | None:
    known = sessions.cast(pl.String).replace("", None).alias("session")
    names = known.drop_nulls().unique().sort()
    count = len(names)
    if count < ENOUGH_BLOCKS:
        return None
    numbered = names.to_frame().with_row_index("code")
    joined = known.to_frame().join(numbered, on="session", how="left", maintain_order="left")
    codes = joined.get_column("code").cast(pl.Int64).fill_null(-1).to_numpy().copy()
    alone = np.flatnonzero(codes < 0)
    if len(alone):
        length = max(1, (len(codes) - len(alone)) // count)
        codes[alone] = count + np.arange(len(alone), dtype=np.int64) // length
        count = int(codes[alone[-1]]) + 1
    return Blocks("sessions", codes, count)
