"""What must hold for any traffic."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.errors import InvalidLeverParamError, UnknownLeverError
from netra.optimization.params import duration_text, params_by_lever
from netra.optimization.registry import LEVERS, chosen_levers, columns_for
from netra.usage.loading import LOADABLE
from testkit.optimization_bench import calls, run_levers, scores
from testkit.properties import examples

CALL = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt-4o", "claude-sonnet-4-5", "nobody-knows"]),
        "at": st.integers(0, 4_000),
        "session_id": st.sampled_from(["", *(f"s{n}" for n in range(40))]),
        "input_tokens": st.integers(0, 6_000),
        "output_tokens": st.integers(0, 500),
        "interactive": st.sampled_from([None, True, False]),
        "status": st.sampled_from(["ok", "error"]),
        "retry_of": st.sampled_from(["", "c0", "c1", "c5"]),
        "prefix_hashes": st.lists(st.integers(0, 3), max_size=6),
        "prefix_block_tokens": st.just(512),
    }
)
TRAFFIC = st.lists(CALL, min_size=60, max_size=70)
ITEMS = scores(
    [(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o-mini", "gpt-4o+output-cap")]
)


@settings(max_examples=examples(5))
@given(TRAFFIC)
def test_findings_of_any_traffic(rows: list[dict[str, object]]) -> None:
    frame = calls(rows)
    analysis = run_levers(frame, evaluations=ITEMS)
    for finding in analysis.findings:
        if finding.savings_usd is None:
            continue
        baseline, after = Decimal(finding.baseline_usd), Decimal(finding.counterfactual_usd)
        assert after >= 0
        assert baseline - after == Decimal(finding.savings_usd)
        assert Decimal(finding.savings_usd) <= baseline
        assert (finding.verdict == "recommend") <= (Decimal(finding.interval_95[0]) > 0)
    joint = analysis.joint
    assert 0 <= Decimal(joint.counterfactual_usd) <= Decimal(joint.baseline_usd)
    assert joint.baseline_usd == analysis.baseline.cost_usd
    assert run_levers(frame, evaluations=ITEMS) == analysis


@settings(max_examples=examples(3))
@given(TRAFFIC)
def test_moving_everything_in_time_changes_nothing(rows: list[dict[str, object]]) -> None:
    frame = calls(rows)
    moved = frame.with_columns(pl.col("ts") + timedelta(days=3))
    before, after = run_levers(frame), run_levers(moved)
    assert [f.model_dump() for f in after.findings] == [f.model_dump() for f in before.findings]
    assert after.joint == before.joint


@settings(max_examples=examples(3))
@given(TRAFFIC, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, object]], random) -> None:
    frame = calls(rows)
    order = list(range(frame.height))
    random.shuffle(order)
    shuffled = run_levers(frame[order])
    assert [f.savings_usd for f in shuffled.findings] == [f.savings_usd for f in run_levers(frame).findings]


def test_unpriced_calls_are_counted_and_never_free() -> None:
    frame = calls([{}] * 60 + [{"model": "nobody-knows"}] * 5)
    baseline = run_levers(frame, "batch").baseline
    assert (baseline.calls, baseline.unpriced_calls) == (65, 5)
    assert Decimal(baseline.cost_usd) == 60 * Decimal("0.0035")


def test_calls_left_out_for_lack_of_a_price_are_said() -> None:
    repeated = {"retry_of": "c0", "status": "error"}
    some = run_levers(calls([{}] * 60 + [{"model": "nobody-knows"}] * 5 + [repeated] * 60), "retry-waste")
    assert any("5 of all 125 calls have no known price" in said for said in some.findings[0].assumptions)
    nothing = run_levers(calls([{}] + [repeated] * 60, model="nobody-knows"), "retry-waste").findings[0]
    assert nothing.verdict == "insufficient_data"
    assert "nobody-knows" in nothing.missing[0].what


def test_every_lever_reads_only_stored_columns() -> None:
    assert set(columns_for(LEVERS)) <= set(LOADABLE)


def test_levers_are_named_once_and_unknown_ones_refused() -> None:
    assert len({lever.name for lever in LEVERS}) == len(LEVERS)
    assert [lever.name for lever in chosen_levers(["batch", "batch"])] == ["batch"]
    with pytest.raises(UnknownLeverError, match="magic"):
        chosen_levers(["magic"])


def test_parameters_find_their_lever() -> None:
    accepted = {lever.name: lever.parameters for lever in LEVERS}
    one = params_by_lever({"ttl": "1h"}, ["prompt-cache"], accepted)
    assert one["prompt-cache"].duration("ttl") == 3_600_000_000
    both = params_by_lever({"model-switch.margin": "2%"}, list(accepted), accepted)
    assert both["model-switch"].fraction("margin", 0.5) == 0.02
    for given_params, levers in [
        ({"ttl": "1h"}, list(accepted)),
        ({"batch.ttl": "1h"}, ["batch"]),
        ({"prompt-cache.ttl": "1h"}, ["batch"]),
    ]:
        with pytest.raises(InvalidLeverParamError):
            params_by_lever(given_params, levers, accepted)


@pytest.mark.parametrize(("name", "value"), [("margin", "much"), ("margin", "2"), ("margin", "-1%")])
def test_wrong_shares_are_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidLeverParamError):
        run_levers(calls([{}] * 60), "output-cap", **{name: value})


@pytest.mark.parametrize("cap", ["0", "-5", "many", "1.5"])
def test_wrong_numbers_are_refused(cap: str) -> None:
    with pytest.raises(InvalidLeverParamError):
        run_levers(calls([{}] * 60), "output-cap", cap=cap)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (300_000_000, "5m"),
        (3_600_000_000, "1h"),
        (86_400_000_000, "24h"),
        (172_800_000_000, "2d"),
        (1_500_000_000, "25m"),
        (90_000_000, "90s"),
    ],
)
def test_durations_read_as_people_write_them(microseconds: int, text: str) -> None:
    assert duration_text(microseconds) == text
