"""`/v1/traces` as exporters meet it: credentials, answers, what is kept."""

import base64
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from netra.auth.services import AuthServices
from netra.config.settings import Settings
from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics
from netra.usage.otlp.credentials import build_exporter_context
from netra.usage.otlp.endpoints import build_router
from netra.usage.otlp.export import TraceExport
from netra.usage.outbox.intake import Intake
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageService
from testkit.accounts import NewUser
from testkit.ingest_bench import PROTOBUF, IngestBench
from testkit.otlp_wire import Span, json_of, request_of

pytestmark = pytest.mark.protects("W10")

DAY_NS = 86_400 * 10**9
CHAT = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read.input_tokens": 600,
    "gen_ai.usage.output_tokens": 100,
}  # fmt: skip


def spans(count: int, first: int = 0, **changes: Any) -> list[Span]:
    start, attributes = time.time_ns() - 60 * 10**9, {**CHAT, **changes}
    return [
        Span(b"t" * 16, number.to_bytes(8, "big"), start + number, start + number + 10**9, attributes)
        for number in range(first + 1, first + count + 1)
    ]


@dataclass
class Door:
    """An exporter's view, and what lies behind."""

    client: httpx.AsyncClient
    key: str
    context: UserExecutionContext
    ingest: IngestBench
    usage: UsageService

    async def post(self, body: bytes, **headers: str) -> httpx.Response:
        given = {"authorization": f"Bearer {self.key}", "content-type": PROTOBUF}
        return await self.client.post("/v1/traces", content=body, headers=given | headers)

    async def totals(self) -> dict[str, int]:
        return (await self.ingest.stored(self.context)).sources["otlp"]


@pytest.fixture
async def door(
    ingest: IngestBench,
    data_access: DataAccessFactory,
    auth: AuthServices,
    new_user: Callable[[], Awaitable[NewUser]],
    ids: UnifiedIDManager,
    settings: Settings,
) -> AsyncIterator[Door]:
    user = await new_user()
    principal = await auth.authentication.verify_access_token(user.session.access_token)
    membership = await auth.workspaces.access_workspace(principal, None)
    _, key = await auth.keys.create(principal, membership, name="exporter", days=1, role=None)

    async def current() -> UserExecutionContext:
        return user.context

    app = FastAPI()
    install_problem_handlers(app)
    exporter = build_exporter_context(auth.authentication, auth.workspaces, ids, settings)
    app.include_router(build_router(TraceExport(ingest.intake, Metrics()), ingest.status, exporter, current))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield Door(client, key, user.context, ingest, UsageService(data_access))


async def test_what_exporters_send_is_stored_and_priced_once(door: Door) -> None:
    sent = spans(3)
    answer = await door.post(request_of(sent))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    body = gzip.compress(request_of([*sent, *spans(2, 3)]))
    assert (await door.post(body, **{"content-encoding": "gzip"})).status_code == 200
    headers = {"authorization": f"Bearer {door.key}"}
    answer = await door.client.post("/v1/traces", json=json_of([*spans(1, 5), *sent]), headers=headers)
    assert (answer.status_code, answer.json()) == (200, {})
    # The Langfuse SDK sends a pair to a path of its own.
    pair = base64.b64encode(f"pk-anything:{door.key}".encode()).decode()
    answer = await door.client.post(
        "/api/public/otel/v1/traces",
        content=request_of(spans(1, 6)),
        headers={"authorization": f"Basic {pair}", "content-type": PROTOBUF},
    )
    assert answer.status_code == 200
    totals = await door.totals()
    assert (totals["received"], totals["stored"], totals["duplicates"]) == (13, 7, 6)
    query = UsageQuery(measures=["calls", "cache_read_tokens", "cost_usd"], dimensions=["app"])
    result = await door.usage.run(door.context, query)
    # gpt-4o: 400 in at 2.50, 600 cached at 1.25, 100 out at 10.00 a million
    assert result.rows == [{"app": "a-service", "calls": 7, "cache_read_tokens": 4200, "cost_usd": "0.01925"}]


