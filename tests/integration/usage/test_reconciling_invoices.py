"""A provider's invoice against calls in the store, over HTTP."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.http.idempotency import IdempotencyStore
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.endpoints import build_router as build_prices_router
from netra.pricing.workspace_prices import WorkspacePrices
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.usage.reconciliation.service import ReconciliationService
from netra.usage.repricing.differences import PriceDifferences
from netra.usage.repricing.endpoints import build_price_router
from netra.usage.repricing.service import RepricingService

FIRST = 1_772_409_600_000  # 2026-03-02T00:00:00Z
DAY = 86_400_000


@pytest.fixture
async def door(
    bench: Any,
    data_access: DataAccessFactory,
    sessions: DatabaseSessionManager,
    ids: UnifiedIDManager,
    catalogue: PriceCatalogue,
) -> AsyncIterator[httpx.AsyncClient]:
    async def current() -> UserExecutionContext:
        return bench.context

    prices = WorkspacePrices(data_access, catalogue)
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_prices_router(prices, IdempotencyStore(sessions), current))
    app.include_router(
        build_price_router(
            PriceDifferences(data_access, prices),
            RepricingService(data_access, ids, prices),
            ReconciliationService(data_access, prices),
            current,
        )
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def calls() -> bytes:
    rows = [
        {
            "call_id": f"c{number}",
            "ts": FIRST + number * DAY // 4 + 60_000,
            "provider": "litellm" if number == 1 else "openai",
            "model": "gpt-4o-2024-08-06" if number % 2 else "never-listed",
            "input_tokens": 1_000 + number,
            "cache_read_tokens": 400,
            "output_tokens": 100,
            "reasoning_tokens": 30,
        }
        for number in range(12)
    ]
    rows += [
        {**rows[0], "call_id": f"other by {seller}", "provider": seller, "model": "claude-sonnet-4-5"}
        for seller in ("anthropic", "litellm")
    ]
    return b"\n".join(orjson.dumps(row) for row in rows)


def exact(result: dict[str, Any]) -> None:
    """Every level adds up."""
    total = Decimal(result["difference_usd"])
    assert total == Decimal(result["invoice_usd"]) - Decimal(result["our_usd"])
    assert total == sum(map(Decimal, result["causes"].values()))
    for level in ("by_model", "by_day", "by_usage"):
        assert total == sum(Decimal(one["difference_usd"]) for one in result[level])
        for one in result[level]:
            assert Decimal(one["difference_usd"]) == sum(map(Decimal, one["causes"].values()))


async def test_an_invoice_with_a_lost_day_and_a_charge_of_another_kind(
    bench: Any, door: httpx.AsyncClient
) -> None:
    await bench.load(calls())
    listed = await bench.usage.load_calls(bench.context, columns=["day", "model", "cost_usd"])
    own = [row for row in listed.iter_rows() if row[1].startswith("gpt-4o")]
    # What gpt-4o costs on three days: 600 to 611 input at 2.5, 400 cached at 1.25, 100 output at 10.
    lines = ["start_time,amount_value,amount_currency,line_item"]
    for day in range(3):
        start = FIRST // 1000 + day * 86_400
        for kind, rate, tokens in (("input", "2.5", 1200 + 4 + 8 * day), ("cached input", "1.25", 800)):
            lines.append(f'{start},{Decimal(rate) * tokens / 10**6},usd,"gpt-4o-2024-08-06, {kind}"')
        lines.append(f'{start},{Decimal(2_000) / 10**6},usd,"gpt-4o-2024-08-06, output"')
    lines.append(f"{FIRST // 1000},0.25,usd,web search tool calls")
    content = "\n".join(lines)
    result = (await door.post("/v1/prices/reconcile", content=content)).json()
    exact(result)
    assert result["format"] == "openai-costs"
    assert Decimal(result["our_usd"]) == sum(row[2] for row in own)
    assert result["causes"] == {"other_charges": "0.25"}
    assert result["our_unpriced_calls"] == 6
    without_a_day = "\n".join(line for line in lines if not line.startswith(str(FIRST // 1000 + 86_400)))
    result = (await door.post("/v1/prices/reconcile", content=without_a_day)).json()
    exact(result)
    assert set(result["causes"]) == {"other_charges", "not_invoiced"}
    missing = [line for line in result["lines"] if "not_invoiced" in line["causes"]]
    assert {line["day"] for line in missing} == {"2026-03-03"}
    # The first day alone: output at the batch price, and two calls' 1,000 tokens of input more than ours.
    other = {
        "output": Decimal("0.001"),
        "input": Decimal("2.5") * 2_204 / 10**6,
        "cached input": Decimal(1_000) / 10**6,
    }
    one_day = [lines[0]] + [
        f'{FIRST // 1000},{amount:.10f},usd,"gpt-4o-2024-08-06, {kind}"' for kind, amount in other.items()
    ]
    result = (await door.post("/v1/prices/reconcile", content="\n".join(one_day))).json()
    exact(result)
    assert (result["since"], result["until"], result["assumed_usd"]) == ("2026-03-02", "2026-03-03", "0")
    assert {line["usage"]: (line["causes"], line["basis"], line["note"]) for line in result["lines"]} == {
        "output": ({"price": "-0.001"}, "known_price", "the batch price"),
        "input": ({"missing_calls": "0.0025"}, "whole_tokens", "1,000 tokens more than ours at our price"),
    }


async def test_a_usage_report_finds_missing_and_unpriced_calls(bench: Any, door: httpx.AsyncClient) -> None:
    await bench.load(calls())
    head = "start_time,model,num_model_requests,input_tokens,input_cached_tokens,output_tokens"
    rows = [f"{FIRST // 1000},gpt-4o-2024-08-06,3,3000,800,200"]
    result = (await door.post("/v1/prices/reconcile", content="\n".join([head, *rows]))).json()
    exact(result)
    assert result["valued"] == "at our prices"
    lines = {line["usage"]: line for line in result["lines"]}
    assert (lines["input"]["invoice_tokens"], lines["input"]["our_tokens"]) == (2_200, 1_204)
    assert set(lines) == {"input"}
    assert Decimal(lines["input"]["causes"]["missing_calls"]) == Decimal("2.5") * (2_200 - 1_204) / 10**6
    generic = "date,model,usage_type,tokens,cost_usd\n2026-03-02,never-listed,output,200,5\n"
    result = (await door.post("/v1/prices/reconcile?provider=openai", content=generic)).json()
    exact(result)
    unpriced = next(line for line in result["lines"] if line["model"] == "never-listed")
    assert unpriced["causes"] == {"unpriced": "5"}
    await check_azure(bench, door)


async def check_azure(bench: Any, door: httpx.AsyncClient) -> None:
    """Meters are our models, whatever instrumentations call Azure; other services are summed apart."""
    spellings = ("azure", "azure.ai.openai", "azure")
    rows = [
        {
            "call_id": f"azure{n}",
            "ts": FIRST + n,
            "provider": provider,
            "model": "gpt-4o",
            "input_tokens": 1_000,
        }
        for n, provider in enumerate(spellings)
    ]
    await bench.load(b"\n".join(orjson.dumps({**row, "output_tokens": 0}) for row in rows))
    bill = (
        "Date,MeterCategory,MeterName,UnitOfMeasure,Quantity,CostInBillingCurrency,BillingCurrencyCode\n"
        "03/02/2026,Foundry Models,gpt 4o 1120 Inp glbl Tokens,1K,2,0.005,USD\n"
        "03/02/2026,Foundry Models,gpt 9 max Inp glbl Tokens,1K,2,1,USD\n"
        "03/02/2026,Virtual Machines,D2 v5,1 Hour,24,2.4,USD\n"
    )
    result = (await door.post("/v1/prices/reconcile", content=bill)).json()
    exact(result)
    assert (result["format"], result["our_calls"], result["other_usd"]) == ("azure-cost", 3, "2.4")
    assert {line["model"]: (line["our_tokens"], line["causes"]) for line in result["lines"]} == {
        "gpt-4o": (3_000, {"not_invoiced": "-0.0025"}),
        "gpt 9 max": (0, {"missing_calls": "1"}),
    }


async def test_stored_costs_behind_corrected_prices_are_named(bench: Any, door: httpx.AsyncClient) -> None:
    await bench.load(calls())
    put = {"content": "[[discount]]\nprovider = 'openai'\npercent = '50'\n"}
    entries = (await door.put("/v1/prices/overrides", json=put)).json()["entries"]
    assert [entry["percent"] for entry in entries] == ["50"]
    content = "date,model,provider,cost_usd\n" + "".join(
        f"2026-03-0{2 + day},gpt-4o,openai,{Decimal('0.0030025') + Decimal('0.00001') * day}\n"
        for day in range(3)
    )
    result = (await door.post("/v1/prices/reconcile", content=content)).json()
    exact(result)
    assert Decimal(result["causes"]["stale_prices"]) == -Decimal(result["our_usd"]) / 2
    plan = (await door.post("/v1/prices/reprice", json={})).json()
    assert (plan["changed_calls"], plan["applied"]) == (6, False)
    key = {"Idempotency-Key": "added"}
    twice = [(await door.post("/v1/prices/overrides", json=put, headers=key)).json() for _ in range(2)]
    assert [len(answer["entries"]) for answer in twice] == [2, 2]
    wrong = await door.put("/v1/prices/overrides", json={"content": "[[price]]\ninput = 'much'"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "price_overrides_invalid")
    bad = await door.post("/v1/prices/reconcile?format=openai-costs", content="a,b\n1,2\n")
    assert (bad.status_code, bad.json()["code"]) == (400, "unreadable_invoice")


async def test_without_a_report_the_imported_usage_lines_are_compared(
    bench: Any, door: httpx.AsyncClient
) -> None:
    await bench.load(calls())
    nothing = await door.post("/v1/prices/reconcile")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "unreadable_invoice")
    used = {"object": "organization.usage.completions.result", "model": "gpt-4o-2024-08-06"}
    buckets = [
        {
            "object": "bucket",
            "start_time": FIRST // 1000 + day * 86_400,
            "end_time": FIRST // 1000 + (day + 1) * 86_400,
            "results": [
                {
                    **used,
                    "num_model_requests": 2,
                    "input_tokens": 2_000 + 8 * day,
                    "input_cached_tokens": 800,
                    "output_tokens": 180,
                    "input_audio_tokens": 4,
                    "output_audio_tokens": 10,
                }
            ],
        }
        for day in range(3)
    ]
    content = orjson.dumps({"object": "page", "data": buckets})
    assert (await bench.load(content, "openai-usage")).stored == 3
    given = (await door.post("/v1/prices/reconcile", content=content)).json()
    stored = (await door.post("/v1/prices/reconcile")).json()
    exact(stored)
    assert stored == given
    assert stored["format"] == "openai-usage"
    assert set(stored["causes"]) == {"not_invoiced"}
