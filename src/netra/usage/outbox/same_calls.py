"""Which calls are one and the same call, reported by two layers of an application.

A wrapper (Langfuse's client, LiteLLM, a framework) and the instrumentation of the client beneath it report
the same call. Two reports are one call when
1. they carry the same id of the provider's answer and the same input, and one lies within the other in time
   or has only fetched the answer; or
2. one is the nearest known report above the other in the same trace, with the same input and output; or
3. one is above several others in the same trace and its input and output are the sums of theirs.
What is stored already stays; else the report that knows of cached tokens, else the inner one, and what it
lacks it takes from the other. Pure.
"""

from __future__ import annotations

import polars as pl

from netra.usage.first_token import outside_call

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
    "fetched",
)
"""Of a report: `at` and `end` in microseconds; `ancestor_id`, the span id of the nearest known report above
it, else of its parent; `rank`, how much it knows; `fetched`, whether it read an answer made before.
"""

GIVEN = (
    "app",
    "feature",
    "user",
    "session_id",
    "api_key_id",
    "tags",
    "request_hash",
    "prefix_hashes",
    "prefix_block_tokens",
    "streaming",
    "interactive",
    "ttft_ms",
    "max_output_tokens",
    "temperature",
    "reasoning_effort",
    "reasoning_tokens",
    "reported_cost_usd",
)
"""What a report may take from another one of the same call."""

STORED = 1_000
_MOST_US = 1 << 40
_MOST_LAYERS = 100
"""More reports of one answer than that come from a server that gives all its answers one id."""


def superfluous(new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Which of the new reports (rows with COLUMNS, unique call ids) tell of a call of which another tells.

    `row`, its place, and `winner`, the place of the report that stays, NULL where that is stored already.
    """
    known = stored.filter(~pl.col("call_id").is_in(new["call_id"].implode()))
    ranked = known.with_columns(pl.lit(STORED, dtype=pl.Int64).alias("rank"), pl.lit(False).alias("fetched"))
    reports = pl.concat([new.select(COLUMNS), ranked.select(COLUMNS)], how="vertical_relaxed")
    reports = reports.with_row_index("row").with_columns(
        (pl.col("rank") * _MOST_US - (pl.col("end") - pl.col("at")).clip(0, _MOST_US - 1)).alias("rank")
    )
    defeats = pl.concat([_by_answer(reports), _by_ancestor(reports), _sums(reports)]).filter(
        pl.col("row") < new.height
    )
    strongest = defeats.sort("winner_rank", descending=True, nulls_last=True).unique(
        "row", keep="first", maintain_order=True
    )
    return strongest.select(
        "row", pl.when(pl.col("winner") < new.height).then("winner").cast(pl.UInt32).alias("winner")
    ).sort("row")


def completed(new: pl.DataFrame, lost: pl.DataFrame) -> pl.DataFrame:
    """The new reports, where one that stays lacks something that a report it stands for says."""
    givers = lost.filter(pl.col("winner").is_not_null())
    if not givers.height:
        return new
    above = dict(givers.iter_rows())
    tops = [_top(row, above) for row in givers["row"].to_list()]
    columns = [name for name in GIVEN if name in new.columns]
    given = (
        new[givers["row"].to_list()].select(columns).with_columns(pl.Series("@row", tops, dtype=pl.UInt32))
    )
    first = given.group_by("@row", maintain_order=True).agg(pl.col(columns).drop_nulls().first())
    joined = new.with_row_index("@row").join(first, on="@row", how="left", maintain_order="left", suffix="@")
    filled = joined.with_columns(pl.coalesce(name, f"{name}@").alias(name) for name in columns)
    if "ttft_ms" in columns:
        # The other report may have measured a longer call.
        outside = outside_call(pl.col("ttft_ms"), pl.col("latency_ms"))
        filled = filled.with_columns(pl.when(~outside).then("ttft_ms").alias("ttft_ms"))
    return filled.select(new.columns)


def _top(row: int, above: dict[int, int]) -> int:
    while row in above:
        row = above[row]
    return row


def _defeats(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of each pair the report with the lower rank, of equal ones the later; and the other one."""
    right_wins = (pl.col("rank_right") > pl.col("rank")) | (
        (pl.col("rank_right") == pl.col("rank")) & (pl.col("row_right") < pl.col("row"))
    )
    return pairs.select(
        pl.when(right_wins).then("row").otherwise("row_right").alias("row"),
        pl.when(right_wins).then("row_right").otherwise("row").alias("winner"),
        pl.when(right_wins).then("rank_right").otherwise("rank").alias("winner_rank"),
    )


def _by_answer(reports: pl.DataFrame) -> pl.DataFrame:
    answered = reports.filter(pl.col("response_id") != "").select(
        "row", "rank", "response_id", "input_tokens", "at", "end", "fetched"
    )
    answer = ["response_id", "input_tokens"]
    several = answered.filter(pl.len().over(answer).is_between(2, _MOST_LAYERS))
    pairs = several.join(several, on=answer, suffix="_right").filter(
        (pl.col("row") != pl.col("row_right"))
        & (pl.col("at") >= pl.col("at_right") - SLACK_US)
        & (pl.col("end") <= pl.col("end_right") + SLACK_US)
    )
    return pl.concat([_defeats(pairs), _by_fetch(answered, answer)])


def _by_fetch(answered: pl.DataFrame, answer: list[str]) -> pl.DataFrame:
    """What only fetched an answer, and the best of the other reports of it."""
    best = (
        answered.sort("rank", "row", descending=[True, False])
        .unique(answer, keep="first", maintain_order=True)
        .select(*answer, pl.col("row").alias("winner"), pl.col("rank").alias("winner_rank"))
    )
    fetches = answered.filter("fetched").join(best, on=answer).filter(pl.col("row") != pl.col("winner"))
    return fetches.select("row", "winner", "winner_rank")


def _by_ancestor(reports: pl.DataFrame) -> pl.DataFrame:
    tokens = ["trace_id", "input_tokens", "output_tokens"]
    below = reports.filter((pl.col("ancestor_id") != "") & (pl.col("trace_id") != ""))
    pairs = below.select("row", "rank", "ancestor_id", *tokens).join(
        reports.select("row", "rank", "span_id", *tokens),
        left_on=["ancestor_id", *tokens],
        right_on=["span_id", *tokens],
        suffix="_right",
    )
    return _defeats(pairs.filter(pl.col("row") != pl.col("row_right")))


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
        .select(
            "row",
            pl.lit(None, dtype=pl.UInt32).alias("winner"),
            pl.lit(None, dtype=pl.Int64).alias("winner_rank"),
        )
    )
