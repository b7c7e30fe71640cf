"""Kept sums say what the rows say: for any question, after duplicates, deletions and rewritten prices."""

import random
from typing import Any

import orjson
import pytest

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.storage.clickhouse.store import AnalyticsStore
from netra.usage.measures import MEASURES
from netra.usage.queries import UsageQuery, compile_query
from netra.usage.rollups import ROLLUPS, Rollup
from netra.usage.service import rows_of

BASE = 1_749_992_400_000
HOUR, PEOPLE = ROLLUPS
ADDITIVE = [name for name, measure in MEASURES.items() if measure.additive]


def lines(count: int, seed: int) -> bytes:
    chance = random.Random(seed)
    rows = [
        {
            "call_id": f"{seed}-{number}",
            "ts": BASE + chance.randrange(0, 5 * 86_400_000),
            "model": chance.choice(["gpt-4o", "gpt-4o-mini", "nobody-sells-this"]),
            "input_tokens": chance.randrange(1, 9_000),
            "output_tokens": chance.randrange(0, 900),
            "reasoning_tokens": chance.choice([None, 0, 5]),
            "latency_ms": chance.choice([None, 12.5, 800.25]),
            "ttft_ms": chance.choice([None, 2.0]),
            "status": chance.choice(["ok", "ok", "error", "timeout", "rate_limited"]),
            "feature": chance.choice(["chat", "search"]),
            "user": chance.choice([None, "ann", "bob"]),
            "api_key_id": chance.choice(["k1", "k2"]),
            "interactive": chance.choice([None, True, False]),
            "retry_of": chance.choice([None, "x"]),
            "reported_cost_usd": chance.choice([None, "0.5"]),
            "tags": {"team": chance.choice(["red", "blue"])},
        }
        for number in range(count)
    ]
    return b"\n".join(orjson.dumps({k: v for k, v in row.items() if v is not None}) for row in rows)


async def fill(bench: Any) -> None:
    for seed in (1, 2, 1):
        await bench.load(lines(150, seed))


@pytest.fixture(scope="module")
def filled_before() -> list[UserExecutionContext]:
    return []


@pytest.fixture
async def filled(bench: Any, filled_before: list[UserExecutionContext]) -> Any:
    """A workspace of tests that only ask."""
    if not filled_before:
        await fill(bench)
        filled_before.append(bench.context)
    bench.context = filled_before[0]
    return bench


async def answer(bench: Any, access: DataAccessFactory, query: UsageQuery, rollups: Any) -> list[Any]:
    compiled = compile_query(query, rollups=rollups)
    analytics = access.for_context(bench.context).analytics
    ignored = {} if rollups else {"optimize_use_projections": 0}
    found = await analytics.query_rows(compiled.sql, compiled.params, {**compiled.settings, **ignored})
    return rows_of(found, compiled)


async def check_all_sums(bench: Any, access: DataAccessFactory) -> None:
    for rollup, zone, dimensions in (
        (HOUR, "Europe/Berlin", ["model", "status", "interactive"]),
        (HOUR, "UTC", ["provider", "feature", "service_tier"]),
        (PEOPLE, "UTC", ["user", "api_key_id"]),
    ):
        measures = ADDITIVE if rollup.measures is None else sorted(rollup.measures)
        for part in (measures[:30], measures[30:]):
            if not part:
                continue
            query = UsageQuery(
                measures=part, dimensions=dimensions, grain="day", timezone=zone, order_by=["day"]
            )
            assert compile_query(query).rollup == rollup.name
            kept = await answer(bench, access, query, ROLLUPS)
            assert kept == await answer(bench, access, query, ())
            assert len(kept) > 5


async def test_kept_sums_follow_duplicates_rewriting_and_deletion(
    bench: Any, data_access: DataAccessFactory, analytics: AnalyticsStore
) -> None:
    await fill(bench)
    await check_all_sums(bench, data_access)
    before = (await bench.ask("cost_usd", "calls")).rows[0]
    scope = {"w": bench.context.workspace_id}
    for statement in (
        "ALTER TABLE llm_calls UPDATE cost_usd = cost_usd * 2 WHERE workspace_id = {w:String} "
        "AND model = 'gpt-4o' SETTINGS mutations_sync = 1",
        "ALTER TABLE llm_calls DELETE WHERE workspace_id = {w:String} AND user = 'ann' "
        "SETTINGS mutations_sync = 1",
        "DELETE FROM llm_calls WHERE workspace_id = {w:String} AND model = 'gpt-4o-mini'",
    ):
        await analytics.command(statement, scope)
        await check_all_sums(bench, data_access)
    bench.usage._answers._kept.clear()
    after = (await bench.ask("cost_usd", "calls")).rows[0]
    assert after["calls"] < before["calls"] == 300


@pytest.mark.parametrize("rollup", ROLLUPS, ids=lambda rollup: rollup.name)
async def test_the_store_reads_the_kept_sums_for_every_measure(
    filled: Any, data_access: DataAccessFactory, rollup: Rollup
) -> None:
    access = data_access.for_context(filled.context).analytics
    for measure in ADDITIVE if rollup.measures is None else sorted(rollup.measures):
        query = UsageQuery(
            measures=[measure], dimensions=sorted(rollup.keys)[:2], since="2025-06-15T00:00:00Z"
        )  # type: ignore[arg-type]
        compiled = compile_query(query)
        plan = await access.query_rows(f"EXPLAIN {compiled.sql}", compiled.params, compiled.settings)
        assert rollup.name in str(plan), measure


async def test_any_question_has_one_answer(filled: Any, data_access: DataAccessFactory) -> None:
    chance = random.Random(7)
    filters = [
        {"column": "model", "operator": "prefix", "value": "gpt-4o-"},
        {"column": "status", "operator": "in", "value": ["ok", "timeout"]},
        {"column": "interactive", "operator": "is null"},
        {"column": "user", "operator": "is not null"},
        {"column": "feature", "operator": "!=", "value": "chat"},
    ]
    times = ["2025-06-16T00:00:00Z", "2025-06-17T05:00:00+02:00", "2025-06-17T05:20:00Z"]
    worded: set[str | None] = set()
    subjects = [
        ([*sorted(HOUR.keys), "user", "day", "weekday", "team"], ADDITIVE, filters),
        (["user", "api_key_id", "day", "month"], sorted(PEOPLE.measures or ()), filters[3:4]),
    ]
    for turn in range(30):
        dimensions, measures, possible = subjects[turn % 3 == 2]
        query = UsageQuery.model_validate(
            {
                "measures": chance.sample(measures, chance.randrange(1, 5)),
                "dimensions": chance.sample(dimensions, chance.randrange(0, 3)),
                "filters": chance.sample(possible, chance.randrange(0, 2)),
                "since": chance.choice([None, *times]),
                "timezone": chance.choice(["UTC", "America/New_York", "Asia/Kolkata"]),
            }
        )
        worded.add(compile_query(query).rollup)
        assert await answer(filled, data_access, query, ROLLUPS) == await answer(
            filled, data_access, query, ()
        )
    assert worded == {None, "calls_by_hour", "people_by_day"}
