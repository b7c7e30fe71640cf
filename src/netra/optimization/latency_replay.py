"""Latency of calls under changes, call by call, from the latencies recorded in the same traffic.

Only successful calls with a recorded latency count. Calls of a class are alike enough that one's latency can
stand for another's: same model, and output tokens within the same power of two, because an answer takes as
long as it is. A class with too few calls falls back to its model.
- Shorter answers: a call that wrote n tokens in l, the first at f, would have, with at most c tokens,
  taken f + (l - f) * min(n, c) / n; without a recorded first token f is 0.
- Another model: the latency of the same rank among the calls of that model with answers of the same size.
- A repetition (hedge or timeout): an independent draw from the class (generator PCG64(0)).
Calls read sooner because of a cache, and calls moved to a tier that nobody waits for, keep their latency: how
much they gain or lose is not recorded. Calls that would not be made do not count.
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
from netra.pricing.coding import has_value

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
    def _pools(self) -> tuple[Int64, Int64, Int64]:
        """(calls that count, by class; where each class begins; its calls), a class that fell back to its
        model holding all calls of the model.
        """
        known = np.flatnonzero(self.recorded.known)
        own = self._own[known]
        order = known[
            np.argsort(own.astype(np.uint16 if self._classes < 1 << 16 else np.int64), kind="stable")
        ]
        counts = np.bincount(own, minlength=self._classes)
        starts = np.cumsum(counts) - counts
        models = counts.reshape(-1, _OCTAVES).sum(axis=1)
        return order, np.append(starts, starts[::_OCTAVES]), np.append(counts, models)

    @cached_property
    def _own(self) -> Int64:
        """Model and size of the answer as one number (n)."""
        return self._workload.model_codes * np.int64(_OCTAVES) + self.octaves

    @property
    def _classes(self) -> int:
        return (int(self._workload.model_codes.max(initial=0)) + 1) * _OCTAVES

    @cached_property
    def classes(self) -> Int64:
        """The class of each call (n); -1 where neither class nor model has enough calls with a latency."""
        _, _, counts = self._pools
        fine = counts[: self._classes] >= ENOUGH
        coarse = np.repeat(counts[self._classes :] >= ENOUGH, _OCTAVES)
        numbers = np.arange(self._classes)
        of_own = np.where(fine, numbers, np.where(coarse, self._classes + numbers // _OCTAVES, -1))
        return of_own[self._own]

    def drawn(self, rows: Rows) -> Float64:
        """What calls would have taken if sent once more (n), drawn from their class; 0 for others.

        A call draws the same whichever calls draw besides. Rows without a class are not to be asked for.
        """
        order, starts, counts = self._pools
        members = np.flatnonzero(rows)
        random = np.random.Generator(np.random.PCG64(0)).random(self._workload.n)[members]
        mine = self.classes[members]
        place = starts[mine] + (random * counts[mine]).astype(np.int64)
        found = np.zeros(self._workload.n)
        found[members] = self.recorded.ms[order[place]]
        return found

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
        members = np.flatnonzero(rows & self.recorded.known)
        there = np.flatnonzero(target & self.recorded.known)
        ms = self.recorded.ms.copy()
        ms[members] = same_ranks(ms[members], strata[members], ms[there], strata[there])
        return ms

    def _shortened(self, limit: Int64) -> Float64:
        written = self._workload.tokens.output.astype(np.float64)
        return shortened(self.recorded.ms, self.recorded.first_ms, written, limit.astype(np.float64))

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
    fine = has_value(workload.coded("status"), ("ok", ""))
    known = latency.is_not_null().to_numpy() & fine
    ms = latency.cast(float).fill_null(0.0).to_numpy()
    return Latencies(ms, none if first is None else first.cast(float).fill_null(0.0).to_numpy(), known)


def shortened(ms: Float64, first_ms: Float64, written: Float64, limit: Float64 | float) -> Float64:
    """Latencies of calls with at most `limit` tokens of the `written` ones: f + (l - f) * min(n, c) / n."""
    first, tokens = np.minimum(first_ms, ms), np.maximum(written, 1.0)
    return first + (ms - first) * np.minimum(tokens, np.maximum(limit, 1.0)) / tokens


def same_ranks(ms: Float64, strata: Int64, known: Float64, known_strata: Int64) -> Float64:
    """For each latency the one of the same rank in its stratum among the known ones, linear between ranks.

    A stratum with fewer than ENOUGH known ones uses all of them.
    """
    count = int(max(strata.max(initial=0), known_strata.max(initial=0))) + 1
    there = np.bincount(known_strata, minlength=count)
    own = np.bincount(strata, minlength=count)
    pool = np.concatenate([known[_by_stratum(known, known_strata)], np.sort(known)])
    enough = there >= ENOUGH
    starts = np.where(enough, np.cumsum(there) - there, len(known))
    sizes = np.where(enough, there, len(known))
    order = _by_stratum(ms, strata)
    within = strata[order]
    rank = np.arange(len(ms)) - (np.cumsum(own) - own)[within] + 0.5
    place = rank / own[within] * (sizes[within] - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, sizes[within] - 1)
    low, high = pool[starts[within] + below], pool[starts[within] + above]
    found = np.empty(len(ms))
    found[order] = low + (place - below) * (high - low)
    return found


def standing_in(strata: Int64, known: Rows, moved: Rows, there: Rows) -> Float64:
    """How much each recorded call counts after `same_ranks` gave the `moved` ones the latencies `there` (n):
    those there stand for them, in their stratum where they are enough, else all alike.
    """
    cells = int(strata.max(initial=0)) + 1
    own = np.bincount(strata[moved], minlength=cells).astype(np.float64)
    held = np.bincount(strata[there], minlength=cells)
    enough = held >= ENOUGH
    share = np.divide(own, held, out=np.zeros(cells), where=enough)
    share += own[~enough].sum() / max(int(there.sum()), 1)
    return (known & ~moved).astype(np.float64) + np.where(there, share[strata], 0.0)


def _by_stratum(ms: Float64, strata: Int64) -> Int64:
    """Positions in order of (stratum, latency)."""
    order = np.argsort(ms, kind="stable")
    small = int(strata.max(initial=0)) < 1 << 16
    codes = strata[order]
    return order[np.argsort(codes.astype(np.uint16) if small else codes, kind="stable")]


def _repeated(ms: Float64, action: RepeatSlow) -> Float64:
    """Latencies of calls that are sent again unless they are answered in time."""
    again = action.delay_ms + action.second_ms
    taken = again if action.cancels else np.minimum(ms, again)
    return np.where(ms > action.delay_ms, taken, ms)
