"""An answer that is read again is the call that made it, and counted once."""

from datetime import UTC, datetime

import pytest

from netra.usage.otlp.calls import understand
from netra.usage.otlp.protobuf import read_protobuf
from testkit.otlp_wire import Span, Value, request_of

START = 1_790_000_000_000_000_000
NOW = datetime(2026, 10, 1, tzinfo=UTC)

FETCHES: dict[str, dict[str, Value]] = {
    "some.instrumentation": {
        "gen_ai.operation.name": "fetch_response", "gen_ai.response.model": "gpt-4o",
        "gen_ai.response.id": "resp_0a1b2c3d",
    },
    "openlit.instrumentation.openai": {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.id": "resp_0a1b2c3d",
    },
    "openinference.instrumentation.openai": {
        "openinference.span.kind": "LLM", "llm.invocation_parameters": "{}", "llm.model_name": "gpt-4o",
        "output.value": '{"id":"resp_0a1b2c3d","created_at":1}',
    },
}  # fmt: skip


@pytest.mark.parametrize("scope", FETCHES)
def test_an_answer_that_is_fetched_is_a_call_once_it_says_what_it_used(scope: str) -> None:
    """An answer in the background says so no sooner; while it is waited for there is nothing to reject."""

    def one(attributes: dict[str, Value], span_id: bytes) -> Span:
        return Span(b"t" * 16, span_id, START, START + 2 * 10**9, attributes)

    waiting = one(FETCHES[scope], b"w" * 8)
    usage: dict[str, Value] = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 500}
    done = one({**FETCHES[scope], **usage}, b"d" * 8)
    parameters: dict[str, Value] = {
        "llm.invocation_parameters": '{"model": "gpt-4o"}', "openai.api.type": "responses",
    }  # fmt: skip
    asked = {**FETCHES[scope], **usage, **parameters}
    asked |= {"gen_ai.operation.name": "chat"} if "gen_ai.operation.name" in asked else {}
    read = understand(read_protobuf(request_of([waiting, done, one(asked, b"e" * 8)], scope=scope)), NOW)
    assert (read.ignored, read.rejects) == (1, [])
    told = read.calls.select("response_id", "input_tokens", "output_tokens", "fetched", "latency_ms")
    assert told.rows() == [
        ("resp_0a1b2c3d", 1_000, 500, True, None), ("resp_0a1b2c3d", 1_000, 500, False, 2_000.0),
    ]  # fmt: skip
