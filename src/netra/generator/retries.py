"""Attempts that fail and are repeated until one succeeds."""

import numpy as np
import polars as pl

from netra.generator.clock import Random

_MOST_FAILURES = 3
_BACKOFF_MS = 1_500
_KINDS = ("error", "timeout", "rate_limited")
_ODDS = (0.5, 0.3, 0.2)
_TIMEOUT_MS = 30_000.0


def with_failed_attempts(random: Random, frame: pl.DataFrame, chance: float) -> pl.DataFrame:
    """Each call preceded by its failed attempts (columns attempt, status added); the last attempt is ok.

    A refused attempt (rate_limited) costs nothing; an error costs its input; a timeout costs its input and
    half of the answer.
    """
    failures = np.minimum(random.geometric(1 - chance, size=frame.height) - 1, _MOST_FAILURES)
    row = np.repeat(np.arange(frame.height), failures + 1)
    attempt = np.arange(len(row)) - np.repeat(np.cumsum(failures + 1) - failures - 1, failures + 1)
    last = attempt == failures[row]
    kind = random.choice(len(_KINDS), size=len(row), p=_ODDS)
    status = np.where(last, "ok", np.array(_KINDS)[kind])
    repeated = frame[row].with_columns(pl.Series("attempt", attempt), pl.Series("status", status))
    failed, refused = pl.col("status") != "ok", pl.col("status") == "rate_limited"
    timeout = pl.col("status") == "timeout"
    return repeated.with_columns(
        pl.when(refused).then(0).otherwise(pl.col("input_tokens")).alias("input_tokens"),
        pl.when(timeout)
        .then(pl.col("output_tokens") // 2)
        .when(failed)
        .then(0)
        .otherwise(pl.col("output_tokens"))
        .alias("output_tokens"),
        pl.when(timeout)
        .then(_TIMEOUT_MS)
        .when(refused)
        .then(60.0)
        .otherwise(pl.col("latency_ms"))
        .alias("latency_ms"),
        pl.when(failed).then(None).otherwise(pl.col("ttft_ms")).alias("ttft_ms"),
        # Long enough apart that every attempt starts after the one before has ended.
        (pl.col("ts") + pl.col("attempt") * int(_TIMEOUT_MS + _BACKOFF_MS)).alias("ts"),
    )
