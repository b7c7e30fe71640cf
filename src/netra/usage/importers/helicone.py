"""Format `helicone`: requests exported from Helicone (its export tool, its request API, a CSV of the page).

For Anthropic models Helicone passes on Anthropic's own numbers, in which the prompt leaves out cached tokens;
for all others the prompt holds them. Where the parts contradict that, the parts decide.
"""

from typing import Any

import polars as pl

from netra.usage.importers.foreign import count, first, number, record, tags, together, when
from netra.usage.importers.formats import ImportFormat
from netra.usage.reading.nested_columns import NestedColumns, added, as_written, json_of
from netra.usage.schema import CALL_COLUMNS

_STATUSES: dict[float, str] = {429: "rate_limited", 408: "timeout", 504: "timeout"}
_CANCELLED = -3
_NOT_CACHED = "00000000-0000-0000-0000-000000000000"
_LIKE_OPENAI = {"OPENROUTER", "VERCEL", "HELICONE", "OPENAI", "AZURE", "TOGETHER", "DEEPINFRA"}
_PROVIDERS = {"x": "x-ai", "bedrock": "aws", "vertex": "google", "google-ai-studio": "google"}
_PROPERTIES = ("Helicone-Session-Id", "Helicone-Session-Name", "Helicone-Session-Path")


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    # Answered from Helicone's cache: no model was called.
    if first(row, "cache_reference_id") not in (None, _NOT_CACHED):
        return None
    status = _status(row)
    properties = record(first(row, "request_properties", "properties"))
    plain = {name: value for name, value in properties.items() if name not in _PROPERTIES}
    return {
        "call_id": first(row, "request_id", "response_id"),
        "ts": when(first(row, "request_created_at", "created_at", "response_created_at")),
        "provider": _provider(row),
        "model": first(row, "response_model", "request_model", "model_override", "model"),
        **_tokens(row, status),
        "latency_ms": first(row, "delay_ms", "response_delay_ms", "latency"),
        "ttft_ms": first(row, "time_to_first_token", "ttft"),
        "status": status,
        "user": first(row, "request_user_id", "user_id", "helicone_user", "user"),
        "api_key_id": first(row, "helicone_proxy_key_id", "helicone_api_key_id"),
        "session_id": first(properties, "Helicone-Session-Id"),
        "feature": first(properties, "Helicone-Session-Name"),
        "reported_cost_usd": first(row, "cost", "costUSD", "cost_usd"),
        "tags": tags({**plain, "country": first(row, "country_code"), "path": first(row, "request_path")}),
    }


def _tokens(row: dict[str, Any], status: str) -> dict[str, Any]:
    # A call that failed was not answered and used nothing that Helicone knows of.
    nothing = None if status == "ok" else 0
    inputs = first(row, "prompt_tokens", "request_prompt_tokens", "promptTokens")
    outputs = first(row, "completion_tokens", "response_completion_tokens", "completionTokens")
    read = first(row, "prompt_cache_read_tokens", "promptCacheReadTokens")
    written = first(row, "prompt_cache_write_tokens", "promptCacheWriteTokens")
    if _leaves_cache_out(row) or count(inputs) < count(read) + count(written):
        inputs = together(inputs, read, written)
    return {
        "input_tokens": nothing if inputs is None else inputs,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": nothing if outputs is None else outputs,
        "reasoning_tokens": first(row, "reasoning_tokens", "completion_reasoning_tokens"),
    }


def _leaves_cache_out(row: dict[str, Any]) -> bool:
    """Whether the prompt is counted as Anthropic does it; who answers in OpenAI's words counts as they do."""
    provider = str(row.get("provider")).upper()
    model = str(first(row, "response_model", "request_model", "model") or "").lower()
    return provider == "ANTHROPIC" or ("claude" in model and provider not in _LIKE_OPENAI)


def _provider(row: dict[str, Any]) -> str | None:
    name = first(row, "provider")
    if name is None or str(name).upper() in {"CUSTOM", "HELICONE"}:
        return None
    return _PROVIDERS.get(str(name).lower(), str(name).lower())


def _status(row: dict[str, Any]) -> str:
    code = number(first(row, "response_status", "status"))
    if code is None or 200 <= code < 300:
        return "ok"
    return "error" if code == _CANCELLED else _STATUSES.get(code, "error")


def _columns(rows: NestedColumns) -> dict[str, pl.Expr]:
    """What `_adapt` makes of requests whose properties are texts and numbers."""
    rows.ignore(rows.text("cache_reference_id") != _NOT_CACHED)
    code = rows.number("response_status", "status").cast(pl.Float64)
    known = (
        pl.when(code == _CANCELLED)
        .then(pl.lit("error"))
        .otherwise(code.replace_strict(_STATUSES, default="error"))
    )
    status = pl.when(code.is_null() | ((code >= 200) & (code < 300))).then(pl.lit("ok")).otherwise(known)
    properties = rows.object("request_properties", "properties")
    names = (name for name in rows.members(properties) if name not in _PROPERTIES)
    plain = {name: rows.written(f"{properties}.{name}") for name in names}
    provider = rows.text("provider").str.to_lowercase()
    return {
        "call_id": rows.first("request_id", "response_id"),
        "ts": as_written(rows.time("request_created_at", "created_at", "response_created_at")),
        "provider": pl.when(~provider.is_in(["custom", "helicone"])).then(provider.replace(_PROVIDERS)),
        "model": rows.first("response_model", "request_model", "model_override", "model"),
        **_token_columns(rows, status == "ok"),
        "latency_ms": rows.first("delay_ms", "response_delay_ms", "latency"),
        "ttft_ms": rows.first("time_to_first_token", "ttft"),
        "status": status,
        "user": rows.first("request_user_id", "user_id", "helicone_user", "user"),
        "api_key_id": rows.first("helicone_proxy_key_id", "helicone_api_key_id"),
        "session_id": rows.first(f"{properties}.Helicone-Session-Id"),
        "feature": rows.first(f"{properties}.Helicone-Session-Name"),
        "reported_cost_usd": rows.first("cost", "costUSD", "cost_usd"),
        "tags": json_of(
            {**plain, "country": rows.written("country_code"), "path": rows.written("request_path")}
        ),
    }


def _token_columns(rows: NestedColumns, answered: pl.Expr) -> dict[str, pl.Expr]:
    """What `_tokens` makes of counts."""
    inputs = rows.count("prompt_tokens", "request_prompt_tokens", "promptTokens")
    outputs = rows.count("completion_tokens", "response_completion_tokens", "completionTokens")
    read = rows.count("prompt_cache_read_tokens", "promptCacheReadTokens")
    written = rows.count("prompt_cache_write_tokens", "promptCacheWriteTokens")
    provider = rows.text("provider").str.to_uppercase().fill_null("NONE")
    model = rows.text("response_model", "request_model", "model").fill_null("").str.to_lowercase()
    anthropic = model.str.contains("claude", literal=True) & ~provider.is_in(list(_LIKE_OPENAI))
    apart = (provider == "ANTHROPIC") | anthropic | (added([inputs]) < added([read, written]))
    whole = pl.when(apart).then(inputs + added([read, written])).otherwise(inputs)
    nothing = pl.when(~answered).then(pl.lit(0, dtype=pl.Int64))
    return {
        "input_tokens": pl.coalesce(whole, nothing),
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": pl.coalesce(outputs, nothing),
        "reasoning_tokens": rows.first("reasoning_tokens", "completion_reasoning_tokens"),
    }


HELICONE = ImportFormat(name="helicone", sink="calls", columns=CALL_COLUMNS, adapter=_adapt, block=_columns)
