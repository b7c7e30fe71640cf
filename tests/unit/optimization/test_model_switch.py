"""model-switch and its quality gate."""

from decimal import Decimal

import polars as pl
import pytest

from netra.optimization.findings import LatencyEffect
from netra.optimization.quality_gate import check_quality, items_needed
from testkit.optimization_bench import calls, only, run_levers, scores

A, B = "gpt-4o", "gpt-4o-mini"


def answers(n: int, worse: int = 0, better: int = 0, **columns: object) -> pl.DataFrame:
    """n items that A answers right; B fails `worse` of them and both fail `better` more that B gets right."""
    rows = [(f"i{k}", A, 1.0 if k >= better else 0.0) for k in range(n)]
    rows += [(f"i{k}", B, 0.0 if k >= n - worse else 1.0) for k in range(n)]
    return scores(rows, **columns)


def switch(evaluations: pl.DataFrame | None, n: int = 80, **params: str):
    given = {"from": A, "to": B, **params}
    return run_levers(calls([{"input_tokens": 1_000}] * n), "model-switch", evaluations=evaluations, **given)


def test_as_good_and_cheaper_is_recommended_to_the_cent() -> None:
    finding = only(switch(answers(400)))
    assert finding.verdict == "recommend"
    assert Decimal(finding.baseline_usd) == 80 * Decimal("0.0035")
    assert Decimal(finding.counterfactual_usd) == 80 * (Decimal("0.00015") + Decimal("0.00006"))
    assert any("same number of tokens" in said for said in finding.assumptions)
    assert "gpt-4o-mini" in finding.apply.snippet.text


def test_a_larger_drop_than_the_margin_is_refused_first() -> None:
    assert only(switch(answers(400, worse=20))).verdict == "refuse"


def test_quality_refuses_even_where_the_target_has_no_price() -> None:
    evaluations = answers(400, worse=100).with_columns(pl.col("model").replace(B, "house-7b"))
    finding = only(switch(evaluations, to="house-7b"))
    assert finding.verdict == "refuse"
    assert finding.savings_usd is None


def test_as_good_without_a_price_is_insufficient() -> None:
    evaluations = answers(400).with_columns(pl.col("model").replace(B, "house-7b"))
    finding = only(switch(evaluations, to="house-7b"))
    assert finding.verdict == "insufficient_data"
    assert "price" in finding.missing[0].what


def test_too_few_items_say_how_many_more() -> None:
    finding = only(switch(answers(100, worse=1)))
    assert finding.verdict == "insufficient_data"
    assert "more items" in finding.missing[0].what
    assert finding.savings_usd is None


def test_no_evaluations_and_unpaired_ones_are_insufficient() -> None:
    assert "import" in only(switch(None)).missing[0].how
    leaderboard = scores([("a1", A, 0.9), ("b1", B, 0.9)])
    finding = only(switch(leaderboard))
    assert finding.verdict == "insufficient_data"
    assert "both answered" in finding.missing[0].what
    without_target = only(run_levers(calls([{}] * 60), "model-switch"))
    assert without_target.verdict == "insufficient_data"


def test_a_dearer_target_is_refused() -> None:
    finding = only(
        run_levers(
            calls([{}] * 60, model=B), "model-switch", evaluations=answers(400), **{"from": B, "to": A}
        )
    )
    assert finding.verdict == "refuse"
    assert Decimal(finding.savings_usd) < 0


def test_without_target_every_model_that_shares_items_is_tried() -> None:
    third = scores([(f"i{k}", "claude-haiku-4-5", 1.0) for k in range(400)])
    other = scores([(f"x{k}", "gemini-2.5-flash", 1.0) for k in range(400)])
    analysis = run_levers(
        calls([{}] * 60), "model-switch", evaluations=pl.concat([answers(400), third, other])
    )
    assert [f.params["to"] for f in analysis.findings] == ["claude-haiku-4-5", B]


def test_dated_names_meet_their_canonical_model() -> None:
    evaluations = answers(400).with_columns(pl.col("model").replace(A, "openai/gpt-4o-2024-08-06"))
    assert only(switch(evaluations)).verdict == "recommend"


def test_paired_tokens_scale_the_cost_and_widen_the_interval() -> None:
    evaluations = answers(400).with_columns(
        input_tokens=pl.lit(100), output_tokens=pl.when(pl.col("model") == B).then(200).otherwise(100)
    )
    finding = only(switch(evaluations))
    assert Decimal(finding.counterfactual_usd) == 80 * (Decimal("0.00015") + Decimal("0.00012"))
    assert any("output tokens" in said and "2.000" in said for said in finding.assumptions)


