"""The HTTP doors: permissions, progress as JSON lines, problems, rejects."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from netra.auth.permissions import permissions_of
from netra.context.models import UserExecutionContext
from netra.http.problems import install_problem_handlers
from netra.usage.endpoints import build_router

ROW = {"call_id": "a", "ts": 1_750_000_000_000, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 1}
BAD = {**ROW, "call_id": "b", "input_tokens": -1}
LINES = orjson.dumps(ROW) + b"\n" + orjson.dumps(BAD) + b"\n"
STREAM = {"Accept": "application/x-ndjson"}


@pytest.fixture
async def door(bench: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    state: dict[str, UserExecutionContext] = {"context": bench.context}

    async def current() -> UserExecutionContext:
        return state["context"]

    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(build_router(bench.imports, bench.usage, current))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client, state


async def test_import_then_ask(door: Any) -> None:
    client, _ = door
    answer = await client.post("/v1/imports", params={"format": "calls", "name": "a.jsonl"}, content=LINES)
    assert answer.status_code == 200
    result = answer.json()
    assert (result["read"], result["stored"], result["rejected"]) == (2, 1, 1)
    rejects = await client.get(result["rejects_url"])
    assert orjson.loads(rejects.text) == {
        "line": 2,
        "code": "negative",
        "reason": "input_tokens is negative ('-1'); counts start at 0",
        "column": "input_tokens",
    }
    listed = (await client.get("/v1/imports")).json()
    assert [record["id"] for record in listed["items"]] == [result["import_id"]]
    one = (await client.get(f"/v1/imports/{result['import_id']}")).json()
    assert (one["status"], one["name"], one["stored"]) == ("completed", "a.jsonl", 1)
    assert [(found["code"], found["rows"]) for found in one["quality"]["findings"]] == [("negative", 1)]
    query = {"measures": ["calls", "cost_usd"], "dimensions": ["model"]}
    rows = (await client.post("/v1/usage/query", json=query)).json()
    assert rows["rows"] == [{"model": "gpt-4o", "calls": 1, "cost_usd": "0.000035"}]
    assert rows["query"] == query
    assert (await client.get("/v1/usage/overview")).json()["calls"] == 1
    undone = (await client.post(f"/v1/imports/{result['import_id']}/undo")).json()
    assert (undone["status"], undone["stored"]) == ("undone", 1)
    assert (await client.get("/v1/usage/overview")).json()["calls"] == 0


async def test_progress_ends_with_a_result(door: Any) -> None:
    client, _ = door
    params = [("format", "calls"), ("set", "app=chat"), ("map", "user=who")]
    content = orjson.dumps({**ROW, "who": "ann"})
    answer = await client.post("/v1/imports", params=params, content=content, headers=STREAM)
    messages = [orjson.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert {message["type"] for message in messages[:-1]} <= {"progress"}
    assert (messages[-1]["type"], messages[-1]["stored"]) == ("result", 1)


async def test_progress_ends_with_a_problem(door: Any) -> None:
    client, _ = door
    answer = await client.post(
        "/v1/imports", params={"format": "calls"}, content=b"a,b\n1,2\n", headers=STREAM
    )
    last = orjson.loads(answer.text.splitlines()[-1])
    assert last["type"] == "error"
    assert last["problem"]["code"] == "missing_columns"
    assert "--map" in last["problem"]["hint"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"format": "xlsx"}, "unknown_format"),
        ({"format": "calls", "set": "app"}, "invalid_option"),
        ({"format": "calls", "set": "colour=red"}, "invalid_option"),
    ],
)
async def test_impossible_requests_are_problems(door: Any, params: dict[str, str], code: str) -> None:
    client, _ = door
    for headers in ({}, STREAM):
        answer = await client.post("/v1/imports", params=params, content=LINES, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_viewer_asks_and_neither_imports_nor_undoes(door: Any, bench: Any) -> None:
    client, state = door
    plain = bench.context
    stored = (await client.post("/v1/imports", params={"format": "calls"}, content=LINES)).json()
    state["context"] = UserExecutionContext(
        user_id=plain.user_id,
        workspace_id=plain.workspace_id,
        role="viewer",
        request_id=plain.request_id,
        permissions=permissions_of("viewer"),
    )
    for kind in ("calls", "evals"):
        answer = await client.post("/v1/imports", params={"format": kind}, content=LINES, headers=STREAM)
        assert answer.status_code == 403
    assert (await client.post(f"/v1/imports/{stored['import_id']}/undo")).status_code == 403
    assert (await client.post("/v1/usage/query", json={"measures": ["calls"]})).json()["rows"] == [
        {"calls": 1}
    ]


async def test_nothing_of_another_workspace_is_found(door: Any, new_bench: Any) -> None:
    client, state = door
    result = (await client.post("/v1/imports", params={"format": "calls"}, content=LINES)).json()
    state["context"] = new_bench().context
    unknown = "imp_00000000000000000000000000"
    for tail in ("", "/rejects"):
        foreign = await client.get(f"/v1/imports/{result['import_id']}{tail}")
        random = await client.get(f"/v1/imports/{unknown}{tail}")
        assert foreign.status_code == random.status_code == 404
        assert {**foreign.json(), "trace_id": None} == {**random.json(), "trace_id": None}
    assert (await client.post(f"/v1/imports/{result['import_id']}/undo")).status_code == 404
    assert (await client.get("/v1/imports")).json()["items"] == []
