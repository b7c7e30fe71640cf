"""A batch of calls as it waits, and as bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import polars as pl

Source = Literal["otlp", "gateway"]

UNREPORTED = '"cached_tokens":"unreported"'
"""Within the tags of a call whose report leaves out how much of its input was cached."""

MARKS = {"cache_unreported": UNREPORTED, "clock_skew": '"clock_skew":'}
"""Counts of stored calls by what stands within their tags; of the second a time is left out, because the
clocks of the report contradict it.
"""

REJECTS_KEPT = 50
"""Rejected spans of a batch that are named one by one; the others are only counted."""


@dataclass(frozen=True, slots=True)
class RejectedSpan:
    """One span that was refused before it came here."""

    trace_id: str
    span_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What one request brought: its calls as bytes, and what became of the spans that are no calls."""

    source: Source
    received: int
    calls: int
    body: bytes
    ignored: int = 0
    rejected: int = 0
    rejects: Sequence[RejectedSpan] = field(default_factory=list[RejectedSpan])


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """A batch in the outbox."""

    seq: int
    source: Source
    accepted_at: datetime
    received: int
    ignored: int
    rejected: int
    rejects: Sequence[RejectedSpan]
    calls: int
    body: bytes


def packed(calls: pl.DataFrame) -> bytes:
    """The calls as a compressed Arrow stream, without columns that say nothing."""
    if not calls.height:
        return b""
    told = [name for name in calls.columns if calls[name].null_count() < calls.height]
    stream = io.BytesIO()
    calls.select(told).write_ipc_stream(stream, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()


def unpacked(body: bytes) -> pl.DataFrame:
    """The calls that `packed` wrote."""
    return pl.read_ipc_stream(io.BytesIO(body)) if body else pl.DataFrame()
