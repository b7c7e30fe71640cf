"""The HTTP doors of levers and prices."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.http.idempotency import IdempotencyStore
from netra.http.problems import install_problem_handlers
from netra.optimization.endpoints import build_router
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.endpoints import build_router as build_prices_router
from netra.pricing.workspace_prices import WorkspacePrices
from netra.storage.postgres.sessions import DatabaseSessionManager
from testkit.usage_bench import UsageBench


@pytest.fixture
async def browser(
    bench: UsageBench,
    data_access: DataAccessFactory,
    sessions: DatabaseSessionManager,
    catalogue: PriceCatalogue,
) -> AsyncIterator[httpx.AsyncClient]:
    async def current() -> UserExecutionContext:
        return bench.context

    app = FastAPI()
    install_problem_handlers(app)
    optimization = OptimizationService(data_access, bench.usage, bench.evaluations, catalogue)
    app.include_router(build_router(optimization, current))
    prices = WorkspacePrices(data_access, catalogue)
    app.include_router(build_prices_router(prices, IdempotencyStore(sessions), current))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://netra.test") as client:
        yield client


async def test_optimize_answers_without_a_body(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/v1/optimize")
    assert answer.status_code == 200
    body = answer.json()
    assert body["baseline"] == {
        "calls": 0,
        "cost_usd": "0",
        "unpriced_calls": 0,
        "since": None,
        "until": None,
    }
    assert {finding["verdict"] for finding in body["findings"]} == {"insufficient_data"}
    assert set(body["findings"][0]) == {
        *("id", "lever", "params", "verdict", "baseline_usd", "counterfactual_usd", "savings_usd"),
        *("savings_pct", "interval_95", "latency_effect", "quality_effect", "risk", "effort"),
        *("assumptions", "missing", "query", "sql", "rows", "apply", "bounds", "diagnosis"),
    }
    assert set(body["joint"]) >= {
        *("levers", "baseline_usd", "counterfactual_usd", "savings_usd", "savings_pct", "interval_95"),
    }


async def test_progress_comes_as_lines_and_ends_in_the_result(
    browser: httpx.AsyncClient, bench: UsageBench
) -> None:
    await bench.load(b"ts,model,input_tokens,output_tokens\n2026-01-01T00:00:00Z,gpt-4o,10,10\n")
    answer = await browser.post("/v1/optimize", json={}, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["type"] for line in lines[:-1]] == ["progress"] * (len(lines) - 1)
    assert {line["step"] for line in lines[:-1]} >= {"load", "prompt-cache", "intervals", "joint", "done"}
    assert lines[-1]["type"] == "result"
    assert lines[-1]["baseline"]["calls"] == 1


async def test_a_wrong_question_is_a_problem_in_both_forms(browser: httpx.AsyncClient) -> None:
    plain = await browser.post("/v1/optimize", json={"levers": ["magic"]})
    assert (plain.status_code, plain.json()["code"]) == (400, "unknown_lever")
    streamed = await browser.post(
        "/v1/optimize", json={"params": {"ttl": "1h"}}, headers={"Accept": "application/x-ndjson"}
    )
    line = json.loads(streamed.text)
    assert line["type"] == "error"
    assert line["problem"]["code"] == "invalid_lever_param"


async def test_constraints_are_answered_with_a_plan_that_is_kept(
    browser: httpx.AsyncClient, bench: UsageBench
) -> None:
    rows = [
        {
            "ts": 1_770_000_000_000 + 1_000 * k,
            "model": "gpt-4o",
            "input_tokens": 1_000,
            "output_tokens": 100,
            "latency_ms": 400 + k % 10,
            "interactive": k % 2 == 0,
            "tags": {"region": "eu" if k % 4 < 2 else "us"},
        }
        for k in range(400)
    ]
    await bench.load("\n".join(json.dumps(row) for row in rows).encode())
    asked = {"constraints": {"min_savings_pct": 20, "max_p95_ms": 450}, "levers": ["batch", "region"]}
    plan = (await browser.post("/v1/optimize", json=asked)).json()["plan"]
    assert (plan["feasible"], plan["levers"], plan["savings_pct"]) == (True, ["batch"], 25.0)
    assert {c["name"]: c["standing"] for c in plan["constraints"]} == {
        "min_savings_pct": "met",
        "max_p95_ms": "met",
    }
    assert plan["latency"]["p95"]["before_ms"] == plan["latency"]["p95"]["after_ms"]
    again = (await browser.post("/v1/optimize", json=asked)).json()["plan"]
    assert again == plan
    harder = {**asked, "constraints": {"min_savings_pct": 60, "max_p95_ms": 450}}
    unmet = (await browser.post("/v1/optimize", json=harder)).json()["plan"]
    assert not unmet["feasible"]
    assert unmet["constraints"][0]["short_by"] == 35.0
    wrong = await browser.post("/v1/optimize", json={"constraints": {"max_risk": "low"}})
    assert wrong.status_code == 422


async def test_prices_over_http(browser: httpx.AsyncClient) -> None:
    shown = await browser.get("/v1/prices/anthropic/claude-sonnet-4-5", params={"at": "2026-06-01T00:00:00Z"})
    assert shown.json()["tiers"]["standard"][0]["usd_per_mtok"]["input"] == "3"
    cost = await browser.post(
        "/v1/prices/cost",
        json={
            "model": "claude-3-7-sonnet-20250219",
            "input_tokens": 12_307,
            "cache_write_tokens": 12_304,
            "output_tokens": 550,
        },
    )
    assert cost.json()["cost_usd"] == "0.054399"
    unknown = await browser.post("/v1/prices/cost", json={"model": "house-7b", "input_tokens": 1})
    assert (unknown.json()["cost_usd"], unknown.json()["unpriced"]) == (None, True)
