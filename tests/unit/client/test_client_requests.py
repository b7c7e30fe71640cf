"""The client's HTTP side against a scripted server that speaks the wire format."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import orjson
import pytest

from netra.client.errors import (
    ApiError,
    ConflictingError,
    MissingError,
    RateLimitedError,
    UnauthorizedError,
    UnreachableError,
)
from netra.client.http import NetraClient


@pytest.fixture
async def client_of() -> AsyncGenerator[Callable[..., NetraClient]]:
    made: list[NetraClient] = []

    def make(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> NetraClient:
        client = NetraClient("http://server", **options)
        client._http = httpx.AsyncClient(base_url="http://server", transport=httpx.MockTransport(answer))
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UnauthorizedError),
        (404, MissingError),
        (409, ConflictingError),
        (429, RateLimitedError),
        (400, ApiError),
    ],
)
async def test_a_problem_becomes_its_error(client_of: Any, status: int, kind: type[ApiError]) -> None:
    problem = {"code": "the_code", "detail": "What happened.", "hint": "Do this.", "details": {"a": 1},
               "trace_id": "t", "status": status}  # fmt: skip
    client = client_of(lambda _: httpx.Response(status, json=problem), api_key="ntr_x")
    with pytest.raises(kind) as raised:
        await client.get("/v1/x")
    error = raised.value
    assert (error.code, error.message, error.hint, error.details, error.trace_id, error.status) == (
        "the_code", "What happened.", "Do this.", {"a": 1}, "t", status,
    )  # fmt: skip


async def test_an_answer_that_is_no_problem_is_an_error_too(client_of: Any) -> None:
    client = client_of(lambda _: httpx.Response(502, text="<html>"))
    with pytest.raises(ApiError, match="HTTP 502"):
        await client.get("/v1/x")


async def test_nobody_there_says_so(client_of: Any) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UnreachableError, match="No answer from http://server"):
        await client_of(refuse).get("/v1/x")


async def test_credential_and_workspace_go_along(client_of: Any) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    await client_of(answer, api_key="ntr_k", workspace="team").get("/v1/x", a=None, b=2)
    assert seen[0].headers["authorization"] == "Bearer ntr_k"
    assert seen[0].headers["netra-workspace"] == "team"
    assert str(seen[0].url) == "http://server/v1/x?b=2"


async def test_an_expired_token_is_renewed_once(client_of: Any) -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if request.url.path.startswith("/v1/auth/"):
            token = "old" if request.url.path.endswith("sign-in") else "new"
            return httpx.Response(200, json={"access_token": token, "refresh_token": "r"})
        fresh = request.headers["authorization"] == "Bearer new"
        return httpx.Response(200 if fresh else 401, json={"code": "unauthenticated"})

    client = client_of(answer)
    await client.sign_in("a@b.c", "password")
    await client.get("/v1/x")
    assert calls == ["/v1/auth/sign-in", "/v1/x", "/v1/auth/refresh", "/v1/x"]


async def test_pages_are_followed_to_the_end(client_of: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        page = (
            {"items": [1, 2], "next_cursor": "c"} if cursor is None else {"items": [3], "next_cursor": None}
        )
        return httpx.Response(200, json=page)

    assert [item async for item in client_of(answer).pages("/v1/x")] == [1, 2, 3]


def lines(*rows: Any) -> httpx.Response:
    return httpx.Response(200, content=b"\n".join(orjson.dumps(row) for row in rows) + b"\n")


async def test_progress_comes_before_the_result(client_of: Any) -> None:
    client = client_of(lambda _: lines({"type": "progress", "read": 1}, {"type": "result", "stored": 1}))
    seen: list[Any] = []
    assert await client.stream_progress("/v1/imports", on_progress=seen.append) == {"stored": 1}
    assert seen == [{"type": "progress", "read": 1}]


async def test_work_that_fails_half_way_is_an_error(client_of: Any) -> None:
    problem = {"code": "bad_row", "detail": "Row 3.", "status": 400}
    client = client_of(lambda _: lines({"type": "progress"}, {"type": "error", "problem": problem}))
    with pytest.raises(ApiError, match=r"Row 3\."):
        await client.stream_progress("/v1/imports")
    with pytest.raises(UnreachableError, match="before the work was finished"):
        await client_of(lambda _: lines({"type": "progress"})).stream_progress("/v1/imports")
