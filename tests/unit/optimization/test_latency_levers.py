"""hedging, timeout, region and the replay of latencies, on cases worked by hand."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.actions import (
    ChangeLatency,
    ChangeTokens,
    RemoveCalls,
    RepeatSlow,
    SwitchModel,
)
from netra.optimization.findings import Finding, LatencyEffect
from netra.optimization.latency_intervals import Goal, latency_effect
from netra.optimization.latency_replay import LatencyReplay
from netra.optimization.replay import replay_jointly
from testkit.optimization_bench import calls, only, run_levers, workload
from testkit.properties import examples

COST = Decimal("0.0035")
"""A call of the test frame on gpt-4o."""


def heavy_tail(n: int = 1_000, slow: int = 40) -> pl.DataFrame:
    """Every call takes 100 ms but 4 in 100, which take 10 s: slow by accident, not by length."""
    every = n // slow
    return calls([{"latency_ms": 10_000.0 if k % every == 3 else 100.0} for k in range(n)])


def effect_of(finding: Finding) -> LatencyEffect:
    assert isinstance(finding.latency_effect, LatencyEffect)
    return finding.latency_effect


def test_hedging_cuts_an_accidental_tail_and_says_what_it_costs() -> None:
    finding = only(run_levers(heavy_tail(), "hedging", target_p99_ms="500"))
    effect = effect_of(finding)
    assert (effect.p50.before_ms, effect.p50.after_ms) == (100.0, 100.0)
    # Of the 40 late calls, sent again after the p95 of 100 ms, all but about 4 % of them take 200 ms.
    assert (effect.p99.before_ms, effect.p99.after_ms) == (10_000.0, 200.0)
    assert effect.p99.interval_95[0] > 0
    assert finding.verdict == "recommend"
    assert Decimal(finding.savings_usd) == -40 * COST
    assert any("40 of 1,000" in said and "4.00 %" in said for said in finding.assumptions)
    assert "hedged" in finding.apply.snippet.text


def test_without_a_goal_the_gain_and_its_price_are_stated_and_the_goal_is_missing() -> None:
    finding = only(run_levers(heavy_tail(), "hedging"))
    assert finding.verdict == "insufficient_data"
    assert finding.savings_usd is None
    assert "a goal" in finding.missing[0].what
    assert "costs $0.14" in finding.missing[0].what
    assert effect_of(finding).p99.after_ms == 200.0


def test_a_goal_out_of_reach_or_met_already_is_refused() -> None:
    assert only(run_levers(heavy_tail(), "hedging", target_p99_ms="50")).verdict == "refuse"
    met = only(run_levers(heavy_tail(), "hedging", target_p99_ms="20000"))
    assert met.verdict == "refuse"
    assert effect_of(met).goal.gate == "refuse"


def test_hedging_long_answers_gains_nothing_and_is_refused() -> None:
    """The slow calls are the long ones: a second attempt writes as much."""
    rows = [
        {"latency_ms": 8_000.0 if k % 10 == 0 else 500.0, "output_tokens": 4_000 if k % 10 == 0 else 100}
        for k in range(1_000)
    ]
    finding = only(run_levers(calls(rows), "hedging"))
    assert finding.verdict == "refuse"
    assert effect_of(finding).p99.after_ms == 8_000.0


def test_a_delay_as_late_as_the_goal_allows() -> None:
    random = np.random.default_rng(5)
    frame = calls([{"latency_ms": float(ms)} for ms in random.lognormal(6, 1, 2_000)])
    before = effect_of(only(run_levers(frame, "hedging"))).p95.before_ms
    mild = only(run_levers(frame, "hedging", target_p95_ms=str(int(before * 0.95))))
    strong = only(run_levers(frame, "hedging", target_p95_ms=str(int(before * 0.6))))
    assert mild.verdict == strong.verdict == "recommend"
    assert Decimal(strong.savings_usd) < Decimal(mild.savings_usd) < 0


def test_latencies_that_lack_are_missing() -> None:
    for lever in ("hedging", "timeout", "region"):
        finding = only(run_levers(calls([{}] * 80), lever))
        assert finding.verdict == "insufficient_data"
        assert "latenc" in finding.missing[0].what
    few = calls([{"latency_ms": 5.0}] * 40 + [{}] * 40)
    assert only(run_levers(few, "hedging")).verdict == "insufficient_data"


def test_calls_nobody_waits_for_and_failed_ones_are_not_hedged() -> None:
    rows = [
        {
            "latency_ms": 10_000.0 if k % 25 == 3 else 100.0,
            "interactive": k % 2 == 0,
            "status": "error" if k % 100 == 28 else "ok",
        }
        for k in range(1_000)
    ]
    finding = only(run_levers(calls(rows), "hedging", delay="1s"))
    # Late are 3, 28, 53, 78, ...: every other one is even, and 28, 128, ... failed.
    assert any("10 of 990" in said for said in finding.assumptions)


def test_a_timeout_that_helps_and_one_that_cannot() -> None:
    helped = only(run_levers(heavy_tail(), "timeout", timeout="900ms", target_p99_ms="1200"))
    # Given up after 0.9 s, again in 0.1 s.
    assert effect_of(helped).p99.after_ms == 1_000.0
    assert helped.verdict == "recommend"
    assert Decimal(helped.savings_usd) == -40 * COST
    even = calls([{"latency_ms": 1_000.0 + k} for k in range(1_000)])
    assert only(run_levers(even, "timeout")).verdict == "refuse"


def places(n: int = 1_200, **more: object) -> pl.DataFrame:
    """Calls by turns in a region that takes 2 s and one that takes 1 s, on two features alike."""
    rows = [
        {
            "latency_ms": (2_000.0 if k % 2 else 1_000.0) + k % 10,
            "tags": '{"region":"us-east"}' if k % 2 else '{"region":"eu-west"}',
            "feature": "chat" if k % 4 < 2 else "search",
            **more,
        }
        for k in range(n)
    ]
    return calls(rows)


def test_a_faster_region_is_found_and_costs_nothing() -> None:
    findings = run_levers(places(), "region", target_p95_ms="1100").findings
    assert [(f.params["from"], f.params["to"]) for f in findings] == [("us-east", "eu-west")]
    finding = findings[0]
    assert finding.verdict == "recommend"
    assert finding.savings_usd == "0"
    assert finding.rows == 600
    effect = effect_of(finding)
    assert effect.p95.before_ms > 2_000
    assert effect.p95.after_ms < 1_010
    assert run_levers(places(), "region", target_p95_ms="900").findings[0].verdict == "refuse"
    stated = run_levers(places(), "region").findings[0]
    assert stated.verdict == "insufficient_data"
    assert "costs nothing" in stated.missing[0].what


def test_only_common_features_are_compared() -> None:
    """The faster place carries only the short feature: nothing of the other may be concluded."""
    rows = [
        {
            "latency_ms": 100.0 if k % 2 else 3_000.0,
            "tags": '{"region":"eu"}' if k % 2 else '{"region":"us"}',
            "feature": "title" if k % 2 else "report",
        }
        for k in range(400)
    ]
    finding = only(run_levers(calls(rows), "region"))
    assert finding.verdict == "insufficient_data"
    assert "two places" in finding.missing[0].what


def test_another_provider_of_the_same_model_is_priced() -> None:
    rows = [
        {"latency_ms": 900.0 if k % 2 else 300.0, "provider": "openai" if k % 2 else "azure"}
        for k in range(400)
    ]
    finding = run_levers(calls(rows), "region", target_p95_ms="400").findings[0]
    assert (finding.params["by"], finding.params["from"], finding.params["to"]) == (
        "provider",
        "openai",
        "azure",
    )
    assert finding.verdict == "recommend"
    assert finding.savings_usd == "0"


def test_latency_after_each_action() -> None:
    rows = [{"latency_ms": 1_000.0, "ttft_ms": 200.0, "output_tokens": 100} for _ in range(60)]
    rows += [{"latency_ms": 300.0, "model": "gpt-4o-mini"} for _ in range(60)]
    replay = LatencyReplay(workload(calls(rows)))
    first = np.arange(120) < 60
    short, unknown = replay.after([ChangeTokens(output_limit=np.full(120, 25))])
    # 200 + 800 * 25 / 100; without a first-token time all is writing: 300 * 25 / 100.
    assert set(short.values.tolist()) == {400.0, 75.0}
    assert unknown == 0
    assert replay.after([SwitchModel(first, "gpt-4o-mini", None)])[0].values.tolist() == [300.0] * 120
    assert replay.after([SwitchModel(first, "gpt-4.1", None)])[1] == 60
    removed, _ = replay.after([RemoveCalls(first)])
    assert removed.values.tolist() == [300.0] * 60
    moved, _ = replay.after([ChangeLatency(first, np.full(120, 7.0))])
    assert set(moved.values.tolist()) == {7.0, 300.0}
    twice = RepeatSlow(first, np.full(120, 50.0), np.full(120, 10.0))
    assert set(replay.after([twice])[0].values.tolist()) == {60.0, 300.0}


def test_calls_sent_twice_cost_twice_in_the_joint_replay_after_all_else() -> None:
    load = workload(calls([{}, {}]))
    twice = RepeatSlow(np.array([True, False]), np.zeros(2), np.zeros(2))
    switch = SwitchModel(np.ones(2, dtype=bool), "gpt-4o-mini", None)
    assert replay_jointly(load, [twice, switch]).tolist() == [2 * 210_000_000_000, 210_000_000_000]


@settings(max_examples=examples(12))
@given(seed=st.integers(0, 10_000), delay=st.floats(50, 2_000))
def test_a_hedge_never_lengthens_and_follows_the_law_of_the_minimum(seed: int, delay: float) -> None:
    """P(min(X, d + Y) > t) = S(t) S(t - d) for t > d, X and Y alike and independent."""
    random = np.random.default_rng(seed)
    latency = random.lognormal(6, 1, 4_000)
    load = workload(calls([{}] * 4_000).with_columns(latency_ms=pl.Series(latency)))
    replay = LatencyReplay(load)
    late = latency > delay
    after, _ = replay.after([RepeatSlow(late, np.full(4_000, delay), replay.drawn(late))])
    assert (after.ms <= replay.recorded.ms).all()
    for t in (delay * 1.5, delay * 2, delay * 4):
        expected = float((latency > t).mean() * (latency > t - delay).mean())
        assert float((after.ms > t).mean()) == pytest.approx(expected, abs=0.025)


@settings(max_examples=examples(2))
@given(seed=st.integers(0, 10_000))
def test_intervals_cover_no_change_and_find_a_planted_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = calls([{"session_id": f"s{k // 4}"} for k in range(2_000)])
    frame = frame.with_columns(latency_ms=pl.Series(random.lognormal(6, 0.5, 2_000)))
    load = workload(frame)
    replay = LatencyReplay(load)
    same = latency_effect(load.blocks, replay.recorded, replay.recorded)
    assert same is not None
    assert same.p95.interval_95 == (0.0, 0.0)
    shorter, _ = replay.after([ChangeLatency(np.ones(2_000, dtype=bool), 0.8 * replay.recorded.ms)])
    change = latency_effect(load.blocks, replay.recorded, shorter, Goal("p95", 1e9))
    assert change is not None
    low, high = change.p95.interval_95
    assert low <= 0.2 * change.p95.before_ms <= high
    assert change.goal is not None
    assert change.goal.gate == "refuse", "the goal was met before"


def waits(streams: int = 200, whole: int = 300, **more: object) -> pl.DataFrame:
    """Streamed calls begin after 201..400 ms; the others end after 5 s and show nothing before."""
    shown = [{"streaming": True, "ttft_ms": 201.0 + k % 200, "latency_ms": 6_000.0} for k in range(streams)]
    hidden = [{"streaming": False, "latency_ms": 5_000.0, **more} for _ in range(whole)]
    return calls([*shown, *hidden])


def test_streaming_ends_the_wait_at_the_first_token_of_calls_that_stream() -> None:
    finding = only(run_levers(waits(), "streaming", first_p95_ms="500"))
    effect = effect_of(finding)
    # 300 of 500 wait 5 s; streamed, they wait as the others do: from 201 to 400 ms.
    assert (effect.p50.before_ms, effect.p95.before_ms) == (5_000.0, 5_000.0)
    assert effect.p50.after_ms == pytest.approx(300.5, abs=1)
    assert effect.p95.after_ms == pytest.approx(390.5, abs=1)
    assert effect.p95.interval_95[0] > 4_000
    assert (finding.verdict, finding.savings_usd) == ("recommend", "0")
    open_goal = only(run_levers(waits(), "streaming"))
    assert open_goal.verdict == "insufficient_data"
    assert "a goal for the wait" in open_goal.missing[0].what
    assert only(run_levers(waits(), "streaming", first_p95_ms="300")).verdict == "refuse"


def test_where_all_is_streamed_it_is_said() -> None:
    rows = [{"streaming": True, "ttft_ms": 200.0, "latency_ms": 900.0}] * 60
    finding = only(run_levers(calls(rows), "streaming"))
    assert finding.verdict == "refuse"
    assert "streamed already" in finding.assumptions[0]


def test_streaming_compares_only_prompts_of_a_length_and_calls_that_somebody_waits_for() -> None:
    longer = only(run_levers(waits(input_tokens=60_000), "streaming"))
    assert longer.verdict == "insufficient_data"
    assert "streamed calls to compare with" in longer.missing[0].what
    assert "(streaming)" in only(run_levers(calls([{"latency_ms": 1.0}] * 60), "streaming")).missing[0].what
    assert only(run_levers(waits(whole=0), "streaming")).verdict == "refuse"
    assert only(run_levers(waits(interactive=False), "streaming")).verdict == "refuse"
    # An answer that is over before a streamed one begins stays as it is.
    quick = effect_of(only(run_levers(waits(latency_ms=100.0), "streaming")))
    assert quick.p50.after_ms == quick.p50.before_ms == 100.0
