"""semantic-cache, cascade and commitment against their definitions, call by call."""

import json
import random
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.actions import BuyCapacity, RemoveCalls, SwitchModel
from netra.optimization.evaluated import with_canonical
from testkit import alike_oracle as oracle
from testkit.lever_oracle import cost, scaled
from testkit.optimization_bench import CATALOGUE, START, scores
from testkit.properties import examples
from testkit.random_traffic import MODELS, drafts, ordered, total, traffic

NO_ITEMS = with_canonical(pl.DataFrame(schema={"item_id": pl.String, "model": pl.String}), CATALOGUE)
LABELS = with_canonical(
    scores(
        [(f"i{k}", name + way, 1.0) for k in range(40) for name in MODELS for way in ("", "+semantic-cache")]
    ),
    CATALOGUE,
)
SIZES = st.tuples(st.integers(0, 2**32), st.sampled_from([1, 3, 8, 30, 80]))
VECTORS = ((100, 0, 0), (99, 12, 0), (90, 40, 0), (0, 100, 5), (-100, 0, 0), (60, 60, 60), (1, 0, 0))
FEMTO = 10**15


def tag(vector: tuple[int, ...]) -> str:
    code = b64encode(bytes(number % 256 for number in vector)).decode()
    return json.dumps({"embedding": code, "embedding_model": "m"})


@settings(max_examples=examples(6))
@given(SIZES)
def test_semantic_cache(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    some = {tag(vector): vector for vector in draw.sample(VECTORS, draw.randrange(1, 6))}
    frame = traffic(draw, drawn[1], tags=[*some, *some, None, "{}"])
    rows = ordered(frame)
    told = {row["call_id"]: some[row["tags"]] for row in rows if row["tags"] in some}
    threshold, ttl = draw.choice(["0.95", "0.8", "0.999"]), draw.choice([300, 86_400])
    scope, warmest = draw.choice(["app", "user"]), draw.choice(["0", "0.7"])
    params = {"threshold": threshold, "ttl": f"{ttl}s", "scope": scope, "temperature": warmest}
    reuse = oracle.Reuse(Fraction(threshold), timedelta(seconds=ttl), scope, float(warmest))
    expected = oracle.served_alike(rows, told, reuse)
    gone = [False] * len(rows)
    saved = 0
    for draft in drafts(frame, "semantic-cache", LABELS, params):
        if isinstance(draft.action, RemoveCalls) and draft.effect is not None:
            gone = [a or bool(b) for a, b in zip(gone, draft.action.rows, strict=True)]
            saved += draft.effect.savings
    costs = [cost(row) for row in rows]
    billed = [[away and bool(usd) for away, usd in zip(s, costs, strict=True)] for s in (gone, expected)]
    assert billed[0] == billed[1]
    assert saved == total([usd for usd, away in zip(costs, expected, strict=True) if away])


def answers(draw: random.Random, count: int) -> pl.DataFrame:
    """Two models on the same items, some missing, with a confidence that knows more or less."""
    wrong, knows = draw.choice([0.0, 0.05, 0.4]), draw.choice([0.0, 0.6, 1.0])
    levels = draw.choice([[0.0, 1.0], [0.1, 0.25, 0.5, 0.75, 0.9], [k / 64 for k in range(65)]])
    rows: list[dict[str, Any]] = []
    for number in range(count):
        right = draw.random() >= wrong
        sure = max(levels) * right if draw.random() < knows else draw.choice(levels)
        dear = draw.choice([1.0, 1.0, 1.0, 0.0])
        for model, score in (("gpt-4o", dear), ("gpt-4o-mini", right), ("gpt-4o-mini+confidence", sure)):
            if draw.random() < 0.97:
                rows.append({"item_id": f"i{number}", "model": model, "score": float(score)})
    return with_canonical(pl.DataFrame(rows), CATALOGUE)


def threshold_taken(scored: Any, margin: float, rows: Any, action: Any) -> Fraction | None:
    """The certain threshold where it saves, else a likely one that does, else the certain one if any."""
    certain = oracle.least_threshold(scored, margin)
    moved = [row for row, mine in zip(rows, action.rows, strict=True) if mine]
    before = total([cost(row) for row in moved])
    cheap = total([cost(scaled(row, replace(action, escalated=0.0))) for row in moved])
    affordable = Fraction(before - cheap, before) if before else Fraction(1)
    if certain is not None and 1 - oracle.judged_cascade(scored, certain).kept < affordable:
        return certain
    likely = oracle.likeliest_threshold(scored, margin, affordable)
    return certain if likely is None else likely


@settings(max_examples=examples(3))
@given(SIZES)
def test_cascade(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1], ["gpt-4o", "claude-sonnet-4-5"])
    rows, items = ordered(frame), answers(draw, draw.choice([90, 400]))
    margin = draw.choice([0.02, 0.1])
    for draft in drafts(frame, "cascade", items, {"margin": str(margin)}):
        if draft.bounds is None or "threshold" not in draft.params:
            assert draft.missing or draft.effect is None or draft.effect.savings <= 0
            continue
        scored = oracle.in_doubt(items.to_dicts(), "gpt-4o", "gpt-4o-mini")
        told = draft.params["threshold"]
        least = threshold_taken(scored, margin, rows, draft.action)
        assert (told == "none") == (least is None)
        judged = oracle.judged_cascade(scored, Fraction(2) if least is None else Fraction(told))
        assert judged == oracle.judged_cascade(scored, Fraction(2) if least is None else least)
        bounds = draft.bounds
        assert bounds.items_learned + bounds.items_judged == len(scored)
        assert bounds.share_pct == pytest.approx(float(100 * judged.kept), abs=0.006)
        assert bounds.router_drop_points == pytest.approx(float(judged.drop), abs=0.006)
        assert bounds.all_cheaper_drop_points == pytest.approx(float(judged.all_cheaper), abs=0.006)
        assert bounds.random_mix_drop_points == pytest.approx(float(judged.by_lot), abs=0.006)
        assert bounds.oracle_drop_points == pytest.approx(float(judged.oracle), abs=0.006)
        assert bounds.oracle_share_pct == pytest.approx(float(100 * judged.oracle_kept), abs=0.006)
        if isinstance(draft.action, SwitchModel) and draft.effect is not None:
            moved = [row for row, mine in zip(rows, draft.action.rows, strict=True) if mine]
            assert all(row["model"] == "gpt-4o" for row in moved)
            assert draft.action.escalated == pytest.approx(float(1 - judged.kept))
            before = total([cost(row) for row in moved])
            cheap = total([cost(scaled(row, draft.action)) for row in moved])
            assert draft.effect.baseline == before
            expected = cheap + before * draft.action.escalated
            assert draft.effect.counterfactual == pytest.approx(expected, abs=len(rows), rel=1e-12)


