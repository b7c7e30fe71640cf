"""The analytics engine killed while costs are rewritten: all of them follow, and kept sums with them."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netra.config.settings import Settings
from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.storage.clickhouse.migrate import migrate_analytics
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EmbeddedEngines
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from netra.usage.queries import UsageQuery, compile_query
from netra.usage.repricing.repository import RepricingRepository
from netra.usage.repricing.schemas import RepriceRequest
from netra.usage.repricing.service import RepricingService
from netra.usage.service import UsageService
from testkit.stores import ROLE_SECRET

pytestmark = pytest.mark.protects("W13")

CALLS = 300_000
FILL = f"""INSERT INTO llm_calls (workspace_id, call_id, ts, provider, model, input_tokens, output_tokens,
service_tier, status, cost_usd, position, id_hash) SELECT {{w:String}}, toString(number),
toDateTime64('2026-03-01 00:00:00', 6, 'UTC') + number, 'openai', 'gpt-4o', 1000, 100, 'standard', 'ok', NULL,
number, number FROM numbers({CALLS})"""
EACH = Decimal("0.0035")  # 1,000 input at 2.5 and 100 output at 10 dollars a million


@pytest.fixture
async def stack(
    tmp_path: Path, fresh_context: Callable[..., UserExecutionContext], ids: UnifiedIDManager, hot: Any
) -> AsyncGenerator[SimpleNamespace]:
    """A workspace with unpriced calls on engines that belong to this test."""
    engines = EmbeddedEngines(Settings(home=tmp_path / "home"))
    urls = await engines.start()
    database = DatabaseManager(DatabaseURLBuilder.from_url(urls.database_url), role_secret=ROLE_SECRET)
    store = AnalyticsStore(urls.clickhouse_url)
    await migrate(database, "app")
    await migrate_analytics(store)
    context = fresh_context()
    await store.command(FILL, {"w": context.workspace_id})
    access = DataAccessFactory(DatabaseSessionManager(database), store, hot)
    prices = WorkspacePrices(access, PriceCatalogue())
    yield SimpleNamespace(
        engines=engines,
        context=context,
        access=access,
        store=store,
        usage=UsageService(access),
        repricing=RepricingService(access, ids, prices),
    )
    await store.close()
    await database.close()
    await engines.stop()


async def settled(stack: SimpleNamespace) -> bool:
    async with stack.access.for_context(stack.context).transaction() as transaction:
        return (await RepricingRepository(transaction, stack.context).settled_version())[1]


async def until_begun(stack: SimpleNamespace) -> None:
    async with asyncio.timeout(60):
        while True:
            if not await settled(stack):
                return
            await asyncio.sleep(0.005)


async def test_all_costs_follow_although_the_engine_dies_on_the_way(stack: SimpleNamespace) -> None:
    work = asyncio.create_task(stack.repricing.apply(stack.context, RepriceRequest()))
    await until_begun(stack)
    pid = stack.engines.health()["analytics"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    done = await work
    assert (done.changed_calls, done.after_usd) == (CALLS, str(EACH * CALLS).rstrip("0").rstrip("."))
    assert await settled(stack)
    for rollups in (None, ()):
        query = UsageQuery(measures=["calls", "cost_usd", "unpriced_calls"])
        compiled = compile_query(query) if rollups is None else compile_query(query, rollups=rollups)
        analytics = stack.access.for_context(stack.context).analytics
        ignored = {} if rollups is None else {"optimize_use_projections": 0}
        row = (await analytics.query_rows(compiled.sql, compiled.params, {**compiled.settings, **ignored}))[0]
        assert (row["m_calls"], row["m_unpriced_calls"]) == (CALLS, 0)
        assert row["m_cost_usd"] == EACH * CALLS


async def test_a_process_that_died_leaves_no_stale_answer(stack: SimpleNamespace) -> None:
    query = UsageQuery(measures=["cost_usd"])
    assert (await stack.usage.run(stack.context, query)).rows == [{"cost_usd": None}]
    work = asyncio.create_task(stack.repricing.apply(stack.context, RepriceRequest()))
    await until_begun(stack)
    # The process is gone: nobody waits for the store any more, which goes on by itself.
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert not await settled(stack)
    done = await stack.repricing.apply(stack.context, RepriceRequest())
    assert done.applied
    told = (await stack.usage.run(stack.context, query)).rows[0]["cost_usd"]
    assert Decimal(told) == EACH * CALLS
