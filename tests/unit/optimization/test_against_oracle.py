"""Levers and the joint replay against the same definitions done one call after the other."""

import random
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.actions import Action, CachePrefixes, ChangeTokens, RemoveCalls
from netra.optimization.drafts import Draft
from netra.optimization.evaluated import with_canonical
from netra.optimization.replay import replay_jointly
from netra.pricing.models import CacheTtl
from testkit import lever_oracle as oracle
from testkit.optimization_bench import CATALOGUE, scores, workload
from testkit.properties import examples
from testkit.random_traffic import MODELS, ordered, total, traffic
from testkit.random_traffic import drafts as drafts_of

EVALUATED = MODELS[:4]
CHANGES = ("", "+output-cap", "+context-growth")
JOINED = (
    "prompt-cache",
    "prompt-cache",
    "model-switch",
    "batch",
    "flex",
    "retry-waste",
    "response-cache",
    "duplicate-inflight",
    "output-cap",
    "context-growth",
)
EVALUATIONS = with_canonical(
    scores([(f"i{k}", name + lever, 1.0) for k in range(40) for name in EVALUATED for lever in CHANGES]),
    CATALOGUE,
)
SIZES = st.tuples(st.integers(0, 2**32), st.sampled_from([1, 3, 8, 30, 80]))


def drafts(frame: pl.DataFrame, lever: str, **params: str) -> list[Draft]:
    """What one lever has to say."""
    return drafts_of(frame, lever, EVALUATIONS, params)


def saved_without(frame: pl.DataFrame, gone: Sequence[bool]) -> int:
    rows = ordered(frame)
    return total([oracle.cost(row) for row, away in zip(rows, gone, strict=True) if away])


def billed(frame: pl.DataFrame, gone: Sequence[bool]) -> list[bool]:
    """Without the calls that cost nothing, which no finding is about."""
    rows = ordered(frame)
    return [away and bool(oracle.cost(row)) for row, away in zip(rows, gone, strict=True)]


def removed(found: list[Draft], count: int) -> tuple[list[bool], int]:
    """The calls that drafts take away together, and what that saves."""
    rows, saved = np.zeros(count, dtype=bool), 0
    for draft in found:
        if isinstance(draft.action, RemoveCalls) and draft.effect is not None:
            assert not (rows & draft.action.rows).any()
            rows |= draft.action.rows
            saved += draft.effect.savings
    return rows.tolist(), saved


def expected_of(rows: list[oracle.Call], model: str, offered: CacheTtl, minimum: int) -> int | None:
    """What caching a model's calls with a retention saves; None where the cached tokens have no price."""
    retention = oracle.Retention(timedelta(seconds=offered.seconds), minimum, offered.write)
    after = oracle.with_prompt_cache(rows, lambda call: retention if call["model"] == model else None)
    pairs = [
        (oracle.cost(row), oracle.cost(then))
        for row, then in zip(rows, after, strict=True)
        if row["model"] == model and not row.get("cache_unreported")
    ]
    if any(before is not None and then is None for before, then in pairs):
        return None
    return sum((before or 0) - (then or 0) for before, then in pairs)


