"""Percentiles of latency before and after a change, with 95 % intervals.

Block bootstrap (2,000 resamples, percentile method, PCG64(0)) of the difference of percentiles: the blocks of
the workload, merged at random into at most 128 groups, are drawn with replacement; each group's latencies are
kept as a histogram of 1,024 logarithmic bins, so that a resample is a sum of histograms and its percentile an
interpolation in the cumulated sum. The point figures are exact percentiles, linear between ranks.
Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapters 8 and 13.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.optimization.blocks import Blocks
from netra.optimization.findings import (
    LatencyEffect,
    LatencyGoal,
    Percentile,
    PercentileChange,
    Verdict,
)
from netra.optimization.latency_replay import Latencies

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

QUANTILES: dict[Percentile, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_GROUPS = 128
_BINS = 1_024
_RESAMPLES = 2_000
_AT_ONCE = 500
_BINS_NEAR = 32
_SMALLEST_MS = 1e-3


@dataclass(frozen=True, slots=True)
class Goal:
    """A percentile and where it should be, in milliseconds."""

    percentile: Percentile
    target_ms: float


def latency_effect(
    blocks: Blocks,
    before: Latencies,
    after: Latencies,
    goal: Goal | None = None,
    *,
    weights: Float64 | None = None,
) -> LatencyEffect | None:
    """The change of p50, p95 and p99; None where no call counts before or after.

    `weights` (n): in the interval the recorded calls stand for those after the change with these weights,
    where a change takes its latencies from other calls.
    """
    if not before.known.any() or not after.known.any():
        return None
    shares = list(QUANTILES.values())
    was, becomes = (np.quantile(side.values, shares) for side in (before, after))
    gains, ends = _resampled(blocks, before, before if weights is not None else after, weights)
    low, high = np.percentile(gains, [2.5, 97.5], axis=0)
    changes: dict[Percentile, PercentileChange] = {
        name: PercentileChange(
            before_ms=_ms(was[k]), after_ms=_ms(becomes[k]), interval_95=(_ms(low[k]), _ms(high[k]))
        )
        for k, name in enumerate(QUANTILES)
    }
    judged = None
    if goal is not None:
        number = list(QUANTILES).index(goal.percentile)
        upper = float(np.percentile(ends[:, number], 95))
        judged = _judged(goal, changes[goal.percentile], upper)
    return LatencyEffect(calls=int(before.known.sum()), **changes, goal=judged)


def upper_bounds(blocks: Blocks, latencies: Latencies) -> dict[Percentile, float]:
    """One-sided 95 % bounds of the percentiles, milliseconds; some call must count."""
    _, ends = _resampled(blocks, latencies, latencies, None)
    highest = np.percentile(ends, 95, axis=0)
    return {name: _ms(highest[number]) for number, name in enumerate(QUANTILES)}


def _judged(goal: Goal, change: PercentileChange, upper: float) -> LatencyGoal:
    if change.before_ms <= goal.target_ms or change.after_ms > goal.target_ms:
        gate: Verdict = "refuse"
    else:
        gate = "recommend" if upper <= goal.target_ms else "insufficient_data"
    return LatencyGoal(percentile=goal.percentile, target_ms=goal.target_ms, upper_ms=_ms(upper), gate=gate)


def _resampled(
    blocks: Blocks, before: Latencies, after: Latencies, weights: Float64 | None
) -> tuple[Float64, Float64]:
    """(gains, percentiles after) of each resample, one column a percentile (resamples, 3)."""
    groups, count = _groups(blocks)
    ends = [side.values for side in (before, after)]
    low = max(min(float(side.min()) for side in ends), _SMALLEST_MS)
    high = max(max(float(side.max()) for side in ends), low * (1 + 1e-9))
    histograms = [
        _histogram(side, weighed, (groups, count), (low, high))
        for side, weighed in ((before, None), (after, weights))
    ]
    reaches = [_Reach(histogram, np.geomspace(low, high, _BINS + 1)) for histogram in histograms]
    random = np.random.Generator(np.random.PCG64(0))
    found: list[Float64] = []
    ends_after: list[Float64] = []
    for start in range(0, _RESAMPLES, _AT_ONCE):
        size = min(_AT_ONCE, _RESAMPLES - start)
        drawn = random.integers(0, count, size=(size, count))
        weights = np.stack([np.bincount(row, minlength=count) for row in drawn]).astype(np.float64)
        was, becomes = (reach.percentiles(weights) for reach in reaches)
        found.append(was - becomes)
        ends_after.append(becomes)
    return np.concatenate(found), np.concatenate(ends_after)


def _groups(blocks: Blocks) -> tuple[Int64, int]:
    """The group of each call, and how many groups there are."""
    if blocks.count <= _GROUPS:
        return blocks.codes.astype(np.int64), max(blocks.count, 1)
    shuffled = np.random.Generator(np.random.PCG64(0)).permutation(blocks.count) % _GROUPS
    return shuffled[blocks.codes], _GROUPS


def _histogram(
    side: Latencies, weights: Float64 | None, grouped: tuple[Int64, int], span: tuple[float, float]
) -> Float64:
    """Calls by group and bin (groups, bins)."""
    (groups, count), (low, high) = grouped, span
    scale = _BINS / np.log(high / low)
    bins = np.minimum((np.log(np.maximum(side.values, low) / low) * scale).astype(np.int64), _BINS - 1)
    place = groups[side.known] * _BINS + bins
    cells = np.bincount(place, None if weights is None else weights[side.known], minlength=count * _BINS)
    return cells.reshape(count, _BINS).astype(np.float64)


class _Reach:
    """Percentiles of sums of histograms (groups, bins) with their bin edges, linear within a bin."""

    def __init__(self, histograms: Float64, edges: Float64) -> None:
        # No percentile lies in a bin without calls; a resample without any call has them all in the first.
        bins = np.union1d(0, np.flatnonzero(histograms.any(axis=0)))
        self._starts: Float64 = edges[bins]
        self._ends: Float64 = edges[bins + 1]
        # Calls below the end of each bin: sums of these are cumulated histograms of the sums.
        cumulated = np.cumsum(histograms[:, bins], axis=1)
        self._below: Float64 = np.hstack([np.zeros((len(histograms), 1)), cumulated])
        whole: Float64 = self._below.sum(axis=0)
        self._near = [int(np.sum(whole < share * whole[-1])) for share in QUANTILES.values()]

    def percentiles(self, counts: Float64) -> Float64:
        """(rows, 3), where each row draws groups that many times (rows, groups)."""
        calls = counts @ self._below[:, -1]
        columns = [
            self._percentile(counts, share * calls, near)
            for share, near in zip(QUANTILES.values(), self._near, strict=True)
        ]
        return np.stack(columns, axis=1)

    def _percentile(self, counts: Float64, wanted: Float64, near: int) -> Float64:
        """Where each row reaches so many calls. Resamples differ little: looked at are the bins around the
        percentile of all calls, and all where some row has it elsewhere.
        """
        bins = len(self._starts)
        for width in (_BINS_NEAR, bins):
            first, last = max(near - width, 0), min(near + width, bins)
            below = counts @ self._below[:, first : last + 1]
            started = first == 0 or bool((below[:, 0] < wanted).all())
            if started and (last == bins or bool((below[:, -1] >= wanted).all())):
                break
        rows = np.arange(len(counts))
        place = np.minimum((below[:, 1:] < wanted[:, None]).sum(axis=1), last - first - 1)
        inside = np.maximum(below[rows, place + 1] - below[rows, place], 1e-12)
        part = np.clip((wanted - below[rows, place]) / inside, 0.0, 1.0)
        low, high = self._starts[first + place], self._ends[first + place]
        return low + part * (high - low)


def _ms(value: float) -> float:
    return round(float(value), 1) + 0.0