def test_paired_costs_serve_where_tokens_lack_and_no_price_is_needed() -> None:
    evaluations = answers(400).with_columns(pl.col("model").replace(B, "house-7b"))
    evaluations = evaluations.with_columns(cost_usd=pl.when(pl.col("model") == A).then(0.02).otherwise(0.005))
    finding = only(switch(evaluations, to="house-7b"))
    assert finding.verdict == "recommend"
    assert finding.savings_pct == 75.0


def test_group_and_margin_decide_which_items_and_how_much() -> None:
    good = answers(400, group="easy")
    bad = answers(400, worse=40, group="hard").with_columns(item_id="h" + pl.col("item_id"))
    both = pl.concat([good, bad])
    assert only(switch(both)).verdict == "refuse"
    assert only(switch(both, group="easy")).verdict == "recommend"
    assert only(switch(both, margin="15%")).verdict == "recommend"


def test_gate_needs_more_than_a_handful() -> None:
    pairs = pl.DataFrame({"a_score": [1.0] * 10, "b_score": [1.0] * 10})
    assert check_quality(pairs).verdict == "insufficient_data"


@pytest.mark.parametrize(("worse", "verdict"), [(0, "recommend"), (8, "insufficient_data"), (9, "refuse")])
def test_gate_at_the_margin(worse: int, verdict: str) -> None:
    pairs = pl.DataFrame({"a_score": [1.0] * 400, "b_score": [0.0] * worse + [1.0] * (400 - worse)})
    assert check_quality(pairs, 0.02).verdict == verdict


def test_what_items_that_all_agree_cannot_show_is_said_beside_the_recommendation() -> None:
    gate = check_quality(pl.DataFrame({"a_score": [1.0] * 60, "b_score": [1.0] * 60}), 0.02)
    assert (gate.verdict, gate.effect.upper_95) == ("recommend", 0.0)
    # 0.951 ** 60 = 0.05: were 4.9 % of answers worse, one in twenty such samples would show none.
    assert gate.cautions == [
        "none of 60 items got worse: that up to 4.9 % of answers would is not ruled out by so few (95 %)"
    ]
    some_worse = pl.DataFrame({"a_score": [1.0] * 60, "b_score": [0.99] + [1.0] * 59})
    assert check_quality(some_worse, 0.02).cautions == []


def test_items_needed_shrink_with_the_room() -> None:
    drops = pl.Series([1.0, 0.0, 0.0, -1.0] * 25).to_numpy()
    assert items_needed(drops, 0.1) < items_needed(drops, 0.02)


def test_latency_after_a_switch_is_replayed_from_the_calls_of_both_models() -> None:
    rows = [{"latency_ms": 1_000.0 + n} for n in range(60)]
    rows += [{"model": B, "latency_ms": 100.0 + n} for n in range(60)]
    finding = only(run_levers(calls(rows), "model-switch", evaluations=answers(400), **{"from": A, "to": B}))
    effect = finding.latency_effect
    assert isinstance(effect, LatencyEffect)
    # All 120 calls take 100 to 159 ms then, each rank twice but for the ends.
    assert (effect.calls, effect.p50.before_ms, effect.p50.after_ms) == (120, 579.5, 129.5)
    assert effect.p99.after_ms == pytest.approx(158.6, abs=0.5)
    assert effect.p95.interval_95[0] > 500
    few = only(run_levers(calls(rows[:70]), "model-switch", evaluations=answers(400), **{"from": A, "to": B}))
    assert few.latency_effect.startswith("unknown: fewer than 50 calls")


def test_a_model_that_is_not_in_use_is_said() -> None:
    finding = only(run_levers(calls([{}] * 60), "model-switch", **{"from": "claude-opus-4-5"}))
    assert "calls on claude-opus-4-5" in finding.missing[0].what
    assert "gpt-4o" in finding.missing[0].how


def test_a_column_of_zeros_is_not_recorded_rather_than_free() -> None:
    told = {"input_tokens": 100, "output_tokens": 100, "cost_usd": 0.02}
    for name in told:
        there = pl.when(pl.col("model") == B).then(0.0).otherwise(told[name]).alias(name)
        finding = only(switch(answers(400).with_columns(there)))
        assert Decimal(finding.counterfactual_usd) == 80 * (Decimal("0.00015") + Decimal("0.00006")), name
        assert "same number of tokens" in finding.assumptions[0]


def test_what_is_uncertain_of_answers_does_not_count_for_prompts() -> None:
    longer = pl.when(pl.col("model") == A).then(100).when(pl.col("item_id").str.ends_with("7")).then(400)
    finding = only(switch(answers(400).with_columns(output_tokens=longer.otherwise(100)), n=100))
    # Calls that are all alike, so nothing but the ratio is uncertain: every tenth answer four times as long
    # is 1.3 times the tokens, give or take 0.09, of 100 x 100 at $0.60 a million.
    low, high = (Decimal(bound) for bound in finding.interval_95)
    assert 0 < high - low < 100 * 100 * Decimal("0.0000006") * Decimal("0.2")
