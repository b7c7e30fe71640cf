"""Digests of the prompts that spans carry; the text itself goes no further."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from netra.usage.otlp import names
from netra.usage.otlp.span_columns import SpanColumns
from netra.usage.otlp.spans import Spans
from netra.usage.prompt_digests import PromptDigests, prompt_digests


def content_columns(calls: pl.DataFrame, spans: Spans, rows: pl.Series, columns: SpanColumns) -> pl.DataFrame:
    """The calls with request_hash, prefix_hashes and prefix_block_tokens where their spans carry prompts.

    `rows` are the places of the calls among the spans.
    """
    if not spans.contents:
        return calls
    parameters = columns.frame.select(columns.text(*names.PARAMETERS).fill_null("").alias("p")).to_series()
    heads = calls.select(
        pl.concat_str("model", pl.lit("\x1f"), pl.lit(parameters), ignore_nulls=True)
    ).to_series()
    found: list[PromptDigests | None] = []
    for row, head, tokens in zip(
        rows.to_list(), heads.to_list(), calls["input_tokens"].to_list(), strict=True
    ):
        parts = spans.contents.get(row)
        found.append(None if parts is None else prompt_digests(head, _texts(parts), tokens))
    return calls.with_columns(
        pl.Series("request_hash", [one and one.request_hash for one in found], dtype=pl.String),
        pl.Series("prefix_hashes", [one and one.prefix_hashes for one in found], dtype=pl.List(pl.UInt64)),
        pl.Series("prefix_block_tokens", [one and one.prefix_block_tokens for one in found], dtype=pl.Int64),
    )


def _texts(parts: Sequence[tuple[str, str]]) -> list[str]:
    # The keys tell roles and positions, so they belong to the text; the numbers of messages do not hurt a
    # prefix.
    return [f"{key}\x1f{text}" for key, text in parts]
