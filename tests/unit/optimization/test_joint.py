"""All recommended changes together, call by call."""

from decimal import Decimal

import numpy as np
import polars as pl

from netra.optimization.actions import (
    CachePrefixes,
    ChangeTier,
    ChangeTokens,
    RemoveCalls,
    SwitchModel,
)
from netra.optimization.replay import replay_jointly
from testkit.optimization_bench import calls, run_levers, scores, workload


def every(n: int) -> np.ndarray:
    return np.ones(n, dtype=bool)


def usd(values: np.ndarray) -> list[Decimal]:
    return [Decimal(int(value)).scaleb(-15) for value in values]


def test_nothing_to_do_costs_what_was_recorded() -> None:
    load = workload(calls([{"cache_read_tokens": 500}, {"model": "nobody"}, {"service_tier": "batch"}]))
    assert replay_jointly(load, []).tolist() == load.cost.tolist()


def test_actions_of_different_kinds_follow_each_other() -> None:
    load = workload(calls([{}, {}, {}]))
    first = np.array([True, False, False])
    actions = [
        ChangeTier(every(3), "batch"),
        SwitchModel(np.array([False, True, True]), "gpt-4o-mini", None),
        ChangeTokens(output_limit=np.array([100, 100, 10])),
        RemoveCalls(first),
    ]
    # 0.15 and 0.60 USD per million, halved; the third answers 10 tokens.
    expected = [Decimal(0), Decimal("0.000105"), Decimal("0.000078")]
    assert usd(replay_jointly(load, actions)) == expected


def test_on_conflict_the_cheaper_model_and_never_a_dearer_one() -> None:
    load = workload(calls([{}]))
    switches = [
        SwitchModel(every(1), "gpt-4-turbo", None),
        SwitchModel(every(1), "gpt-4o-mini", None),
        SwitchModel(every(1), "gpt-4.1-mini", None),
    ]
    assert usd(replay_jointly(load, switches)) == [Decimal("0.00021")]
    assert replay_jointly(load, switches[:1]).tolist() == load.cost.tolist()


def test_a_tier_nobody_sells_leaves_the_call_as_it_is() -> None:
    load = workload(calls([{"model": "o1-mini"}]))
    assert replay_jointly(load, [ChangeTier(every(1), "batch")]).tolist() == load.cost.tolist()


def test_removed_calls_do_not_warm_the_cache() -> None:
    prefix = {"model": "claude-sonnet-4-5", "prefix_hashes": [1, 2, 3], "prefix_block_tokens": 512}
    load = workload(calls([{"input_tokens": 1_536, "output_tokens": 0}] * 2, **prefix))
    cache = CachePrefixes(every(2), 300_000_000, "cache_write", 1_024)
    warm = usd(replay_jointly(load, [cache]))
    assert warm == [Decimal(1_536) * Decimal("3.75") / 10**6, Decimal(1_536) * Decimal("0.3") / 10**6]
    cold = usd(replay_jointly(load, [cache, RemoveCalls(np.array([True, False]))]))
    # The only call left would write and never read: dearer than not caching at all, so it is not done.
    assert cold == [Decimal(0), Decimal(1_536) * 3 / 10**6]


def test_switched_calls_are_cached_under_the_terms_of_their_new_model() -> None:
    prefix = {"model": "claude-sonnet-4-5", "prefix_hashes": [1, 2, 3], "prefix_block_tokens": 512}
    load = workload(calls([{"input_tokens": 1_536, "output_tokens": 0}] * 3, **prefix))
    actions = [
        CachePrefixes(every(3), 300_000_000, "cache_write", 1_024),
        SwitchModel(every(3), "gpt-4o-mini", None),
    ]
    full, read = Decimal(1_536) * Decimal("0.15") / 10**6, Decimal(1_536) * Decimal("0.075") / 10**6
    assert usd(replay_jointly(load, actions)) == [full, read, read]


def mixed(n: int = 400) -> pl.DataFrame:
    rows = [
        {
            "at": 20 * k,
            "session_id": f"s{k // 5}",
            "prefix_hashes": [1, 2, 3, 4],
            "prefix_block_tokens": 512,
            "input_tokens": 2_100,
            "interactive": k % 4 != 0,
            "status": "error" if k % 20 == 7 else "ok",
            "retry_of": f"c{k - 1}" if k % 20 == 8 else "",
        }
        for k in range(n)
    ]
    return calls(rows)


def test_joint_is_less_than_the_sum_and_more_than_the_best() -> None:
    items = [(f"i{k}", model, 1.0) for k in range(400) for model in ("gpt-4o", "gpt-4o-mini")]
    analysis = run_levers(mixed(), evaluations=scores(items))
    recommended = [f for f in analysis.findings if f.verdict == "recommend"]
    assert {f.lever for f in recommended} == {"prompt-cache", "model-switch", "batch", "retry-waste"}
    savings = [Decimal(f.savings_usd) for f in recommended]
    assert max(savings) <= Decimal(analysis.joint.savings_usd) <= sum(savings)
    assert analysis.joint.levers == ["prompt-cache", "model-switch", "batch", "retry-waste"]
    low, high = (Decimal(bound) for bound in analysis.joint.interval_95)
    assert low <= Decimal(analysis.joint.savings_usd) <= high
    assert analysis.joint.findings == [f.id for f in recommended]
    steps = analysis.joint.steps
    assert sum(Decimal(step.savings_usd) for step in steps) == Decimal(analysis.joint.savings_usd)
    best = max(recommended, key=lambda finding: Decimal(finding.savings_usd))
    assert (steps[0].finding, steps[0].savings_usd) == (best.id, best.savings_usd)


def test_one_lever_alone_is_its_own_joint() -> None:
    for lever in ("prompt-cache", "batch", "retry-waste"):
        analysis = run_levers(mixed(), lever)
        finding = analysis.findings[0]
        assert analysis.joint.counterfactual_usd == finding.counterfactual_usd
        assert analysis.joint.interval_95 == finding.interval_95


def test_nothing_recommended_saves_nothing() -> None:
    joint = run_levers(calls([{}] * 60)).joint
    assert (joint.levers, joint.savings_usd, joint.savings_pct) == ([], "0", 0.0)


def test_caching_of_different_models_is_joined_without_a_replay_and_to_the_same_figure() -> None:
    names = ("claude-sonnet-4-5", "gpt-4o", "gemini-2.5-flash")
    rows = [{"at": 9 * k, "model": names[k % 3], "session_id": f"s{k // 6}"} for k in range(240)]
    frame = calls(rows, prefix_hashes=list(range(9)), prefix_block_tokens=512, input_tokens=4_700)
    analysis = run_levers(frame, "prompt-cache", ttl="5m")
    assert [f.verdict for f in analysis.findings] == ["recommend"] * 3
    load = workload(frame)
    actions = [
        CachePrefixes(
            load.rows_of(used.code),
            300_000_000,
            "cache_write",
            load.catalogue.min_cacheable_tokens(used.model),
        )
        for used in load.models
    ]
    replayed = sum(usd(replay_jointly(load, actions)))
    assert Decimal(analysis.joint.counterfactual_usd) == replayed
