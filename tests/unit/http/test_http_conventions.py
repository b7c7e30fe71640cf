"""Problems, request ids, body limits, pages, origins: what every answer has in common."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from netra.errors.kinds import LimitExceededError, NotFoundError, UnauthenticatedError
from netra.http.middleware import BodyLimits, RequestMiddleware
from netra.http.origins import ForeignOriginError, OriginPolicy
from netra.http.pagination import InvalidCursorError, decode_cursor, encode_cursor, page_of
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.telemetry.metrics import Metrics


class Thing(BaseModel):
    name: str


def make_app(metrics: Metrics) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/missing")
    async def missing() -> None:
        raise NotFoundError("there is no such thing", hint="look elsewhere", details={"wanted": "x"})

    @app.get("/limited")
    async def limited() -> None:
        raise LimitExceededError("too often", details={"retry_after_s": 12.4})

    @app.get("/who")
    async def who() -> None:
        raise UnauthenticatedError("who are you")

    @app.get("/crash")
    async def crash() -> None:
        raise ZeroDivisionError("a secret of the inside")

    @app.post("/things")
    async def things(thing: Thing, size: Annotated[int, Query(ge=1)] = 1) -> Thing:
        return thing

    @app.post("/upload/file")
    async def upload(content: Annotated[bytes, Body(media_type="application/octet-stream")]) -> int:
        return len(content)

    limits = BodyLimits(default=200, by_prefix={"/upload": 1000, "/upload/free": None})
    app.add_middleware(RequestMiddleware, ids=UnifiedIDManager(), metrics=metrics, limits=limits)
    return app


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_app(metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as connected:
        yield connected


async def test_an_error_is_a_problem_with_code_hint_details_and_trace(client: httpx.AsyncClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await client.get("/missing", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:netra:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no such thing",
        "code": "not_found",
        "hint": "look elsewhere",
        "details": {"wanted": "x"},
        "trace_id": trace,
    }


async def test_limits_say_when_to_come_back_and_401_how(client: httpx.AsyncClient) -> None:
    assert (await client.get("/limited")).headers["retry-after"] == "12"
    assert (await client.get("/who")).headers["www-authenticate"].startswith("Bearer")


async def test_an_unexpected_error_tells_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/crash")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.json()["trace_id"] == answer.headers["netra-trace-id"]
    assert "secret" not in answer.text


async def test_a_wrong_shape_names_the_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", params={"size": 0}, json={"name": 5})
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_shape"
    assert {one["field"] for one in problem["details"]["errors"]} == {"query.size", "body.name"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/missing", 405)])
async def test_what_no_route_takes_is_a_problem_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_every_answer_carries_ids_and_protective_headers(client: httpx.AsyncClient) -> None:
    first, second = await client.get("/missing"), await client.get("/missing")
    assert first.headers["netra-request-id"].startswith("req_")
    assert first.headers["netra-request-id"] != second.headers["netra-request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/things", 300, 413), ("/upload/file", 900, 200), ("/upload/file", 1100, 413)],
)
async def test_a_declared_body_beyond_its_limit_is_refused(
    client: httpx.AsyncClient, path: str, size: int, status: int
) -> None:
    answer = await client.post(
        path, content=b"x" * size, headers={"content-type": "application/octet-stream"}
    )
    assert answer.status_code == status


async def test_a_streamed_body_is_cut_at_its_limit(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 100
            yield b"y" * 100

    answer = await client.post("/things", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_the_longest_prefix_decides_the_limit() -> None:
    limits = BodyLimits(default=1, by_prefix={"/upload": 2, "/upload/free": None})
    assert [limits.for_path(path) for path in ("/x", "/upload/x", "/upload/free/x")] == [1, 2, None]


async def test_requests_are_counted_by_route_not_by_path(client: httpx.AsyncClient, metrics: Metrics) -> None:
    await client.get("/missing")
    await client.get("/nowhere/at/all")
    shown = metrics.render().decode()
    assert 'netra_http_requests_total{method="GET",route="/missing",status="404"} 1.0' in shown
    assert "/nowhere" not in shown


@given(
    st.lists(st.one_of(st.text(max_size=30), st.integers(min_value=-(2**53), max_value=2**53)), max_size=4)
)
def test_a_cursor_gives_back_its_position(position: list[str | int]) -> None:
    kinds = [type(part) for part in position]
    assert decode_cursor(encode_cursor(*position), *kinds) == tuple(position)


@pytest.mark.parametrize("cursor", ["", "é", "!!!", "bm90IGpzb24", "e30", "WzFd", "WyJhIiwiYiJd" * 3])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        decode_cursor(cursor, str, str)


def test_a_page_ends_without_a_cursor() -> None:
    def cursor_of(row: int) -> str:
        return f"after {row}"

    assert page_of([1, 2, 3], 2, cursor_of) == ([1, 2], "after 2")
    assert page_of([1, 2], 2, cursor_of) == ([1, 2], None)
    assert page_of([], 2, cursor_of) == ([], None)


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "anything", True),
        ("http://127.0.0.1:8400", "127.0.0.1:8400", True),
        ("http://localhost:8400", "localhost:8400", True),
        ("http://[::1]:8400", "[::1]:8400", True),
        ("https://netra.example.com", "netra.example.com", True),
        ("https://netra.example.com:443", "x", True),
        ("https://extra.example.com", "x", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8400", False),
        ("http://evil.example.com", "evil.example.com", False),
        ("https://netra.example.com.evil.com", "x", False),
        ("null", "127.0.0.1:8400", False),
        ("", "127.0.0.1:8400", False),
        ("file://", None, False),
    ],
)
def test_which_origins_may_use_cookies(origin: str | None, host: str | None, allowed: bool) -> None:
    policy = OriginPolicy(public_url="https://netra.example.com", allowed=("https://EXTRA.example.com",))
    assert policy.is_allowed(origin, host) is allowed
    if not allowed:
        with pytest.raises(ForeignOriginError):
            policy.check(origin, host)
