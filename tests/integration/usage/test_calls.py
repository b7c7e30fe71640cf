"""Single calls over the real engine: all pages of each order, the sums behind, the working of a cost."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import httpx
import orjson
import polars as pl
import pytest
from fastapi import FastAPI

from netra.context.models import UserExecutionContext
from netra.http.problems import install_problem_handlers
from netra.usage.calls.endpoints import build_calls_router
from netra.usage.calls.question import CallOrder
from netra.usage.calls.service import CallsService
from netra.usage.repricing.schemas import RepriceRequest

BASE = 1_749_992_400_000  # 2025-06-15T13:00:00Z
CONTRACT = """
[[price]]
provider = "openai"
model = "gpt-4o"
input = "2.4"
output = "9"

[[discount]]
provider = "openai"
percent = "10"
"""
INPUT_ALONE = '\n[[price]]\nmodel = "made-up"\ninput = "1"\n'
CHAT = {"column": "feature", "value": "chat"}
HASHES = [1, 2**63 + 5]
PRICED, UNPRICED = "c%2F07%3F%26", "c%2F00%3F%26"


def row(n: int) -> dict[str, Any]:
    """Many equal values, many unknown ones, and fractions that no few digits write."""
    return {
        "call_id": f"c/{(7 * n) % 30:02d}?&",
        "ts": BASE + (n // 3) * 3_600_000,
        "provider": "openai",
        "model": "gpt-4o" if n % 4 else "made-up",
        "input_tokens": 1_000 + n % 5,
        "output_tokens": 300,
        "cache_read_tokens": 100,
        "reasoning_tokens": 200,
        "latency_ms": None if n % 5 == 0 else (n % 7) / 3 + 0.1,
        "ttft_ms": None if n % 2 else 1 / (1 + n % 3),
        "feature": "chat" if n % 3 else "search",
        "session_id": "s1",
        "reported_cost_usd": 0.01 if n == 1 else None,
        "prefix_hashes": HASHES,
        "prefix_block_tokens": 64,
        "tags": {"team": "blue", "depth": 3},
    }


@pytest.fixture
async def door(bench: Any, data_access: Any, prices: Any) -> AsyncIterator[Any]:
    await bench.load(b"\n".join(orjson.dumps(row(n)) for n in range(30)))
    state: dict[str, UserExecutionContext] = {"context": bench.context}

    async def current() -> UserExecutionContext:
        return state["context"]

    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_calls_router(CallsService(data_access, bench.usage, prices), current))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client, state


async def listed(
    client: httpx.AsyncClient, **question: object
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The calls of all pages, and the last page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await client.post("/v1/usage/calls", json=question)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found, page
        assert len(page["items"]) == question.get("limit", 50)
        question["cursor"] = page["next_cursor"]


async def test_pages_of_every_order_hold_each_call_once_and_add_up_to_the_sum(door: Any, bench: Any) -> None:
    client, _ = door
    stored = await bench.usage.load_calls(
        bench.context,
        columns=["call_id", "ts", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "ttft_ms"],
    )
    stored = stored.with_columns(total_tokens=pl.col("input_tokens") + pl.col("output_tokens"))
    total = (await bench.ask("calls", "cost_usd")).rows[0]
    for order in cast(Any, CallOrder).__args__:
        name, falling = order.removeprefix("-"), order.startswith("-")
        wanted = stored.sort(
            [name, "ts", "call_id"], descending=[falling, falling and name == "ts", False], nulls_last=True
        )
        found, page = await listed(client, order_by=order, limit=11)
        assert [call["call_id"] for call in found] == wanted["call_id"].to_list(), order
        assert (page["calls"], page["cost_usd"], page["unpriced_calls"]) == (30, total["cost_usd"], 8)
        assert sum(Decimal(call["cost_usd"] or 0) for call in found) == Decimal(total["cost_usd"])
    scope = {
        "filters": [
            {"column": "feature", "value": "chat"},
            {"column": "latency_ms", "operator": ">", "value": 1},
        ],
        "since": "2025-06-15T15:00:00Z",
        "until": "2025-06-15T20:00:00Z",
    }
    found, page = await listed(client, **scope, limit=2, timezone="Asia/Tokyo")
    assert [call["ts"][11:] for call in found] == sorted((call["ts"][11:] for call in found), reverse=True)
    assert {call["feature"] for call in found} == {"chat"}
    assert ({call["ts"][-6:] for call in found}, page["timezone"]) == ({"+09:00"}, "Asia/Tokyo")
    assert page["calls"] == len(found) == (await bench.ask("calls", **scope)).rows[0]["calls"] == 4
    empty, page = await listed(client, since="2030-01-01T00:00:00Z", order_by="-cost_usd")
    assert (empty, page["calls"], page["cost_usd"], page["since"]) == ([], 0, None, None)


async def test_one_call_says_how_its_cost_comes_about(
    door: Any, bench: Any, new_bench: Any, prices: Any, repricing: Any
) -> None:
    client, state = door

    async def shown(call_id: str) -> dict[str, Any]:
        answer = await client.get(f"/v1/usage/calls/{call_id}", params={"timezone": "Europe/Berlin"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    one = await shown(PRICED)
    call, cost = one["call"], one["cost"]
    assert (call["call_id"], call["ts"]) == ("c/07?&", "2025-06-15T15:00:00+02:00")
    assert (call["tags"], call["total_tokens"]) == ({"team": "blue", "depth": 3}, 1_301)
    assert call["prefix_hashes"] == [f"{number:016x}" for number in HASHES]
    assert (call["app"], call["status"], call["position"] > 0) == (None, "ok", True)
    assert (cost["outcome"], cost["difference_usd"]) == ("exact", "0")
    # gpt-4o: $2.50 a million, $1.25 from the cache, $10 out; reasoning is output.
    parts = {part["usage"]: (part["tokens"], part["cost_usd"]) for part in cost["working"]["parts"]}
    assert parts == {
        "input": (901, "0.0022525"),
        "cache_read": (100, "0.000125"),
        "output": (100, "0.001"),
        "reasoning": (200, "0.002"),
    }
    assert call["cost_usd"] == cost["stored_usd"] == cost["working"]["cost_usd"] == "0.0053775"
    assert (cost["reported_usd"], cost["reported_difference_usd"]) == ("0.01", "0.0046225")
    unpriced = (await shown(UNPRICED))["cost"]
    assert (unpriced["outcome"], unpriced["stored_usd"]) == ("unpriced", None)
    assert unpriced["working"]["parts"] == []
    assert "No price of made-up by openai" in unpriced["explanation"]
    await check_other_prices(shown, bench, prices, repricing)
    await check_refusals(client)
    state["context"] = new_bench().context
    answers = [await client.get(f"/v1/usage/calls/{name}") for name in (PRICED, "nobody", "x" * 2_000)]
    assert [answer.status_code for answer in answers] == [404] * 3
    told = [{**answer.json(), "trace_id": None, "instance": None} for answer in answers]
    assert told[0] == told[1] == told[2]
    assert (await listed(client))[0] == []


async def check_other_prices(shown: Any, bench: Any, prices: Any, repricing: Any) -> None:
    """A contract that came later is not in the stored cost until history is priced by it."""
    await prices.put(bench.context, CONTRACT)
    before = (await shown(PRICED))["cost"]
    assert (before["outcome"], before["difference_usd"]) == ("list_price", "0")
    await repricing.apply(bench.context, RepriceRequest())
    after = (await shown(PRICED))["cost"]
    agreed = after["working"]["in_force"]["changed_by"]
    assert after["outcome"] == "exact"
    assert "agreed prices" in after["explanation"]
    assert {entry["kind"]: entry["percent"] for entry in agreed} == {"price": None, "discount": "10"}
    parts = after["working"]["parts"]
    assert Decimal(after["stored_usd"]) == sum(Decimal(part["cost_usd"]) for part in parts)
    await prices.put(bench.context, CONTRACT.replace('"10"', '"20"') + INPUT_ALONE)
    other = (await shown(PRICED))["cost"]
    assert other["outcome"] == "other_prices"
    assert "netra prices reprice" in other["explanation"]
    difference = Decimal(other["stored_usd"]) - Decimal(other["working"]["cost_usd"])
    assert Decimal(other["difference_usd"]) == difference
    without_rate = (await shown(UNPRICED))["cost"]
    assert without_rate["outcome"] == "unpriced"
    assert "has no rate for" in without_rate["explanation"]


async def check_refusals(client: httpx.AsyncClient) -> None:
    first = (await client.post("/v1/usage/calls", json={"order_by": "-cost_usd", "limit": 1})).json()
    for body, status, code in (
        ({"cursor": first["next_cursor"], "order_by": "ts"}, 400, "invalid_cursor"),
        ({"cursor": "bm90IG91cnM", "order_by": "ts"}, 400, "invalid_cursor"),
        ({"filters": [{"column": "colour", "value": "red"}]}, 400, "invalid_query"),
        ({"timezone": "Mars/North"}, 400, "invalid_query"),
        ({"since": "2025-06-16T00:00:00Z", "until": "2025-06-15T00:00:00Z"}, 400, "invalid_query"),
        ({"order_by": "colour"}, 422, None),
        ({"limit": 201}, 422, None),
    ):
        answer = await client.post("/v1/usage/calls", json=body)
        assert answer.status_code == status, answer.text
        assert code in (None, answer.json()["code"])
