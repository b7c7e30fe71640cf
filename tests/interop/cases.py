"""What is called through every stack: the request's kind, and the usage that the provider reports for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from testkit.openai_responses_wire import ResponseEnding

JsonObject = dict[str, Any]
Way = Literal["create", "parse", "raw", "helper"]
"""The client's method: `create`, `parse`, `with_raw_response.create`, or its helper for streams."""


@dataclass(frozen=True)
class Case:
    """One call. `usage` is the provider's own object; `expected` are the tokens of our row."""

    name: str
    api: str
    model: str
    usage: JsonObject = field(default_factory=dict[str, Any])
    expected: tuple[int, int, int, int] = (0, 0, 0, 0)
    """input (all), cache read, cache write, output"""
    stream: bool = False
    asynchronous: bool = False
    tools: bool = False
    way: Way = "create"
    left: bool = False
    """The stream is closed after its first piece."""
    status: int = 200
    """Of the provider's answer; 0 where none comes in time."""
    ending: ResponseEnding = "completed"
    """Of a response: `incomplete` where its cap cut it off, `failed` where the provider gave up."""

    @property
    def outcome(self) -> str:
        """The status of our row."""
        if self.status in (0, 429):
            return "timeout" if self.status == 0 else "rate_limited"
        return "ok" if self.status == 200 and self.ending != "failed" else "error"


def _openai(prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> JsonObject:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def _responses(given: int, output: int, cached: int = 0, reasoning: int = 0) -> JsonObject:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": given + output,
    }


def _anthropic(plain: int, output: int, read: int = 0, written: int = 0) -> JsonObject:
    return {
        "input_tokens": plain,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }


def _embedding(given: int) -> JsonObject:
    return {"prompt_tokens": given, "total_tokens": given}


EMBEDDER = "text-embedding-3-small"

USUAL = (
    Case("openai-plain", "openai", "gpt-4o", _openai(1_117, 43), (1_117, 0, 0, 43)),
    Case("openai-cached", "openai", "gpt-4o", _openai(2_006, 300, 1_920), (2_006, 1_920, 0, 300)),
    Case("openai-reasoning", "openai", "gpt-5-mini", _openai(75, 1_186, 0, 1_024), (75, 0, 0, 1_186)),
    Case("openai-tools", "openai", "gpt-4o", _openai(82, 17), (82, 0, 0, 17), tools=True),
    Case("openai-stream", "openai", "gpt-4o", _openai(1_500, 77, 1_024), (1_500, 1_024, 0, 77), stream=True),
    Case(
        "openai-async-cached",
        "openai",
        "gpt-5-mini",
        _openai(3_100, 420, 2_944, 256),
        (3_100, 2_944, 0, 420),
        asynchronous=True,
    ),
    Case(
        "openai-async-stream",
        "openai",
        "gpt-5-mini",
        _openai(1_900, 210, 1_664, 128),
        (1_900, 1_664, 0, 210),
        stream=True,
        asynchronous=True,
    ),
    Case("openai-error", "openai", "gpt-4o", status=429),
    Case("responses-plain", "responses", "gpt-4o", _responses(1_213, 47), (1_213, 0, 0, 47)),
    Case("responses-cached", "responses", "gpt-4o", _responses(2_106, 310, 1_792), (2_106, 1_792, 0, 310)),
    Case(
        "responses-reasoning", "responses", "gpt-5-mini", _responses(81, 1_290, 0, 1_152), (81, 0, 0, 1_290)
    ),
    Case("responses-tools", "responses", "gpt-4o", _responses(84, 19), (84, 0, 0, 19), tools=True),
    Case(
        "responses-stream",
        "responses",
        "gpt-4o",
        _responses(1_611, 79, 1_152),
        (1_611, 1_152, 0, 79),
        stream=True,
    ),
    Case(
        "responses-call-stream",
        "responses",
        "gpt-4o",
        _responses(1_319, 23, 1_024),
        (1_319, 1_024, 0, 23),
        stream=True,
        tools=True,
    ),
    Case(
        "responses-async-cached",
        "responses",
        "gpt-5-mini",
        _responses(3_200, 430, 3_072, 192),
        (3_200, 3_072, 0, 430),
        asynchronous=True,
    ),
    Case(
        "responses-async-stream",
        "responses",
        "gpt-5-mini",
        _responses(2_900, 220, 2_688, 64),
        (2_900, 2_688, 0, 220),
        stream=True,
        asynchronous=True,
    ),
    Case(
        "responses-capped",
        "responses",
        "gpt-4o",
        _responses(1_417, 2_000, 1_280),
        (1_417, 1_280, 0, 2_000),
        ending="incomplete",
    ),
    Case(
        "responses-incomplete-stream",
        "responses",
        "gpt-4o",
        _responses(1_523, 2_000, 1_408),
        (1_523, 1_408, 0, 2_000),
        stream=True,
        ending="incomplete",
    ),
    Case("responses-failed-stream", "responses", "gpt-4o", stream=True, ending="failed"),
    Case("responses-error", "responses", "gpt-5-mini", status=429),
    Case("embeddings-plain", "embeddings", EMBEDDER, _embedding(1_409), (1_409, 0, 0, 0)),
    Case("embeddings-async", "embeddings", EMBEDDER, _embedding(2_503), (2_503, 0, 0, 0), asynchronous=True),
    Case("embeddings-error", "embeddings", EMBEDDER, status=429),
    Case("anthropic-plain", "anthropic", "claude-sonnet-4-5", _anthropic(1_211, 55), (1_211, 0, 0, 55)),
    Case(
        "anthropic-written",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(3, 550, 0, 12_304),
        (12_307, 0, 12_304, 550),
    ),
    Case(
        "anthropic-read",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(21, 393, 18_000, 86),
        (18_107, 18_000, 86, 393),
    ),
    Case(
        "anthropic-tools", "anthropic", "claude-sonnet-4-5", _anthropic(472, 65), (472, 0, 0, 65), tools=True
    ),
    Case(
        "anthropic-stream",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(14, 91, 2_048, 0),
        (2_062, 2_048, 0, 91),
        stream=True,
    ),
    Case(
        "anthropic-brief-stream",
        "anthropic",
        "claude-sonnet-4-5",
        {**_anthropic(17, 92, 4_096, 0), "brief": True},
        (4_113, 4_096, 0, 92),
        stream=True,
    ),
    Case(
        "anthropic-async-read",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(31, 211, 9_216, 512),
        (9_759, 9_216, 512, 211),
        asynchronous=True,
    ),
    Case(
        "anthropic-async-stream",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(33, 147, 5_120, 0),
        (5_153, 5_120, 0, 147),
        stream=True,
        asynchronous=True,
    ),
    Case("anthropic-error", "anthropic", "claude-sonnet-4-5", status=429),
)

