"""Bought capacity, replayed minute by minute.

A call begins in one minute and takes its tokens from that minute's capacity, in order of (ts, position); it
is carried if all tokens of the minute up to and with its own fit, otherwise it spills over and is billed on
demand in full. A call is never split, and capacity left over in a minute is lost.
"""

import numpy as np
import numpy.typing as npt

from netra.pricing.money import total_femto
from netra.pricing.vectorised import Tokens

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

MICROSECONDS_PER_MINUTE = 60_000_000


def capacity_tokens(tokens: Tokens, output_weight: float, cached_weight: float) -> Int64:
    """Tokens that each call takes from capacity (n): plain input, and output and cache reads by weight."""
    plain = np.maximum(tokens.input - tokens.cache_read, 0)
    weighted = output_weight * tokens.output + cached_weight * np.minimum(tokens.cache_read, tokens.input)
    return plain + np.rint(weighted).astype(np.int64)


def needed_capacity(minute: Int64, taken: Int64) -> Int64:
    """Tokens a minute at which each of k calls would be carried. `minute` ascending, `taken` tokens (k)."""
    if not len(minute):
        return np.zeros(0, dtype=np.int64)
    so_far = np.cumsum(taken)
    begins = np.ones(len(minute), dtype=bool)
    begins[1:] = minute[1:] != minute[:-1]
    places = np.flatnonzero(begins)
    before = so_far[places] - taken[places]
    return so_far - np.repeat(before, np.diff(np.append(places, len(minute))))


def with_capacity(needed: Int64, cost: Int64, capacity: int, fee: int) -> Int64:
    """Femto-dollars of k calls if that capacity was bought for `fee`; its price is spread over the carried.

    As `cost` where the fee is no less than what the carried calls cost on demand.
    """
    carried = np.flatnonzero((needed <= capacity) & (cost > 0))
    if not len(carried) or total_femto(cost[carried]) <= fee:
        return cost
    share, rest = divmod(fee, len(carried))
    after = cost.copy()
    after[carried] = share
    after[carried[:rest]] += 1
    return after
