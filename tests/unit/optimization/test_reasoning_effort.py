"""reasoning-effort by hand."""

from decimal import Decimal

import polars as pl
import pytest

from netra.optimization.evaluated import is_variant, with_canonical
from testkit.optimization_bench import CATALOGUE, calls, only, run_levers, scores

MODEL = "gpt-5"
# 1.25 USD in and 10 USD out per million tokens.
CALL: dict[str, object] = {"model": MODEL, "output_tokens": 1_000, "reasoning_tokens": 800}


def both(high: float, low: float, n: int = 400, **columns: object) -> pl.DataFrame:
    rows = [(f"i{k}", f"{MODEL}@high", high) for k in range(n)] + [
        (f"i{k}", f"{MODEL} (low)", low) for k in range(n)
    ]
    return scores(rows, **columns)


def with_tokens(frame: pl.DataFrame, high: int, low: int, column: str = "output_tokens") -> pl.DataFrame:
    at_high = pl.col("model").str.ends_with("high")
    return frame.with_columns(pl.when(at_high).then(high).otherwise(low).cast(pl.Float64).alias(column))


def test_names_of_efforts() -> None:
    names = [
        "gpt-5@low",
        "gpt-5 LOW",
        "gpt-5 (low)",
        "gpt-5",
        "gpt-5@low+output-cap",
        "claude-sonnet-4-5@20250929",
    ]
    known = with_canonical(scores([("i", name, 1.0) for name in names]), CATALOGUE)["canonical"].to_list()
    assert known == ["gpt-5@low"] * 3 + ["gpt-5", "gpt-5@low+output-cap", "claude-sonnet-4-5"]
    assert [is_variant(name) for name in known] == [True, True, True, False, True, False]


def test_as_good_with_fewer_tokens_is_recommended_to_the_cent() -> None:
    frame = calls([CALL] * 80, reasoning_effort="high")
    finding = only(run_levers(frame, "reasoning-effort", evaluations=with_tokens(both(1, 1), 1_000, 400)))
    assert finding.verdict == "recommend"
    assert (finding.params["effort"], finding.params["to"]) == ("high", "low")
    assert Decimal(finding.savings_usd) == 80 * 600 * Decimal("0.00001")
    assert "800 of 1,000" not in finding.assumptions[0]
    assert "64,000 of 80,000 output tokens" in finding.assumptions[0]
    assert 'reasoning_effort="low"' in finding.apply.snippet.text


def test_no_more_can_go_than_is_reasoning() -> None:
    frame = calls([CALL] * 80, reasoning_effort="high")
    finding = only(run_levers(frame, "reasoning-effort", evaluations=with_tokens(both(1, 1), 1_000, 10)))
    assert Decimal(finding.savings_usd) == 80 * 800 * Decimal("0.00001")


def test_worse_answers_are_refused_and_too_few_items_insufficient() -> None:
    frame = calls([CALL] * 80, reasoning_effort="high")
    worse = with_tokens(both(1, 0.9), 1_000, 400)
    assert only(run_levers(frame, "reasoning-effort", evaluations=worse)).verdict == "refuse"
    few = with_tokens(both(1, 1, n=10), 1_000, 400)
    finding = only(run_levers(frame, "reasoning-effort", evaluations=few))
    assert finding.verdict == "insufficient_data"
    assert "more items" in finding.missing[0].what


def test_costs_stand_in_for_tokens_and_nothing_for_either() -> None:
    frame = calls([CALL] * 80, reasoning_effort="high")
    priced = with_tokens(both(1, 1), 2, 1, "cost_usd")
    finding = only(run_levers(frame, "reasoning-effort", evaluations=priced))
    assert Decimal(finding.counterfactual_usd) * 2 == Decimal(finding.baseline_usd)
    bare = only(run_levers(frame, "reasoning-effort", evaluations=both(1, 1)))
    assert bare.verdict == "insufficient_data"
    assert "output_tokens" in bare.missing[0].how


