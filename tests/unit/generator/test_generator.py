"""The generated month: deterministic, plausible, and its answer key follows from its calls."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from netra.generator import generating
from netra.generator.companies.freight import COMPANY
from netra.generator.generating import GeneratedUsage, InvalidProfileError, Profile, generate
from netra.generator.profiles import COMPANIES
from netra.generator.replays import replay_answers, replay_cache, replay_flights
from netra.generator.writing import write_files
from netra.pricing.catalogue import PriceCatalogue
from testkit.answer_recount import cached_savings, savings, usd

UNTIL = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> PriceCatalogue:
    return PriceCatalogue()


@pytest.fixture(scope="module")
def usage(catalogue: PriceCatalogue) -> GeneratedUsage:
    return generate(Profile(calls=20_000, until=UNTIL), catalogue)


def planted(usage: GeneratedUsage, lever: str) -> list[dict[str, Any]]:
    return [entry for entry in usage.answer_key["planted"] if entry["lever"] == lever]


def check_key(usage: GeneratedUsage) -> None:
    """Every amount of the key is what a count by hand gives."""
    calls = usage.calls.to_dicts()
    key = usage.answer_key
    assert Decimal(key["baseline"]["cost_usd"]) == sum(map(usd, calls))
    for entry in key["planted"]:
        if "savings_usd" in entry:
            assert Decimal(entry["savings_usd"]) == savings(calls, entry) != 0, entry
        for one in entry.get("by_model", []):
            assert Decimal(one["savings_usd"]) == cached_savings(calls, one["model"]), one


def test_the_same_profile_gives_the_same_files(
    usage: GeneratedUsage, catalogue: PriceCatalogue, tmp_path: Path
) -> None:
    again = generate(Profile(calls=20_000, until=UNTIL), catalogue)
    first = write_files(usage, tmp_path / "first")
    second = write_files(again, tmp_path / "second")
    for name in ("calls", "evaluations", "answer_key"):
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()
    other = generate(Profile(calls=20_000, until=UNTIL, seed=8), catalogue)
    assert not other.calls.equals(usage.calls)


def test_calls_are_unique_sorted_and_inside_the_period(usage: GeneratedUsage) -> None:
    calls = usage.calls
    assert calls["call_id"].n_unique() == calls.height
    assert calls["ts"].is_sorted()
    midnight = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
    assert calls["ts"].min() >= midnight - 30 * 86_400_000  # type: ignore[operator]
    assert calls["ts"].max() < midnight + 3_600_000  # type: ignore[operator]
    assert abs(calls.height - 20_000) < 1_500
    assert set(calls["model"].unique()) == {workload.model for workload in COMPANY.workloads}


def test_every_retry_names_an_earlier_failed_attempt(usage: GeneratedUsage) -> None:
    calls = usage.calls
    retries = calls.filter(pl.col("retry_of").is_not_null())
    assert retries.height > 50
    joined = retries.join(calls, left_on="retry_of", right_on="call_id", suffix="_before")
    assert joined.height == retries.height
    assert (joined["ts"] > joined["ts_before"]).all()
    assert (joined["status_before"] != "ok").all()


def test_sessions_grow(usage: GeneratedUsage) -> None:
    agent = usage.calls.filter(pl.col("feature") == "route-agent").sort("session_id", "ts")
    grown = agent.select(pl.col("input_tokens").diff().over("session_id").drop_nulls() > 0)
    assert grown.to_series().all()


def test_prefixes_hold_full_blocks_and_share_the_rules(usage: GeneratedUsage) -> None:
    tickets = usage.calls.filter(pl.col("feature") == "ticket-answer")
    assert (tickets["prefix_hashes"].list.len() == tickets["input_tokens"] // 512).all()
    assert tickets["prefix_hashes"].list.head(12).n_unique() == 1
    contracts = usage.calls.filter(pl.col("feature") == "contract-review")
    assert contracts["prefix_hashes"].explode(empty_as_null=True, keep_nulls=True).is_unique().all()


def test_the_key_adds_up(usage: GeneratedUsage) -> None:
    key = usage.answer_key
    assert key["baseline"]["calls"] == usage.calls.height
    assert key["baseline"]["unpriced_calls"] == 100
    for entry in key["planted"]:
        if entry["verdict"] != "insufficient_data" and "baseline_usd" in entry:
            saved = Decimal(entry["baseline_usd"]) - Decimal(entry["counterfactual_usd"])
            assert saved == Decimal(entry["savings_usd"]) > 0
    cache = planted(usage, "prompt-cache")[0]
    verdicts = {entry["model"]: entry["verdict"] for entry in cache["by_model"]}
    assert verdicts == {"claude-sonnet-4-5": "recommend", "claude-haiku-4-5": "refuse"}
    assert [entry["verdict"] for entry in planted(usage, "model-switch")] == ["recommend", "refuse"]
    check_key(usage)


def test_batch_costs_half(usage: GeneratedUsage) -> None:
    entry = planted(usage, "batch")[0]
    assert Decimal(entry["savings_usd"]) * 2 == Decimal(entry["baseline_usd"])


def test_scores_have_exactly_the_stated_shares(usage: GeneratedUsage) -> None:
    means = dict(usage.evaluations.group_by("model").agg(pl.col("score").mean()).iter_rows())
    for exam in COMPANY.examinations:
        assert means[exam.current] == pytest.approx(exam.right_current)
        assert means[exam.candidate] == pytest.approx(exam.right_candidate)
    assert usage.evaluations.group_by("item_id").len()["len"].unique().to_list() == [2]


def test_the_surge_is_in_the_last_week(usage: GeneratedUsage) -> None:
    sql = usage.calls.filter(pl.col("feature") == "sql-writer")
    last = int(UNTIL.replace(hour=0, minute=0).timestamp() * 1000) - 7 * 86_400_000
    recent = sql.filter(pl.col("ts") >= last).height / 7
    before = sql.filter(pl.col("ts") < last).height / 23
    assert 2.0 < recent / before < 3.0


def test_replay_of_a_cache_by_hand() -> None:
    frame = pl.DataFrame(
        {
            "ts": [0, 300_000, 600_001, 600_001],
            "prefix_hashes": [[1, 2, 3], [1, 2, 4], [1, 2, 3], [9]],
            "prefix_block_tokens": [512] * 4,
        }
    ).with_columns(pl.from_epoch("ts", time_unit="ms"))
    replayed = replay_cache(frame, minimum=1_024)
    assert replayed["cache_read_tokens"].to_list() == [0, 1_024, 0, 0]
    assert replayed["cache_write_tokens"].to_list() == [1_536, 512, 1_536, 0]


def test_replays_of_repeated_requests_by_hand() -> None:
    frame = pl.DataFrame(
        {
            "ts": [0, 500, 1_000, 1_500, 86_401_000, 86_401_001, 90_000_000],
            "latency_ms": [1_000.0] * 7,
            "status": ["ok", "ok", "ok", "error", "ok", "ok", "ok"],
            "request_hash": ["a", "a", "a", "b", "a", "b", None],
        }
    ).with_columns(pl.from_epoch("ts", time_unit="ms"))
    # The second is sent before the first has ended; a failure is never kept, nor an unnamed request.
    assert replay_answers(frame).to_list() == [False, False, True, False, True, False, False]
    assert replay_flights(frame).to_list() == [False, True, False, False, False, False, False]


@pytest.mark.parametrize("name", [name for name in COMPANIES if name != "freight"])
def test_every_profile_has_its_habits(name: str, catalogue: PriceCatalogue) -> None:
    company = COMPANIES[name]
    usage = generate(Profile(name=name, calls=6_000, until=UNTIL), catalogue)
    calls = usage.calls
    assert calls["call_id"].n_unique() == calls.height
    assert sum(workload.share for workload in company.workloads) == pytest.approx(1)
    for workload in company.workloads:
        own = calls.filter(pl.col("feature") == workload.feature)
        assert own.height == pytest.approx(6_000 * workload.share, rel=0.4)
        if workload.questions is not None:
            # The same request always has the same prompt.
            assert (
                own.group_by("request_hash").agg(pl.col("input_tokens").n_unique())["input_tokens"].max() == 1
            )
        if workload.doubles:
            assert own["request_hash"].n_unique() < own.height
        if workload.tenants:
            assert own.select(pl.col("tags").n_unique() == pl.col("api_key_id").n_unique()).item()
    check_key(usage)
    promised = {entry["lever"] for entry in usage.answer_key["planted"]}
    assert {"model-switch"} < promised
    assert {entry["feature"] for entry in usage.answer_key["surges"]} == {
        workload.feature for workload in company.workloads if workload.surge != 1
    }


def test_bursts_crowd_half_of_the_calls(catalogue: PriceCatalogue) -> None:
    usage = generate(Profile(name="batch-pipeline", calls=6_000, until=UNTIL), catalogue)
    bursting = usage.calls.filter(pl.col("feature") == "classify")
    crowded = bursting.group_by(pl.col("ts") // 1_200_000).len().sort("len", descending=True)["len"]
    assert 0.45 < crowded.head(40).sum() / bursting.height < 0.75


@pytest.mark.parametrize("profile", [Profile(calls=10), Profile(days=0), Profile(name="nobody")])
def test_impossible_profiles_are_refused(profile: Profile, catalogue: PriceCatalogue) -> None:
    with pytest.raises(InvalidProfileError):
        generate(profile, catalogue)


def test_a_month_larger_than_the_memory_is_refused_before_it_is_drawn(
    catalogue: PriceCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generating, "BYTES_A_CALL", psutil.virtual_memory().total)
    with pytest.raises(InvalidProfileError, match="GiB of memory") as refused:
        generate(Profile(calls=1_000), catalogue)
    assert "fewer calls" in (refused.value.hint or "")
