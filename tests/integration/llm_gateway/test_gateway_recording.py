"""What passes through the gateway reaches the caller unchanged and is recorded as usage, whatever happens."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from netra.config.secret import Secret
from netra.context.models import UserExecutionContext
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.llm_gateway.call_record import CallRecord
from netra.llm_gateway.endpoints import build_router
from netra.llm_gateway.forwarding import ChatForwarder
from netra.llm_gateway.recorder import CallRecorder
from netra.llm_gateway.upstream import ProviderAddress, Upstream
from netra.usage.outbox.batch import NewBatch
from testkit.ingest_bench import IngestBench
from testkit.scripted_provider import Reply, ScriptedProvider
from testkit.usage_bench import UsageBench

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 50}


@dataclass
class Gate:
    """The gateway as a caller sees it, and what it has recorded."""

    client: httpx.AsyncClient
    forwarder: ChatForwarder
    recorder: CallRecorder
    bench: UsageBench
    ingest: IngestBench

    async def recorded(self, *measures: str, **question: object) -> dict[str, Any]:
        await self.forwarder.close()
        await self.recorder.drained()
        await self.ingest.stored(self.bench.context)
        return (await self.bench.ask(*measures, **question)).rows[0]


Opening = Callable[[ScriptedProvider], Any]


@pytest.fixture
def opening(bench: UsageBench, ingest: IngestBench, ids: UnifiedIDManager) -> Opening:
    @asynccontextmanager
    async def open_gate(provider: ScriptedProvider) -> AsyncGenerator[Gate]:
        async def current(_: Request) -> UserExecutionContext:
            return bench.context.child(key_id="key_of_a_program")

        async with provider.running() as url:
            upstream = Upstream(ProviderAddress(url, Secret("sk-provider")))
            recorder = CallRecorder(ingest.intake)
            forwarder = ChatForwarder(upstream, recorder, ids)
            app = FastAPI()
            install_problem_handlers(app)
            app.include_router(build_router(forwarder, upstream, current))
            transport = httpx.ASGITransport(app)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                    yield Gate(client, forwarder, recorder, bench, ingest)
            finally:
                await forwarder.close()
                await recorder.close()
                await upstream.close()

    return open_gate


async def test_a_plain_answer_comes_back_unchanged_and_is_recorded(opening: Opening) -> None:
    provider = ScriptedProvider(lambda _: Reply(text="hello back"))
    async with opening(provider) as gate:
        answer = await gate.client.post(
            "/openai/v1/chat/completions", json=ASK, headers={"Netra-App": "portal"}
        )
        row = await gate.recorded(
            "calls", "input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens", "cost_usd",
            "latency_known", filters=[{"column": "app", "value": "portal"}],
        )  # fmt: skip
    assert answer.json()["choices"][0]["message"]["content"] == "hello back"
    assert provider.keys == ["Bearer sk-provider"]
    assert provider.requests == [ASK]
    # gpt-4o: 20 in at 2.50, 100 cached at 1.25, 40 out at 10.00 a million
    assert row["cost_usd"] == "0.000575"
    counts = (
        "calls",
        "input_tokens",
        "cache_read_tokens",
        "output_tokens",
        "reasoning_tokens",
        "latency_known",
    )
    assert [row[name] for name in counts] == [1, 120, 100, 40, 8, 1]


async def test_a_stream_passes_through_and_its_usage_is_asked_for(opening: Opening) -> None:
    provider = ScriptedProvider(lambda _: Reply(text="one two three four"))
    async with opening(provider) as gate:
        answer = await gate.client.post("/openai/v1/chat/completions", json={**ASK, "stream": True})
        row = await gate.recorded(
            "calls", "input_tokens", "output_tokens", "ttft_known",
            filters=[{"column": "streaming", "value": True}],
        )  # fmt: skip
    assert provider.requests[0]["stream_options"] == {"include_usage": True}
    assert answer.text.endswith("data: [DONE]\n\n")
    assert '"usage"' not in answer.text, "the caller did not ask for usage"
    assert row == {"calls": 1, "input_tokens": 120, "output_tokens": 40, "ttft_known": 1}


async def test_a_caller_who_asks_for_usage_gets_it(opening: Opening) -> None:
    provider = ScriptedProvider(lambda _: Reply(text="one"))
    async with opening(provider) as gate:
        asked = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
        answer = await gate.client.post("/openai/v1/chat/completions", json=asked)
    assert '"prompt_tokens": 120' in answer.text


async def test_a_providers_error_is_passed_on_with_its_body_and_recorded(opening: Opening) -> None:
    error = {"error": {"message": "slow down", "type": "rate_limit_error"}}
    provider = ScriptedProvider(lambda _: Reply(status=429, error=error, headers={"Retry-After": "7"}))
    async with opening(provider) as gate:
        answer = await gate.client.post("/openai/v1/chat/completions", json=ASK)
        row = await gate.recorded("calls", "rate_limited")
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, error, "7")
    assert row == {"calls": 1, "rate_limited": 1}


async def test_a_caller_who_leaves_does_not_hide_what_the_call_cost(opening: Opening) -> None:
    gate_open = asyncio.Event()
    provider = ScriptedProvider(lambda _: Reply(text="one two three four five", gate=gate_open))
    async with opening(provider) as gate:
        body = b'{"model": "gpt-4o", "messages": [], "stream": true}'
        forwarded = await gate.forwarder.forward(gate.bench.context, body, {})
        assert forwarded.stream is not None
        first = await anext(forwarded.stream)
        await forwarded.stream.aclose()
        gate_open.set()
        await gate.forwarder.close()
        row = await gate.recorded("calls", "input_tokens", "output_tokens")
    assert first.startswith(b"data: ")
    assert row == {"calls": 1, "input_tokens": 120, "output_tokens": 40}


async def test_an_unreachable_provider_is_a_clear_problem_and_recorded(
    bench: UsageBench, ingest: IngestBench, ids: UnifiedIDManager
) -> None:
    upstream = Upstream(ProviderAddress("http://127.0.0.1:9/v1", None))
    recorder = CallRecorder(ingest.intake)
    forwarder = ChatForwarder(upstream, recorder, ids)
    with pytest.raises(Exception, match="could not be reached"):
        await forwarder.forward(bench.context, b'{"model": "gpt-4o", "messages": []}', {})
    await recorder.close()
    await upstream.close()
    await ingest.stored(bench.context)
    assert (await bench.ask("calls", "errors")).rows == [{"calls": 1, "errors": 1}]


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'"text"'])
async def test_a_body_that_is_no_request_is_refused_before_it_is_sent(opening: Opening, body: bytes) -> None:
    provider = ScriptedProvider(lambda _: Reply(text="never"))
    async with opening(provider) as gate:
        answer = await gate.client.post("/openai/v1/chat/completions", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_request")
    assert provider.requests == []


async def test_models_are_those_of_the_provider(opening: Opening) -> None:
    async with opening(ScriptedProvider(lambda _: Reply(text=""))) as gate:
        answer = await gate.client.get("/openai/v1/models")
    assert answer.json()["data"][0]["id"] == "scripted-1"


async def test_what_the_levers_need_is_recorded(opening: Opening) -> None:
    """Equal requests, equal beginnings, whose key, whether somebody waits: enough for the caches' replay."""
    provider = ScriptedProvider(lambda _: Reply(text="hello back"))
    system = {"role": "system", "content": "You know the whole manual. " * 60}
    async with opening(provider) as gate:
        for question in ("one", "one", "two"):
            body = {**ASK, "messages": [system, {"role": "user", "content": question}]}
            headers = {"Netra-Session": "s1", "Netra-Interactive": "true"}
            await gate.client.post("/openai/v1/chat/completions", json=body, headers=headers)
        row = await gate.recorded("calls", filters=[{"column": "session_id", "value": "s1"}])
        calls = await gate.bench.usage.load_calls(
            gate.bench.context,
            columns=(
                "request_hash",
                "prefix_hashes",
                "prefix_block_tokens",
                "interactive",
                "response_id",
                "api_key_id",
            ),
        )
    assert row == {"calls": 3}
    assert sorted(calls["request_hash"].value_counts()["count"].to_list()) == [1, 2]
    first, *others = calls["prefix_hashes"].to_list()
    assert len(first) >= 2
    assert all(other[: len(first)] == first[: len(other)] for other in others)
    assert (calls["prefix_block_tokens"] * calls["prefix_hashes"].list.len() <= 120).all()
    assert calls["interactive"].to_list() == [True] * 3
    assert calls["api_key_id"].to_list() == ["key_of_a_program"] * 3
    assert calls["response_id"].n_unique() == 3


async def test_a_call_that_cannot_be_kept_at_once_is_kept_later(bench: UsageBench) -> None:
    kept: list[NewBatch] = []

    class Flaky:
        async def accept(self, context: UserExecutionContext, batch: NewBatch) -> None:
            kept.append(batch)
            if len(kept) == 1:
                raise ConnectionError("away")

    recorder = CallRecorder(Flaky())
    recorder.record(bench.context, CallRecord("req_1", datetime.now(UTC), dict(ASK)))
    await recorder.close()
    assert len(kept) == 2
    assert kept[0] == kept[1]
