"""Over many seeds: intervals of percentiles cover the truth; routers that pass are as good as they say."""

import numpy as np
import polars as pl

from netra.optimization.findings import LatencyEffect
from netra.optimization.levers.router import Items, Judged, Traffic, judge_router, learned_cells
from testkit.optimization_bench import calls, run_levers

SEEDS = 100
CALLS = 3_000
CELLS = 24
MARGIN = 0.03


def latencies(random: np.random.Generator) -> np.ndarray:
    """Every second call in a slower region, sessions that have good and bad days."""
    session = np.repeat(random.lognormal(0, 0.3, CALLS // 6), 6)
    place = np.where(np.arange(CALLS) % 2, 800.0, 600.0)
    return place * session * random.lognormal(0, 0.5, CALLS)


def test_intervals_of_percentiles_cover_what_a_move_really_gains() -> None:
    endless = np.concatenate([latencies(np.random.default_rng(10_000 + k)) for k in range(300)])
    slow = np.arange(len(endless)) % 2 == 1
    shares = [0.5, 0.95, 0.99]
    truth = np.quantile(endless, shares) - np.quantile(endless[~slow], shares)
    places = ['{"region":"us"}' if k % 2 else '{"region":"eu"}' for k in range(CALLS)]
    frame = calls([{"tags": place, "session_id": f"s{k // 6}"} for k, place in enumerate(places)])
    covered = np.zeros(3)
    for seed in range(SEEDS):
        timed = frame.with_columns(latency_ms=pl.Series(latencies(np.random.default_rng(seed))))
        findings = run_levers(timed, "region").findings
        effect = next(f.latency_effect for f in findings if f.params.get("from") == "us")
        assert isinstance(effect, LatencyEffect)
        for number, change in enumerate((effect.p50, effect.p95, effect.p99)):
            covered[number] += change.interval_95[0] <= truth[number] <= change.interval_95[1]
    # A 95 % interval covers fewer than 88 of 100 once in 240 times.
    assert (covered >= 88).all(), covered


def routed(seed: int, spread: float) -> tuple[Judged, float]:
    """A router over cells whose drops differ by `spread`, and what it really loses."""
    random = np.random.default_rng(seed)
    drops = np.clip(random.normal(0.06, spread, CELLS), 0.0, 0.5)
    n = 6_000
    cells = random.integers(0, CELLS, n)
    dear = (random.random(n) < 0.9).astype(np.float64)
    cheap = dear * (random.random(n) >= drops[cells] / 0.9)
    items = Items(dear, cheap, cells, random.random(n) < 0.5)
    share = np.full(CELLS, 1 / CELLS)
    chosen, order = learned_cells(items, Traffic(share, share), MARGIN)
    judged = judge_router(items, Traffic(share, share), chosen, order, MARGIN)
    return judged, float(drops[chosen].sum() / CELLS)


def test_routers_that_pass_lose_no_more_than_the_margin() -> None:
    passed = beyond = 0
    for seed in range(SEEDS):
        judged, truth = routed(seed, spread=0.06)
        if judged.quality.gate == "recommend" and judged.beats_chance:
            passed += 1
            beyond += truth > MARGIN
    assert passed >= 60, "a router with something to learn passes more often than not"
    assert beyond <= 0.05 * passed + 3, (passed, beyond)


def test_chance_is_hardly_ever_taken_for_skill() -> None:
    lucky = sum(routed(seed, spread=0.0)[0].beats_chance for seed in range(SEEDS))
    # One end of a 95 % interval is passed in 2.5 of 100; more than 8 once in 500 times.
    assert lucky <= 8
