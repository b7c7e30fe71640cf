"""Intervals of savings and quality over seeds: they hold the truth, or what is beside them says why not."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from netra.optimization.blocks import Blocks, blocks_of
from netra.optimization.findings import QualityEffect
from netra.optimization.interval_doubts import doubts_about
from netra.optimization.intervals import Resamples, bootstrap_totals
from netra.optimization.quality_gate import check_quality
from testkit.optimization_bench import calls, run_levers

RUNS = 200
DAY = 86_400_000_000
Random = np.random.Generator


class Drawn(NamedTuple):
    """Dollars that each call saves, its session (0: none) and its microsecond."""

    saved: np.ndarray
    sessions: np.ndarray
    ts: np.ndarray


def drawn(saved: np.ndarray, sessions: np.ndarray | None = None, ts: np.ndarray | None = None) -> Drawn:
    n = len(saved)
    return Drawn(
        saved,
        np.zeros(n, dtype=np.int64) if sessions is None else sessions + 1,
        np.arange(n, dtype=np.int64) if ts is None else ts,
    )


def hanging_together(random: Random, n: int, rho: float) -> np.ndarray:
    """Costs whose logarithms follow an autoregression: quiet hours and bursts."""
    noise = random.normal(0, 0.8 * (1 - rho * rho) ** 0.5, n)
    found = np.empty(n)
    found[0] = random.normal(0, 0.8)
    for place in range(1, n):
        found[place] = rho * found[place - 1] + noise[place]
    return np.exp(found)


def of_sessions(random: Random, sizes: np.ndarray, spread: float) -> Drawn:
    each = np.repeat(random.normal(0, spread, len(sizes)), sizes)
    saved = np.exp(each) * random.lognormal(0, 0.3, len(each))
    return drawn(saved, np.repeat(np.arange(len(sizes)), sizes))


def blocks_and_sums(some: Drawn) -> tuple[Blocks, np.ndarray]:
    blocks = blocks_of(some.ts, pl.Series(some.sessions))
    return blocks, blocks.sums(np.rint(some.saved * 1e12).astype(np.int64))


def covered(draw: Callable[[Random], Drawn], runs: int = RUNS) -> tuple[float, float]:
    """How often the interval holds the mean total of all months, and how often a doubt stands beside it."""
    truth = np.mean([draw(np.random.default_rng(9_000 + k)).saved.sum() for k in range(1_500)]) * 1e-3
    holds = doubted = 0
    for seed in range(runs):
        blocks, sums = blocks_and_sums(draw(np.random.default_rng(seed)))
        interval = Resamples(blocks.count).intervals([sums])[0]
        holds += interval.low <= truth <= interval.high
        doubted += bool(doubts_about(sums, blocks.kind))
    return holds / runs, doubted / runs


HOLDING: dict[str, Callable[[Random], Drawn]] = {
    "calls alone": lambda r: drawn(r.lognormal(0, 0.6, 2_000)),
    "fifty calls": lambda r: drawn(r.lognormal(0, 0.6, 50)),
    "bursts shorter than a block": lambda r: drawn(hanging_together(r, 2_000, 0.6)),
    "sessions": lambda r: of_sessions(r, r.geometric(0.2, 300), 0.5),
    "forty sessions": lambda r: of_sessions(r, r.geometric(0.2, 40), 0.5),
    "a tail with a variance": lambda r: drawn(r.pareto(3.5, 5_000) + 1),
    "days": lambda r: drawn(r.lognormal(0, 1, 1_200), ts=np.arange(1_200) * DAY // 20),
}
DOUBTFUL: dict[str, Callable[[Random], Drawn]] = {
    "bursts longer than a block": lambda r: drawn(hanging_together(r, 2_000, 0.99)),
    "one session as large as all others": lambda r: of_sessions(r, np.append(np.full(59, 10), 900), 0.5),
}


@pytest.mark.parametrize("kind", HOLDING)
def test_intervals_of_savings_hold_the_truth(kind: str) -> None:
    holds, doubted = covered(HOLDING[kind])
    # On forty to fifty skewed blocks the percentile method holds 92 to 93 %; under 88 % once in 150 times.
    assert 0.88 <= holds <= 0.985, holds
    assert doubted <= 0.12, doubted


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_where_blocks_are_not_independent_or_one_decides_it_is_said(kind: str) -> None:
    holds, doubted = covered(DOUBTFUL[kind], 100)
    assert doubted >= 0.9, (holds, doubted)


@pytest.mark.parametrize(
    ("rho", "tail"),
    [(0.0, 0.6), (0.9, 0.6), (0.99, 0.6), (0.0, 1.5)],
    ids=["even", "bursty", "drift", "heavy"],
)
def test_no_difference_is_found_between_halves_of_any_traffic(rho: float, tail: float) -> None:
    """Sessions by lot on either side: nineteen of twenty intervals hold zero, whatever the costs are like."""
    random = np.random.default_rng(5)
    holding = 0
    for _ in range(RUNS):
        sessions = np.repeat(np.arange(300), random.integers(1, 12, 300))
        costs = random.lognormal(0, tail, len(sessions)) * hanging_together(random, len(sessions), rho)
        side = np.where(random.random(300) < 0.5, 1, -1)[sessions]
        blocks = blocks_of(np.arange(len(sessions), dtype=np.int64), pl.Series(sessions + 1))
        interval = bootstrap_totals([blocks.sums(np.rint(costs * side * 1e12).astype(np.int64))])[0]
        holding += interval.low <= 0 <= interval.high
    # 190 are expected; fewer than 182 or more than 197 of 95 % come once in 150 times.
    assert 182 <= holding <= 197, holding


@pytest.mark.parametrize(("items", "drop"), [(200, 0.05), (400, 0.02), (400, 0.0)])
def test_intervals_of_a_drop_in_quality_hold_it(items: int, drop: float) -> None:
    """Both sides, the one-sided bound, and how often a model as bad as the margin passes."""
    random = np.random.default_rng(items)
    inside = bounded = passed = 0
    for _ in range(RUNS):
        dear = (random.random(items) < 0.85).astype(float)
        lost, won = random.random(items) < drop + 0.03, random.random(items) < 0.03
        cheap = np.clip(dear - lost + won, 0, 1)
        # Where the dear one is right a loss shows, where it is wrong a win does.
        truth = 100 * (0.85 * (drop + 0.03) * 0.97 - 0.15 * 0.03 * (1 - drop - 0.03))
        gate = check_quality(pl.DataFrame({"a_score": dear, "b_score": cheap}), truth / 100)
        inside += gate.effect.interval_95[0] - 0.01 <= truth <= gate.effect.interval_95[1] + 0.01
        bounded += truth <= gate.effect.upper_95 + 0.01
        passed += gate.verdict == "recommend"
    assert inside >= 0.90 * RUNS, inside
    assert bounded >= 0.90 * RUNS, bounded
    assert passed <= 0.10 * RUNS, passed


def month(seed: int, saving: float) -> pl.DataFrame:
    """Sessions of calls, some of which are repeated and some of which can wait."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for session in range(80):
        for _ in range(int(random.integers(2, 12))):
            repeats = bool(rows) and random.random() < saving
            rows.append(
                {
                    "session_id": f"s{session}",
                    "input_tokens": int(random.lognormal(7, 0.8)),
                    "output_tokens": int(random.lognormal(4, 0.8)),
                    "retry_of": f"c{len(rows) - 1}" if repeats else "",
                    "interactive": bool(random.random() < 0.7),
                }
            )
    return calls(rows)


