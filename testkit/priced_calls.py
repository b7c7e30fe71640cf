"""Calls of many kinds for tests of prices, and a contract over some of them."""

import random
from datetime import UTC, datetime
from typing import Any

import orjson

__all__ = ["CONTRACT", "as_lines", "priced_rows"]

CONTRACT = """
[[price]]
model = "gpt-4o-mini"
from = 2026-01-03
input = "1"
output = "2"
long_context = [{ above = 5000, input = "3" }]

[[discount]]
provider = "anthropic"
percent = "10"
until = 2026-01-05

[[price]]
model = "house-model"
input = "0.5"
output = "1"
"""
MODELS = [
    ("gpt-4o-mini", "openai"),
    ("claude-sonnet-4-5", "anthropic"),
    ("claude-sonnet-4-5", ""),
    ("gemini-2.5-pro", "google"),
    ("deepseek-chat", "deepseek"),
    ("house-model", ""),
    ("x'\\y", "odd"),
]


def priced_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Calls around every step of prices: sizes, tiers, caches, days, unknown models."""
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    for number in range(count):
        model, provider = chance.choice(MODELS)
        tokens = chance.choice([0, 10, 4_999, 5_001, 199_999, 200_001, 2**33])
        cached = chance.randrange(0, tokens + 1) if chance.random() < 0.5 else 0
        written = chance.randrange(0, tokens - cached + 1) if chance.random() < 0.3 else 0
        output = chance.randrange(0, 4_000)
        found.append(
            {
                "call_id": f"c{number}",
                "ts": datetime(2025, 12, 31, tzinfo=UTC).timestamp() * 1000
                + chance.randrange(8 * 86_400_000),
                "model": model,
                "provider": provider,
                "input_tokens": tokens,
                "cache_read_tokens": cached,
                "cache_write_tokens": written // 2,
                "cache_write_1h_tokens": written - written // 2,
                "output_tokens": output,
                "reasoning_tokens": chance.choice([0, output, None]),
                "service_tier": chance.choice(["standard", "standard", "batch", "flex", "priority"]),
            }
        )
    return found


def as_lines(entries: list[dict[str, Any]]) -> bytes:
    """JSON lines without the columns that are None."""
    return b"\n".join(orjson.dumps({k: v for k, v in row.items() if v is not None}) for row in entries)
