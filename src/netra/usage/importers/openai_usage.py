"""Format `openai-usage`: buckets of OpenAI's Usage and Costs APIs, and the CSV of its dashboard.

A bucket sums many requests, so it is no call: it is kept as a usage line, beside the calls, for
reconciliation. OpenAI's `input_tokens` holds cached input, as ours does. A bucket that is still open grows;
export closed ones, or undo the earlier import first.
"""

from typing import Any

from netra.usage.importers.foreign import first, inside, listed, number, record, when
from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import USAGE_LINE_COLUMNS

_DIMENSIONS = (
    "provider",
    "ts",
    "until",
    "model",
    "line_item",
    "project",
    "user",
    "api_key_id",
    "service_tier",
)

_GROWING = (
    "requests",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "cost",
)
"""Sums of a bucket while it is open."""


def _adapt(row: dict[str, Any]) -> list[dict[str, Any]]:
    """A page of buckets, one bucket, or one line of the CSV."""
    if isinstance(row.get("data"), list):
        return [line for bucket in listed(row["data"]) for line in _adapt(record(bucket))]
    if isinstance(row.get("results"), list):
        return [_line(row, record(result)) for result in listed(row["results"])]
    return [_line(row, row)]


def _line(bucket: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    amount = inside(result, "amount", "value")
    cost = first(result, "amount_value", "cost_in_major", "cost") if amount is None else amount
    currency = inside(result, "amount", "currency") or first(result, "amount_currency", "currency")
    return {
        "ts": when(first(bucket, "start_time_iso", "start_time", "date", "usage_date_start")),
        "until": when(first(bucket, "end_time_iso", "end_time", "usage_date_end")),
        "model": first(result, "model", "snapshot_id"),
        "line_item": first(result, "line_item") or _kind(result),
        "project": first(result, "project_id", "project_name"),
        "user": first(result, "user_id", "user_email"),
        "api_key_id": first(result, "api_key_id", "api_key_name"),
        "service_tier": _tier(result),
        "requests": first(result, "num_model_requests", "n_requests", "num_requests"),
        "input_tokens": first(result, "input_tokens", "n_context_tokens_total"),
        "cache_read_tokens": first(result, "input_cached_tokens", "n_cached_context_tokens_total"),
        "cache_write_tokens": first(result, "input_cache_write_tokens"),
        "output_tokens": first(result, "output_tokens", "n_generated_tokens_total"),
        "input_audio_tokens": first(result, "input_audio_tokens"),
        "output_audio_tokens": first(result, "output_audio_tokens"),
        "cost": cost if number(cost) is not None else None,
        "currency": None if number(cost) is None else str(currency or "usd").upper(),
    }


def _kind(result: dict[str, Any]) -> str | None:
    """`organization.usage.completions.result` reports `completions`; so do lines of the CSV that count
    requests to models.
    """
    parts = str(result.get("object") or "").split(".")
    if len(parts) == 4 and parts[1] == "usage":
        return parts[2]
    return "completions" if "num_model_requests" in result and "input_tokens" in result else None


def _tier(result: dict[str, Any]) -> str | None:
    batch = result.get("batch")
    return "batch" if batch is True or str(batch).lower() == "true" else first(result, "service_tier")


OPENAI_USAGE = ImportFormat(
    name="openai-usage",
    sink="usage_lines",
    columns=USAGE_LINE_COLUMNS,
    constants={"provider": "openai"},
    adapter=_adapt,
    identity=_DIMENSIONS,
    grows=_GROWING,
)