def test_intervals_of_single_and_of_joint_savings_hold_the_usual_month() -> None:
    found = [run_levers(month(seed, 0.1), "retry-waste", "batch") for seed in range(100)]
    told = {
        name: [analysis.findings[place] for analysis in found]
        for place, name in enumerate(("first", "second"))
    }
    kinds = [[(f.savings_usd, f.interval_95) for f in findings] for findings in told.values()]
    kinds.append([(analysis.joint.savings_usd, analysis.joint.interval_95) for analysis in found])
    for months in kinds:
        usual = sum(Decimal(saved or 0) for saved, _ in months) / len(months)
        holding = sum(
            bounds is not None and Decimal(bounds[0]) <= usual <= Decimal(bounds[1]) for _, bounds in months
        )
        # A 95 % interval holds fewer than 88 of 100 once in 240 times.
        assert holding >= 88, holding


def test_the_same_calls_are_answered_the_same_in_any_order() -> None:
    frame = month(3, 0.1)
    again = frame.sample(fraction=1.0, shuffle=True, seed=1)
    first, second = (run_levers(some, "retry-waste", "batch") for some in (frame, again))
    assert (first.findings, first.joint) == (second.findings, second.joint)
    assert not any(isinstance(finding.quality_effect, QualityEffect) for finding in first.findings)