@settings(max_examples=examples(12))
@given(SIZES)
def test_prompt_cache(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    rows = ordered(frame)
    given_ttl = draw.choice([None, None, "5m", "1h"])
    found = drafts(frame, "prompt-cache", **({"ttl": given_ttl} if given_ttl else {}))
    saved: dict[str, list[tuple[int, int]]] = {}
    for draft in found:
        action = draft.action
        if not isinstance(action, CachePrefixes) or draft.effect is None:
            continue
        assert not any(
            row.get("cache_unreported") for row, mine in zip(rows, action.rows, strict=True) if mine
        )
        retention = oracle.Retention(timedelta(microseconds=action.ttl), action.min_tokens, action.write)
        model = rows[int(np.flatnonzero(action.rows)[0])]["model"]
        after = oracle.with_prompt_cache(
            rows, lambda call, m=model, r=retention: r if call["model"] == m else None
        )
        before = [oracle.cost(row) for row, mine in zip(rows, action.rows, strict=True) if mine]
        then = [oracle.cost(row) for row, mine in zip(after, action.rows, strict=True) if mine]
        assert (draft.effect.baseline, draft.effect.counterfactual) == (total(before), total(then))
        saved.setdefault(model, []).append((action.ttl, draft.effect.savings))
    for model, retentions in saved.items():
        if given_ttl is None:
            terms = CATALOGUE.cache_terms(model)
            assert terms is not None
            assert retentions[0][0] == terms.default_ttl.seconds * 1_000_000
            longer = expected_of(rows, model, terms.ttls[-1], terms.min_tokens) if terms.settable else None
            better = longer is not None and longer > retentions[0][1]
            assert [gain for _, gain in retentions[1:]] == ([longer] if better else [])


@settings(max_examples=examples(8))
@given(SIZES)
def test_prompt_cache_as_if_on_a_model(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    model, ttl = draw.choice(["claude-sonnet-4-5", "gpt-4o"]), "5m"
    terms = CATALOGUE.cache_terms(model)
    for draft in drafts(frame, "prompt-cache", model=model, ttl=ttl):
        if draft.effect is None:
            continue
        before = oracle.as_if_uncached(ordered(frame), model)
        retention = oracle.Retention(timedelta(minutes=5), terms.min_tokens, "cache_write")
        after = oracle.with_prompt_cache(before, lambda _call, r=retention: r)
        costs = [total([oracle.cost(call) for call in some]) for some in (before, after)]
        assert [draft.effect.baseline, draft.effect.counterfactual] == costs


@settings(max_examples=examples(12))
@given(SIZES)
def test_retry_waste(drawn: tuple[int, int]) -> None:
    frame = traffic(random.Random(drawn[0]), drawn[1])
    expected = oracle.wasted(ordered(frame))
    gone, saved = removed(drafts(frame, "retry-waste"), frame.height)
    assert saved == saved_without(frame, expected)
    assert gone == expected or not any(gone)


@settings(max_examples=examples(12))
@given(SIZES)
def test_duplicate_inflight(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    warmest = draw.choice(["0", "0.7"])
    expected = oracle.computed_inflight(ordered(frame), float(warmest))
    gone, saved = removed(drafts(frame, "duplicate-inflight", temperature=warmest), frame.height)
    assert (billed(frame, gone), saved) == (billed(frame, expected), saved_without(frame, expected))


@settings(max_examples=examples(12))
@given(SIZES)
def test_response_cache(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    scope, ttl = draw.choice(["app", "user", "workspace"]), draw.choice(["5m", "24h"])
    age = {"5m": timedelta(minutes=5), "24h": timedelta(hours=24)}[ttl]
    expected = oracle.served(ordered(frame), age, scope)
    gone, saved = removed(drafts(frame, "response-cache", scope=scope, ttl=ttl), frame.height)
    assert (billed(frame, gone), saved) == (billed(frame, expected), saved_without(frame, expected))


@pytest.mark.parametrize(("lever", "param"), [("output-cap", "cap"), ("context-growth", "keep")])
@settings(max_examples=examples(8))
@given(drawn=SIZES)
def test_shorter_calls(lever: str, param: str, drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    rows = ordered(frame)
    size = draw.choice([30, 600] if lever == "context-growth" else [None, 30, 600])
    if lever == "context-growth":
        limits = [size + new for new in oracle.new_tokens(rows)]
    else:
        limits = oracle.output_caps(rows) if size is None else [size] * len(rows)
    found = drafts(frame, lever, **({param: str(size)} if size else {}))
    change = ChangeTokens(**{"output_limit" if param == "cap" else "input_limit": np.array(limits)})
    if any(draft.effect is not None for draft in found):
        saved = sum(draft.effect.savings for draft in found if draft.effect is not None)
        assert saved == total([oracle.cost(row) for row in rows]) - sum(
            oracle.replayed_jointly(rows, [change])
        )


@settings(max_examples=examples(12))
@given(SIZES)
def test_joint_replay(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    load, rows = workload(frame), ordered(frame)
    actions: list[Action] = []
    for lever in draw.sample(JOINED, 5):
        for draft in drafts(frame, lever, **({"keep": "30"} if lever == "context-growth" else {})):
            if draft.action is not None and draw.random() < 0.8:
                actions.append(draft.action)
    assert replay_jointly(load, actions).tolist() == oracle.replayed_jointly(rows, actions)
