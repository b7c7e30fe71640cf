"""Small workloads drawn by chance that meet at the edges of the levers' definitions."""

import random
from collections.abc import Sequence
from typing import Any

import polars as pl

from netra.optimization.drafts import Draft
from netra.optimization.params import LeverParams
from netra.optimization.registry import chosen_levers
from testkit import lever_oracle as oracle
from testkit.optimization_bench import calls, workload

MODELS = ("gpt-4o", "claude-sonnet-4-5", "gpt-5-mini", "google/claude-3-5-sonnet", "nobody-knows")
_OPTIONAL = (
    "api_key_id",
    "latency_ms",
    "temperature",
    "app",
    "user",
    "feature",
    "session_id",
    "cache_unreported",
)


def traffic(draw: random.Random, count: int, models: Sequence[str] = MODELS, **common: Any) -> pl.DataFrame:
    """Calls that meet at the edges: equal times, gaps of exactly a retention, lengths around a minimum.

    `common`: what each call draws from, by column, over what it would.
    """
    steps = draw.choice([(0, 0, 1), (0, 300, 299.999999, 300.000001), (1, 60, 3_600, 86_400), (0.0005, 0.25)])
    block = draw.choice([1, 128, 512, 1_024])
    prompts = [[draw.randrange(1, 6) for _ in range(draw.randrange(9))] for _ in range(3)]
    chosen = draw.choices(models, k=2)
    at = 0.0
    rows: list[dict[str, Any]] = []
    for number in range(count):
        at += draw.choice(steps)
        hashes = draw.choice(prompts)[: draw.randrange(10)]
        size = max(0, len(hashes) * block + draw.choice([0, 0, 7, -1, -block]))
        read = draw.choice([0, 0, size // 2, size])
        written = draw.choice([0, (size - read) // 3])
        output = draw.choice([0, 1, 40, 900])
        rows.append(
            {
                "at": at,
                "model": draw.choice(chosen),
                "input_tokens": size,
                "cache_read_tokens": read,
                "cache_write_tokens": written,
                "output_tokens": output,
                "reasoning_tokens": draw.choice([None, 0, output]),
                "service_tier": draw.choice(["standard", "standard", "batch", "flex", "priority"]),
                "status": draw.choice(["ok", "ok", "ok", "", "error", "timeout"]),
                "retry_of": draw.choice(["", "", "", f"c{draw.randrange(number)}" if number else "", "gone"]),
                "session_id": draw.choice(["", "s", "t"]),
                "api_key_id": draw.choice(["", "k", "l"]),
                "feature": draw.choice(["", "f", "g"]),
                "app": draw.choice(["", "a"]),
                "user": draw.choice(["", "u", "v"]),
                "interactive": draw.choice([None, True, False, False]),
                "latency_ms": draw.choice([None, 0.0, 0.5, 250.0, 400_000.0]),
                "cache_unreported": draw.choice([None, False, False, True]),
                "request_hash": draw.choice(["", "x", "x", "y"]),
                "temperature": draw.choice([None, 0.0, 0.7]),
                "prefix_hashes": hashes or draw.choice([None, []]),
                "prefix_block_tokens": block,
            }
            | {name: draw.choice(values) for name, values in common.items()}
        )
    frame = calls(rows).drop(name for name in _OPTIONAL if name not in common and draw.random() < 0.25)
    order = list(range(count))
    draw.shuffle(order)
    return frame[order]


def drafts(
    frame: pl.DataFrame, lever: str, evaluations: pl.DataFrame, given: dict[str, str] | None = None
) -> list[Draft]:
    """What one lever has to say."""
    (chosen,) = chosen_levers([lever])
    return chosen.drafts(workload(frame), evaluations, LeverParams(lever, given or {}))


def ordered(frame: pl.DataFrame) -> list[oracle.Call]:
    """The calls of a frame as the oracles read them."""
    return oracle.in_order(frame.to_dicts())


def total(costs: Sequence[int | None]) -> int:
    """The sum of what has a price."""
    return sum(cost or 0 for cost in costs)
