"""Token counts of a call: all input with cache reads and writes in it, output with reasoning in it.

The dialects differ in whether input holds cached tokens. The semantic conventions say it does; OpenLIT passes
on what Anthropic reports, which does not; OpenInference and Traceloop add it up themselves. Where the counts
themselves prove that cached tokens are not in it (more cached than input, or a total that only fits with them
on top), they are added.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from netra.usage.otlp import names
from netra.usage.otlp.span_columns import SpanColumns
from netra.usage.otlp.spans import FAILED
from netra.usage.otlp.usage_details import Usage, parsed, usage_of

_DETAILS = (names.LANGFUSE_USAGE, names.LITELLM_USAGE)
_OPENLIT = "openlit"
_OMITS_ZEROS = "opentelemetry.instrumentation.genai."
"""Begins the scopes of instrumentations that tell what was cached wherever it is not zero."""

_LEAST_CACHED = 1_024
_NONE: Usage | tuple[None, ...] = (None,) * len(Usage._fields)


def token_columns(columns: SpanColumns) -> list[pl.Expr | pl.Series]:
    """input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
    reasoning_tokens; `@counted`: whether the span says anything about input or output; and
    `@cache_unreported`: whether it leaves out how much of an input that may have been cached was.
    """
    detailed = _from_details(columns)
    given_input, given_output = columns.whole(*names.INPUT), columns.whole(*names.OUTPUT)
    # An object names its kinds itself: where there is one its numbers belong together.
    objective = detailed["input_tokens"].is_not_null()
    read = pl.coalesce(detailed["cache_read"], columns.whole(*names.CACHE_READ), pl.lit(0))
    write = pl.coalesce(detailed["cache_write"], columns.whole(*names.CACHE_WRITE), pl.lit(0))
    long = pl.coalesce(detailed["cache_write_1h"], pl.lit(0))
    output = pl.coalesce(detailed["output_tokens"], given_output, pl.lit(0))
    reasoning = pl.coalesce(detailed["reasoning"], columns.whole(*names.REASONING))
    plain = pl.coalesce(given_input, pl.lit(0))
    cached = read + write + long
    outside = _cached_outside(columns, plain, cached, output)
    total = (
        pl.when(objective).then(detailed["input_tokens"]).when(outside).then(plain + cached).otherwise(plain)
    )
    return [
        total.alias("input_tokens"),
        read.alias("cache_read_tokens"),
        write.alias("cache_write_tokens"),
        long.alias("cache_write_1h_tokens"),
        # Some providers count reasoning beside the output (Gemini's thoughts): more of it than output proves
        # it.
        pl.when(reasoning > output).then(output + reasoning).otherwise(output).alias("output_tokens"),
        reasoning.alias("reasoning_tokens"),
        (objective | (given_input.is_not_null() | given_output.is_not_null()) & ~_guessed(columns)).alias(
            "@counted"
        ),
        (~objective & _cache_unreported(columns, plain)).fill_null(False).alias("@cache_unreported"),
    ]


def _guessed(columns: SpanColumns) -> pl.Expr:
    """Whether OpenLIT counted the text because a stream of the responses API did not end as completed: only
    where it does has the span the answer's id.
    """
    openlit = pl.col("scope").str.contains(_OPENLIT, literal=True)
    responses = (columns.text(names.OPENAI_API) == "responses").fill_null(False)
    return openlit & responses & columns.text(*names.RESPONSE_ID).is_null()


def _cache_unreported(columns: SpanColumns, plain: pl.Expr) -> pl.Expr:
    """OpenAI tells with every answer how much was cached, and caches from 1,024 tokens on. A span of the
    semantic conventions without that number comes from an instrumentation that drops it.
    """
    openai = columns.text(*names.PROVIDER).str.to_lowercase().str.contains("openai").fill_null(False)
    conventional = (
        columns.text(names.OPERATION).is_not_null() & columns.text(names.OPENINFERENCE_KIND).is_null()
    )
    silent = columns.whole(*names.CACHE_READ).is_null() & (pl.col("status") != FAILED)
    silent &= ~pl.col("scope").str.starts_with(_OMITS_ZEROS)
    embeds = columns.text(names.OPERATION).str.contains("embedding", literal=True)
    return openai & conventional & silent & ~embeds & (plain >= _LEAST_CACHED)


def _cached_outside(columns: SpanColumns, plain: pl.Expr, cached: pl.Expr, output: pl.Expr) -> pl.Expr:
    """Whether the input count leaves cached tokens out."""
    anthropic = columns.text(*names.PROVIDER).str.to_lowercase().str.contains("anthropic").fill_null(False)
    openlit = pl.col("scope").str.contains(_OPENLIT, literal=True)
    told = columns.whole(*names.TOTAL)
    on_top = (told == plain + cached + output).fill_null(False)
    return (cached > 0) & ((openlit & anthropic) | (cached > plain) | on_top)


def _from_details(columns: SpanColumns) -> dict[str, pl.Series]:
    """The fields of `Usage` for each span whose usage is one object; NULL for the others."""
    n = columns.frame.height
    found: list[Any] = [_NONE] * n
    for key in _DETAILS:
        if columns.has(key):
            for row, text in enumerate(columns.frame[key].to_list()):
                usage = usage_of(parsed(text)) if isinstance(text, str) else None
                if usage is not None and found[row] is _NONE:
                    found[row] = usage
    kinds = zip(*found, strict=True)
    return {
        name: pl.Series(name, list(kind), dtype=pl.Int64)
        for name, kind in zip(Usage._fields, kinds, strict=True)
    }
