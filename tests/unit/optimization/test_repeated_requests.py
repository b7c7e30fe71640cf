"""response-cache and duplicate-inflight by hand."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.levers.duplicate_inflight import duplicates_in_flight
from netra.optimization.levers.response_cache import cache_hits
from netra.optimization.repeats import latency_micros, repeatable, repeats_of
from testkit.optimization_bench import calls, only, run_levers, workload
from testkit.properties import examples

COST = Decimal("0.0035")
HOUR = 3_600_000_000


def hits(
    rows: list[dict[str, object]], ttl: int = HOUR, scope: str = "app", warmest: float = 0.0
) -> list[int]:
    return np.flatnonzero(cache_hits(workload(calls(rows)), ttl, scope, warmest)).tolist()


def duplicates(rows: list[dict[str, object]], warmest: float = 0.0) -> list[int]:
    load = workload(calls(rows))
    latency = latency_micros(load)
    assert latency is not None
    return np.flatnonzero(duplicates_in_flight(load, latency, warmest)).tolist()


def same(at: float, **columns: object) -> dict[str, object]:
    return {"at": at, "request_hash": "r", "latency_ms": 1_000.0, **columns}


def test_an_answer_lives_from_when_it_was_complete_and_is_not_renewed_by_hits() -> None:
    # Complete at 1 s; good until 3,601 s inclusive; then computed anew, good until 7,202.5 s.
    rows = [same(0), same(1), same(2_000), same(3_601), same(3_601.5), same(7_202.5), same(7_202.6)]
    assert hits(rows) == [1, 2, 3, 5]


def test_a_request_that_is_still_being_answered_is_no_hit_and_does_not_renew() -> None:
    rows = [same(0), same(0.5), same(0.999), same(1), same(3_601.2)]
    assert hits(rows) == [3]
    assert duplicates(rows) == [1, 2]


def test_only_successful_cold_unrepeated_calls_store_and_are_served() -> None:
    assert hits([same(0, status="error"), same(10), same(20, status="timeout"), same(30)]) == [3]
    assert hits([same(0, temperature=0.7), same(10, temperature=0.7)]) == []
    assert hits([same(0, temperature=0.7), same(10, temperature=0.7)], warmest=1.0) == [1]
    assert hits([same(0, temperature=0.0), same(10)]) == [1]
    # The first was repeated, so its answer was not taken; the retry's answer serves the third.
    assert hits([same(0, call_id="a"), same(10, retry_of="a"), same(20)]) == [2]
    # A retry asks on purpose and is computed, though an answer is there.
    assert hits([same(0), same(10, call_id="b", status="error"), same(20, retry_of="b"), same(30)]) == [3]


def test_scopes() -> None:
    rows = [
        same(0, app="a", user="u"),
        same(10, app="a", user="v"),
        same(20, app="b", user="u"),
        same(30, app="a"),
        same(40, app="a", user="u"),
    ]
    assert hits(rows) == [1, 3, 4]
    assert hits(rows, scope="user") == [4]
    assert hits(rows, scope="workspace") == [1, 2, 3, 4]


def test_other_models_providers_and_unknown_requests_are_no_repeats() -> None:
    rows = [same(0), same(10, model="gpt-4o-mini"), same(20, provider="azure"), same(30, request_hash="")]
    assert hits([*rows, same(40, request_hash=None)]) == []
    assert hits([same(0), same(0, latency_ms=None)]) == []
    assert hits([{"at": 0, "request_hash": "r"}, {"at": 0, "request_hash": "r"}]) == []


def test_savings_by_feature_to_the_cent() -> None:
    rows = [same(10 * n, app="shop", feature="search", temperature=0.0) for n in range(60)]
    rows += [same(10 * n + 5, app="shop", feature="help", request_hash=f"h{n // 2}") for n in range(60)]
    rows += [same(10 * n + 6, app="shop", feature="chat", request_hash=f"c{n}") for n in range(60)]
    analysis = run_levers(calls(rows), "response-cache")
    search, helped = analysis.findings
    assert (search.params["feature"], search.verdict, search.rows) == ("search", "recommend", 60)
    assert Decimal(search.savings_usd) == 59 * COST
    assert search.risk == "low"
    assert "1,000 ms" in search.latency_effect
    assert Decimal(helped.savings_usd) == 30 * COST
    assert helped.risk == "medium"
    assert "30 of the repeats carry no temperature" in " ".join(helped.assumptions)
    assert Decimal(analysis.joint.savings_usd) == 89 * COST


def test_many_places_are_folded_into_one_finding() -> None:
    rows = [
        same(10 * n + k, feature=f"f{k}", request_hash=f"{k}", output_tokens=100 * (k + 1))
        for n in range(60)
        for k in range(7)
    ]
    findings = run_levers(calls(rows), "response-cache").findings
    assert [f.params.get("feature") for f in findings] == ["f6", "f5", "f4", "f3", None]
    assert findings[-1].params["calls"] == "all others"
    # What no labels tell is a saving on all calls, so that the query behind it gives its baseline.
    assert (findings[-1].rows, findings[-1].query["filters"]) == (420, {})
    assert Decimal(findings[-1].savings_usd) < Decimal(findings[-2].savings_usd) * 3
    assert findings[0].query["filters"] == {"feature": "f6"}


def test_nothing_repeated_is_refused_and_nothing_recorded_is_insufficient() -> None:
    distinct = calls([same(n, request_hash=f"r{n}") for n in range(60)])
    for lever in ("response-cache", "duplicate-inflight"):
        refused = only(run_levers(distinct, lever))
        assert (refused.verdict, refused.savings_usd) == ("refuse", "0")
        assert "request_hash" in only(run_levers(calls([{}] * 60), lever)).missing[0].what
        few = only(run_levers(calls([same(0), same(5)]), lever))
        assert few.verdict == "insufficient_data"
    timeless = calls([{"request_hash": "r"}] * 60)
    assert "latency_ms" in only(run_levers(timeless, "duplicate-inflight")).missing[0].what
    assert any("no latency" in said for said in only(run_levers(timeless, "response-cache")).assumptions)
    assert "user" in only(run_levers(distinct, "response-cache", scope="user")).missing[0].what


def test_duplicates_end_with_the_call_they_wait_for() -> None:
    # 0 runs to 1 s; 0.4 and 0.9 wait; 1.0 is sent; 1.5 waits for it; the retry and the sampled one do not.
    rows = [
        same(0),
        same(0.4),
        same(0.9),
        same(1.0),
        same(1.5),
        same(1.6, retry_of="x"),
        same(1.7, temperature=1),
    ]
    assert duplicates(rows) == [1, 2, 4]
    assert duplicates(rows, warmest=1.0) == [1, 2, 4, 6]
    assert duplicates([same(0), same(0, app="other"), same(0)]) == [2]
    assert duplicates([same(0, latency_ms=None), same(0), same(0.5)]) == [2]
    assert duplicates([same(0, status="error"), same(0.5), same(0.6)]) == [2]


def test_single_flight_saves_what_the_duplicates_cost_once_beside_the_cache() -> None:
    rows = [same(10 * (n // 2), temperature=0.0, request_hash=f"r{n // 4}") for n in range(240)]
    frame = calls(rows)
    single = only(run_levers(frame, "duplicate-inflight"))
    assert Decimal(single.savings_usd) == 120 * COST
    cached = only(run_levers(frame, "response-cache"))
    assert Decimal(cached.savings_usd) == 120 * COST
    joint = run_levers(frame, "duplicate-inflight", "response-cache").joint
    assert Decimal(joint.savings_usd) == 180 * COST


@pytest.mark.parametrize(("name", "value"), [("scope", "planet"), ("temperature", "warm"), ("ttl", "soon")])
def test_wrong_parameters_are_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidLeverParamError):
        run_levers(calls([same(n) for n in range(60)]), "response-cache", **{name: value})


TRAFFIC = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=60
)


@settings(max_examples=examples(60))
@given(TRAFFIC, st.integers(1, 40))
def test_as_a_cache_would_do_it_call_by_call(traffic: list[tuple[int, str, int]], ttl: int) -> None:
    ordered = sorted(traffic, key=lambda call: call[0])
    frame = calls([{"at": at, "request_hash": h, "latency_ms": 1_000.0 * took} for at, h, took in ordered])
    load = workload(frame)
    stored: dict[str, tuple[int, int]] = {}
    running: dict[str, tuple[int, int]] = {}
    served, waited = [], []
    for row, (at, request, took) in enumerate(ordered):
        entry = stored.get(request)
        if entry is None or at > entry[1] + ttl:
            stored[request] = (at, at + took)
        elif at >= entry[1] and at > entry[0]:
            served.append(row)
        lead = running.get(request)
        if lead is None or at >= lead[1]:
            running[request] = (at, at + took)
        else:
            waited.append(row)
    assert np.flatnonzero(cache_hits(load, ttl * 1_000_000, "app", 0.0)).tolist() == served
    latency = latency_micros(load)
    assert latency is not None
    assert np.flatnonzero(duplicates_in_flight(load, latency, 0.0)).tolist() == waited


def test_long_runs_are_followed_by_doubling() -> None:
    load = workload(calls([same(n) for n in range(500)]))
    repeats = repeats_of(load, repeatable(load, 0.0))
    assert repeats.computed(repeats.rows + 3).tolist() == [3 * (n // 3) for n in range(500)]
    assert repeats.computed(repeats.rows).tolist() == list(range(500))


def test_equal_calls_may_change_places() -> None:
    rows = [same(n % 7, request_hash=f"{n % 3}") for n in range(80)]
    frame = calls(rows)
    for lever in ("response-cache", "duplicate-inflight"):
        moved = run_levers(frame.sample(fraction=1, shuffle=True, seed=1), lever)
        assert moved.findings == run_levers(frame, lever).findings
        again = frame.with_columns(
            pl.Series("position", np.random.default_rng(2).permutation(80).astype("u8"))
        )
        assert run_levers(again, lever).findings[0].savings_usd == moved.findings[0].savings_usd
