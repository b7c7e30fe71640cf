"""Plans: the least set of changes that holds to constraints, or which of them cannot hold."""

from decimal import Decimal

import polars as pl
import pytest
from pydantic import ValidationError

from netra.optimization.analysis.job import AnalysisJob, analysed
from netra.optimization.params import LeverParams
from netra.optimization.schemas import OptimizeRequest
from netra.optimization.solver.schemas import Constraints, Plan
from netra.optimization.solver.solve import params_within
from testkit.optimization_bench import CATALOGUE, calls, scores, solved

A, B = "gpt-4o", "gpt-4o-mini"


def as_good(n: int = 400) -> pl.DataFrame:
    return scores([(f"i{k}", model, 1.0) for k in range(n) for model in (A, B)])


def traffic(n: int = 200) -> pl.DataFrame:
    """Half of the calls can wait (batch halves their price), all may move to a model at 6 % of the price."""
    return calls([{"interactive": k % 2 == 0, "latency_ms": 100.0 + k} for k in range(n)])


def check(plan: Plan, name: str):
    return next(c for c in plan.constraints if c.name == name)


def test_the_least_risky_change_that_suffices_is_taken_and_no_more() -> None:
    plan = solved(traffic(), as_good(), min_savings_pct=20)
    # Batch saves 25 % at low risk; the switch saves 94 % at medium risk.
    assert plan.feasible
    assert plan.levers == ["batch"]
    assert plan.savings_pct == 25.0
    assert check(plan, "min_savings_pct").certain
    assert plan.exact


def test_a_larger_target_takes_the_dearer_change_and_still_no_more_than_needed() -> None:
    assert solved(traffic(), as_good(), min_savings_pct=60).levers == ["model-switch"]
    both = solved(traffic(), as_good(), min_savings_pct=95)
    assert sorted(both.levers) == ["batch", "model-switch"]
    # (0.00021 + 0.000105) / 2 of 0.0035
    assert both.savings_pct == 95.5


def test_a_target_out_of_reach_says_by_how_much_and_what_is_the_most() -> None:
    plan = solved(traffic(), as_good(), min_savings_pct=99)
    assert not plan.feasible
    assert plan.savings_pct == 95.5
    assert check(plan, "min_savings_pct").standing == "unmet"
    assert check(plan, "min_savings_pct").short_by == pytest.approx(3.5)
    assert "short by 3.50 points" in plan.summary
    assert plan.summary.startswith("It cannot hold.")


def test_a_limit_on_risk_leaves_changes_out() -> None:
    plan = solved(traffic(), as_good(), min_savings_pct=60, max_risk="low")
    assert not plan.feasible
    assert plan.levers == ["batch"]


def test_without_a_saving_asked_for_the_most_is_saved() -> None:
    plan = solved(traffic(), as_good(), max_quality_drop=0.02)
    assert plan.feasible
    assert sorted(plan.levers) == ["batch", "model-switch"]


def test_quality_is_weighed_over_the_calls() -> None:
    rows = [(f"i{k}", A, 1.0) for k in range(400)] + [(f"i{k}", B, float(k >= 2)) for k in range(400)]
    plan = solved(traffic(), scores(rows), min_savings_pct=60, min_quality=0.98)
    assert plan.feasible
    assert plan.quality is not None
    assert (plan.quality.before, plan.quality.after, plan.quality.evaluated_calls) == (100.0, 99.5, 200)
    assert plan.quality.low < 99.5
    strict = solved(traffic(), scores(rows), min_savings_pct=60, min_quality=0.999)
    assert not strict.feasible
    assert strict.levers == ["batch"]
    assert check(strict, "min_savings_pct").others_hold_without
    assert check(strict, "min_quality").others_hold_without


def test_a_quality_that_the_calls_do_not_have_today_is_said_with_the_bound_it_is_judged_by() -> None:
    rows = [(f"i{k}", A, float(k % 10 > 0)) for k in range(400)]
    rows += [(f"i{k}", B, float(k % 10 > 0 and k > 8)) for k in range(400)]
    plan = solved(traffic(), scores(rows), min_savings_pct=20, min_quality=0.95)
    assert not plan.feasible
    assert "as the calls are it is 0.9000" in plan.summary
    lacking = check(plan, "min_quality")
    assert lacking.short_by == pytest.approx(0.95 - lacking.bound)
    assert plan.summary.startswith("The constraints cannot hold together.")


def test_quality_without_evaluations_cannot_be_judged() -> None:
    plan = solved(traffic(), None, min_savings_pct=20, min_quality=0.9)
    assert not plan.feasible
    assert check(plan, "min_quality").standing == "unknown"
    assert "evaluations" in plan.summary
    assert solved(traffic(), None, min_savings_pct=20, max_quality_drop=0.0).feasible


