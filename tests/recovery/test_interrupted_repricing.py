"""A re-pricing that ended in the middle: no answer is kept while costs are mixed; the next finishes it."""

from decimal import Decimal
from typing import Any

from netra.data_access.factory import DataAccessFactory
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.repricing.repository import RepricingRepository
from netra.usage.repricing.schemas import RepriceRequest
from netra.usage.repricing.service import RepricingService
from testkit.priced_calls import CONTRACT, as_lines, priced_rows


async def test_an_interrupted_repricing_keeps_no_answers_and_is_finished_by_the_next(
    bench: Any, prices: WorkspacePrices, repricing: RepricingService, data_access: DataAccessFactory
) -> None:
    await bench.load(as_lines(priced_rows(100)))
    await prices.put(bench.context, CONTRACT)
    asked = await bench.ask("cost_usd")
    async with data_access.for_context(bench.context).transaction() as transaction:
        await RepricingRepository(transaction, bench.context).begin(
            "rpr_died", prices_version="x", period=(None, None), calls=1, amounts=(Decimal(0), Decimal(0))
        )
    kept = len(bench.usage._answers._kept)
    assert (await bench.ask("cost_usd")).rows == asked.rows
    assert len(bench.usage._answers._kept) == kept
    narrow = RepriceRequest.model_validate({"since": "2026-01-07T00:00:00Z"})
    assert (await repricing.plan(bench.context, narrow)).interrupted
    done = await repricing.apply(bench.context, narrow)
    assert not done.interrupted
    assert (await repricing.plan(bench.context, RepriceRequest())).changed_calls == 0
    assert (await bench.ask("cost_usd")).rows[0]["cost_usd"] == done.after_usd
