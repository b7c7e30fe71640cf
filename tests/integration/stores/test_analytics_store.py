"""AnalyticsStore: limits, exactly-once inserts, errors that say what to do."""

import asyncio
from decimal import Decimal

import pyarrow as pa
import pytest

from netra.errors.kinds import DeadlineExceededError, TooLargeError, UnavailableError
from netra.storage.clickhouse.errors import AnalyticsQueryError
from netra.storage.clickhouse.migrate import migrate_analytics, shipped_analytics_migrations, verify_analytics
from netra.storage.clickhouse.store import AnalyticsStore


@pytest.fixture
async def table(analytics: AnalyticsStore, ids) -> str:
    name = f"t_{ids.new('req')}"
    await analytics.command(
        f"CREATE TABLE {name} (n UInt64, word LowCardinality(String), cost Nullable(Decimal(38, 15)),"
        " at DateTime64(6, 'UTC'), list Array(UInt64)) ENGINE = MergeTree ORDER BY n"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    return name


def rows(amount: int) -> pa.Table:
    return pa.table(
        {
            "n": pa.array(range(amount), pa.uint64()),
            "word": pa.array(["a", "it's\t\n\\"] * (amount // 2), pa.string()).dictionary_encode(),
            "cost": pa.array([None, Decimal("0.000000000000001")] * (amount // 2), pa.decimal128(38, 15)),
            "at": pa.array([1_700_000_000_000_001] * amount, pa.timestamp("us", "UTC")),
            "list": pa.array([[1, 2**64 - 1]] * amount, pa.list_(pa.uint64())),
        }
    )


async def test_a_row_comes_back_as_it_went_in(analytics: AnalyticsStore, table: str) -> None:
    await analytics.insert_arrow(table, rows(2), token="first")
    found = await analytics.query_rows(f"SELECT * FROM {table} ORDER BY n")
    assert found[1]["word"] == "it's\t\n\\"
    assert found[1]["cost"] == Decimal("0.000000000000001")
    assert found[0]["cost"] is None
    assert found[0]["at"].isoformat() == "2023-11-14T22:13:20.000001+00:00"
    assert found[0]["list"] == [1, 2**64 - 1]
    arrow = await analytics.query_arrow(f"SELECT word FROM {table} WHERE n = {{n:UInt64}}", {"n": 1})
    assert arrow.to_pylist() == [{"word": "it's\t\n\\"}]


async def test_an_insert_with_a_known_token_stores_nothing(analytics: AnalyticsStore, table: str) -> None:
    for _ in range(3):
        await analytics.insert_arrow(table, rows(10), token="same")
    await analytics.insert_arrow(table, rows(10), token="other")
    assert await analytics.query_rows(f"SELECT count() AS n FROM {table}") == [{"n": 20}]


async def test_an_insert_is_one_block_however_large(analytics: AnalyticsStore, table: str) -> None:
    amount = 1_200_000  # more than ClickHouse puts into a block by itself
    data = pa.table({"n": pa.array(range(amount), pa.uint64())})
    for _ in range(2):
        await analytics.insert_arrow(table, data, token="large")
    assert await analytics.query_rows(f"SELECT count() AS n, uniqExact(_part) AS parts FROM {table}") == [
        {"n": amount, "parts": 1}
    ]


async def test_batches_bring_every_row_once(analytics: AnalyticsStore) -> None:
    total, batches = 0, 0
    async for batch in analytics.query_arrow_batches("SELECT number FROM numbers(300000)"):
        total += sum(batch.column(0).to_pylist())
        batches += 1
    assert total == 300_000 * 299_999 // 2
    assert batches > 1


async def test_a_stream_left_early_gives_its_thread_back(analytics: AnalyticsStore) -> None:
    for _ in range(8):  # more than the store has threads
        stream = analytics.query_arrow_batches("SELECT number FROM numbers(50000000)")
        async for _batch in stream:
            break
        await stream.aclose()
    assert await analytics.query_rows("SELECT 1 AS one") == [{"one": 1}]


async def test_an_empty_result_keeps_its_columns(analytics: AnalyticsStore, table: str) -> None:
    empty = await analytics.query_arrow(f"SELECT n, word FROM {table}")
    assert empty.num_rows == 0
    assert empty.schema.names == ["n", "word"]
    assert await analytics.query_rows(f"SELECT n FROM {table}") == []


async def test_a_long_query_is_stopped_at_its_deadline(migrated) -> None:
    store = AnalyticsStore(migrated.clickhouse_url, threads=1, deadline_s=1)
    try:
        with pytest.raises(DeadlineExceededError):
            await store.query_rows("SELECT sum(cityHash64(number)) FROM numbers(100000000000)")
    finally:
        await store.close()


async def test_a_large_query_is_stopped_at_its_memory(analytics: AnalyticsStore) -> None:
    with pytest.raises(TooLargeError):
        await analytics.query_rows(
            "SELECT count() FROM (SELECT number, toString(number) s FROM numbers(3000000) GROUP BY 1, s)",
            settings={"max_memory_usage": 20_000_000},
        )


async def test_readers_cannot_write(analytics: AnalyticsStore, table: str) -> None:
    with pytest.raises(AnalyticsQueryError) as caught:
        await analytics.query_rows(f"INSERT INTO {table} (n) SELECT 1")
    assert caught.value.details["code"] == 164


async def test_an_absent_store_is_said_to_be_absent() -> None:
    store = AnalyticsStore("http://u:p@127.0.0.1:9/default", threads=1, deadline_s=0.5)
    try:
        with pytest.raises(UnavailableError, match="does not answer"):
            await store.ping()
        with pytest.raises(UnavailableError) as caught:
            await store.query_rows("SELECT 1")
        assert caught.value.hint
    finally:
        await store.close()


async def test_many_readers_at_once(analytics: AnalyticsStore) -> None:
    answers = await asyncio.gather(
        *(analytics.query_rows("SELECT {n:UInt64} AS n", {"n": number}) for number in range(60))
    )
    assert [answer[0]["n"] for answer in answers] == list(range(60))


async def test_migrating_again_changes_nothing(analytics: AnalyticsStore) -> None:
    assert shipped_analytics_migrations()
    assert await migrate_analytics(analytics) == []
    await verify_analytics(analytics)