def test_latency_held_is_a_constraint_too() -> None:
    rows = [{"latency_ms": 400.0, "interactive": True} for _ in range(200)]
    rows += [{"model": B, "latency_ms": 900.0, "interactive": True} for _ in range(60)]
    slow = calls(rows)
    assert solved(slow, as_good(), min_savings_pct=60, max_p95_ms=1_000).feasible
    plan = solved(slow, as_good(), min_savings_pct=60, max_p50_ms=500)
    # The cheaper model is the slower one: moving would bring the median from 400 to 900 ms.
    assert not plan.feasible
    assert plan.latency is not None
    assert plan.latency.p50.after_ms == 400.0
    assert check(plan, "min_savings_pct").standing == "unmet"
    unseen = solved(calls(rows[:200]), as_good(), min_savings_pct=60, max_p95_ms=1_000)
    assert not unseen.feasible, "nobody knows how fast a model is that the traffic does not show"
    assert [item.what for item in unseen.left_out] == ["how long gpt-4o-mini takes, for model-switch"]
    assert plan.left_out == []
    far = solved(calls(rows[:200]), as_good(), max_p95_ms=1)
    # Moving to a model of unknown latency is no nearer to a goal than what is known to miss it.
    assert "reached 400 ms, over by 399 ms" in far.summary
    cut = solved(
        calls([row | {"interactive": False} for row in rows[:200]]),
        as_good(),
        max_p95_ms=1,
        min_savings_pct=60,
    )
    assert cut.levers == ["batch"], "what saves and leaves latency as it is belongs to the nearest"


def slow_by_accident() -> pl.DataFrame:
    """Calls of 100 ms, four in a hundred of 10 s; half of them can wait."""
    return calls(
        [{"latency_ms": 10_000.0 if k % 25 == 3 else 100.0, "interactive": k % 2 == 1} for k in range(1_000)]
    )


def test_a_saver_pays_for_a_hedge_where_both_are_asked_for() -> None:
    levers = ("batch", "hedging")
    plan = solved(slow_by_accident(), None, *levers, min_savings_pct=20, max_p99_ms=10_000)
    assert plan.levers == ["batch"]
    both = solved(slow_by_accident(), None, *levers, max_p99_ms=10_000)
    assert both.levers == ["batch"], "what costs more and is not needed is left out"
    # Half of the late calls wait for nobody and stay late: 2 in 100, so the p97.5 is what hedging can move.
    out_of_reach = solved(slow_by_accident(), None, *levers, min_savings_pct=20, max_p99_ms=500)
    assert not out_of_reach.feasible
    assert check(out_of_reach, "min_savings_pct").others_hold_without is False
    assert check(out_of_reach, "max_p99_ms").others_hold_without is True
    assert "without a p99 latency" in out_of_reach.summary
    waited = slow_by_accident().with_columns(interactive=pl.lit(None, dtype=pl.Boolean))
    hedged = solved(waited, None, *levers, max_p99_ms=500)
    assert hedged.feasible
    assert hedged.levers == ["hedging"]
    assert hedged.latency.p99.after_ms == 200.0
    assert hedged.savings_pct == -4.0
    # 40 of 1,000 calls of $0.0035 are paid twice.
    assert "hold with hedging ($0.14 more on these calls): a p99" in hedged.summary
    nearest = solved(waited, None, *levers, max_p99_ms=150)
    assert nearest.summary.startswith("It cannot hold. The nearest is hedging ($0.14 more on these calls): ")
    assert check(hedged, "max_p99_ms").certain


def two_places() -> pl.DataFrame:
    """The same model 700 ms slower at one provider than at the other."""
    there = ({"provider": "azure", "latency_ms": 300.0}, {"provider": "openai", "latency_ms": 1_000.0})
    return calls([there[k % 2] for k in range(400)])


def test_a_plan_takes_a_change_for_any_percentile_and_its_finding_says_how_to_make_it() -> None:
    for asked in ({"max_p50_ms": 400}, {"max_p50_ms": 400, "max_p99_ms": 2_000}):
        # Alone it is open, having no goal, or refused: the p99 asked for is reached as it is.
        plan, judged = solved(two_places(), None, "region", judged=True, **asked)
        ((_, finding),) = judged
        assert plan.feasible
        assert (plan.levers, plan.latency.p50.after_ms) == (["region"], 300.0)
        assert finding.verdict == ("insufficient_data" if len(asked) == 1 else "refuse")
        assert finding.apply.summary.startswith("Send the calls of gpt-4o")
        assert "part of the plan" in finding.assumptions[-1]
    _, ((_, refused),) = solved(two_places(), None, "region", judged=True, max_p99_ms=2_000)
    assert refused.apply.summary.startswith("Leave it as it is"), "no plan takes it"
    request = OptimizeRequest(levers=["region"], constraints=Constraints(max_p50_ms=400))
    params = {"region": LeverParams("region", {})}
    job = AnalysisJob("w", request, ("region",), params, CATALOGUE.overrides, "UTC", 1, "seed")
    answer = analysed(job, two_places(), CATALOGUE, lambda _: None)
    assert [finding.id for finding in answer.findings] == answer.plan.findings
    assert answer.findings[0].apply.summary.startswith("Send the calls of gpt-4o")