async def test_an_answer_that_is_fetched_later_is_counted_once(door: Door) -> None:
    """Of a call in the background only the fetch has tokens; of every other call the fetch repeats them."""
    fetch = {"gen_ai.operation.name": "fetch_response"}
    counted = []
    for number, told in enumerate([{}, fetch, fetch, {"gen_ai.response.id": "resp_2"} | fetch, {}], 1):
        (span,) = spans(1, number, **{"gen_ai.response.id": "resp_1"} | told)
        # Ten days after the first they are fetched; and a server may give an id out again.
        later = 0 if number == 1 else 10 * DAY_NS
        moved = replace(span, start=span.start - 20 * DAY_NS + later, end=span.end - 20 * DAY_NS + later)
        assert (await door.post(request_of([moved]))).status_code == 200
        totals = await door.totals()
        counted.append((totals["stored"], totals["same_calls"]))
    assert counted == [(1, 0), (1, 1), (1, 2), (2, 2), (3, 2)]


async def test_what_is_not_stored_is_told_and_kept(door: Door) -> None:
    bad = spans(1, 50, **{"gen_ai.usage.output_tokens": -4})
    other = spans(2, 60, **{"gen_ai.operation.name": "execute_tool"})
    answer = await door.client.post(
        "/v1/traces", json=json_of([*bad, *other, *spans(1)]), headers={"x-api-key": door.key}
    )
    partial = answer.json()["partialSuccess"]
    assert partial == {"rejectedSpans": "1", "errorMessage": "1 spans: a token count is negative"}
    # Other signals of the same exporter are declined for good, with how many they were and what to set.
    headers = {"x-api-key": door.key}
    points = {"name": "m", "sum": {"dataPoints": [{"asInt": "1"}, {"asInt": "2"}]}}
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [points]}]}]}
    answer = await door.client.post("/v1/metrics", json=metrics, headers=headers)
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedDataPoints"]) == (200, "2")
    assert "OTEL_METRICS_EXPORTER=none" in partial["errorMessage"]
    # resource_logs { scope_logs { log_records {} log_records {} log_records {} } }
    logs, kind = b"\x0a\x08\x12\x06\x12\x00\x12\x00\x12\x00", {"content-type": PROTOBUF}
    answer = await door.client.post("/v1/logs", content=logs, headers=headers | kind)
    assert answer.content[4:].startswith(b"\x12")
    assert answer.content[2:4] == b"\x08\x03"
    assert (
        await door.client.post("/v1/logs", content=b"\x0a\xff", headers=headers | kind)
    ).status_code == 400
    assert (await door.client.post("/v1/logs", content=b"", headers=kind)).status_code == 401
    totals = await door.totals()
    assert [totals[name] for name in ("received", "stored", "ignored", "rejected")] == [4, 1, 2, 1]
    (reject,) = (await door.client.get("/v1/ingest/rejects")).json()["items"]
    assert (reject["kind"], reject["code"]) == ("span", "negative")
    assert reject["span_id"] == bad[0].span_id.hex()


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"authorization": ""}, b"", 401),
        ({"authorization": "Bearer ntr_no_such_key"}, b"", 401),
        ({"authorization": "Basic not-base64"}, b"", 401),
        ({"netra-workspace": "wsp_of_somebody_else"}, b"", 404),
        ({"content-type": "text/plain"}, b"", 415),
        ({"content-encoding": "br"}, b"", 415),
        ({}, b"\x0a\xff", 400),
        ({"content-encoding": "gzip"}, b"\x0a\xff", 400),
    ],
)
async def test_what_sending_again_would_not_mend_is_refused_for_good(
    door: Door, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = await door.post(body, **headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers


async def test_a_full_outbox_asks_to_wait(
    door: Door, data_access: DataAccessFactory, sessions: DatabaseSessionManager, tmp_path: Path
) -> None:
    full = Intake(data_access, sessions, Metrics(), limit_bytes=0, home=tmp_path)
    app = FastAPI()

    async def current() -> UserExecutionContext:
        return door.context

    app.include_router(build_router(TraceExport(full, Metrics()), door.ingest.status, current, current))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post(
            "/v1/traces", content=request_of(spans(1)), headers={"content-type": PROTOBUF}
        )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert b"wait to be stored" in answer.content
