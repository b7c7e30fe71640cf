"""Plans against every set of changes, tried one after the other with a joint replay of its own."""

import random
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.evaluated import with_canonical
from netra.optimization.solver.schemas import Constraints, Plan
from netra.optimization.solver.solve import candidates_of
from testkit import lever_oracle as oracle
from testkit.optimization_bench import CATALOGUE, calls, scores, solved
from testkit.plan_oracle import DAYS, NEVER_BINDING, EverySet, Members, span_of
from testkit.properties import examples
from testkit.random_traffic import ordered, total, traffic

MODELS = ("gpt-4o", "gpt-5-mini", "claude-sonnet-4-5", "gpt-4.1", "gpt-4o-mini", "claude-haiku-4-5")
LEVERS = (
    "model-switch",
    "batch",
    "flex",
    "retry-waste",
    "response-cache",
    "output-cap",
    "prompt-cache",
    "hedging",
    "timeout",
    "duplicate-inflight",
)
KINDS = ("pct", "usd", "month", "spend", "min_quality", "max_quality_drop", "p50", "p95", "p99")
MOST_CHANGES = 6


def drawn_calls(draw: random.Random) -> pl.DataFrame:
    """Two models, some slow by accident, some waited for, some repeated."""
    return traffic(
        draw,
        draw.choice([60, 120]),
        MODELS,
        latency_ms=draw.choice([[100.0], [100.0] * 15 + [9_000.0], [50.0, 200.0, 800.0]]),
        status=["ok"] * 9 + ["error"],
        interactive=draw.choice([[True], [False], [True, False], [None]]),
        request_hash=draw.choice([[""], ["", "", "x", "y", "z"]]),
        retry_of=[""] * 8 + ["c1"],
        service_tier=["standard"],
        cache_read_tokens=[0],
        cache_write_tokens=[0],
        cache_unreported=[False],
        temperature=[0.0],
        app=[""],
        user=[""],
        session_id=[""],
    )


def drawn_scores(draw: random.Random) -> pl.DataFrame:
    """All models on the same items, with a cap and without, none to two of 150 worse."""
    names = [model + change for model in MODELS for change in ("", "+output-cap")]
    return scores(
        [
            (f"i{k}", name, float(k >= worse))
            for name in names
            for worse in [draw.choice([0, 0, 0, 1, 2])]
            for k in range(150)
        ]
    )


def drawn_constraints(draw: random.Random, frame: pl.DataFrame) -> dict[str, Any]:
    rows = ordered(frame)
    spent, days = total([oracle.cost(row) for row in rows]) * 1e-15, span_of(rows)
    share = draw.choice([0.02, 0.2, 0.5, 0.8, 0.93])
    per = draw.choice(list(DAYS))
    asked: dict[str, Any] = {}
    for kind in draw.sample(KINDS, draw.choice([1, 2, 2, 3])):
        if kind == "pct":
            asked["min_savings_pct"] = draw.choice([1, 5, 20, 40, 60, 80, 90, 95])
        elif kind == "usd":
            asked["min_savings_usd"] = Decimal(f"{spent * share:.9f}")
        elif kind == "month" and days:
            asked["min_savings_usd_per_month"] = Decimal(f"{spent * share / days * DAYS['month']:.6f}")
        elif kind == "spend" and days:
            asked["max_spend_usd"] = Decimal(f"{spent * (1 - share) / days * DAYS[per]:.6f}")
            asked["spend_per"] = per
        elif kind == "min_quality":
            asked[kind] = draw.choice([0.9, 0.985, 0.99, 0.995, 0.999])
        elif kind == "max_quality_drop":
            asked[kind] = draw.choice([0, 0.005, 0.01, 0.02])
        elif kind.startswith("p"):
            asked[f"max_{kind}_ms"] = draw.choice([90, 150, 260, 900, 9_000])
    for name in ("max_risk", "max_effort"):
        if draw.random() < 0.2:
            asked[name] = draw.choice(["low", "medium", "high"])
    return {name: limit for name, limit in asked.items() if name != "min_savings_usd" or limit > 0}


