"""semantic-cache by hand."""

from base64 import b64encode
from decimal import Decimal
from math import comb

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.evaluated import with_canonical
from netra.optimization.levers.semantic_cache import SemanticCache
from netra.optimization.params import LeverParams
from netra.optimization.similar import (
    Lookup,
    labels_needed,
    most_wrong,
    served_by_similar,
    vectors_of,
)
from netra.pricing.money import femto_from_usd
from testkit.optimization_bench import CATALOGUE, calls, only, run_levers, scores, workload
from testkit.properties import examples

COST = Decimal("0.0035")
SECOND = 1_000_000


def tag(*values: int, model: str = "m") -> str:
    code = b64encode(np.array(values, dtype=np.int8).tobytes()).decode()
    return f'{{"embedding":"{code}","embedding_model":"{model}"}}'


def asked(at: float, *values: int, **columns: object) -> dict[str, object]:
    return {"at": at, "tags": tag(*values), "latency_ms": 1_000.0, **columns}


def pairs(right: int, wrong: int = 0) -> pl.DataFrame:
    rows = [(f"i{k}", "gpt-4o", 1.0) for k in range(right + wrong)]
    return scores(rows + [(f"i{k}", "gpt-4o+semantic-cache", float(k < right)) for k in range(right + wrong)])


def traffic(n: int = 80) -> pl.DataFrame:
    """Every second question is the one before it, slightly turned: a cosine of 0.995."""
    return calls(
        [
            asked(10 * k, 100 if k // 2 % 2 else -100, 60 if k // 4 % 2 else -60, 10 * (k % 2))
            for k in range(n)
        ]
    )


def test_vectors_are_read_from_the_tags_of_the_commonest_model() -> None:
    rows = [
        asked(0, 3, 4),
        asked(1, 0, 5),
        {"tags": ""},
        {"tags": '{"embedding":"?"}'},
        {"tags": '{"team":"x"}'},
    ]
    rows.append({"tags": tag(1, 2, model="other")})
    found = vectors_of(workload(calls(rows)), "embedding", "embedding_model")
    assert found.rows.tolist() == [0, 1]
    assert found.vectors.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 1]]
    assert found.of == 4
    assert len(vectors_of(workload(calls([{}])), "embedding", "embedding_model").rows) == 0


def test_an_answer_serves_what_is_near_enough_complete_and_young_enough() -> None:
    rows = [
        asked(0, 100, 0),
        asked(0.5, 100, 0),  # the first is not complete
        asked(2, 100, 20),  # cosine 0.981: served
        asked(3, 100, 60),  # cosine 0.857
        asked(4, 100, 0, model="gpt-4o-mini"),
        asked(5, 100, 0, feature="other"),
        asked(6, 100, 0, status="error"),
        asked(7, 100, 0, temperature=1.0),
        asked(8, 100, 0, retry_of="x"),
        asked(9, 100, 0),  # served
        asked(3_700, 100, 0),  # an hour after the last one that was computed
    ]
    params = LeverParams("semantic-cache", {"threshold": "0.95", "ttl": "1h"})
    drafts = SemanticCache().drafts(workload(calls(rows)), with_canonical(pairs(400), CATALOGUE), params)
    assert [np.flatnonzero(draft.action.rows).tolist() for draft in drafts] == [[2, 9]]
    assert drafts[0].effect.savings == 2 * femto_from_usd(COST)


def test_hits_are_worth_their_cost_behind_the_gate() -> None:
    finding = only(run_levers(traffic(), "semantic-cache", evaluations=pairs(400), ttl="15s"))
    assert finding.verdict == "recommend"
    assert Decimal(finding.savings_usd) == 40 * COST
    assert "0 of 400 labelled hits were wrong: at most 0.7 % of hits" in " ".join(finding.assumptions)
    assert finding.risk == "high"


def test_without_labels_it_says_what_could_be_saved_and_what_to_label() -> None:
    finding = only(run_levers(traffic(), "semantic-cache", ttl="15s"))
    assert finding.verdict == "insufficient_data"
    assert finding.savings_usd is None
    assert (
        "40 calls would be served at a cosine of 0.95, 50.0 % of their model's spend"
        in finding.missing[0].what
    )
    assert "gpt-4o+semantic-cache" in finding.missing[0].how


def test_wrong_hits_refuse_and_few_labels_do_not_prove_much() -> None:
    assert only(run_levers(traffic(), "semantic-cache", evaluations=pairs(380, 20))).verdict == "refuse"
    few = only(run_levers(traffic(), "semantic-cache", evaluations=pairs(40), ttl="15s"))
    assert few.verdict == "insufficient_data"
    # No error in 40 leaves up to 7.2 %; half of the calls are hits, so 74 are needed for 2 points.
    assert "about 34 more labelled hits: up to 7.2 % may be wrong" in few.missing[0].what


def test_nothing_alike_is_refused_and_nothing_recorded_is_insufficient() -> None:
    circle = [asked(k, round(100 * np.cos(k)), round(100 * np.sin(k))) for k in range(3)]
    far = calls([*circle, *[{"at": 100 + k} for k in range(60)]])
    refused = only(run_levers(far, "semantic-cache", threshold="0.999"))
    assert (refused.verdict, refused.savings_usd) == ("refuse", "0")
    assert "netra embed" in only(run_levers(calls([{}] * 60), "semantic-cache")).missing[0].how


def test_users_share_nothing_with_scope_user() -> None:
    rows = [asked(10 * k, 100, 0, user=f"u{k % 2}" if k < 40 else "") for k in range(80)]
    finding = only(run_levers(calls(rows), "semantic-cache", evaluations=pairs(400), scope="user"))
    assert Decimal(finding.savings_usd) == 38 * COST


@pytest.mark.parametrize(("wrong", "labelled"), [(0, 30), (5, 100), (1, 2), (37, 400)])
def test_the_bound_is_where_so_few_errors_have_a_chance_of_one_in_twenty(wrong: int, labelled: int) -> None:
    share = most_wrong(wrong, labelled)
    chance = sum(comb(labelled, k) * share**k * (1 - share) ** (labelled - k) for k in range(wrong + 1))
    assert chance == pytest.approx(0.05, rel=1e-6)


def test_bounds_at_the_ends() -> None:
    assert most_wrong(4, 4) == 1.0
    assert most_wrong(0, 59) < 0.05 < most_wrong(0, 58)
    assert labels_needed(0.05) == 59
    assert labels_needed(1.5) == 1


@settings(max_examples=examples(40))
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 7), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 30),
)
def test_as_a_cache_would_do_it_call_by_call(asks: list[tuple[int, int, bool]], ttl: int) -> None:
    ordered = sorted(asks, key=lambda call: call[0])
    angles = np.array([turn for _, turn, _ in ordered]) * 0.2
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    begun = np.array([at for at, _, _ in ordered], dtype=np.int64) * SECOND
    ready, may = begun + 3 * SECOND, np.array([able for _, _, able in ordered])
    stored: list[int] = []
    expected: list[bool] = []
    for place in range(len(ordered)):
        near = any(
            abs(angles[place] - angles[old]) < 0.3 and ready[old] <= begun[place] <= ready[old] + ttl * SECOND
            for old in stored
        )
        expected.append(near and bool(may[place]))
        if not expected[-1]:
            stored.append(place)
    found = served_by_similar(vectors, begun, ready, may, Lookup(float(np.cos(0.3)), ttl * SECOND))
    assert found.tolist() == expected
