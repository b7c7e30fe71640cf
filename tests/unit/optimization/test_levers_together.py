"""What must hold, for any traffic, of levers that remove calls, move them, or change their tier or effort."""

from base64 import b64encode
from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit.optimization_bench import calls, run_levers, scores
from testkit.properties import examples

LEVERS = (
    "response-cache",
    "semantic-cache",
    "provider-switch",
    "flex",
    "commitment",
    "reasoning-effort",
    "duplicate-inflight",
    "prompt-trim",
)
REMOVING_OR_TIER = ("response-cache", "duplicate-inflight", "retry-waste", "batch", "flex")
UNITS = {"commitment.unit_usd_per_hour": "0.0001", "commitment.unit_tokens_per_minute": "4000"}


def vector(angle: int) -> str:
    values = np.array([round(100 * np.cos(angle)), round(100 * np.sin(angle))], dtype=np.int8)
    return f'{{"embedding":"{b64encode(values.tobytes()).decode()}"}}'


CALL = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt-5-mini", "gpt-5-mini", "openai/gpt-oss-120b", "nobody-knows"]),
        "latency_ms": st.sampled_from([None, 500.0, 900_000.0]),
        "request_hash": st.sampled_from(["", "a", "b", "c", "d"]),
        "temperature": st.sampled_from([None, 0.0, 0.7]),
        "status": st.sampled_from(["ok", "ok", "error"]),
        "retry_of": st.sampled_from(["", "", "c0", "c5"]),
        "interactive": st.sampled_from([None, True, False]),
        "service_tier": st.sampled_from(["standard", "batch", "flex"]),
        "session_id": st.sampled_from([f"s{n}" for n in range(40)]),
        "feature": st.sampled_from(["", "f", "g"]),
        "user": st.sampled_from(["", "u", "v"]),
        "input_tokens": st.integers(0, 3_000),
        "output_tokens": st.integers(0, 500),
        "reasoning_tokens": st.integers(0, 600),
        "reasoning_effort": st.sampled_from(["", "high", "low"]),
        "tags": st.integers(0, 9).map(vector),
        "prefix_hashes": st.lists(st.integers(1, 3), max_size=4),
        "prefix_block_tokens": st.just(128),
    }
)


def drawn(kinds: list[dict[str, object]], seed: int) -> list[dict[str, object]]:
    """Seventy calls of some kinds at random times."""
    draw = np.random.default_rng(seed)
    return [{**kinds[int(draw.integers(len(kinds)))], "at": 600 * int(draw.integers(60))} for _ in range(70)]


TRAFFIC = st.builds(drawn, st.lists(CALL, min_size=1, max_size=8), st.integers(0, 1_000))
PLAIN = [
    (f"i{k}", name, 1.0)
    for k in range(120)
    for name in ("gpt-5-mini", "gpt-5-mini+prompt-trim", "gpt-5-mini+semantic-cache")
]
EFFORTS = [(f"i{k}", f"gpt-5-mini@{effort}", 1.0) for k in range(120) for effort in ("high", "low")]
ITEMS = pl.concat(
    [
        scores(PLAIN, output_tokens=500.0),
        scores(EFFORTS).with_columns(
            pl.when(pl.col("model").str.ends_with("low")).then(200.0).otherwise(500.0).alias("output_tokens")
        ),
    ]
)


@settings(max_examples=examples(6))
@given(TRAFFIC)
def test_no_lever_saves_more_than_its_calls_cost(rows: list[dict[str, object]]) -> None:
    frame = calls(rows, provider="together")
    analysis = run_levers(frame, *LEVERS, evaluations=ITEMS, **UNITS)
    whole = Decimal(analysis.baseline.cost_usd)
    for finding in analysis.findings:
        if finding.savings_usd is None:
            assert finding.verdict != "recommend"
            continue
        baseline, saved = Decimal(finding.baseline_usd), Decimal(finding.savings_usd)
        assert saved <= baseline <= whole
        assert baseline - Decimal(finding.counterfactual_usd) == saved
        assert (finding.verdict == "recommend") <= (saved > 0 and Decimal(finding.interval_95[0]) > 0)
    assert 0 <= Decimal(analysis.joint.counterfactual_usd) <= whole
    assert run_levers(frame, *LEVERS, evaluations=ITEMS, **UNITS).findings == analysis.findings


@settings(max_examples=examples(6))
@given(TRAFFIC)
def test_calls_removed_or_cheaper_in_two_ways_are_saved_once(rows: list[dict[str, object]]) -> None:
    frame = calls(rows)
    analysis = run_levers(frame, *REMOVING_OR_TIER)
    saved = [Decimal(f.savings_usd) for f in analysis.findings if f.verdict == "recommend"]
    joint = Decimal(analysis.joint.savings_usd)
    assert max(saved, default=Decimal(0)) <= joint <= sum(saved)


@settings(max_examples=examples(4))
@given(TRAFFIC, st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(rows: list[dict[str, object]], random: object) -> None:
    frame = calls(rows, provider="openai")
    order = list(range(frame.height))
    random.shuffle(order)
    before = run_levers(frame, *LEVERS, evaluations=ITEMS, **UNITS)
    after = run_levers(frame[order], *LEVERS, evaluations=ITEMS, **UNITS)
    assert [f.savings_usd for f in after.findings] == [f.savings_usd for f in before.findings]
