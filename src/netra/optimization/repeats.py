"""Identical requests: which calls repeat which, and which of them would still have had to be computed.

Two requests are identical where provider, model, scope and `request_hash` are. Calls stand in time order; in
each run of identical ones the first is computed and covers the others up to some later call; the first that
is not covered is computed again, and so on. The runs are followed by doubling, so that a run of k computed
calls takes log2(k) passes over the calls.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.workload import Workload
from netra.pricing.coding import has_value

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.bool_]

MICROSECONDS_PER_MS = 1_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Repeats:
    """The calls (k) whose request occurs more than once: their rows, grouped by request, ascending within.

    `group`: a number per request, ascending.
    """

    rows: Int64
    group: Int64

    def computed(self, until: Int64) -> Int64:
        """For each call (k) the place in `rows` of the computed call that covers it, its own if none does.

        `until`: for each call, were it computed, the row of the first call that it does not cover.
        """
        k = len(self.rows)
        if k == 0:
            return np.zeros(0, dtype=np.int64)
        begins = np.ones(k, dtype=bool)
        begins[1:] = self.group[1:] != self.group[:-1]
        reached = np.append(begins, True)
        reached = _reached(reached, np.append(self._next(until), k))[:-1]
        return np.maximum.accumulate(np.where(reached, np.arange(k, dtype=np.int64), 0))

    def _next(self, until: Int64) -> Int64:
        """The place of the first identical call at or after row `until`, k where there is none."""
        k = len(self.rows)
        bits = int(max(int(self.rows.max()), int(until.max()))).bit_length() + 1
        keys = (self.group << bits) | self.rows
        following = np.searchsorted(keys, (self.group << bits) | np.maximum(until, self.rows + 1))
        inside = np.append(self.group, -1)[following] == self.group
        return np.where(inside, following, k)


def _reached(reached: Rows, jump: Int64) -> Rows:
    """All places on the chains `jump` from the places given; the last place is the end of all chains."""
    count = int(reached.sum())
    while True:
        reached = reached.copy()
        reached[jump[np.flatnonzero(reached)]] = True
        grown = int(reached.sum())
        if grown == count:
            return reached
        count, jump = grown, jump[jump]


def repeats_of(workload: Workload, eligible: Rows, *scopes: UInt64) -> Repeats:
    """The calls among `eligible` (n) with a request hash that another of them has too in the same scope,
    which is what all `scopes` (n each) agree on.
    """
    hashes = workload.identities("request_hash")
    members = np.flatnonzero(eligible & (hashes != 0))
    keys = hashes[members] * _GOLDEN + workload.model_codes[members].astype(np.uint64)
    for scope in scopes:
        keys = (keys ^ (keys >> np.uint64(29))) * _GOLDEN + scope[members]
    twice = pl.Series(keys).is_duplicated().to_numpy()
    members, keys = members[twice], keys[twice]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    fresh = np.ones(len(keys), dtype=np.int64)
    fresh[1:] = keys[1:] != keys[:-1]
    return Repeats(members[order], np.cumsum(fresh) - 1)


def latency_micros(workload: Workload) -> Int64 | None:
    """How long each call took in microseconds (n), 0 where that is not recorded; None where it never is."""
    latency = workload.number("latency_ms")
    if latency is None:
        return None
    micros = (latency.cast(pl.Float64) * MICROSECONDS_PER_MS).fill_null(0).fill_nan(0).clip(0, 1e15)
    return micros.cast(pl.Int64).to_numpy()


def repeatable(workload: Workload, warmest: float) -> Rows:
    """Calls whose answer can stand for another's (n): successful, not sampled at more than `warmest`.

    Unknown temperatures count as repeatable. Attempts that another call repeats are left out: their answer
    was not accepted.
    """
    rows = has_value(workload.coded("status"), ("ok", ""))
    temperature = workload.number("temperature")
    if temperature is not None:
        rows &= (temperature.cast(pl.Float64).fill_null(0.0) <= warmest).to_numpy()
    retried = workload.identities("retry_of")
    if retried.any():
        wanted = pl.Series(np.unique(retried[retried != 0]))
        rows &= ~pl.Series(workload.identities("call_id")).is_in(wanted.implode()).to_numpy()
    return rows


def is_retry(workload: Workload) -> Rows:
    """Calls that repeat an attempt on purpose (n)."""
    return workload.identities("retry_of") != 0
