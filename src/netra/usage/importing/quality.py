"""What an import found out about its data, as it is stored and shown."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["rejected", "warning", "note"]

LEVER_COLUMNS: dict[str, tuple[str, ...]] = {
    "prompt-cache": ("prefix_hashes",),
    "prompt-trim": ("prefix_hashes",),
    "response-cache": ("request_hash",),
    "context-growth": ("session_id",),
    "retry-waste": ("retry_of",),
    "duplicate-inflight": ("request_hash", "latency_ms"),
    "reasoning-effort": ("reasoning_tokens",),
    "batch": ("interactive",),
    "flex": ("interactive",),
    "hedging": ("latency_ms",),
    "timeout": ("latency_ms",),
    "region": ("latency_ms",),
}
"""Columns without which a lever can say nothing about a call; every other lever needs only time, model and
tokens."""


class Finding(BaseModel):
    """One kind of trouble: how many rows have it and where it was seen first.

    `rejected` rows are not stored; `warning` and `note` rows are, as they came.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    rows: int
    column: str | None = None
    first_line: int | None = None
    message: str


class LeverData(BaseModel):
    """How many of the stored rows carry all columns that a lever needs."""

    model_config = ConfigDict(frozen=True)

    lever: str
    needs: tuple[str, ...]
    rows: int
    percent: float


class DataQuality(BaseModel):
    """The data-quality report of one import. `filled`: percent of good rows that give the column a value."""

    model_config = ConfigDict(frozen=True)

    rows: int
    since: datetime | None
    until: datetime | None
    findings: tuple[Finding, ...]
    filled: dict[str, float]
    levers: tuple[LeverData, ...]
    unpriced_models: dict[str, int] = {}
    currencies: dict[str, int] = {}


def percent(part: int, whole: int) -> float:
    """Percent with two places, 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