LESS_USUAL = (
    Case("openai-parse", "openai", "gpt-4o", _openai(1_231, 61, 1_152), (1_231, 1_152, 0, 61), way="parse"),
    Case("openai-raw", "openai", "gpt-4o", _openai(1_233, 63, 1_024), (1_233, 1_024, 0, 63), way="raw"),
    Case(
        "openai-helper",
        "openai",
        "gpt-4o",
        _openai(1_537, 65, 1_408),
        (1_537, 1_408, 0, 65),
        stream=True,
        way="helper",
    ),
    Case(
        "openai-call-stream",
        "openai",
        "gpt-4o",
        _openai(1_321, 25, 1_024),
        (1_321, 1_024, 0, 25),
        stream=True,
        tools=True,
    ),
    Case("openai-left", "openai", "gpt-4o", _openai(1_541, 81), stream=True, left=True),
    Case("openai-refused", "openai", "gpt-4o", status=400),
    Case("openai-broken", "openai", "gpt-4o", status=500, asynchronous=True),
    Case("openai-late", "openai", "gpt-4o", status=0),
    Case(
        "responses-parse",
        "responses",
        "gpt-4o",
        _responses(1_235, 67, 1_024),
        (1_235, 1_024, 0, 67),
        way="parse",
    ),
    Case(
        "responses-raw", "responses", "gpt-4o", _responses(1_237, 69, 1_152), (1_237, 1_152, 0, 69), way="raw"
    ),
    Case(
        "responses-helper",
        "responses",
        "gpt-4o",
        _responses(1_543, 71, 1_280),
        (1_543, 1_280, 0, 71),
        stream=True,
        way="helper",
    ),
    Case("responses-left", "responses", "gpt-4o", _responses(1_547, 83), stream=True, left=True),
    Case("responses-refused", "responses", "gpt-4o", status=400),
    Case("responses-broken", "responses", "gpt-4o", status=500, asynchronous=True),
    Case("responses-late", "responses", "gpt-4o", status=0),
    Case("embeddings-refused", "embeddings", EMBEDDER, status=400),
    Case("embeddings-late", "embeddings", EMBEDDER, status=0),
    Case(
        "anthropic-raw",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(35, 73, 6_144, 0),
        (6_179, 6_144, 0, 73),
        way="raw",
    ),
    Case(
        "anthropic-helper",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(37, 75, 7_168, 0),
        (7_205, 7_168, 0, 75),
        stream=True,
        way="helper",
    ),
    Case(
        "anthropic-call-stream",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(39, 27, 8_192, 0),
        (8_231, 8_192, 0, 27),
        stream=True,
        tools=True,
    ),
    Case(
        "anthropic-left",
        "anthropic",
        "claude-sonnet-4-5",
        _anthropic(41, 85, 10_240, 0),
        (10_281, 10_240, 0, 1),
        stream=True,
        left=True,
    ),
    Case("anthropic-refused", "anthropic", "claude-sonnet-4-5", status=400),
    Case("anthropic-broken", "anthropic", "claude-sonnet-4-5", status=529, asynchronous=True),
    Case("anthropic-late", "anthropic", "claude-sonnet-4-5", status=0),
)
"""Other methods of the clients, streams left early, other failures."""

CASES = (*USUAL, *LESS_USUAL)
