"""Learning which kinds of calls a cheaper model serves well enough, and judging that on other items.

Items that both models answered fall into cells by what is known of a call before it is sent. Half of them, by
a checksum of their name, are learned from; the other half judges.
- Learning: the drop in quality of each cell, shrunk towards the mean of all cells by how much cells differ
  beyond chance (empirical Bayes: Efron and Morris, JASA 70, 1975; the variance between cells by the moments
  of DerSimonian and Laird, Controlled Clinical Trials 7, 1986). Cells go to the cheaper model in order of
  shrunk drop per saving. How far is decided by cross-fitting inside the learning half, so that the luckiest
  cells do not count as the best: as long as the drop over all calls with its one-sided 95 % bound, and the
  same again for the chance in judging it, stay inside the margin.
- Judging: the drop over all calls on the other half, cells weighed by the calls, by a bootstrap of 10,000
  resamples within cells (PCG64(0), percentile method).
Beside the router stand (Ong et al., RouteLLM: Learning to Route LLMs with Preference Data, 2024) the random
mix, which sends calls of the same saving to the cheaper model by lot and lies on the line between both
models; the oracle, which knows for each item whether the cheaper model does worse; PGR, the part of the gap
between both models that the router keeps, and APGR, its mean over all shares (a random mix keeps half).
"""

from dataclasses import dataclass
from math import ceil
from zlib import crc32

import numpy as np
import numpy.typing as npt

from netra.optimization.findings import QualityEffect, RoutingBounds, Verdict
from netra.optimization.quality_gate import MIN_ITEMS, RESAMPLES

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

ENOUGH_IN_CELL = 10
"""Items a cell needs in each half before any of its calls may move."""

_PRIOR_ITEMS = 10
_Z_ONE_SIDED = 1.6448536269514722
_CELLS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Items:
    """Scores (0..1) of m items on both models, the cell of each, and which are learned from."""

    dear: Float64
    cheap: Float64
    cells: Int64
    learned: Rows

    @property
    def drops(self) -> Float64:
        """What the cheaper model scores less (m)."""
        return self.dear - self.cheap


@dataclass(frozen=True)
class Traffic:
    """The calls of each cell: share of the calls, and share of what is saved if all of them move."""

    calls: Float64
    savings: Float64


@dataclass(frozen=True)
class Judged:
    """The router on the judging half. `beats_chance`: certainly better than a random mix of that saving."""

    quality: QualityEffect
    bounds: RoutingBounds
    items_needed: int

    @property
    def beats_chance(self) -> bool:
        """Whether the interval of the advantage is above zero."""
        return self.bounds.advantage_95[0] > 0


def half_of(names: list[str]) -> Rows:
    """Which items are learned from: by a checksum, so that the order and the other items do not matter."""
    return np.array([crc32(name.encode()) & 1 == 0 for name in names], dtype=bool)


def learned_cells(items: Items, traffic: Traffic, margin: float) -> tuple[list[int], list[int]]:
    """(cells that go to the cheaper model, all usable cells in the order in which they would)."""
    count = len(traffic.calls)
    n, _ = _means(items, items.learned, count)
    judged, _ = _means(items, ~items.learned, count)
    usable = (n >= ENOUGH_IN_CELL) & (judged >= ENOUGH_IN_CELL) & (traffic.savings > 0)
    if not usable.any():
        return [], []
    order, within = _ordered(items, items.learned, traffic, usable)
    drop = _honest_drops(items, traffic, usable, np.cumsum(traffic.savings[order]))
    doubts = [
        np.sqrt(np.cumsum((traffic.calls**2 * within / np.maximum(size, 1))[order])) for size in (n, judged)
    ]
    inside = np.flatnonzero(drop + _Z_ONE_SIDED * (doubts[0] + doubts[1]) <= margin)
    taken = int(inside[-1]) + 1 if len(inside) else 0
    return order[:taken].tolist(), order.tolist()


