"""Columns of the call fact `llm_calls`, declared once; importers, writer, queries and migration follow
them.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

ColumnKind = Literal["text", "choice", "integer", "number", "boolean", "money", "time", "hashes", "tags"]

TABLE = "llm_calls"

MAX_TEXT = 1_024
"""Longest identifier or name kept in a text column, in characters."""

MONEY_SCALE = 15
"""Decimal places of every stored amount; USD."""

MAX_TOKENS = 2**40
"""Largest believable token count of one call; above it a row is rejected."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a file may carry.

    `default` fills what neither the file nor `--set` gives; None keeps it unknown (NULL).
    `required` columns must be given by the file or by `--set`.
    """

    name: str
    kind: ColumnKind
    clickhouse: str
    default: str | int | None = None
    required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def dtype(self) -> pl.DataType:
        """Type of the normalised column in a frame."""
        types: dict[ColumnKind, pl.DataType] = {
            "text": pl.String(),
            "choice": pl.String(),
            "tags": pl.String(),
            "integer": pl.Int64(),
            "number": pl.Float64(),
            "boolean": pl.Boolean(),
            "money": pl.Decimal(38, MONEY_SCALE),
            "time": pl.Datetime("us", "UTC"),
            "hashes": pl.List(pl.UInt64()),
        }
        return types[self.kind]


_LABEL = "LowCardinality(String)"
_OPTIONAL_INTEGER = "Nullable(Int64)"

CALL_COLUMNS: tuple[Column, ...] = (
    Column("call_id", "text", "String", default=""),
    Column("ts", "time", "DateTime64(6, 'UTC')", required=True),
    Column("provider", "text", _LABEL, default=""),
    Column("model", "text", _LABEL, default="", required=True),
    Column("input_tokens", "integer", "Int64", required=True),
    Column("cache_read_tokens", "integer", "Int64", default=0),
    Column("cache_write_tokens", "integer", "Int64", default=0),
    Column("cache_write_1h_tokens", "integer", "Int64", default=0),
    Column("output_tokens", "integer", "Int64", required=True),
    Column("reasoning_tokens", "integer", _OPTIONAL_INTEGER),
    Column(
        "service_tier",
        "choice",
        _LABEL,
        default="standard",
        choices=("standard", "batch", "flex", "priority"),
    ),
    Column("latency_ms", "number", "Nullable(Float64)"),
    Column("ttft_ms", "number", "Nullable(Float64)"),
    Column("status", "choice", _LABEL, default="ok", choices=("ok", "error", "timeout", "rate_limited")),
    Column("retry_of", "text", "String", default=""),
    Column("app", "text", _LABEL, default=""),
    Column("feature", "text", _LABEL, default=""),
    Column("user", "text", "String", default=""),
    Column("api_key_id", "text", "String", default=""),
    Column("session_id", "text", "String", default=""),
    Column("trace_id", "text", "String", default=""),
    Column("span_id", "text", "String", default=""),
    Column("parent_span_id", "text", "String", default=""),
    Column("response_id", "text", "String", default=""),
    Column("streaming", "boolean", "Nullable(Bool)"),
    Column("interactive", "boolean", "Nullable(Bool)"),
    Column("max_output_tokens", "integer", _OPTIONAL_INTEGER),
    Column("temperature", "number", "Nullable(Float64)"),
    Column("reasoning_effort", "text", _LABEL, default=""),
    Column("request_hash", "text", "String", default=""),
    Column("prefix_hashes", "hashes", "Array(UInt64)"),
    Column("prefix_block_tokens", "integer", "Int64", default=0),
    Column("reported_cost_usd", "money", "Nullable(Decimal(38, 15))"),
    Column("tags", "tags", "String", default=""),
)
"""What a file of format `calls` may carry. Token counts: `input_tokens` holds all input, cache reads and
writes included; `output_tokens` holds reasoning. `prefix_hashes` has one value per full block from the
start."""

EVALUATION_COLUMNS: tuple[Column, ...] = (
    Column("item_id", "text", "String", required=True),
    Column("model", "text", _LABEL, required=True),
    Column("score", "number", "Float64", required=True),
    Column("group", "text", _LABEL, default=""),
    Column("input_tokens", "integer", _OPTIONAL_INTEGER),
    Column("output_tokens", "integer", _OPTIONAL_INTEGER),
    Column("cost_usd", "money", "Nullable(Decimal(38, 15))"),
)
"""What a file of format `evals` may carry; `score` lies in 0..1."""

REPORTED_CURRENCY = Column("reported_currency", "text", "String", default="")
"""Read beside CALL_COLUMNS and not stored: the currency of `reported_cost_usd` in the file, USD if absent."""

USAGE_LINE_COLUMNS: tuple[Column, ...] = (
    Column("provider", "text", _LABEL, default=""),
    Column("ts", "time", "DateTime64(6, 'UTC')", required=True),
    Column("until", "time", "DateTime64(6, 'UTC')", required=True),
    Column("model", "text", _LABEL, default=""),
    Column("line_item", "text", _LABEL, default=""),
    Column("project", "text", _LABEL, default=""),
    Column("user", "text", "String", default=""),
    Column("api_key_id", "text", "String", default=""),
    Column("service_tier", "text", _LABEL, default=""),
    Column("requests", "integer", "Int64", default=0),
    Column("input_tokens", "integer", "Int64", default=0),
    Column("cache_read_tokens", "integer", "Int64", default=0),
    Column("cache_write_tokens", "integer", "Int64", default=0),
    Column("output_tokens", "integer", "Int64", default=0),
    Column("input_audio_tokens", "integer", "Int64", default=0),
    Column("output_audio_tokens", "integer", "Int64", default=0),
    Column("cost", "money", "Nullable(Decimal(38, 15))"),
    Column("currency", "text", _LABEL, default=""),
)
"""What a provider's own usage or cost report says of a span of time [ts, until): sums over many calls. As in
a call, `input_tokens` holds cached input. `cost` is in `currency` (empty: no cost was reported)."""

LEDGER_COLUMNS: dict[str, str] = {
    "import_id": _LABEL,
    "position": "UInt64",
    "id_hash": "UInt64",
    "content_hash": "UInt64",
}
"""Written with every row: where it came from, its line there, and 64-bit digests of its id and of its
content.
"""

PRICE_COLUMNS: dict[str, str] = {
    "cost_usd": "Nullable(Decimal(38, 15))",
    "price_source": _LABEL,
}
"""Computed when a row is written; `cost_usd` NULL means unpriced, never free."""


def columns_by_name(columns: tuple[Column, ...]) -> dict[str, Column]:
    """Index columns by their name, in declared order."""
    return {column.name: column for column in columns}
