"""Every dialect says the same of the same call; spans around calls are no calls; what is wrong is named."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from netra.usage.otlp.calls import Understood, understand
from netra.usage.otlp.json_spans import read_json
from netra.usage.otlp.protobuf import read_protobuf
from testkit.otlp_wire import Span, Value, json_of, request_of

START = 1_790_000_000_000_000_000
NOW = datetime(2026, 10, 1, tzinfo=UTC)

OPENAI = "opentelemetry.instrumentation.openai_v2"

# One Anthropic call: 21 plain in, 18,000 read from the cache, 86 written to it, 393 out (100 reasoning).
DIALECTS: dict[str, tuple[str, dict[str, Value]]] = {
    "semantic conventions": ("com.anthropic.sdk.python", {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.response.id": "msg_1",
        "gen_ai.usage.input_tokens": 18_107, "gen_ai.usage.output_tokens": 393,
        "gen_ai.usage.cache_read.input_tokens": 18_000, "gen_ai.usage.cache_write.input_tokens": 86,
        "gen_ai.usage.reasoning.output_tokens": 100,
    }),
    "Traceloop today": ("opentelemetry.instrumentation.anthropic", {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 18_107,
        "gen_ai.usage.output_tokens": 393, "gen_ai.usage.total_tokens": 18_500,
        "gen_ai.usage.cache_read.input_tokens": 18_000, "gen_ai.usage.cache_creation.input_tokens": 86,
        "gen_ai.usage.reasoning_tokens": 100,
    }),
    "Traceloop before": ("opentelemetry.instrumentation.anthropic", {
        "llm.request.type": "completion", "gen_ai.system": "Anthropic",
        "gen_ai.response.model": "claude-sonnet-4-5", "gen_ai.usage.prompt_tokens": 18_107,
        "gen_ai.usage.completion_tokens": 393, "llm.usage.total_tokens": 18_500,
        "gen_ai.usage.cache_read_input_tokens": 18_000, "gen_ai.usage.cache_creation_input_tokens": 86,
        "llm.usage.reasoning_tokens": 100,
    }),
    "OpenInference": ("openinference.instrumentation.anthropic", {
        "openinference.span.kind": "LLM", "llm.provider": "anthropic", "llm.model_name": "claude-sonnet-4-5",
        "llm.token_count.prompt": 18_107, "llm.token_count.completion": 393, "llm.token_count.total": 18_500,
        "llm.token_count.prompt_details.cache_read": 18_000, "llm.token_count.prompt_details.cache_write": 86,
        "llm.token_count.completion_details.reasoning": 100,
    }),
    "OpenLIT, which leaves cached tokens out": ("openlit.instrumentation.anthropic", {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 21,
        "gen_ai.usage.output_tokens": 393, "gen_ai.usage.cache_read.input_tokens": 18_000,
        "gen_ai.usage.cache_creation.input_tokens": 86, "gen_ai.usage.reasoning_tokens": 100,
    }),
    "Langfuse, OpenAI's object": ("langfuse-sdk", {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "claude-sonnet-4-5",
        "langfuse.observation.usage_details":
            '{"prompt_tokens": 18107, "completion_tokens": 393, "total_tokens": 18500, '
            '"prompt_tokens_details": {"cached_tokens": 18000, "cache_creation_tokens": 86}, '
            '"completion_tokens_details": {"reasoning_tokens": 100}}',
    }),
    "Langfuse, kinds beside each other": ("langfuse-sdk", {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "claude-sonnet-4-5",
        "langfuse.observation.usage_details":
            '{"input": 21, "input_cached_tokens": 18000, "cache_creation_input_tokens": 86, "output": 293, '
            '"output_reasoning_tokens": 100, "total": 18500}',
    }),
    "Langfuse, Anthropic's object": ("langfuse-sdk", {
        "langfuse.observation.type": "generation", "langfuse.observation.model.name": "claude-sonnet-4-5",
        "langfuse.observation.usage_details":
            '{"input_tokens": 21, "cache_read_input_tokens": 18000, "cache_creation_input_tokens": 86, '
            '"output_tokens": 393}',
        "gen_ai.usage.reasoning_tokens": 100,
    }),
    "LiteLLM, whose object is Python": ("litellm", {
        "gen_ai.operation.name": "chat", "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 18_107, "gen_ai.usage.output_tokens": 393,
        "metadata.usage_object":
            "{'completion_tokens': 393, 'prompt_tokens': 18107, 'total_tokens': 18500, "
            "'completion_tokens_details': {'reasoning_tokens': 100, 'text_tokens': None}, "
            "'prompt_tokens_details': {'cached_tokens': 18000}, 'cache_creation_input_tokens': 86, "
            "'cache_read_input_tokens': 18000}",
    }),
}  # fmt: skip


def one(attributes: dict[str, Value], scope: str = OPENAI, **changes: Any) -> Span:
    values: dict[str, Any] = {
        "trace_id": b"t" * 16,
        "span_id": b"s" * 8,
        "start": START,
        "end": START + 2 * 10**9,
    }
    return Span(**{**values, **changes}, attributes=attributes)


def understood(*spans: Span, scope: str = OPENAI) -> Understood:
    return understand(read_protobuf(request_of(spans, scope=scope)), NOW)


def row_of(attributes: dict[str, Value], scope: str = OPENAI, **changes: Any) -> dict[str, Any]:
    return understood(one(attributes, **changes), scope=scope).calls.row(0, named=True)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_call_is_the_same_in_every_dialect(name: str) -> None:
    scope, attributes = DIALECTS[name]
    row = row_of(attributes, scope)
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    assert [row[column] for column in tokens] == [18_107, 18_000, 86, 393, 100]
    assert row["model"] == "claude-sonnet-4-5"
    assert row.get("provider", "anthropic") == "anthropic"
    assert (row["ts"].timestamp(), row["latency_ms"], row["status"]) == (START / 1e9, 2000.0, "ok")
    assert (row["trace_id"], row["span_id"]) == (b"t".hex() * 16, b"s".hex() * 8)


CHAT: dict[str, Value] = {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}  # fmt: skip


@pytest.mark.parametrize("operation", ["completion", "acompletion", "aresponses", "aembedding"])
def test_operations_in_litellms_words_are_calls(operation: str) -> None:
    assert understood(one({**CHAT, "gen_ai.operation.name": operation})).calls.height == 1


@pytest.mark.parametrize(
    "attributes",
    [
        {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 100, "llm.model_name": "gpt-4o"},
        {"openinference.span.kind": "AGENT", "gen_ai.operation.name": "chat", "llm.token_count.prompt": 100},
        {"langfuse.observation.type": "span", "langfuse.observation.usage_details": '{"input": 3}'},
        {**CHAT, "gen_ai.operation.name": "invoke_agent"},
        {**CHAT, "gen_ai.operation.name": "execute_tool"},
        {
            "traceloop.span.kind": "workflow",
            "gen_ai.usage.prompt_tokens": 100,
            "gen_ai.request.model": "gpt-4o",
        },
        {"llm.request.type": "rerank", "gen_ai.request.model": "r"},
        {"gen_ai.agent.name": "planner", "gen_ai.usage.input_tokens": 100, "gen_ai.request.model": "gpt-4o"},
        {"http.request.method": "POST", "url.full": "https://api.openai.com"},
        {},
    ],
)
def test_spans_around_calls_are_no_calls(attributes: dict[str, Value]) -> None:
    result = understood(one(attributes), one(CHAT, span_id=b"c" * 8))
    assert (result.spans, result.ignored, result.calls.height, result.rejects) == (2, 1, 1, [])


@pytest.mark.parametrize(
    ("attributes", "changes", "code"),
    [
        (CHAT, {"trace_id": b"short"}, "invalid_span"),
        (CHAT, {"trace_id": bytes(16)}, "invalid_span"),
        (CHAT, {"span_id": bytes(8)}, "invalid_span"),
        (CHAT, {"start": 0}, "invalid_span"),
        (CHAT, {"start": 1_799_000_000_000_000_000}, "future"),
        ({**CHAT, "gen_ai.usage.output_tokens": -1}, {}, "negative"),
        ({**CHAT, "gen_ai.usage.input_tokens": 2**62}, {}, "invalid_value"),
        ({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}, {}, "no_usage"),
    ],
)
def test_calls_that_make_no_sense_are_rejected_with_a_reason(
    attributes: dict[str, Value], changes: dict[str, Any], code: str
) -> None:
    result = understood(one(attributes, **changes), one(CHAT, span_id=b"c" * 8))
    assert [reject.code for reject in result.rejects] == [code]
    assert result.told().startswith("1 spans: ")
    assert result.calls.height == 1


@pytest.mark.parametrize(
    ("attributes", "changes", "status"),
    [
        ({}, {"status": 2}, "error"),
        ({"error.type": "RateLimitError"}, {}, "rate_limited"),
        ({"http.response.status_code": 429, "error.type": "x"}, {}, "rate_limited"),
        ({}, {"status": 2, "message": "Error code: 429 - slow down"}, "rate_limited"),
        ({"error.type": "openai.APITimeoutError"}, {}, "timeout"),
        ({"langfuse.observation.level": "ERROR"}, {}, "error"),
    ],
)
def test_failures_are_told_apart(attributes: dict[str, Value], changes: dict[str, Any], status: str) -> None:
    assert row_of({**CHAT, **attributes}, **changes)["status"] == status


def test_a_failed_call_needs_no_tokens() -> None:
    row = row_of({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}, status=2)
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("error", 0, 0)


def test_a_failure_that_says_nothing_but_its_name_is_a_call() -> None:
    told = "RateLimitError: Error code: 429 - {'error': {'message': 'slow down'}}"
    bare = [
        Span(
            bytes(15) + b"\1",
            bytes(7) + bytes([n]),
            START,
            START + 10**6,
            name=name,
            status=status,
            message=told,
        )
        for n, (name, status) in enumerate(
            [
                ("chat claude-sonnet-4-5", 2),
                ("chat claude-sonnet-4-5", 1),
                ("POST", 2),
                ("execute_tool x", 2),
            ],
            1,
        )
    ]
    for wire in (request_of(bare, scope="openlit.instrumentation.anthropic"),
                 json.dumps(json_of(bare, scope="openlit.instrumentation.anthropic")).encode()):  # fmt: skip
        spans = read_json(wire) if wire.startswith(b"{") else read_protobuf(wire)
        understood = understand(spans, NOW)
        columns = ("span_id", "model", "provider", "status", "input_tokens")
        assert understood.calls.select(columns).rows() == [
            ("0000000000000001", "claude-sonnet-4-5", "anthropic", "rate_limited", 0)
        ]
        assert understood.ignored == 3
    assert not understand(read_protobuf(request_of(bare, scope="another.library")), NOW).calls.height


def test_a_call_that_leaves_out_what_was_cached_says_so() -> None:
    conventional: dict[str, Value] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 2_006, "gen_ai.usage.output_tokens": 3,
    }  # fmt: skip
    told: list[dict[str, Value]] = [
        conventional,
        {**conventional, "deployment.environment.name": "prod"},
        {**conventional, "gen_ai.usage.cache_read.input_tokens": 0, "deployment.environment.name": "prod"},
        {**conventional, "gen_ai.usage.input_tokens": 1_023},
        {**conventional, "gen_ai.provider.name": "anthropic"},
    ]
    spans = [
        Span(bytes(15) + b"\1", bytes(7) + bytes([n]), START, START, attributes)
        for n, attributes in enumerate(told, 1)
    ]
    calls = understand(read_protobuf(request_of(spans)), NOW).calls
    assert calls["tags"].to_list() == [
        '{"cached_tokens":"unreported"}',
        '{"environment":"prod","cached_tokens":"unreported"}',
        '{"environment":"prod"}',
        None,
        None,
    ]
    # These leave out zeros, and say nothing of their own about reading an answer again.
    spans[0] = Span(bytes(15) + b"\1", b"fetching", START, START, {"gen_ai.operation.name": "fetch_response"})
    scope = "opentelemetry.instrumentation.genai.openai"
    understood = understand(read_protobuf(request_of(spans, scope=scope)), NOW)
    assert understood.calls["tags"].to_list() == ['{"environment":"prod"}'] * 2 + [None] * 2
    assert (understood.ignored, understood.rejects) == (1, [])


def test_labels_and_parameters() -> None:
    row = row_of({
        **CHAT, "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.provider.name": "openai",
        "server.address": "my.openai.azure.com", "gen_ai.conversation.id": "c1", "enduser.id": "u1",
        "langfuse.trace.metadata.feature": '"search"', "metadata.user_api_key_alias": "team-key",
        "gen_ai.request.max_tokens": 512, "gen_ai.request.temperature": 0.5, "deployment.environment": "live",
        "gen_ai.openai.response.service_tier": "flex", "gen_ai.usage.cost": 0.0012, "netra.interactive": True,
        "llm.invocation_parameters": '{"reasoning_effort": "high", "temperature": 1, "stream": true}',
        "gen_ai.server.time_to_first_token": 0.25, "session.id": "line\nbreak",
    })  # fmt: skip
    expected = {
        "model": "gpt-4o-2024-08-06", "provider": "azure", "session_id": "line break", "user": "u1",
        "feature": "search", "api_key_id": "team-key", "max_output_tokens": 512, "temperature": 0.5,
        "service_tier": "flex", "reasoning_effort": "high", "streaming": True, "ttft_ms": 250.0,
        "interactive": True, "reported_cost_usd": Decimal("0.0012"), "tags": '{"environment":"live"}',
        "app": "a-service",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"id":"resp_0a1b2c3d", "output": "' + "text " * 5_000 + '"}', "resp_0a1b2c3d"),
        ('{"id": "msg_0a1b2c3d"}', "msg_0a1b2c3d"),
        ('{"id":"chatcmpl-0a1b2c3d","choices":[]}', "chatcmpl-0a1b2c3d"),
        ('{"id":"chatcmpl-712","object":"chat.completion"}', None),
        ('{"id":"gen-1744021218-Ab3"}', "gen-1744021218-Ab3"),
        ('{"id":"0f0e0d0c-0b0a-4f09","created":17,"object":"chat.completion","x":[', "0f0e0d0c-0b0a-4f09"),
        ('{"id": "0f0e0d0c-0b0a-4f09", "choices": [{"finish_reason": "stop"', "0f0e0d0c-0b0a-4f09"),
        ('{"id":"customer-000000042","name":"Ann","plan":"pro"}', None),
        ('{"id":"customer-000000042","object":"customer","items":[{"object":"chat.completion"}]}', None),
        ('{"id":"customer-000000042","type":"message","text":"\\"object\\":\\"chat.completion\\""}', None),
        ('{"id":"question-000000007","choices":[{"text":"yes"},{"text":"no"}]}', None),
        ('{"id":"msg_7","text":"hello"}', None),
        ('{"object": "response", "id": "resp_0a1b2c3d"}', None),
        ("an answer", None),
        (7, None),
    ],
)
def test_the_id_of_an_answer_is_read_from_its_beginning(answer: Value, found: str | None) -> None:
    """OpenInference has no attribute for it; what another report says itself counts."""
    span = one({**CHAT, "output.value": answer})
    told = one({**CHAT, "output.value": answer, "gen_ai.response.id": "own"}, span_id=b"c" * 8)
    read = understood(span, told).calls["response_id"].to_list()
    assert read == [found, "own"]
    assert understand(read_json(json.dumps(json_of([span, told])).encode()), NOW).calls[
        "response_id"
    ].to_list() == [found, "own"]


@pytest.mark.parametrize(
    ("word", "tier", "told"),
    [("Default", "standard", None), ("on_demand", "standard", None), ("scale", "standard", "scale")],
)
def test_a_tier_that_is_not_known_is_standard_and_told(word: str, tier: str, told: str | None) -> None:
    row = row_of({**CHAT, "openai.response.service_tier": word, "deployment.environment": "live"})
    assert row["service_tier"] == tier
    assert json.loads(row["tags"]) == {"environment": "live"} | ({"service_tier": told} if told else {})


def test_the_first_token_of_a_stream_is_read_from_events_and_from_langfuse() -> None:
    events = [("llm.content.completion.chunk", START + at) for at in (900_000_000, 300_000_000)]
    assert row_of({**CHAT, "gen_ai.is_streaming": True}, events=events)["ttft_ms"] == 300.0
    begun = datetime.fromtimestamp(START / 1e9 + 0.5, UTC).isoformat().replace("+00:00", "Z")
    row = row_of({**CHAT, "langfuse.observation.completion_start_time": f'"{begun}"'})
    assert row["ttft_ms"] == pytest.approx(500.0)
    assert row["streaming"] is True


@pytest.mark.parametrize(
    ("told", "changes", "latency", "first", "left_out"),
    [
        ({}, {"events": [("First Token Stream Event", START + 2 * 10**9)]}, 2_000.0, 2_000.0, None),
        ({}, {"events": [("First Token Stream Event", START + 2 * 10**9 + 1)]}, 2_000.0, None, "ttft_ms"),
        ({}, {"events": [("First Token Stream Event", START - 1)]}, 2_000.0, None, "ttft_ms"),
        ({"gen_ai.server.time_to_first_token": 2.5}, {}, 2_000.0, None, "ttft_ms"),
        ({"gen_ai.server.time_to_first_token": 2.5}, {"end": START - 1}, None, 2_500.0, "latency_ms"),
        ({"gen_ai.server.time_to_first_token": 2.5}, {"end": 0}, None, 2_500.0, None),
        ({"gen_ai.is_streaming": False, "gen_ai.server.time_to_first_token": 2.5}, {}, 2_000.0, None, None),
    ],
)
def test_a_first_token_outside_its_call_is_no_measurement(
    told: dict[str, Value], changes: dict[str, Any], latency: float, first: float, left_out: str
) -> None:
    """What the clocks contradict is left out, and the call says so in its tags."""
    row = row_of({**CHAT, "gen_ai.is_streaming": True, **told}, **changes)
    assert (row["latency_ms"], row["ttft_ms"]) == (latency, first)
    assert json.loads(row.get("tags") or "{}").get("clock_skew") == left_out


def test_reasoning_that_is_counted_beside_the_output_is_added() -> None:
    row = row_of({**CHAT, "gen_ai.usage.output_tokens": 40, "gen_ai.usage.reasoning_tokens": 900})
    assert (row["output_tokens"], row["reasoning_tokens"]) == (940, 900)


def test_text_of_prompts_leaves_only_digests() -> None:
    """Equal requests have equal hashes, equal beginnings equal first blocks, and no text is in the calls."""
    manual = "the whole manual of the machine " * 60

    def asked(question: str, span: bytes, tokens: int = 600) -> Span:
        messages = (
            f'[{{"role": "system", "content": "{manual}"}}, {{"role": "user", "content": "{question}"}}]'
        )
        attributes = {**CHAT, "gen_ai.input.messages": messages, "gen_ai.usage.input_tokens": tokens}
        return one(attributes, span_id=span * 8)

    calls = understood(asked("one", b"a"), asked("one", b"b"), asked("two", b"c"), one(CHAT)).calls
    first, again, other, bare = calls.select("request_hash", "prefix_hashes", "prefix_block_tokens").rows()
    assert first == again
    assert first[0] != other[0]
    assert first[1][:3] == other[1][:3]
    assert len(first[1]) * first[2] <= 600
    assert bare == (None, None, None)
    assert "manual" not in str(calls.to_dict(as_series=False))


def test_ancestors_are_found_through_spans_that_are_no_calls() -> None:
    outer, middle, inner = b"o" * 8, b"m" * 8, b"i" * 8
    result = understood(
        one(CHAT, span_id=inner, parent_id=middle),
        one({}, span_id=middle, parent_id=outer),
        one(CHAT, span_id=outer, parent_id=b"r" * 8),
    )
    assert result.calls["ancestor_id"].to_list() == [outer.hex(), (b"r" * 8).hex()]
