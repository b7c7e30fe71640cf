"""Latency targets replayed call by call, and load by the minute, on data whose answer is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from netra.tools.usage.load import load_of
from netra.tools.usage.tail import plan_tail

START = datetime(2026, 11, 1, tzinfo=UTC)


def calls(
    latency: list[float], first: list[float | None], tokens: list[int], groups: list[str]
) -> pl.DataFrame:
    return pl.DataFrame(
        {"latency_ms": latency, "ttft_ms": first, "output_tokens": tokens, "model": groups},
        schema_overrides={"ttft_ms": pl.Float64, "latency_ms": pl.Float64},
    )


def test_a_cap_is_found_that_just_reaches_the_target() -> None:
    # slow: 100 ms + 10 ms a token, 100 tokens = 1,100 ms; capped at 40 tokens = 500 ms
    frame = calls(
        [1100.0] * 50 + [200.0] * 50, [100.0] * 100, [100] * 50 + [10] * 50, ["slow"] * 50 + ["fast"] * 50
    )
    plan = plan_tail(frame, ["model"], 0.95, 500)
    assert plan is not None
    assert [(group.keys, group.cap, group.over) for group in plan.groups] == [(("slow",), 40, 50)]
    assert (plan.reachable, plan.reached_ms, plan.over, plan.allowed) == (True, 500, 50, 5)


def test_a_target_below_the_first_token_is_not_reached() -> None:
    frame = calls([1100.0] * 100, [900.0] * 100, [100] * 100, ["slow"] * 100)
    plan = plan_tail(frame, ["model"], 0.95, 500)
    assert plan is not None
    assert not plan.reachable
    assert plan.reached_ms > 900


def test_a_target_already_met_needs_nothing() -> None:
    plan = plan_tail(calls([100.0] * 10, [None] * 10, [5] * 10, ["a"] * 10), ["model"], 0.95, 500)
    assert plan is not None
    assert (plan.groups, plan.reachable) == ([], True)


def test_without_latencies_there_is_no_plan() -> None:
    frame = calls([100.0], [None], [5], ["a"]).with_columns(latency_ms=pl.lit(None, dtype=pl.Float64))
    assert plan_tail(frame, ["model"], 0.95, 500) is None


def test_the_replay_never_lengthens_a_call() -> None:
    random = np.random.default_rng(3)
    size = 2_000
    latency = random.lognormal(7, 1, size)
    frame = calls(
        latency.tolist(), (latency * random.random(size)).tolist(), random.integers(0, 900, size).tolist(),
        random.choice(["a", "b", "c"], size).tolist(),
    )  # fmt: skip
    plan = plan_tail(frame, ["model"], 0.95, float(np.quantile(latency, 0.95)) / 2)
    assert plan is not None
    assert plan.reached_ms <= plan.now_ms
    assert not plan.reachable or plan.reached_ms <= plan.target_ms


def minutes(per_minute: list[tuple[int, int]]) -> pl.DataFrame:
    """One model; for each minute (calls that succeeded, calls refused)."""
    rows: list[dict[str, object]] = []
    for number, (ok, refused) in enumerate(per_minute):
        for index in range(ok + refused):
            rows.append(
                {
                    "ts": START + timedelta(minutes=number, milliseconds=index),
                    "model": "m",
                    "status": "ok" if index < ok else "rate_limited",
                    "input_tokens": 100,
                    "output_tokens": 10,
                    "latency_ms": 1000.0,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})


def test_a_limit_that_this_load_hits_is_bound_to_it() -> None:
    [load] = load_of(minutes([(5, 0), (8, 0), (10, 2), (10, 5)]), 1.0, None)
    assert (load.bound, load.onset_calls, load.carried_calls, load.refused) == (True, 12, 8, 7)
    assert load.minutes_at_risk == 2


def test_refusals_in_quiet_minutes_are_not_bound_to_the_load() -> None:
    [load] = load_of(minutes([(20, 0), (1, 1), (3, 0)]), 1.0, None)
    assert (load.bound, load.onset_calls, load.carried_calls) == (False, 2, 20)


@pytest.mark.parametrize(("growth", "at_risk"), [(1.0, 0), (1.5, 1), (3.0, 2)])
def test_growth_puts_minutes_beyond_what_was_carried(growth: float, at_risk: int) -> None:
    [load] = load_of(minutes([(10, 0), (4, 0), (2, 0)]), growth, 10)
    assert load.minutes_at_risk == at_risk
    assert load.grown_peak_calls == 10 * growth
    assert load.spike_calls == pytest.approx(16 / 60 * 10, abs=0.1)
