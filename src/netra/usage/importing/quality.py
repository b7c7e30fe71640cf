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


ADVICE: dict[str, str] = {
    "malformed_row": "Repair these lines, or export again, and import the same file: what is stored stays.",
    "repeated_key": "Repair what writes a name twice with different values, and import the same file.",
    "wrong_encoding": "Save the file as UTF-8: iconv -f LATIN1 -t UTF-8 FILE.",
    "line_too_long": "Export without the text of prompts and answers; it is never stored.",
    "half_written": "Fetch or write the file again, whole, and import it: nothing is stored twice.",
    "cut_off": "Fetch the rest, or all of it again, and import that: nothing is stored twice.",
    "negative": "Find what writes them: a count or amount cannot be below 0. Corrected rows can be imported.",
    "invalid_value": "Correct the values, or name another column with --map.",
    "missing_value": "Give the column where it is known, or one value for all with --set.",
    "future": "Check the writer's clock and its unit of time: numbers are milliseconds since 1970.",
    "contradiction": "Check how the tool counts: input holds what was read from and written to the cache.",
    "conflict": "See the reject file. To replace what is stored, undo its import first.",
    "clock_ahead": "Check the clock of the machine that wrote them; they count on the day they name.",
    "unknown_word": "Look at these calls (netra usage --where tag:...): their tier or status may be another.",
    "clock_skew": "Synchronise the clocks of the machines that write the two moments of a span.",
    "far_before": "Check the clock of the machine that wrote them; ask with --since to leave them out.",
    "before_llms": "Check the unit of time: numbers are milliseconds since 1970.",
    "absurd": "Look at these calls: a wrong unit or a broken instrument is likelier than the value.",
    "empty_call": "Check that the tool records usage, also of streamed answers.",
    "missing_model": "Give --set model=MODEL, or import again with the model: they have no cost.",
    "unpriced": "Give a price: netra prices override. History is priced again by netra prices reprice.",
    "mixed_currency": "Give amounts in USD to compare them with the costs worked out here.",
    "span_cycle": "Check the tool that writes parent_span_id; such spans have no beginning.",
    "retry_cycle": "Check what writes retry_of: it names the attempt before, never itself.",
    "block_mismatch": "Give the size of the blocks, by which caching is judged: --set prefix_block_tokens=N.",
    "nested_call": "Two layers may report one call: export the inner one alone if the counts look doubled.",
    "out_of_order": "Nothing: calls are sorted by time.",
    "grown": "Nothing: the most complete record stays, in whatever order they come.",
    "duplicate": "Nothing: they count once.",
}
"""What a person can do about a finding, by its code."""


class Finding(BaseModel):
    """One kind of trouble: how many rows have it, where it was seen first, an example, and what to do.

    `rejected` rows are not stored; `warning` and `note` rows are, as they came.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    rows: int
    column: str | None = None
    first_line: int | None = None
    message: str
    example: str | None = None
    hint: str = ""


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
