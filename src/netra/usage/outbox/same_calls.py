"""Which calls are one and the same call, reported by two layers of an application.

A wrapper (Langfuse's client, LiteLLM, a framework) and the instrumentation of the client beneath it report
the same call. Two reports are one call when
1. they carry the same id of the provider's answer and the same input, and one lies within the other in time;
or
2. one is the nearest known report above the other in the same trace, with the same input and output; or
3. one is above several others in the same trace and its input and output are the sums of theirs.
What is stored already stays; else the report that knows more (cached tokens, the prompt's digests, session,
user or feature), else the inner one. Pure.
"""

from __future__ import annotations

import polars as pl

SLACK_US = 50_000
"""Layers read the clock a little apart."""

COLUMNS = (
    "call_id",
    "trace_id",
    "span_id",
    "ancestor_id",
    "response_id",
    "at",
    "end",
    "input_tokens",
    "output_tokens",
    "rank",
)
"""Of a report: `at` and `end` in microseconds; `ancestor_id`, the span id of the nearest known report above
it, else of its parent; `rank`, how much it knows.
"""

STORED = 1_000
_MOST_US = 1 << 40


def superfluous(new: pl.DataFrame, stored: pl.DataFrame) -> pl.Series:
    """Which of the new reports (rows with COLUMNS, their call ids unique) tell of a call that another one
    tells of.
    """
    known = stored.filter(~pl.col("call_id").is_in(new["call_id"].implode()))
    ranked = known.with_columns(pl.lit(STORED, dtype=pl.Int64).alias("rank"))
    reports = pl.concat([new.select(COLUMNS), ranked.select(COLUMNS)], how="vertical_relaxed")
    reports = reports.with_row_index("row").with_columns(
        (pl.col("rank") * _MOST_US - (pl.col("end") - pl.col("at")).clip(0, _MOST_US - 1)).alias("rank")
    )
    losers = pl.concat([_by_answer(reports), _by_ancestor(reports), _sums(reports)])
    return pl.Series(range(new.height), dtype=pl.UInt32).is_in(losers["row"].implode())


def _weaker(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of each pair the report with the lower rank, of equal ones the later."""
    right_wins = (pl.col("rank_right") > pl.col("rank")) | (
        (pl.col("rank_right") == pl.col("rank")) & (pl.col("row_right") < pl.col("row"))
    )
    return pairs.select(pl.when(right_wins).then("row").otherwise("row_right").cast(pl.UInt32).alias("row"))


def _by_answer(reports: pl.DataFrame) -> pl.DataFrame:
    answered = reports.filter(pl.col("response_id") != "").select(
        "row", "rank", "response_id", "input_tokens", "at", "end"
    )
    several = answered.filter(pl.len().over("response_id", "input_tokens") > 1)
    pairs = several.join(several, on=["response_id", "input_tokens"], suffix="_right").filter(
        (pl.col("row") != pl.col("row_right"))
        & (pl.col("at") >= pl.col("at_right") - SLACK_US)
        & (pl.col("end") <= pl.col("end_right") + SLACK_US)
    )
    return _weaker(pairs)


def _by_ancestor(reports: pl.DataFrame) -> pl.DataFrame:
    tokens = ["trace_id", "input_tokens", "output_tokens"]
    below = reports.filter((pl.col("ancestor_id") != "") & (pl.col("trace_id") != ""))
    pairs = below.select("row", "rank", "ancestor_id", *tokens).join(
        reports.select("row", "rank", "span_id", *tokens),
        left_on=["ancestor_id", *tokens],
        right_on=["span_id", *tokens],
        suffix="_right",
    )
    return _weaker(pairs.filter(pl.col("row") != pl.col("row_right")))


def _sums(reports: pl.DataFrame) -> pl.DataFrame:
    below = reports.filter((pl.col("ancestor_id") != "") & (pl.col("trace_id") != ""))
    sums = below.group_by("trace_id", "ancestor_id").agg(
        pl.col("input_tokens").sum(), pl.col("output_tokens").sum(), pl.len().alias("n")
    )
    totals = ["trace_id", "input_tokens", "output_tokens"]
    return (
        reports.filter(pl.col("input_tokens") > 0)
        .select("row", "span_id", *totals)
        .join(
            sums.filter(pl.col("n") > 1),
            left_on=["span_id", *totals],
            right_on=["ancestor_id", *totals],
        )
        .select("row")
    )
