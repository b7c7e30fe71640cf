"""When a time to the first token is a measurement: the one rule for all ways in."""

from __future__ import annotations

import polars as pl


def outside_call(first: pl.Expr, latency: pl.Expr) -> pl.Expr:
    """Whether a first token's time lies outside its call: before its beginning or, where its latency is
    known, after its end. Both in milliseconds; never NULL.

    Clocks that were set meanwhile, or layers that read them at other moments, say so; it measures nothing.
    """
    return ((first < 0) | (first > latency)).fill_null(value=False)
