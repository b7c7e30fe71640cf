"""Tiers, providers, models, efforts and shorter prompts against their definitions, call by call."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.actions import ChangeTier, ChangeTokens, SwitchModel
from netra.optimization.evaluated import with_canonical
from netra.optimization.findings import QualityEffect
from testkit import choice_oracle as choice
from testkit import lever_oracle as oracle
from testkit.optimization_bench import CATALOGUE
from testkit.properties import examples
from testkit.random_traffic import MODELS, drafts, ordered, total, traffic

OPEN = ("openai/gpt-oss-120b", "meta-llama/llama-3.3-70b-instruct")
TARGETS = ("gpt-4o-mini", "claude-sonnet-4-5", "gpt-4o", "house-7b")
SIZES = st.tuples(st.integers(0, 2**32), st.sampled_from([1, 3, 8, 30, 80]))
NO_ITEMS = with_canonical(pl.DataFrame(schema={"item_id": pl.String, "model": pl.String}), CATALOGUE)


def items(draw: random.Random, models: Sequence[str], count: int) -> pl.DataFrame:
    """Answers of models to the same items, some missing, with tokens, costs, both or neither."""
    rows: list[dict[str, Any]] = []
    carried = draw.sample(["input_tokens", "output_tokens", "cost_usd"], draw.randrange(4))
    for model in models:
        long = draw.uniform(0.3, 2.0)
        worse = draw.choice([0.0, 0.0, 0.02, 0.2])
        for number in range(count):
            for _ in range(draw.choice([0, 1, 1, 1, 1, 2])):
                full = {
                    "input_tokens": round(draw.randrange(1, 900) * long),
                    "output_tokens": draw.choice([0, round(draw.randrange(400) * long)]),
                    "cost_usd": draw.randrange(1, 64) / 1024,
                }
                told = {name: full[name] for name in carried if draw.random() < 0.9}
                score = 1.0 - (draw.random() < worse)
                rows.append({"item_id": f"i{number}", "model": model, "score": score, **told})
    return with_canonical(pl.DataFrame(rows or [{"item_id": "i", "model": "x"}]), CATALOGUE)


def of_model(rows: Sequence[oracle.Call], canonical: str) -> list[bool]:
    """Which calls are on a model, whatever they call it."""
    return [CATALOGUE.canonical(row["model"], row.get("provider") or None).model == canonical for row in rows]


@pytest.mark.parametrize(("lever", "beside"), [("batch", ()), ("flex", ("batch",))])
@settings(max_examples=examples(6))
@given(drawn=SIZES)
def test_tiers(lever: Any, beside: Sequence[str], drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    declared = draw.choice([[None], [True, None], [True, False, None]])
    frame = traffic(draw, drawn[1], [*MODELS, "gpt-5", "gemini-2.5-flash"], interactive=declared)
    rows = ordered(frame)
    after = choice.in_tier(rows, lever, beside)
    (draft,) = drafts(frame, lever, NO_ITEMS)
    if not any(row.get("interactive") is not None for row in rows):
        assert draft.effect is None
        assert "interactive" in draft.missing[0].what
    elif draft.effect is None:
        assert not any(cost is not None for cost in after)
        assert draft.missing
    else:
        before = [oracle.cost(row) for row in rows]
        then = [b if a is None else a for a, b in zip(after, before, strict=True)]
        assert (draft.effect.baseline, draft.effect.counterfactual) == (total(before), total(then))
        mine = draft.action.rows.tolist() if isinstance(draft.action, ChangeTier) else [False] * len(rows)
        assert mine == [cost is not None for cost in after]


@settings(max_examples=examples(6))
@given(SIZES)
def test_provider_switch(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1], [*MODELS, *OPEN], provider=["", "together", "openai", "novita"])
    rows = ordered(frame)
    named = draw.choice([None, None, "openrouter", "novita", "aws"])
    found = drafts(frame, "provider-switch", NO_ITEMS, {"to_provider": named} if named else {})
    places: dict[tuple[str, str], list[oracle.Call]] = {}
    for row in rows:
        places.setdefault((row.get("provider") or "", row["model"]), []).append(row)
    saved: dict[tuple[str, str], int] = {}
    for here, some in places.items():
        before = total([oracle.cost(row) for row in some])
        asked = [o for o in choice.offers(some, rows[-1]["ts"]) if named in (None, o.provider)]
        able = [offer for offer in asked[:2] if any(usd is not None for usd in offer.after)]
        if before and able:
            saved[here] = before - min(offer.total for offer in able)
    for draft in found:
        if not isinstance(draft.action, SwitchModel) or draft.effect is None:
            continue
        moved = [row for row, mine in zip(rows, draft.action.rows, strict=True) if mine]
        here = (moved[0].get("provider") or "", moved[0]["model"])
        (offer,) = [
            offer
            for offer in choice.offers(places[here], rows[-1]["ts"])
            if (offer.provider, offer.model) == (draft.action.provider, draft.action.model)
        ]
        assert draft.effect.baseline == total([oracle.cost(row) for row in places[here]])
        assert draft.effect.counterfactual == offer.total
        staying = {row["call_id"] for row, usd in zip(places[here], offer.after, strict=True) if usd is None}
        assert not any(row["call_id"] in staying and oracle.cost(row) is not None for row in moved)
        assert draft.effect.savings == saved.pop(here)
    assert all(gain <= 0 for gain in saved.values()), saved


@settings(max_examples=examples(6))
@given(SIZES)
def test_prompt_trim(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1], app=[""], feature=draw.choice([[""], ["", "f"]]))
    frame = frame.with_columns(
        prefix_hashes=pl.col("prefix_hashes").map_elements(
            lambda some: [hash(tuple(some[: k + 1])) & (2**62 - 1) for k in range(len(some))],
            return_dtype=pl.List(pl.UInt64),
        )
    )
    rows = ordered(frame)
    share, tokens = draw.choice(["0.5", "0.75", "1"]), draw.choice([None, 100, 600])
    models = sorted({CATALOGUE.canonical(row["model"]).model for row in rows})
    scored = items(draw, [f"{m}{s}" for m in models[:1] for s in ("", "+prompt-trim")], 60)
    limits = choice.trimmed(rows, float(share), tokens)
    given_params = {"share": share} | ({"tokens": str(tokens)} if tokens else {})
    goes = [row["input_tokens"] - limit for row, limit in zip(rows, limits, strict=True)]
    for draft in drafts(frame, "prompt-trim", scored, given_params):
        if draft.effect is None:
            assert draft.missing
        elif draft.action is None:
            assert draft.effect.savings == 0
            assert draft.rows < len(rows) or not any(
                gone for gone, row in zip(goes, rows, strict=True) if oracle.cost(row)
            )
        else:
            assert isinstance(draft.action, ChangeTokens)
            mine = of_model(rows, models[0])
            kept = np.where(mine, limits, [row["input_tokens"] for row in rows])
            assert np.minimum(draft.action.input_limit, [row["input_tokens"] for row in rows]).tolist() == (
                kept.tolist()
            )
            after = oracle.replayed_jointly(rows, [ChangeTokens(input_limit=kept)])
            assert draft.effect.savings == total([oracle.cost(row) for row in rows]) - sum(after)


@settings(max_examples=examples(4))
@given(SIZES)
def test_model_switch(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1])
    rows = ordered(frame)
    scored = items(draw, draw.sample(sorted({*MODELS, *TARGETS}), 4), draw.choice([3, 40]))
    for draft in drafts(frame, "model-switch", scored):
        action = draft.action
        if not isinstance(action, SwitchModel) or draft.effect is None:
            continue
        origin = CATALOGUE.canonical(draft.params["from"]).model
        target = CATALOGUE.canonical(draft.params["to"]).model
        assert action.rows.tolist() == of_model(rows, origin)
        expect_ratios(scored, origin, target, action)
        check_moved(rows, action, draft.effect)


def expect_ratios(scored: pl.DataFrame, origin: str, target: str, action: SwitchModel) -> None:
    some = scored.to_dicts()
    of = {
        name: choice.ratio(some, origin, target, name)
        for name in ("input_tokens", "output_tokens", "cost_usd")
    }
    if of["input_tokens"] is not None or of["output_tokens"] is not None:
        assert action.cost_ratio is None
        assert action.input_ratio == pytest.approx(float(of["input_tokens"] or 1))
        assert action.output_ratio == pytest.approx(
            float(1 if of["output_tokens"] is None else of["output_tokens"])
        )
    elif of["cost_usd"] is not None:
        assert action.cost_ratio == pytest.approx(float(of["cost_usd"]))
    else:
        assert (action.input_ratio, action.output_ratio, action.cost_ratio) == (1, 1, None)


def check_moved(rows: Sequence[oracle.Call], action: SwitchModel, effect: Any) -> None:
    mine = [row for row, moves in zip(rows, action.rows, strict=True) if moves]
    before = [oracle.cost(row) for row in mine]
    assert effect.baseline == total(before)
    if action.cost_ratio is None:
        then = [oracle.cost(oracle.scaled(row, action)) for row in mine]
        stays = [b if a is None or b is None else a for a, b in zip(then, before, strict=True)]
        assert effect.counterfactual == total(stays)
    else:
        assert effect.counterfactual == pytest.approx(
            effect.baseline * action.cost_ratio, rel=1e-9, abs=len(mine)
        )


@settings(max_examples=examples(4))
@given(SIZES)
def test_reasoning_effort(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(draw, drawn[1], ["gpt-5", "gpt-5-mini"], reasoning_effort=["", "high", "medium", "LOW"])
    rows = ordered(frame)
    names = [f"{m}{e}" for m in ("gpt-5", "gpt-5-mini") for e in ("", "@high", "@medium", "@low", "@minimal")]
    scored = items(draw, draw.sample(names, draw.randrange(2, 9)), draw.choice([3, 40]))
    evaluated = set(scored["canonical"].to_list())
    for draft in drafts(frame, "reasoning-effort", scored):
        action = draft.action
        if not isinstance(action, SwitchModel) or draft.effect is None:
            continue
        model, effort = draft.params["model"], draft.params.get("effort", "").lower()
        group = [
            row["model"] == model and (row.get("reasoning_effort") or "").lower() == effort for row in rows
        ]
        assert action.rows.tolist() == group
        mine = [row for row, here in zip(rows, group, strict=True) if here]
        origin = f"{model}@{effort}" if f"{model}@{effort}" in evaluated else model
        some = scored.to_dicts()
        found = choice.ratio(some, origin, f"{model}@{draft.params['to']}", "output_tokens")
        costs = choice.ratio(some, origin, f"{model}@{draft.params['to']}", "cost_usd")
        if found is not None:
            least = choice.least_ratio(mine)
            assert action.output_ratio == pytest.approx(float(max(found, least)))
        elif costs is not None:
            assert action.cost_ratio == pytest.approx(float(costs))
        check_moved(rows, action, draft.effect)


def grouped_items(draw: random.Random, count: int) -> pl.DataFrame:
    """Answers of two models by feature; the cheaper one is worse at some of them."""
    worse = {name: draw.choice([0.0, 0.0, 0.01, 0.3]) for name in ("f", "g", "h")}
    rows = [
        {"item_id": f"i{number}", "model": model, "score": score, "group": group}
        for number in range(count)
        for group in [draw.choice(sorted(worse))]
        for model, score in (("gpt-4o", 1.0), ("gpt-4o-mini", float(draw.random() >= worse[group])))
    ]
    return with_canonical(pl.DataFrame(rows), CATALOGUE)


@settings(max_examples=examples(2))
@given(SIZES)
def test_routing(drawn: tuple[int, int]) -> None:
    draw = random.Random(drawn[0])
    frame = traffic(
        draw, 80, ["gpt-4o", "claude-sonnet-4-5"], feature=draw.choice([["f", "g"], ["f", "g", "x"]])
    )
    rows, scored = ordered(frame), grouped_items(draw, draw.choice([200, 600]))
    judged = choice.judged_drops(scored.to_dicts(), "gpt-4o", "gpt-4o-mini")
    mine = of_model(rows, "gpt-4o")
    features = Counter(
        row["feature"] for row, own in zip(rows, mine, strict=True) if own and row["feature"] in judged
    )
    for draft in drafts(frame, "routing", scored):
        action = draft.action
        if not isinstance(action, SwitchModel) or draft.effect is None:
            continue
        routed = {row["feature"] for row, moves in zip(rows, action.rows, strict=True) if moves}
        assert routed <= set(judged)
        moved = [own and row["feature"] in routed for row, own in zip(rows, mine, strict=True)]
        assert action.rows.tolist() == moved
        before = [oracle.cost(row) for row, own in zip(rows, mine, strict=True) if own]
        then = [
            oracle.cost(oracle.scaled(row, action))
            if moves and oracle.cost(row) is not None
            else oracle.cost(row)
            for row, own, moves in zip(rows, mine, moved, strict=True)
            if own
        ]
        stays = [b if a is None else a for a, b in zip(then, before, strict=True)]
        assert (draft.effect.baseline, draft.effect.counterfactual) == (total(before), total(stays))
        drop = sum(features[name] * judged[name] for name in routed) / features.total()
        assert isinstance(draft.quality, QualityEffect)
        assert draft.quality.drop_points == pytest.approx(100 * drop, abs=0.006)
        if draft.quality.upper_95 > 2:
            assert draft.quality.gate != "recommend"
