"""Requests that are sent again: the same question on another day, and the same request twice at once."""

import numpy as np
import polars as pl

from netra.generator.clock import Integers, Random


def asked_again(random: Random, questions: int, prompts: Integers) -> tuple[Integers, Integers]:
    """Which of `questions` each call asks (few of them are asked most), and the tokens of its prompt.

    The same question has the same prompt; the first `questions` of `prompts` give their lengths, around again
    where there are fewer.
    """
    weights = 1 / np.arange(1, questions + 1)
    asked = random.choice(questions, size=len(prompts), p=weights / weights.sum())
    lengths = np.resize(prompts, questions)
    return asked, lengths[asked]


def with_doubles(random: Random, frame: pl.DataFrame, chance: float) -> pl.DataFrame:
    """The calls, some followed by their double: the same request, sent while the first was under way."""
    doubled = frame.filter(pl.Series(random.random(frame.height) < chance))
    share = pl.Series(random.uniform(0.05, 0.6, size=doubled.height))
    begun = pl.col("ts") + (pl.col("latency_ms") * share).cast(pl.Int64)
    return pl.concat([frame, doubled.with_columns(begun.alias("ts"))])