@settings(max_examples=examples(2))
@given(st.integers(0, 2**32))
def test_commitment(seed: int) -> None:
    draw = random.Random(seed)
    days = [0, 40, 60.5, 3_600, 86_400, 86_400, 90_000, 7 * 86_400]
    frame = traffic(draw, 40, ["gpt-4o", "claude-sonnet-4-5", "nobody-knows"])
    starts = sorted(draw.choice(days) + draw.choice([0, 0, 1, 59, 60]) for _ in range(frame.height))
    frame = frame.with_columns(ts=pl.Series([START + timedelta(seconds=at) for at in starts]))
    rows = ordered(frame)
    given_unit = {
        "unit_usd_per_hour": draw.choice(["0.00001", "0.001", "0.07", "2"]),
        "unit_tokens_per_minute": str(draw.choice([300, 5_000, 100_000])),
        "min_units": str(draw.choice([1, 1, 2, 5])),
        "step": str(draw.choice([1, 1, 3])),
    }
    weight = draw.choice([None, "1", "4", "2.5"])
    given_unit |= {"output_weight": weight} if weight else {}
    given_unit |= draw.choice([{}, {"cached_weight": "0.5"}])
    period = oracle.minutes(rows)
    for draft in drafts(frame, "commitment", NO_ITEMS, given_unit):
        if draft.effect is None:
            assert draft.missing
            continue
        model = draft.params["model"]
        mine = [row for row in rows if row["model"] == model and oracle.able(row)]
        unit = oracle.Unit(
            Fraction(given_unit["unit_usd_per_hour"]),
            int(given_unit["unit_tokens_per_minute"]),
            Fraction(weight or {"gpt-4o": 4, "claude-sonnet-4-5": 5}[model]),
            Fraction(given_unit.get("cached_weight", "0")),
        )
        every = [row for row in rows if row["model"] == model]
        assert draft.effect.baseline == total([cost(row) for row in every])
        beside = total([cost(row) for row in every if not oracle.able(row)])
        then = beside + oracle.on_capacity(mine, unit, int(draft.params["units"]), period)
        assert abs(draft.effect.counterfactual - then) <= 1
        least, step = int(given_unit["min_units"]), int(given_unit["step"])
        choices = [least + step * k for k in range(40)]
        costs = {units: beside + oracle.on_capacity(mine, unit, units, period) for units in choices}
        assert min(costs.values()) >= then - 1
        if isinstance(draft.action, BuyCapacity):
            assert draft.action.tokens_a_minute == int(draft.params["units"]) * unit.tokens_per_minute
