"""Blocks, intervals and verdicts once more, step by step from their definitions, as `lever_oracle`."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from testkit.lever_oracle import Call

__all__ = ["block_of", "interval", "verdict"]

FEWEST = 30
CONTIGUOUS = 50
MIN_CALLS = 50


def block_of(calls: Sequence[Call]) -> list[int]:
    """The block of each call: its session, else its day, else one of 50 parts of the same number of calls.

    Blocks are numbered as they begin; calls without a session come after all sessions, in parts as long as
    the mean session, rounded down.
    """
    sessions = [call.get("session_id") or "" for call in calls]
    named = list(dict.fromkeys(name for name in sessions if name))
    if len(named) >= FEWEST:
        size = max(1, sum(bool(name) for name in sessions) // len(named))
        numbers = {name: number for number, name in enumerate(named)}
        blocks: list[int] = []
        loose = 0
        for name in sessions:
            blocks.append(numbers[name] if name else len(named) + loose // size)
            loose += not name
        return blocks
    days = list(dict.fromkeys(call["ts"].date() for call in calls))
    if len(days) >= FEWEST:
        return [days.index(call["ts"].date()) for call in calls]
    return [row * min(CONTIGUOUS, len(calls)) // len(calls) for row in range(len(calls))]


def interval(saved: Sequence[int], blocks: Sequence[int]) -> tuple[float, float] | None:
    """95 % interval of the total in dollars: 2,000 resamples of blocks; None under 50 calls.

    `saved`: femto-dollars a call.
    """
    if len(saved) < MIN_CALLS:
        return None
    values = np.zeros(max(blocks) + 1)
    for femto, block in zip(saved, blocks, strict=True):
        values[block] += femto * 1e-15
    generator = np.random.Generator(np.random.PCG64(0))
    totals = [values[generator.integers(0, len(values), len(values))].sum() for _ in range(2_000)]
    low, high = np.percentile(totals, [2.5, 97.5])
    return float(low), float(high)


def verdict(
    gate: str, missing: bool, savings: int | None, bounds: tuple[float, float] | None
) -> Literal["recommend", "refuse", "insufficient_data"]:
    """In the order of the definition. `gate`: what the quality gate says, `none` without one."""
    if gate == "refuse":
        return "refuse"
    if missing or savings is None or bounds is None:
        return "insufficient_data"
    if bounds[0] > 0:
        return "recommend"
    return "refuse" if savings <= 0 else "insufficient_data"
