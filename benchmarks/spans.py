"""Spans of calls for a benchmark, as an exporter sends them: gzipped batches, OpenInference."""

import gzip
import random
import time
from collections.abc import Iterator

from testkit.otlp_wire import Span, request_of

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5-mini", "claude-sonnet-4-5")


def batches(count: int, size: int, seed: int) -> Iterator[bytes]:
    """`count` spans in batches of `size`: the last hour, one call a span, without text of prompts."""
    draw = random.Random(seed)
    now = time.time_ns()
    for first in range(0, count, size):
        spans = [_span(draw, now) for _ in range(min(size, count - first))]
        yield gzip.compress(request_of(spans, scope="openinference.instrumentation.openai"), 6)


def _span(draw: random.Random, now: int) -> Span:
    start = now - draw.randrange(3_600_000) * 1_000_000
    tokens, answer = draw.randrange(500, 8_000), draw.randrange(10, 900)
    model = draw.choice(MODELS)
    return Span(
        draw.randbytes(16),
        draw.randbytes(8),
        start,
        start + draw.randrange(200, 9_000) * 1_000_000,
        {
            "openinference.span.kind": "LLM",
            "llm.system": "anthropic" if model.startswith("claude") else "openai",
            "llm.model_name": model,
            "llm.invocation_parameters": '{"max_tokens": 1024, "temperature": 0.2}',
            "llm.token_count.prompt": tokens,
            "llm.token_count.prompt_details.cache_read": tokens // 256 * 128,
            "llm.token_count.completion": answer,
            "llm.token_count.total": tokens + answer,
            "session.id": f"session-{draw.randrange(20_000)}",
            "user.id": f"user-{draw.randrange(2_000)}",
            "metadata": '{"feature": "search"}',
        },
        name="ChatCompletion",
        status=1,
    )
