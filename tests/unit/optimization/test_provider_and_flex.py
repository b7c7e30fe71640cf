"""provider-switch and flex by hand."""

from decimal import Decimal

from netra.optimization.findings import LatencyEffect
from testkit.optimization_bench import calls, only, run_levers

OSS = "openai/gpt-oss-120b"


def test_the_same_model_from_the_cheapest_other_seller() -> None:
    frame = calls([{}] * 60, model=OSS, provider="together")
    best = only(run_levers(frame, "provider-switch"))
    assert best.verdict == "recommend"
    assert Decimal(best.baseline_usd) == 60 * (Decimal("0.00015") + Decimal("0.00006"))
    assert best.quality_effect == "taken as equal: the same weights"
    assert best.risk == "medium"
    assert best.params["to"] in best.apply.snippet.text
    named = only(run_levers(frame, "provider-switch", to_provider="novita"))
    # 0.05 and 0.25 USD per million there.
    assert Decimal(named.counterfactual_usd) == 60 * (Decimal("0.00005") + Decimal("0.000025"))
    assert Decimal(best.counterfactual_usd) <= Decimal(named.counterfactual_usd)


def test_the_same_price_elsewhere_is_refused_and_nobody_else_is_insufficient() -> None:
    same = only(run_levers(calls([{}] * 60, model="claude-sonnet-4-5"), "provider-switch"))
    assert (same.verdict, same.savings_usd) == ("refuse", "0")
    alone = only(run_levers(calls([{}] * 60, model="nobody-knows"), "provider-switch"))
    assert alone.verdict == "insufficient_data"
    assert "overrides" in alone.missing[0].how
    other = only(run_levers(calls([{}] * 60), "provider-switch", model="claude-sonnet-4-5"))
    assert "claude-sonnet-4-5" in other.missing[0].what


def test_latency_is_measured_where_calls_at_the_target_are_recorded() -> None:
    rows = [{"provider": "together", "latency_ms": 900.0}] * 60 + [
        {"provider": "novita", "latency_ms": 200.0}
    ] * 60
    finding = run_levers(calls(rows, model=OSS), "provider-switch", to_provider="novita").findings[0]
    effect = finding.latency_effect
    assert isinstance(effect, LatencyEffect)
    assert (effect.p95.before_ms, effect.p95.after_ms) == (900.0, 200.0)


def test_calls_in_a_tier_the_target_does_not_sell_stay() -> None:
    rows = [{}] * 60 + [{"service_tier": "priority"}] * 5
    frame = calls(rows, model="gpt-4o", provider="openai")
    finding = only(run_levers(frame, "provider-switch", to_provider="openrouter"))
    assert any("5 calls are in a tier" in said for said in finding.assumptions)
    assert finding.savings_usd == "0"


def test_flex_takes_only_declared_successful_calls_with_a_flex_price() -> None:
    rows = [{"interactive": False}] * 60 + [{"interactive": True}] * 20 + [{"interactive": None}] * 20
    rows += [{"interactive": False, "status": "error"}, {"interactive": False, "service_tier": "batch"}]
    rows += [{"interactive": False, "model": "gpt-4o"}] * 7
    finding = only(run_levers(calls(rows, model="gpt-5-mini"), "flex"))
    # 0.25 and 2 USD per million, halved.
    assert Decimal(finding.savings_usd) == 60 * (Decimal("0.00025") + Decimal("0.0002")) / 2
    assert finding.verdict == "recommend"
    assert "7 more such calls" in " ".join(finding.assumptions)
    assert "60 of them cost no more in batch" in " ".join(finding.assumptions)


def test_flex_without_declaration_price_or_waiting_calls() -> None:
    assert "interactive" in only(run_levers(calls([{}] * 60), "flex")).missing[0].what
    unsold = only(run_levers(calls([{"interactive": False}] * 60), "flex"))
    assert "flex price" in unsold.missing[0].what
    assert only(run_levers(calls([{"interactive": True}] * 60, model="gpt-5"), "flex")).verdict == "refuse"


def test_on_conflict_with_batch_a_call_is_halved_once() -> None:
    frame = calls([{"interactive": False}] * 60, model="gpt-5-mini")
    together = run_levers(frame, "batch", "flex")
    assert [f.verdict for f in together.findings] == ["recommend", "recommend"]
    assert together.joint.savings_usd == together.findings[0].savings_usd
