"""Traces sent to a whole server are counted by the command line a moment later."""

import json
import time

import httpx
import pytest

from testkit.live_server import CommandLine, LiveServer
from testkit.otlp_wire import Span, request_of

pytestmark = pytest.mark.protects("W10")

CHAT = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100,
}  # fmt: skip


def test_an_exporters_spans_are_asked_for(live_server: LiveServer, command_line: CommandLine) -> None:
    key = json.loads((live_server.data_dir / "owner.json").read_text(encoding="utf-8"))["api_key"]
    own = ("--workspace", "live")
    assert command_line.json("ingest", "status", *own)["days"] == []
    now = time.time_ns()
    spans = [Span(b"t" * 16, bytes([n] * 8), now + n, now + n + 10**9, CHAT) for n in range(1, 4)]
    bad = Span(b"t" * 16, b"z" * 8, now, now, {**CHAT, "gen_ai.usage.input_tokens": -1})
    answer = httpx.post(
        f"{live_server.url}/v1/traces",
        content=request_of([*spans, bad]),
        headers={
            "authorization": f"Bearer {key}",
            "netra-workspace": "live",
            "content-type": "application/x-protobuf",
        },
        trust_env=False,
    )
    assert answer.status_code == 200
    while command_line.json("ingest", "status", *own)["waiting_batches"]:
        pass
    status = command_line.json("ingest", "status", *own)
    assert (status["sources"]["otlp"]["stored"], status["sources"]["otlp"]["rejected"]) == (3, 1)
    assert "a token count is negative" in command_line("ingest", "rejects", *own).stdout
    assert "4" in command_line("ingest", "status", *own).stdout
    asked = command_line.json("usage", "--measure", "calls,cost_usd", *own)
    assert asked["rows"] == [{"calls": 3, "cost_usd": "0.0105"}]
    checks = {check["name"]: check for check in command_line.json("doctor")["checks"]}
    assert checks["live ingestion"]["state"] == "ok"