def _ordered(items: Items, chosen: Rows, traffic: Traffic, usable: Rows) -> tuple[Int64, Float64]:
    """(usable cells by their shrunk drop per saving among some items, variance of an item of each cell)."""
    n, drops = _means(items, chosen, len(traffic.calls))
    shrunk, within = _shrunk(items, chosen, (n, drops), usable)
    weighed = np.where(usable, shrunk * traffic.calls / np.maximum(traffic.savings, 1e-12), np.inf)
    return np.argsort(weighed, kind="stable")[: int(usable.sum())], within


def _honest_drops(items: Items, traffic: Traffic, usable: Rows, savings: Float64) -> Float64:
    """The drop at each saving of a router learned from one part of the learning half, measured on the other.

    Two parts take turns. Measuring where one did not choose is what keeps chance from looking like skill.
    """
    turns = np.flatnonzero(items.learned)
    parts = [np.zeros_like(items.learned), np.zeros_like(items.learned)]
    by_cell = turns[np.argsort(items.cells[turns], kind="stable")]
    for number, part in enumerate(parts):
        part[by_cell[number::2]] = True
    found = np.zeros(len(savings))
    for chosen, other in (parts, parts[::-1]):
        order, _ = _ordered(items, chosen, traffic, usable)
        _, drops = _means(items, other, len(traffic.calls))
        reached = np.concatenate([[0.0], np.cumsum(traffic.savings[order])])
        lost = np.concatenate([[0.0], np.cumsum((traffic.calls * drops)[order])])
        found += np.interp(savings, reached, lost) / 2
    return found


def judge_router(
    items: Items, traffic: Traffic, routed: list[int], order: list[int], margin: float
) -> Judged:
    """The routed cells on the items that were not learned from."""
    count = len(traffic.calls)
    judging = ~items.learned
    n, drops = _means(items, judging, count)
    chosen = np.zeros(count)
    chosen[routed] = 1.0
    weights = np.where(n > 0, traffic.calls, 0.0)
    weights = weights / weights.sum()
    resampled = _resampled_means(items, judging, count)
    saved = float((traffic.savings * chosen).sum())
    drop, drop_draws = float((weights * chosen) @ drops), resampled @ (weights * chosen)
    mixed, mixed_draws = saved * float(weights @ drops), saved * (resampled @ weights)
    low, upper, high = np.percentile(drop_draws, [2.5, 95.0, 97.5])
    ahead = np.percentile(mixed_draws - drop_draws, [2.5, 97.5])
    _, dear = _means(Items(items.dear, 0 * items.cheap, items.cells, items.learned), judging, count)
    before, gap = float(weights @ dear), float(weights @ drops)
    quality = QualityEffect(
        from_score=_points(before),
        to_score=_points(before - drop),
        drop_points=_points(drop),
        interval_95=(_points(float(low)), _points(float(high))),
        upper_95=_points(float(upper)),
        margin_points=_points(margin),
        items=int(judging.sum()),
        gate=_gate(drop, float(upper), margin, int(judging.sum())),
    )
    better = np.maximum(-items.drops, 0.0)
    _, gains = _means(Items(better, 0 * better, items.cells, items.learned), judging, count)
    _, as_good = _means(
        Items((items.drops <= 0).astype(np.float64), 0 * better, items.cells, items.learned), judging, count
    )
    bounds = RoutingBounds(
        share_pct=_points(float((weights * chosen).sum())),
        saving_share_pct=_points(saved),
        router_drop_points=_points(drop),
        random_mix_drop_points=_points(mixed),
        all_cheaper_drop_points=_points(gap),
        advantage_points=_points(mixed - drop),
        advantage_95=(_points(float(ahead[0])), _points(float(ahead[1]))),
        oracle_drop_points=_points(-float(weights @ gains)),
        oracle_share_pct=_points(float(weights @ as_good)),
        pgr=round(1 - drop / gap, 4) if gap > 0 else None,
        apgr=_apgr(weights, drops, order, gap) if gap > 0 else None,
        items_learned=int(items.learned.sum()),
        items_judged=int(judging.sum()),
    )
    return Judged(quality, bounds, _needed(drop_draws, drop, margin, int(judging.sum())))


