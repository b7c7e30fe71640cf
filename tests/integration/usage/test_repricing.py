"""History follows corrected prices: exactly, in the store, with its kept sums, and after an interruption."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.pricing.errors import PriceOverridesError
from netra.pricing.vectorised import price_frame
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.arrow import frame_of
from netra.usage.money import femto_to_money
from netra.usage.repricing.differences import PriceDifferences
from netra.usage.repricing.expression import Sold, price_sql
from netra.usage.repricing.schemas import DiffRequest, PriceSide, RepriceRequest
from netra.usage.repricing.service import RepricingService
from testkit.priced_calls import CONTRACT, as_lines, priced_rows


async def test_the_store_prices_every_call_as_the_catalogue_does(
    bench: Any, data_access: DataAccessFactory, prices: WorkspacePrices
) -> None:
    rows = priced_rows(1_500)
    # Seven weeks of a model with peak hours on weekdays, through two changes of its price and a holiday.
    later = datetime(2026, 8, 14, tzinfo=UTC).timestamp() * 1000
    for number, row in enumerate(rows[:400]):
        ts = later + number * 3 * 3_600_000
        row |= {
            "model": ("deepseek-v4-flash", "deepseek-v4-pro")[number % 2],
            "provider": "deepseek",
            "ts": ts,
        }
    await bench.load(as_lines(rows))
    columns = ["call_id", "ts", "model", "provider", "service_tier", "input_tokens", "cache_read_tokens"]
    columns += [
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
        "cost_usd",
    ]
    frame = await bench.usage.load_calls(bench.context, columns=columns)
    analytics = data_access.for_context(bench.context).analytics
    sold = [Sold(*row) for row in frame.select("model", "provider", "service_tier").unique().iter_rows()]
    for catalogue in (prices.installation, prices.with_text(CONTRACT)):
        expression = price_sql(sold, catalogue)
        sql = (
            f"SELECT call_id, {expression.cost} AS cost, {expression.source} AS source "
            "FROM llm_calls WHERE workspace_id = {workspace:String} ORDER BY day, ts, position"
        )
        told = frame_of(await analytics.query_arrow(sql))
        expected = price_frame(frame, catalogue)
        assert told["call_id"].to_list() == frame["call_id"].to_list()
        assert told["cost"].to_list() == femto_to_money(expected["cost_femto"]).to_list()
        assert told["source"].to_list() == expected["price_source"].fill_null("").to_list()
        assert told["cost"].null_count() not in (0, frame.height)


async def test_contract_prices_reach_history_when_asked_to(
    bench: Any, prices: WorkspacePrices, repricing: RepricingService, data_access: DataAccessFactory
) -> None:
    await bench.load(as_lines(priced_rows(400)))
    before = (await bench.ask("cost_usd", "unpriced_calls")).rows[0]
    untouched = await repricing.plan(bench.context, RepriceRequest())
    assert (untouched.changed_calls, untouched.change_usd, untouched.changes) == (0, "0", [])
    await prices.put(bench.context, CONTRACT)
    plan = await repricing.plan(bench.context, RepriceRequest())
    assert plan.before_usd == before["cost_usd"]
    assert plan.changed_calls == sum(row.changed_calls for row in plan.changes) > 0
    assert Decimal(plan.change_usd) == sum(Decimal(row.change_usd) for row in plan.changes)
    assert {row.model for row in plan.changes} >= {"gpt-4o-mini", "house-model"}
    assert (await bench.ask("cost_usd")).rows[0]["cost_usd"] == before["cost_usd"]
    done = await repricing.apply(bench.context, RepriceRequest())
    assert done.applied
    after = (await bench.ask("cost_usd", "unpriced_calls")).rows[0]
    assert after["cost_usd"] == plan.after_usd == done.after_usd
    assert after["unpriced_calls"] == plan.unpriced_after < plan.unpriced_before == before["unpriced_calls"]
    by_row = await bench.ask("cost_usd", filters=[{"column": "call_id", "operator": "prefix", "value": "c"}])
    assert by_row.rows[0]["cost_usd"] == after["cost_usd"]
    again = await repricing.apply(bench.context, RepriceRequest())
    assert (again.changed_calls, again.after_usd) == (0, done.after_usd)


async def test_a_span_alone_is_priced_again(
    bench: Any, prices: WorkspacePrices, repricing: RepricingService
) -> None:
    await bench.load(as_lines(priced_rows(300)))
    await prices.put(bench.context, CONTRACT)
    span = RepriceRequest.model_validate({"since": "2026-01-04T00:00:00Z", "until": "2026-01-05T00:00:00Z"})
    done = await repricing.apply(bench.context, span)
    assert {row.day for row in done.changes} == {"2026-01-04"}
    rest = await repricing.plan(bench.context, RepriceRequest())
    assert "2026-01-04" not in {row.day for row in rest.changes}
    assert rest.changed_calls > 0


async def test_two_price_lists_side_by_side(
    bench: Any, prices: WorkspacePrices, data_access: DataAccessFactory
) -> None:
    await bench.load(as_lines([row for row in priced_rows(200) if row["model"] == "gpt-4o-mini"]))
    differences = PriceDifferences(data_access, prices)
    stored = (await bench.ask("cost_usd")).rows[0]["cost_usd"]
    result = await differences.diff(bench.context, DiffRequest(after=PriceSide(content=CONTRACT)))
    assert result.before_usd == stored
    assert Decimal(result.change_usd) == Decimal(result.after_usd) - Decimal(result.before_usd)
    assert sum(Decimal(row.change_usd) for row in result.stored) == Decimal(result.change_usd)
    standard = {
        (change.usage, change.above_input_tokens): (change.before, change.after)
        for change in result.changes
        if change.tier == "standard"
    }
    assert standard["input", 0] == ("0.15", "1")
    assert standard["input", 5_000] == ("0.15", "3")
    assert standard["output", 0] == ("0.6", "2")
    dates = DiffRequest.model_validate(
        {
            "before": {"at": "2024-06-01T00:00:00Z"},
            "after": {"at": "2024-11-01T00:00:00Z"},
            "models": ["gpt-4o"],
        }
    )
    changed = (await differences.diff(bench.context, dates)).changes
    assert {change.model for change in changed} <= {"gpt-4o", "gpt-4o-mini"}
    with pytest.raises(PriceOverridesError):
        await differences.diff(bench.context, DiffRequest(after=PriceSide(content="[[price]]\nmodel = 1")))


async def test_a_workspaces_prices_are_its_own(new_bench: Any, prices: WorkspacePrices) -> None:
    mine, other = new_bench(), new_bench()
    await prices.put(mine.context, "[[discount]]\npercent = '50'\n")
    whole = await prices.add(mine.context, "[[price]]\nmodel = 'house-model'\ninput = '1'\n")
    assert "percent" in whole
    assert (await prices.for_context(mine.context)).resolve("house-model") is not None
    assert (await prices.for_context(other.context)).resolve("house-model") is None
    with pytest.raises(PriceOverridesError, match="price 1: input"):
        await prices.add(mine.context, "[[price]]\nmodel = 'x'\ninput = 1.5\n")
    assert await prices.content(mine.context) == whole


async def test_hundreds_of_models_are_priced_in_one_statement(
    bench: Any, prices: WorkspacePrices, repricing: RepricingService
) -> None:
    call = {"ts": "2026-01-01T00:00:00Z", "input_tokens": 10, "output_tokens": 5}
    entries = [{**call, "call_id": f"c{n}", "model": f"own-{n}"} for n in range(600)]
    await bench.load(as_lines(entries))
    await prices.put(bench.context, "[[price]]\nmodel = 'own-*'\ninput = '1'\noutput = '2'\n")
    done = await repricing.apply(bench.context, RepriceRequest())
    assert (done.calls, done.changed_calls, done.unpriced_after) == (600, 600, 0)
    assert (await bench.ask("unpriced_calls")).rows == [{"unpriced_calls": 0}]
