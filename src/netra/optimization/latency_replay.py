"""Latency of calls under changes, call by call, from the latencies recorded in the same traffic.

Only successful calls with a recorded latency count. Calls of a class are alike enough that one's latency can
stand for another's: same model, and output tokens within the same power of two, because an answer takes as
long as it is. A class with too few calls falls back to its model.
- Shorter answers: a call that wrote n tokens in l, the first at f, would have, with at most c tokens,
  taken f + (l - f) * min(n, c) / n; without a recorded first token f is 0.
- Another model: the latency of the same rank among the calls of that model with answers of the same size.
- A repetition (hedge or timeout): an independent draw from the class (generator PCG64(0)).
Calls read sooner because of a cache, and calls moved to a tier that nobody waits for, keep their latency: how
much they gain or lose is not recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from netra.optimization.actions import (
    Action,
    ChangeLatency,
    ChangeTokens,
    RemoveCalls,
    RepeatSlow,
    SwitchModel,
)
from netra.optimization.workload import Workload

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

ENOUGH = 50
"""Calls with a latency that a class needs before it stands for others."""

_OCTAVES = 64


@dataclass(frozen=True)
class Latencies:
    """Latencies of n calls in milliseconds, time to the first token (0 where unknown), and which count."""

    ms: Float64
    first_ms: Float64
    known: Rows

    @property
    def values(self) -> Float64:
        """The latencies that count."""
        return self.ms[self.known]


class LatencyReplay:
    """The latencies of a workload and what changes make of them. Lives as long as its workload."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self.recorded = _recorded(workload)

    @cached_property
    def octaves(self) -> Int64:
        """Size of each answer as a power of two (n); 0 where no tokens are recorded."""
        return np.ceil(np.log2(self._workload.tokens.output + 1.0)).astype(np.int64)

    @cached_property
    def classes(self) -> Int64:
        """The class of each call (n); -1 where neither class nor model has enough calls with a latency."""
        codes = self._workload.model_codes
        fine = codes * _OCTAVES + self.octaves
        known = self.recorded.known
        whole = int(fine.max(initial=0)) + 1
        fine_counts = np.bincount(fine[known], minlength=whole)
        model_counts = np.bincount(codes[known], minlength=int(codes.max(initial=0)) + 1)
        coarse = np.where(model_counts[codes] >= ENOUGH, whole + codes, -1)
        return np.where(fine_counts[fine] >= ENOUGH, fine, coarse)

    @cached_property
    def second_ms(self) -> Float64:
        """What each call would have taken if sent once more (n), drawn from its class; NaN without one.

        A call of a class that fell back to its model draws from all calls of the model.
        """
        classes, codes, known = self.classes, self._workload.model_codes, self.recorded.known
        whole = int(((codes * _OCTAVES) + self.octaves).max(initial=0)) + 1
        drawn = np.full(self._workload.n, np.nan)
        random = np.random.Generator(np.random.PCG64(0)).random(self._workload.n)
        fell_back = known & (classes >= whole)
        _draw(drawn, random, classes, known & (classes >= 0) & ~fell_back)
        for code in np.unique(classes[fell_back]).tolist():
            members = np.flatnonzero(fell_back & (classes == code))
            pool = self.recorded.ms[known & (codes == code - whole)]
            drawn[members] = pool[(random[members] * len(pool)).astype(np.int64)]
        chosen = known & (classes >= 0) & ~fell_back
        drawn[chosen] = self.recorded.ms[drawn[chosen].astype(np.int64)]
        return drawn

    def after(self, actions: Sequence[Action]) -> tuple[Latencies, int]:
        """(latencies with all actions applied, calls whose latency would be unknown).

        The unknown ones keep what was recorded.
        """
        alive, ms = self.recorded.known.copy(), self.recorded.ms
        unknown = 0
        for action in actions:
            if isinstance(action, RemoveCalls):
                alive &= ~action.rows
        for action in (a for a in actions if isinstance(a, ChangeTokens)):
            if action.output_limit is not None:
                ms = np.minimum(ms, self._shortened(action.output_limit))
        for action in (a for a in actions if isinstance(a, SwitchModel)):
            target = self._rows_of(action)
            rows = action.rows & alive
            if int((target & self.recorded.known).sum()) < ENOUGH or action.escalated:
                # Which calls are asked twice is not known, so neither is how long they take.
                unknown += int(rows.sum())
                continue
            scale = np.divide(ms, self.recorded.ms, out=np.ones_like(ms), where=self.recorded.ms > 0)
            ms = np.where(rows, self.matched(rows, target, self.octaves) * scale, ms)
        for action in (a for a in actions if isinstance(a, ChangeLatency)):
            ms = np.where(action.rows, action.latency_ms, ms)
        for action in (a for a in actions if isinstance(a, RepeatSlow)):
            ms = np.where(action.rows, _repeated(ms, action), ms)
        return Latencies(ms, self.recorded.first_ms, alive), unknown

    def matched(self, rows: Rows, target: Rows, strata: Int64) -> Float64:
        """For each call of `rows` the latency of the same rank among `target` in its stratum (n).

        A stratum with too few target calls uses all of the target. Other calls keep what was recorded.
        """
        ms = self.recorded.ms.copy()
        rows, target = rows & self.recorded.known, target & self.recorded.known
        pool = np.sort(self.recorded.ms[target])
        counts = np.bincount(strata[target], minlength=int(strata.max(initial=0)) + 1)
        for stratum in np.unique(strata[rows]).tolist():
            members = np.flatnonzero(rows & (strata == stratum))
            enough = counts[stratum] >= ENOUGH
            known = np.sort(self.recorded.ms[target & (strata == stratum)]) if enough else pool
            ranks = np.empty(len(members))
            ranks[np.argsort(ms[members], kind="stable")] = np.arange(len(members)) + 0.5
            ms[members] = np.quantile(known, ranks / len(members))
        return ms

    def _shortened(self, limit: Int64) -> Float64:
        ms, written = self.recorded.ms, np.maximum(self._workload.tokens.output, 1)
        first = np.minimum(self.recorded.first_ms, ms)
        return first + (ms - first) * np.minimum(written, np.maximum(limit, 1)) / written

    def _rows_of(self, switch: SwitchModel) -> Rows:
        target = self._workload.catalogue.canonical(switch.model, switch.provider)
        codes = [
            used.code
            for used in self._workload.models
            if used.canonical.model == target.model
            and (switch.provider is None or used.canonical.provider == target.provider)
        ]
        return np.isin(self._workload.model_codes, np.array(codes, dtype=np.int64))


