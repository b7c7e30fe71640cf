"""Requests that are sent again: the same question on another day, and the same request twice at once."""

import numpy as np
import polars as pl

from netra.generator.clock import Integers, Random
from netra.generator.company import Workload


def asked_again(random: Random, workload: Workload, questions: int, size: int) -> tuple[Integers, Integers]:
    """Which of `questions` each of `size` calls asks (a few are asked most), and the tokens of its prompt.

    The questions belong to the company, so that their lengths are the same whatever the seed: two months
    differ in who asks what, not in what there is to ask.
    """
    weights = 1 / np.arange(1, questions + 1)
    asked = random.choice(questions, size=size, p=weights / weights.sum())
    fixed = np.random.Generator(np.random.PCG64(int.from_bytes(workload.code.encode(), "big")))
    lengths = fixed.lognormal(np.log(workload.prompt.median), workload.prompt.sigma, size=questions)
    return asked, np.maximum(lengths, 1).astype(np.int64)[asked]


def with_doubles(random: Random, frame: pl.DataFrame, chance: float) -> pl.DataFrame:
    """The calls, some followed by their double: the same request, sent while the first was under way."""
    doubled = frame.filter(pl.Series(random.random(frame.height) < chance))
    share = pl.Series(random.uniform(0.05, 0.6, size=doubled.height))
    begun = pl.col("ts") + (pl.col("latency_ms") * share).cast(pl.Int64)
    return pl.concat([frame, doubled.with_columns(begun.alias("ts"))])
