"""hedging, timeout and region against their definitions, call by call."""

import json
import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.actions import ChangeLatency, RepeatSlow, SwitchModel
from netra.optimization.evaluated import with_canonical
from netra.optimization.findings import LatencyEffect
from netra.optimization.latency_replay import LatencyReplay
from testkit import latency_oracle as oracle
from testkit.lever_oracle import Call, cost
from testkit.optimization_bench import CATALOGUE, workload
from testkit.properties import examples
from testkit.random_traffic import drafts, ordered, total, traffic

NO_ITEMS = with_canonical(pl.DataFrame(schema={"item_id": pl.String, "model": pl.String}), CATALOGUE)
SEEDS = st.integers(0, 2**32)
SHARES = {
    "hedging": (99, 98, 97, 95, 92, 90, 85, 80, 70, 60, 50),
    "timeout": (99.9, 99.8, 99.5, 99, 98, 97, 95, 90),
}
PERCENTILES = {"p50": Fraction(1, 2), "p95": Fraction(95, 100), "p99": Fraction(99, 100)}


def timed(draw: random.Random, count: int, **common: Sequence[object]) -> pl.DataFrame:
    """Calls of two models at most, with latencies from a few values up to a heavy tail."""
    tail = [
        draw.choice([1.0, 10.0]) * round(draw.lognormvariate(5, 2), 1) for _ in range(draw.choice([3, 60]))
    ]
    values = [*tail, draw.choice([None, 100.0]), 0.0]
    wanted = {"latency_ms": values, "interactive": draw.choice([[None], [True, False, None, None]])}
    return traffic(
        draw,
        count,
        ["gpt-4o", "claude-sonnet-4-5"],
        feature=draw.choice([[""], ["f", "g"]]),
        **wanted,
        **common,
    )


def check_percentiles(effect: LatencyEffect | str, before: list[float], after: list[float]) -> None:
    assert isinstance(effect, LatencyEffect)
    assert effect.calls == len(before)
    for name, share in PERCENTILES.items():
        change = getattr(effect, name)
        assert change.before_ms == pytest.approx(float(oracle.percentile(before, share)), abs=0.051, rel=1e-9)
        assert change.after_ms == pytest.approx(float(oracle.percentile(after, share)), abs=0.051, rel=1e-9)


@settings(max_examples=examples(2))
@given(lever=st.sampled_from(["timeout", "hedging"]), seed=SEEDS)
def test_sent_again(lever: str, seed: int) -> None:
    draw = random.Random(seed)
    frame = timed(draw, draw.choice([40, 90, 240]))
    rows = ordered(frame)
    delay, goal = draw.choice([None, None, 50, 800]), draw.choice([None, 1, 400])
    named = "delay" if lever == "hedging" else "timeout"
    told = ({named: f"{delay}ms"} if delay else {}) | ({"target_p95_ms": str(goal)} if goal else {})
    (draft,) = drafts(frame, lever, NO_ITEMS, told)
    drawn = oracle.pools(rows)
    if not drawn:
        assert draft.effect is None
        assert "latencies" in draft.missing[0].what
        return
    assert isinstance(draft.action, RepeatSlow)
    assert draft.effect is not None
    counted = oracle.counted(rows)
    before = [float(rows[row]["latency_ms"]) for row in counted]
    able = np.isin(np.arange(len(rows)), list(drawn))
    second = LatencyReplay(workload(frame)).drawn(able)
    assert all(second[row] in drawn[row] for row in drawn)

    def after(delays: dict[int, Fraction]) -> list[float]:
        again = set(oracle.late(rows, delays))
        return [
            oracle.repeated(ms, float(delays[row]), second[row], cancels=lever == "timeout")
            if row in again
            else ms
            for row, ms in zip(counted, before, strict=True)
        ]

    if delay:
        chosen = dict.fromkeys(counted, Fraction(delay))
    else:
        share = choose_share(
            lever, goal, {s: after(oracle.delays(rows, Fraction(str(s)) / 100)) for s in SHARES[lever]}
        )
        assert draft.params[named] == f"p{share:g} of feature and model"
        chosen = oracle.delays(rows, Fraction(str(share)) / 100)
    again = oracle.late(rows, chosen)
    assert np.flatnonzero(draft.action.rows).tolist() == again
    assert draft.effect.savings == -total([cost(rows[row]) for row in again])
    check_percentiles(draft.latency, before, after(chosen))


def choose_share(lever: str, goal: int | None, tried: dict[float, list[float]]) -> float:
    """As late as reaches the goal; where none does, or none is given, what makes the tail shortest."""
    if lever == "hedging" and goal is None:
        return 95
    share = PERCENTILES["p95" if goal else "p99"]
    tails = {number: float(oracle.percentile(values, share)) for number, values in tried.items()}
    enough = [number for number, ms in tails.items() if goal and ms <= goal]
    return enough[0] if enough and lever == "hedging" else min(tails, key=lambda number: tails[number])


@settings(max_examples=examples(2))
@given(seed=SEEDS)
def test_region(seed: int) -> None:
    draw = random.Random(seed)
    kind = draw.choice(["region", "provider"])
    names = ["", "openai", "azure"] if kind == "provider" else ["", "eu", "us", "asia"][: draw.choice([3, 4])]
    by_tag = {json.dumps({"region": name}) if name else None: name for name in names}
    given_place = {"provider": names} if kind == "provider" else {"tags": list(by_tag), "provider": [""]}
    frame = timed(draw, 500, **given_place, model=["gpt-4o"], output_tokens=[40, 50, 900])
    rows: list[Call] = ordered(frame)
    places = [row["provider"] if kind == "provider" else by_tag[row["tags"]] for row in rows]
    best = oracle.best_places(rows, places)
    gaining = {here for here, (_, gain) in best.items() if gain > 0}
    counted = oracle.counted(rows)
    found = drafts(frame, "region", NO_ITEMS)
    if not best:
        assert not any(isinstance(draft.latency, LatencyEffect) for draft in found)
        return
    assert {draft.params["from"] for draft in found} == gaining or (not gaining and len(found) == 1)
    for draft in found:
        move = (draft.params["from"], draft.params["to"])
        after = oracle.placed(rows, places, move)
        gain = sum((Fraction(rows[row]["latency_ms"]) - ms for row, ms in after.items()), Fraction(0))
        assert float(gain) == pytest.approx(float(best[move[0]][1]), rel=1e-9, abs=1e-6)
        assert isinstance(draft.action, ChangeLatency | SwitchModel)
        assert np.flatnonzero(draft.action.rows).tolist() == sorted(after)
        before = [float(rows[row]["latency_ms"]) for row in counted]
        then = [float(after.get(row, ms)) for row, ms in zip(counted, before, strict=True)]
        check_percentiles(draft.latency, before, then)