def _recorded(workload: Workload) -> Latencies:
    none = np.zeros(workload.n)
    latency, first = workload.number("latency_ms"), workload.number("ttft_ms")
    if latency is None:
        return Latencies(none, none, np.zeros(workload.n, dtype=bool))
    fine = (workload.text("status").replace("", "ok") == "ok").to_numpy()
    known = latency.is_not_null().to_numpy() & fine
    ms = latency.cast(float).fill_null(0.0).to_numpy()
    return Latencies(ms, none if first is None else first.cast(float).fill_null(0.0).to_numpy(), known)


def _draw(drawn: Float64, random: Float64, classes: Int64, members: Rows) -> None:
    """For each member the index of a member of the same class, by its random number in [0, 1)."""
    rows = np.flatnonzero(members)
    if not len(rows):
        return
    names, codes = np.unique(classes[rows], return_inverse=True)
    order = np.argsort(codes.astype(np.uint16 if len(names) < 1 << 16 else np.int64), kind="stable")
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    place = starts[codes] + (random[rows] * counts[codes]).astype(np.int64)
    drawn[rows] = rows[order[place]]


def _repeated(ms: Float64, action: RepeatSlow) -> Float64:
    """Latencies of calls that are sent again unless they are answered in time."""
    again = action.delay_ms + action.second_ms
    taken = again if action.cancels else np.minimum(ms, again)
    return np.where(ms > action.delay_ms, taken, ms)
