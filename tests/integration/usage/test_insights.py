"""Anomalies and forecasts over stored calls, over HTTP; new dimensions, conditions and unit costs."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.http.problems import install_problem_handlers
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.focus.export import FocusExport
from netra.usage.insights.endpoints import build_insight_router
from netra.usage.insights.service import InsightService

FIRST = 1_746_403_200_000  # 2025-05-05T00:00:00Z, a Monday
DAY = 86_400_000
SPIKE = 38


@pytest.fixture
async def door(
    bench: Any, data_access: DataAccessFactory, catalogue: PriceCatalogue
) -> AsyncIterator[httpx.AsyncClient]:
    async def current() -> UserExecutionContext:
        return bench.context

    app = FastAPI()
    install_problem_handlers(app)
    focus = FocusExport(data_access, WorkspacePrices(data_access, catalogue))
    app.include_router(build_insight_router(InsightService(bench.usage), focus, current))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def calls(days: int) -> bytes:
    """Ten calls a weekday, three a day at weekends; on one day search sends ten times as much."""
    rows: list[dict[str, Any]] = []
    for day in range(days):
        for number in range(3 if day % 7 > 4 else 10):
            feature = "search" if number % 2 else "chat"
            loud = day == SPIKE and feature == "search"
            rows.append(
                {
                    "call_id": f"{day}-{number}",
                    # The last call of a day lies in its last hour, so every day is complete.
                    "ts": FIRST
                    + day * DAY
                    + (10 + number) * 3_600_000
                    + (3_600_000 * 10 if number == 2 else 0),
                    "provider": "openai",
                    "model": "gpt-4o" if number % 3 else "gpt-4o-mini",
                    "input_tokens": 1_000 * (10 if loud else 1) + day % 5,
                    "output_tokens": 100,
                    "feature": feature,
                    "user": f"u{number}",
                    "session_id": f"{day}-{number // 2}",
                    "api_key_id": "k",
                    "latency_ms": 500.0,
                    "status": "error" if number == 9 else "ok",
                    "tags": {"team": "red" if number % 2 else "blue", "env": "prod"},
                }
            )
    # One call near midnight of every day.
    for row in rows:
        row["ts"] = min(row["ts"], FIRST + (int(row["call_id"].split("-")[0]) + 1) * DAY - 1)
    rows += [
        {**rows[0], "call_id": f"late-{day}", "ts": FIRST + (day + 1) * DAY - 60_000, "session_id": None}
        for day in range(days)
    ]
    return b"\n".join(orjson.dumps({k: v for k, v in row.items() if v is not None}) for row in rows)


async def test_a_spike_is_found_with_the_feature_that_made_it(bench: Any, door: httpx.AsyncClient) -> None:
    await bench.load(calls(45))
    result = (await door.post("/v1/usage/anomalies", json={})).json()
    assert result["outcome"] == "complete"
    (spike,) = result["anomalies"]
    assert (spike["day"], spike["direction"]) == ("2025-06-12", "up")
    assert isinstance(spike["value"], str)
    assert float(spike["low"]) < float(spike["expected"]) < float(spike["high"]) < float(spike["value"])
    first = spike["causes"][0]
    assert (first["dimension"], first["segment"]) == ("feature", "search")
    assert first["share_pct"] == pytest.approx(100, abs=5)
    later = (await door.post("/v1/usage/anomalies", json={"since": "2025-06-14T00:00:00Z"})).json()
    assert (later["anomalies"], later["since"]) == ([], "2025-06-14")
    early = {"until": "2025-05-12T00:00:00Z"}
    lacking = (await door.post("/v1/usage/anomalies", json=early)).json()
    assert (lacking["outcome"], lacking["anomalies"]) == ("insufficient_data", [])
    assert "15" in lacking["missing"][0]
    soon = (await door.post("/v1/usage/anomalies", json={"until": "2025-05-26T00:00:00Z"})).json()
    assert (soon["outcome"], soon["judged_days"], len(soon["assumptions"])) == ("complete", 7, 1)


async def test_a_forecast_knows_weekends_and_growth(bench: Any, door: httpx.AsyncClient) -> None:
    await bench.load(calls(45))
    asked = {"measure": "calls", "days": 7, "until": "2025-06-12T00:00:00Z"}
    told = (await door.post("/v1/usage/forecast", json=asked)).json()
    assert [day["day"] for day in told["days"]][:2] == ["2025-06-12", "2025-06-13"]
    assert [round(day["value"]) for day in told["days"]] == [11, 11, 4, 4, 11, 11, 11]
    assert told["history_days"] == 38
    # Office hours: the last call is at ten; the last day is over where it is asked for as over.
    office = {"measure": "calls", "days": 1, "filters": [{"column": "session_id", "operator": "is not null"}]}
    for until, first in ((None, "2025-06-18"), ("2025-06-12T00:00:00Z", "2025-06-12")):
        short = (await door.post("/v1/usage/forecast", json={**office, "until": until})).json()
        assert short["days"][0]["day"] == first
    half_more = (await door.post("/v1/usage/forecast", json={**asked, "growth_pct": 50})).json()
    assert half_more["total"] == pytest.approx(1.5 * told["total"])
    assert len(half_more["assumptions"]) == 2
    money = (await door.post("/v1/usage/forecast", json={"days": 3})).json()
    assert isinstance(money["total"], str)
    few = (await door.post("/v1/usage/forecast", json={"until": "2025-05-24T00:00:00Z", "days": 7})).json()
    assert (few["outcome"], few["history_days"], len(few["assumptions"])) == ("complete", 19, 2)
    assert len({day["value"] for day in few["days"]}) == 1
    short = {"until": "2025-05-17T00:00:00Z"}
    lacking = (await door.post("/v1/usage/forecast", json=short)).json()
    assert (lacking["outcome"], lacking["total"], lacking["days"]) == ("insufficient_data", None, [])


async def test_teams_tags_conditions_and_unit_costs(bench: Any) -> None:
    await bench.load(calls(2))
    teams = await bench.ask("calls", dimensions=["team"], order_by=["team"])
    assert [(row["team"], row["calls"]) for row in teams.rows] == [("blue", 12), ("red", 10)]
    some = [
        {"column": "tag:env", "value": "prod"},
        {"column": "team", "operator": "!=", "value": "blue"},
        {"column": "input_tokens", "operator": "between", "value": [1_000, 1_000]},
        {"column": "model", "operator": "prefix", "value": "gpt-4o-m"},
        {"column": "session_id", "operator": "is not null"},
        {"column": "ttft_ms", "operator": "is null"},
    ]
    assert (await bench.ask("calls", filters=some)).rows == [{"calls": 2}]
    whole = (
        await bench.ask("cost_usd", "cost_per_success", "cost_per_key", "cost_per_mtok", "api_keys")
    ).rows[0]
    assert whole["cost_per_key"] == whole["cost_usd"]
    assert whole["api_keys"] == 1
    assert float(whole["cost_per_success"]) == pytest.approx(float(whole["cost_usd"]) / 20)
    tokens = (await bench.ask("total_tokens")).rows[0]["total_tokens"]
    assert float(whole["cost_per_mtok"]) == pytest.approx(float(whole["cost_usd"]) / tokens * 1e6)
    speed = await bench.ask("output_tokens_per_s_p50", "output_tokens_per_s_p5", "ttft_p95_ms")
    assert speed.rows == [
        {"output_tokens_per_s_p50": 200.0, "output_tokens_per_s_p5": 200.0, "ttft_p95_ms": None}
    ]
    beyond = await bench.ask("calls", dimensions=["model"], offset=50)
    models = (await bench.ask("calls", dimensions=["model"])).rows
    assert (beyond.rows, beyond.calls, beyond.row_count) == ([], 22, len(models))