@settings(max_examples=examples(1))
@given(st.integers(0, 2**32))
def test_the_best_set_that_holds_or_the_constraint_that_cannot(seed: int) -> None:
    draw = random.Random(seed)
    frame, evaluations = drawn_calls(draw), drawn_scores(draw)
    asked, levers = drawn_constraints(draw, frame), draw.sample(LEVERS, 5)
    if not set(asked) - set(NEVER_BINDING):
        return
    plan, judged = solved(frame, evaluations, *levers, judged=True, **asked)
    candidates = candidates_of(judged, Constraints(**asked))
    if len(candidates) > MOST_CHANGES:
        return
    every = EverySet(frame, with_canonical(evaluations, CATALOGUE), candidates)
    numbers = range(len(candidates))
    chosen = tuple(k for k in numbers if candidates[k].finding_id in plan.findings)
    holding = [members for members in every.reached if every.meets(members, asked)]
    assert plan.exact or not plan.feasible
    assert plan.feasible == bool(holding)
    if holding:
        assert every.rank(chosen, asked) == min(every.rank(members, asked) for members in holding)
    else:
        check_what_cannot_hold(every, plan, chosen, asked)


def check_what_cannot_hold(every: EverySet, plan: Plan, chosen: Members, asked: dict[str, Any]) -> None:
    """Each constraint's standing, whether the others hold without it, and that the nearest set is nearest."""
    per = {"spend_per": asked.get("spend_per", "month")}
    for said in plan.constraints:
        rest = {name: limit for name, limit in asked.items() if name != said.name}
        alone = not set(rest) - set(NEVER_BINDING)
        holds = None if alone else any(every.meets(members, rest) for members in every.reached)
        assert said.others_hold_without == holds, said.name
        assert (said.standing == "met") == every.meets(chosen, {said.name: asked[said.name], **per})
    no_savings = {name: limit for name, limit in asked.items() if name.endswith("_ms") or "quality" in name}
    under = [members for members in every.reached if every.meets(members, no_savings)]
    if under:
        assert every.reached[chosen].after == min(every.reached[members].after for members in under)


def test_a_hedge_costs_less_once_the_calls_do() -> None:
    rows = [{"latency_ms": 10_000.0 if k % 25 == 3 else 100.0} for k in range(250)]
    rows += [{"model": "gpt-4o-mini", "latency_ms": 10_000.0 if k % 25 == 3 else 100.0} for k in range(250)]
    good = scores([(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o-mini")])
    # A switch saves 88.7 % of the spend; a hedge costs 4 % of it alone, and 4 % of what is left after one.
    plan = solved(calls(rows), good, "model-switch", "hedging", min_savings_pct=86, max_p99_ms=500)
    assert (plan.feasible, sorted(plan.levers)) == (True, ["hedging", "model-switch"])
    assert plan.exact


def test_a_cache_may_save_more_once_calls_have_moved_to_it() -> None:
    """Calls that a switch brings to a model keep its cache warm: together they save more than one by one."""
    prompt = {"prefix_hashes": list(range(1, 9)), "prefix_block_tokens": 1_024, "input_tokens": 8_192}
    # Two in eight are on the cheaper model: the second reads what the first wrote 200 s before, the next
    # one, 1,400 s later, nothing. What the others cache is not recorded.
    rows = [
        {"at": 200 * k, **prompt, "output_tokens": 1}
        | ({"model": "gpt-4o-mini"} if k % 8 < 2 else {"cache_unreported": True})
        for k in range(200)
    ]
    good = scores([(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o-mini")])
    levers = ("model-switch", "prompt-cache")
    _, judged = solved(calls(rows), good, *levers, judged=True, min_savings_pct=1)
    alone = sum(Decimal(finding.savings_usd) for _, finding in judged if finding.verdict == "recommend")
    both = solved(calls(rows), good, *levers, min_savings_usd=alone + Decimal("0.000001"))
    assert both.feasible
    assert sorted(set(both.levers)) == ["model-switch", "prompt-cache"]
