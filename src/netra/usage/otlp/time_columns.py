"""How long a call took and when its first token came, where the clocks of its span do not contradict it."""

from __future__ import annotations

import polars as pl

from netra.usage.first_token import outside_call
from netra.usage.otlp import names
from netra.usage.otlp.span_columns import SpanColumns

_LONGEST_MS = 7 * 86_400_000


def time_columns(columns: SpanColumns, asked: pl.Expr) -> pl.DataFrame:
    """latency_ms, streaming, ttft_ms, and `@clock_skew`: which of the two times is left out because clocks
    jumped while the call was under way. `asked`: whether the request was for a stream.
    """
    streaming = pl.coalesce(
        columns.flag(*names.STREAMING), asked, pl.when(_marked(columns)).then(pl.lit(True))
    )
    lasted = (pl.col("end") - pl.col("start")).cast(pl.Float64) / 1e6
    # A whole answer has no first token of its own: some instrumentations report its latency there.
    first = pl.when(streaming.fill_null(False)).then(_first_token_ms(columns))
    jumped = (pl.col("end") > 0) & ~lasted.is_between(0, _LONGEST_MS)
    told = columns.frame.select(
        pl.when(lasted.is_between(0, _LONGEST_MS)).then(lasted).alias("latency_ms"),
        streaming.alias("streaming"),
        first.alias("ttft_ms"),
        jumped.alias("@jumped"),
    )
    outside = outside_call(pl.col("ttft_ms"), pl.col("latency_ms"))
    skewed = pl.when("@jumped").then(pl.lit("latency_ms")).when(outside).then(pl.lit("ttft_ms"))
    return told.select(
        "latency_ms",
        "streaming",
        pl.when(~outside).then("ttft_ms").alias("ttft_ms"),
        skewed.alias("@clock_skew"),
    )


def _marked(columns: SpanColumns) -> pl.Expr:
    """Whether the span itself marks its first token."""
    begun = columns.text(names.COMPLETION_START).is_not_null()
    return begun | pl.col("@first_token").is_not_null()


def _first_token_ms(columns: SpanColumns) -> pl.Expr:
    told = columns.number(*names.FIRST_TOKEN_SECONDS) * 1000
    event = (pl.col("@first_token") - pl.col("start")).cast(pl.Float64) / 1e6
    begun = (
        columns.text(names.COMPLETION_START)
        .str.strip_chars('"')
        .str.to_datetime("%+", time_unit="ns", time_zone="UTC", strict=False)
    )
    since = (begun.dt.epoch("ns") - pl.col("start")).cast(pl.Float64) / 1e6
    return pl.coalesce(told, event, since)