def test_latency_that_is_not_recorded_is_missing() -> None:
    plan = solved(calls([{"interactive": False}] * 60), None, min_savings_pct=20, max_p95_ms=100)
    assert check(plan, "max_p95_ms").missing == "latencies of successful calls (latency_ms)"


def test_dollars_and_dollars_a_month() -> None:
    frame = calls([{"interactive": False, "at": 3_600 * k} for k in range(73)])
    saved = 73 * Decimal("0.0035") / 2
    assert solved(frame, None, min_savings_usd=saved).feasible
    assert not solved(frame, None, min_savings_usd=saved + Decimal("0.001")).feasible
    # 72 hours were seen: a month of 730 hours is 730 / 72 of it.
    monthly = float(saved) * 730 / 72
    assert solved(frame, None, min_savings_usd_per_month=round(monthly - 0.001, 6)).feasible
    assert not solved(frame, None, min_savings_usd_per_month=round(monthly + 0.001, 6)).feasible


def test_a_spend_that_may_not_be_passed_asks_for_what_is_above_it() -> None:
    frame = calls([{"interactive": False, "at": 3_600 * k} for k in range(73)])
    # 73 calls of $0.0035 in 72 hours, batch halves them.
    spent = 73 * 0.0035 * 24 / 72
    reached = solved(frame, None, max_spend_usd=spent / 2 + 1e-6, spend_per="day")
    assert (reached.feasible, reached.levers) == (True, ["batch"])
    assert "a spend of at most $0.04 a day" in reached.summary
    assert solved(frame, None, max_spend_usd=spent * 1.01, spend_per="day").levers == []
    missed = solved(frame, None, max_spend_usd=spent / 2 - 1e-4, spend_per="day")
    assert not missed.feasible
    assert check(missed, "max_spend_usd").value == pytest.approx(spent / 2, abs=1e-6)
    assert check(missed, "max_spend_usd").short_by == pytest.approx(1e-4, abs=2e-6)
    monthly = spent / 2 * 365 / 12
    assert solved(frame, None, max_spend_usd=monthly + 1e-4).feasible
    at_once = solved(calls([{"interactive": False}]), None, max_spend_usd=1)
    assert check(at_once, "max_spend_usd").missing == "calls over some time"


def test_a_spend_counts_no_call_without_a_price_as_free() -> None:
    unknown = [{"model": "nobody-knows", "at": 3_600 * k} for k in range(73)]
    nothing = solved(calls(unknown), None, max_spend_usd=1_000)
    assert not nothing.feasible
    assert check(nothing, "max_spend_usd").missing == "prices of the calls"
    partly = solved(calls([*unknown, *[{"at": 3_600 * k} for k in range(73)]]), None, max_spend_usd=1_000)
    assert partly.feasible
    assert not check(partly, "max_spend_usd").certain
    assert "spend comes on top" in partly.summary


def test_margins_and_targets_reach_the_levers_unless_given() -> None:
    accepted = {"model-switch": {"margin": ""}, "batch": {}}
    given = {"model-switch": LeverParams("model-switch", {}), "batch": LeverParams("batch", {})}
    within = params_within(Constraints(max_quality_drop=0.05), given, accepted)
    assert within["model-switch"].fraction("margin", 0.02) == 0.05
    assert within["batch"].values == {}
    own = {**given, "model-switch": LeverParams("model-switch", {"margin": "0.01"})}
    assert params_within(Constraints(max_quality_drop=0.05), own, accepted)["model-switch"].values == {
        "margin": "0.01"
    }


def test_constraints_must_ask_for_something() -> None:
    for nothing in ({}, {"max_risk": "low"}, {"min_savings_pct": 0}, {"max_p95_ms": -1}, {"min_quality": 2}):
        with pytest.raises(ValidationError):
            Constraints.model_validate(nothing)


def test_the_answer_is_the_same_every_time() -> None:
    plans = [solved(traffic(), as_good(), min_savings_pct=60, max_p99_ms=500) for _ in range(2)]
    assert plans[0] == plans[1]
