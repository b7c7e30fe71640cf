"""The quality gate: non-inferiority on items that both models answered.

Paired bootstrap of the mean difference (10,000 resamples, PCG64(0), percentile method). Recommend if the
one-sided 95 % upper bound of the drop is inside the margin; refuse if the observed drop exceeds it; otherwise
there is too little data, and the items still needed are estimated from the spread of the differences.

Where no item got worse, every resample agrees and the bootstrap sees no loss at all, after thirty items as
after three thousand. A recommendation then says beside it which share of worse answers so many items do not
rule out, 1 - 0.05^(1/n) (Clopper and Pearson, 1934): 2 % takes 149 items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.findings import QualityEffect, Verdict
from netra.optimization.intervals import resampled_totals

Float64 = npt.NDArray[np.float64]

DEFAULT_MARGIN = 0.02
RESAMPLES = 10_000
MIN_ITEMS = 30
"""Fewer pairs say nothing about a bound: a resample of a handful that agree always agrees."""

_Z_ONE_SIDED = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class GateResult:
    """The gate's figures and what it says, and how many items a certain answer needs."""

    effect: QualityEffect
    items_needed: int
    unseen: float
    """The share of answers that could be worse although no item was (95 %); 0 where some were."""

    @property
    def cautions(self) -> list[str]:
        """What is to be said beside a recommendation whose items show no loss at all."""
        if not self.unseen or self.verdict != "recommend":
            return []
        return [
            f"none of {self.effect.items:,} items got worse: that up to {100 * self.unseen:.1f} % of answers "
            "would is not ruled out by so few (95 %)"
        ]

    @property
    def verdict(self) -> Verdict:
        """What the gate says."""
        return self.effect.gate


def paired_items(
    evaluations: pl.DataFrame, first: str, second: str, group: str | None = None
) -> pl.DataFrame:
    """Items that both canonical models answered, one row an item.

    `evaluations`: item_id, canonical, score, group, input_tokens, output_tokens, cost_usd (several answers of
    a model to an item are averaged). Returns item_id and `a_*`, `b_*` for the two models, in the order in
    which the first model's answers come: the resamples of the gate depend on it.
    """
    if group is not None:
        evaluations = evaluations.filter(pl.col("group") == group)
    sides = [_answers(evaluations, model, prefix) for model, prefix in ((first, "a"), (second, "b"))]
    return sides[0].join(sides[1], on="item_id", how="inner", maintain_order="left")


def _answers(evaluations: pl.DataFrame, model: str, prefix: str) -> pl.DataFrame:
    values = ("score", "input_tokens", "output_tokens", "cost_usd")
    return (
        evaluations.filter((pl.col("canonical") == model) & pl.col("score").is_not_null())
        .group_by("item_id", maintain_order=True)
        .agg(pl.col(name).cast(pl.Float64).mean().alias(f"{prefix}_{name}") for name in values)
    )


def check_quality(pairs: pl.DataFrame, margin: float = DEFAULT_MARGIN) -> GateResult:
    """Compare scores (0..1) of two models on paired items; needs at least one pair."""
    return check_qualities([pairs], margin)[0]


def check_qualities(pairs: Sequence[pl.DataFrame], margin: float = DEFAULT_MARGIN) -> list[GateResult]:
    """`check_quality` of several pairs of models; those with as many items share the resamples."""
    scores = [tuple(items.get_column(f"{side}_score").to_numpy() for side in "ab") for items in pairs]
    resampled = bootstrap_means([before - after for before, after in scores])
    return [
        _judged((before, after), means, margin)
        for (before, after), means in zip(scores, resampled, strict=True)
    ]


def _judged(scores: tuple[Float64, Float64], means: Float64, margin: float) -> GateResult:
    before, after = scores
    drops = before - after
    drop = float(drops.mean())
    low, upper, high = (float(value) for value in np.percentile(means, [2.5, 95.0, 97.5]))
    if drop > margin:
        verdict: Verdict = "refuse"
    elif upper <= margin and len(drops) >= MIN_ITEMS:
        verdict = "recommend"
    else:
        verdict = "insufficient_data"
    effect = QualityEffect(
        from_score=_points(float(before.mean())),
        to_score=_points(float(after.mean())),
        drop_points=_points(drop),
        interval_95=(_points(low), _points(high)),
        upper_95=_points(upper),
        margin_points=_points(margin),
        items=len(drops),
        gate=verdict,
    )
    unseen = 0.0 if drops.max() > 0 else 1 - 0.05 ** (1 / len(drops))
    return GateResult(effect, items_needed(drops, margin), unseen)


def items_needed(drops: Float64, margin: float) -> int:
    """Items at which the bound would fall inside the margin if drop and spread stayed as observed."""
    room = margin - float(drops.mean())
    spread = float(drops.std(ddof=1)) if len(drops) > 1 else 0.5
    if room <= 0:
        return max(len(drops) + MIN_ITEMS, MIN_ITEMS)
    return max(MIN_ITEMS, ceil((_Z_ONE_SIDED * spread / room) ** 2))


def bootstrap_means(values: Sequence[Float64], resamples: int = RESAMPLES) -> list[Float64]:
    """Means (resamples) of resamples of the items with replacement, for the values of each set of items. Sets
    of as many items have the same resamples.
    """
    means: dict[int, Float64] = {}
    for size in dict.fromkeys(map(len, values)):
        same = [number for number, each in enumerate(values) if len(each) == size]
        totals = resampled_totals(np.stack([values[number] for number in same], axis=1), resamples)
        means |= {number: totals[:, column] / size for column, number in enumerate(same)}
    return [means[number] for number in range(len(values))]


def bootstrap_ratios(
    pairs: Sequence[tuple[Float64, Float64]], resamples: int = 2_000
) -> list[tuple[float, float, float]]:
    """(sum(after) / sum(before), low, high) of each (before, after) over paired items, 95 % percentile
    intervals. All pairs are of the same number of items and have the same resamples.
    """
    totals = resampled_totals(np.stack([side for pair in pairs for side in pair], axis=1), resamples)
    found: list[tuple[float, float, float]] = []
    for number, (before, after) in enumerate(pairs):
        low, high = np.percentile(totals[:, 2 * number + 1] / totals[:, 2 * number], [2.5, 97.5])
        found.append((float(after.sum() / before.sum()), float(low), float(high)))
    return found


def _points(share: float) -> float:
    return round(share * 100, 2) + 0.0
