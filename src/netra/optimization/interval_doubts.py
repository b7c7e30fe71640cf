"""What makes an interval from resampled blocks less certain than 95 %, said beside it.

Resampling takes blocks as drawn independently, and many enough for none to decide. Where blocks that follow
each other go together (a busy week, a slow drift), totals vary by about sqrt((1 + r) / (1 - r)) times as much
as resampling shows, r being the correlation of a block's sum with the next one's. Where one block holds much
of the total, whether such a block comes is most of the uncertainty, and one of it says little about that.

Source: Priestley, Spectral Analysis and Time Series, 1981, section 5.3.2 (the variance of a mean of
correlated values); Efron and Tibshirani, An Introduction to the Bootstrap, 1993, sections 7.4 and 8.6.
"""

import numpy as np
import numpy.typing as npt

from netra.optimization.blocks import BlockKind

_TELLING = 0.25
_CHANCE = 2.5
_LARGE = 0.2
_AT_MOST = 0.95
_ONE: dict[BlockKind, tuple[str, str]] = {
    "sessions": ("session", "sessions that follow each other"),
    "days": ("day", "days that follow each other"),
    "contiguous": ("stretch of calls", "stretches of calls that follow each other"),
}


def doubts_about(sums: npt.NDArray[np.float64], kind: BlockKind) -> list[str]:
    """Sentences on an interval of the total of per-block `sums`, in the order in which blocks begin."""
    whole = float(np.abs(sums).sum())
    if len(sums) < 2 or whole == 0:
        return []
    one, neighbours = _ONE[kind]
    said: list[str] = []
    largest = float(np.abs(sums).max()) / whole
    if largest > _LARGE:
        said.append(
            f"one {one} of {len(sums):,} makes {100 * largest:.0f} % of the difference: the interval rests "
            f"on it, and may be too narrow"
        )
    together = _next_to_each(sums)
    if together > max(_TELLING, _CHANCE / len(sums) ** 0.5):
        times = ((1 + together) / (1 - together)) ** 0.5
        said.append(
            f"{neighbours} go together (correlation {together:.2f}): the interval may be about {times:.1f} "
            f"times as wide; a longer period makes it certain"
        )
    return said


def _next_to_each(sums: npt.NDArray[np.float64]) -> float:
    """Correlation of each sum with the next one's; 0 where all are the same."""
    apart = sums - sums.mean()
    spread = float(apart @ apart)
    if spread <= 1e-18 * float(sums @ sums):
        return 0.0
    return min(float(apart[1:] @ apart[:-1]) / spread, _AT_MOST)
