"""Spans of calls for a benchmark, as an exporter sends them: gzipped batches, OpenInference."""

import gzip
import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from testkit.otlp_wire import Span, request_of

MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5-mini", "claude-sonnet-4-5")
MOULDS = 64
_LATEST_US = 10_000_000
"""A live exporter sends a span within seconds of its end."""

_ID, _TIME = 24, 8
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def batches(count: int, size: int, seed: int) -> Iterator[bytes]:
    """`count` spans in batches of `size`: the last seconds, one call a span, without text of prompts.

    Encoding a span in Python costs more than taking it in. So some batches are encoded as moulds, and each
    one that is sent is a mould with ids and times of its own: as different as others to whoever reads it.
    """
    draw = random.Random(seed)
    fresh = np.random.default_rng(seed)
    moulds = [_Mould(draw, size) for _ in range(min(MOULDS, count // size))]
    for number in range(count // size):
        yield moulds[number % len(moulds)].cast(fresh)
    if count % size:
        yield _Mould(draw, count % size).cast(fresh)


class _Mould:
    """A request whose ids and times can be written anew."""

    def __init__(self, draw: random.Random, size: int) -> None:
        spans = [_span(draw) for _ in range(size)]
        self._content = request_of(spans, scope="openinference.instrumentation.openai")
        self._lasts = np.array([span.end - span.start for span in spans], dtype=np.int64)
        ids: list[int] = []
        starts: list[int] = []
        for span in spans:
            # Behind each id stand its tag and length, behind the span's name and kind its two times.
            ids.append(self._content.index(span.trace_id))
            starts.append(self._content.index(b"\x39" + span.start.to_bytes(8, "little"), ids[-1]) + 1)
        self._traces = _places(ids, 16)
        self._spans = _places([place + 18 for place in ids], 8)
        self._starts, self._ends = _places(starts, _TIME), _places([place + 9 for place in starts], _TIME)

    def cast(self, fresh: np.random.Generator) -> bytes:
        """A compressed request of its own."""
        content = np.frombuffer(self._content, dtype=np.uint8).copy()
        n = len(self._lasts)
        drawn = fresh.integers(0, 256, (n, _ID), dtype=np.uint8)
        content[self._traces], content[self._spans] = drawn[:, :16], drawn[:, 16:]
        ended = time.time_ns() - fresh.integers(0, _LATEST_US, n) * 1000
        content[self._starts], content[self._ends] = _little(ended - self._lasts), _little(ended)
        return gzip.compress(content.tobytes(), 6)


def _places(starts: list[int], width: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(starts, dtype=np.int64)[:, None] + np.arange(width)


def _little(values: np.ndarray[Any, np.dtype[np.int64]]) -> Bytes:
    return values.astype("<i8").view(np.uint8).reshape(len(values), _TIME)


def _span(draw: random.Random) -> Span:
    start = draw.randrange(1 << 60, 1 << 61)
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