def _gate(drop: float, upper: float, margin: float, items: int) -> Verdict:
    if drop > margin:
        return "refuse"
    return "recommend" if upper <= margin and items >= MIN_ITEMS else "insufficient_data"


def _means(items: Items, chosen: Rows, count: int) -> tuple[Int64, Float64]:
    """(items, mean drop) of each cell among some items; 0 where there are none."""
    cells = items.cells[chosen]
    n = np.bincount(cells, minlength=count)
    total = np.bincount(cells, weights=items.drops[chosen], minlength=count)
    return n, np.divide(total, n, out=np.zeros(count), where=n > 0)


def _shrunk(
    items: Items, chosen: Rows, means: tuple[Int64, Float64], usable: Rows
) -> tuple[Float64, Float64]:
    """(drop of each cell shrunk towards the mean of the usable ones, variance of an item of the cell).

    The variance of a cell's items is its own with that of all cells as a few further items: a cell in which
    both models agreed so far is not certain to stay so.
    """
    n, drops = means
    mine = chosen & usable[items.cells]
    squares = (items.drops[mine] - drops[items.cells[mine]]) ** 2
    pooled = max(float(squares.sum()) / max(int(mine.sum()) - int(usable.sum()), 1), 1e-12)
    own = np.bincount(items.cells[mine], weights=squares, minlength=len(n))
    within = (own + _PRIOR_ITEMS * pooled) / (n + _PRIOR_ITEMS)
    chance = within / np.maximum(n, 1)
    precision = np.where(usable, 1 / chance, 0.0)
    mean = float((precision * drops).sum() / precision.sum())
    scatter = float((precision * (drops - mean) ** 2).sum())
    divisor = float(precision.sum() - (precision**2).sum() / precision.sum())
    between = max(0.0, (scatter - (int(usable.sum()) - 1)) / divisor) if divisor > 0 else 0.0
    return mean + between / (between + chance) * (drops - mean), within


def _resampled_means(items: Items, chosen: Rows, count: int) -> Float64:
    """Mean drop of each cell in resamples of its own items (resamples, cells)."""
    generator = np.random.Generator(np.random.PCG64(0))
    means = np.zeros((RESAMPLES, count))
    drops = items.drops
    for cell in range(count):
        own = drops[chosen & (items.cells == cell)]
        if not len(own):
            continue
        batch = max(1, _CELLS_AT_ONCE // len(own))
        for start in range(0, RESAMPLES, batch):
            size = min(batch, RESAMPLES - start)
            drawn = generator.integers(0, len(own), size=(size, len(own)), dtype=np.uint32)
            means[start : start + size, cell] = own[drawn].mean(axis=1)
    return means


def _apgr(weights: Float64, drops: Float64, order: list[int], gap: float) -> float:
    """Area under the kept part of the gap over the share of calls on the dearer model.

    Cells that cannot be routed come last, as they would by lot.
    """
    rest = [cell for cell in range(len(weights)) if cell not in set(order)]
    share = np.concatenate([[0.0], np.cumsum(weights[[*order, *rest]])])
    kept = 1 - np.concatenate([[0.0], np.cumsum((weights * drops)[[*order, *rest]])]) / gap
    return round(float(np.sum((share[1:] - share[:-1]) * (kept[1:] + kept[:-1]) / 2)), 4)


def _needed(draws: Float64, drop: float, margin: float, items: int) -> int:
    """Items in the judging half at which the bound would fall inside the margin, were the drop the same."""
    room = margin - drop
    if room <= 0:
        return items + MIN_ITEMS
    return max(MIN_ITEMS, ceil(items * (_Z_ONE_SIDED * float(draws.std()) / room) ** 2))


def _points(share: float) -> float:
    return round(share * 100, 2) + 0.0