def test_without_evaluations_it_says_what_reasoning_costs() -> None:
    rows = [{**CALL, "reasoning_effort": "high"}] * 60 + [{**CALL, "reasoning_effort": ""}] * 20
    finding = only(run_levers(calls(rows), "reasoning-effort"))
    assert finding.verdict == "insufficient_data"
    assert finding.savings_usd is None
    # 80 calls x 800 tokens at 10 USD per million, of 80 x (0.00125 + 0.01).
    assert "costs $0.64, 71.1 % of the spend" in finding.missing[0].what
    assert "gpt-5@high and gpt-5@medium" in finding.missing[0].how


def test_a_leaderboard_is_not_enough() -> None:
    leaderboard = scores([("polyglot", "gpt-5 (high)", 0.88), ("polyglot", "gpt-5 (medium)", 0.867)])
    frame = calls([CALL] * 80, reasoning_effort="high")
    finding = only(run_levers(frame, "reasoning-effort", evaluations=leaderboard))
    assert finding.verdict == "insufficient_data"
    assert any("more items" in lacking.what for lacking in finding.missing)


def test_results_on_other_items_are_shown_and_decide_nothing() -> None:
    results = scores([("a", "gpt-5 (high)", 0.88), ("b", "gpt-5 (medium)", 0.867)]).with_columns(
        cost_usd=pl.Series([0.129, 0.0787])
    )
    finding = only(
        run_levers(calls([CALL] * 80, reasoning_effort="high"), "reasoning-effort", evaluations=results)
    )
    assert finding.verdict == "insufficient_data"
    assert "gpt-5@high 88.0 at $0.1290 an item; gpt-5@medium 86.7 at $0.0787" in finding.assumptions[0]
    lowest = only(run_levers(calls([CALL] * 80, reasoning_effort="low"), "reasoning-effort"))
    assert "gpt-5@low and gpt-5@minimal" in lowest.missing[0].how


def test_no_reasoning_recorded_and_none_there() -> None:
    assert "reasoning_tokens" in only(run_levers(calls([{}] * 60), "reasoning-effort")).missing[0].what
    none = only(run_levers(calls([{"reasoning_tokens": 0}] * 60), "reasoning-effort"))
    assert (none.verdict, none.savings_usd) == ("refuse", "0")
    unpriced = calls([{**CALL, "model": "nobody-knows"}] * 60)
    assert "price" in only(run_levers(unpriced, "reasoning-effort")).missing[0].what


def test_efforts_in_use_are_only_lowered() -> None:
    evaluations = with_tokens(both(1, 1), 1_000, 400)
    low = calls([CALL] * 80, reasoning_effort="low")
    assert only(run_levers(low, "reasoning-effort", evaluations=evaluations)).verdict == "insufficient_data"
    # Where the effort is not recorded, the plain name stands for it.
    plain = evaluations.with_columns(pl.col("model").replace(f"{MODEL}@high", MODEL))
    unknown = only(
        run_levers(
            calls([CALL] * 80),
            "reasoning-effort",
            evaluations=plain.with_columns(
                pl.when(pl.col("model") == MODEL).then(1_000.0).otherwise(400.0).alias("output_tokens")
            ),
        )
    )
    assert unknown.verdict == "recommend"


@pytest.mark.parametrize("levers", [("reasoning-effort", "model-switch"), ("reasoning-effort", "output-cap")])
def test_joint_never_exceeds_the_sum(levers: tuple[str, str]) -> None:
    frame = calls([CALL] * 80, reasoning_effort="high")
    others = scores(
        [(f"i{k}", m, 1.0) for k in range(400) for m in (MODEL, "gpt-5-mini", f"{MODEL}+output-cap")]
    )
    evaluations = pl.concat([with_tokens(both(1, 1), 1_000, 400), others], how="diagonal_relaxed")
    analysis = run_levers(
        frame, *levers, evaluations=evaluations, **{"output-cap.cap": "500"} if "output-cap" in levers else {}
    )
    saved = [Decimal(f.savings_usd) for f in analysis.findings if f.verdict == "recommend"]
    assert len(saved) >= 2
    assert max(saved) <= Decimal(analysis.joint.savings_usd) <= sum(saved)
