"""Format `litellm`: rows of LiteLLM's spend log (table LiteLLM_SpendLogs or `/spend/logs`) and its
StandardLoggingPayload.

LiteLLM's `prompt_tokens` holds all input for every provider; cached tokens stand in the usage object that it
keeps in the metadata, in OpenAI's or Anthropic's names.
"""

from typing import Any

import polars as pl

from netra.usage.importers.foreign import (
    count,
    first,
    inside,
    listed,
    milliseconds,
    moment_of,
    number,
    record,
    tags,
    together,
    when,
)
from netra.usage.importers.formats import ImportFormat
from netra.usage.reading.nested_columns import (
    MixedTypesError,
    NestedColumns,
    added,
    as_written,
    json_of,
    milliseconds_between,
)
from netra.usage.schema import CALL_COLUMNS

_NOT_MODELS = (
    "embedding",
    "image_",
    "transcription",
    "speech",
    "moderation",
    "rerank",
    "ocr",
    "mcp",
    "search",
    "vector_store",
    "video",
    "_file",
)
_PROVIDERS = {
    "azure_ai": "azure",
    "azure_text": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "xai": "x-ai",
}


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    payload = record(row.get("standard_logging_object")) or row
    kind = str(payload.get("call_type") or "")
    # A response from LiteLLM's own cache was no call of a model and cost nothing.
    if any(name in kind for name in _NOT_MODELS) or str(payload.get("cache_hit")).lower() == "true":
        return None
    metadata = record(payload.get("metadata"))
    usage = record(metadata.get("usage_object")) or record(inside(metadata, "additional_usage_values"))
    begin = moment_of(first(payload, "startTime", "start_time"))
    end = moment_of(first(payload, "endTime", "end_time"))
    streamed = moment_of(first(payload, "completionStartTime", "completion_start_time"))
    parameters = record(payload.get("model_parameters"))
    status = _status(payload, metadata)
    return {
        "call_id": first(payload, "id", "request_id"),
        "ts": when(begin),
        "provider": _provider(payload),
        "model": _model(payload),
        **_tokens(payload, usage),
        "service_tier": _tier(payload, kind, usage, parameters),
        "latency_ms": milliseconds(begin, end),
        # LiteLLM fills the first token's time with the end of a call that did not stream.
        "ttft_ms": None if streamed == end else milliseconds(begin, streamed),
        "status": status,
        "user": first(payload, "end_user") or first(metadata, "user_api_key_user_id") or payload.get("user"),
        "api_key_id": first(metadata, "user_api_key_hash") or first(payload, "api_key"),
        "session_id": first(payload, "session_id"),
        "trace_id": first(payload, "trace_id"),
        "streaming": payload.get("stream"),
        "app": first(metadata, "user_api_key_team_alias") or first(payload, "team_id"),
        "max_output_tokens": first(parameters, "max_completion_tokens", "max_tokens"),
        "temperature": parameters.get("temperature"),
        "reasoning_effort": first(parameters, "reasoning_effort"),
        "reported_cost_usd": first(payload, "response_cost", "spend"),
        "tags": _tags(payload, metadata),
    }


def _tokens(payload: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    details = record(first(usage, "prompt_tokens_details", "input_tokens_details"))
    answers = record(first(usage, "completion_tokens_details", "output_tokens_details"))
    read = first(usage, "cache_read_input_tokens")
    read = first(details, "cached_tokens") if not count(read) and number(read) in {0, None} else read
    cached = record(details.get("cache_creation_token_details")) or record(usage.get("cache_creation"))
    longer = count(cached.get("ephemeral_1h_input_tokens"))
    written = max(
        count(first(usage, "cache_creation_input_tokens")),
        count(first(details, "cache_creation_tokens", "cache_write_tokens")),
        longer + count(cached.get("ephemeral_5m_input_tokens")),
    )
    inputs = first(payload, "prompt_tokens")
    if count(inputs) < count(read) + written:
        inputs = together(inputs, read, written)
    return {
        "input_tokens": inputs,
        "cache_read_tokens": read,
        "cache_write_tokens": written - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": payload.get("completion_tokens"),
        "reasoning_tokens": answers.get("reasoning_tokens"),
    }


def _tier(payload: dict[str, Any], kind: str, usage: dict[str, Any], parameters: dict[str, Any]) -> Any:
    """The tier that answered, else the one that was asked for; what a batch reports of all its calls."""
    if "batch" in kind:
        return "batch"
    return first(usage, "service_tier") or first(payload, "service_tier") or first(parameters, "service_tier")


def _model(payload: dict[str, Any]) -> Any:
    """The model without the provider that LiteLLM writes before it."""
    model = first(payload, "model", "model_group")
    prefix, slash, name = model.partition("/") if isinstance(model, str) else ("", "", "")
    return name if slash and prefix == _routed(payload) else model


def _provider(payload: dict[str, Any]) -> str | None:
    name = _routed(payload)
    return None if name is None else _PROVIDERS.get(name, name)


def _routed(payload: dict[str, Any]) -> str | None:
    name = first(payload, "custom_llm_provider") or inside(payload, "hidden_params", "litellm_provider")
    model = first(payload, "model")
    if name is None and isinstance(model, str) and "/" in model:
        return model.partition("/")[0]
    return None if name is None else str(name)


def _status(payload: dict[str, Any], metadata: dict[str, Any]) -> str:
    """Our word; LiteLLM's own where it is neither success nor failure and no error explains it."""
    status = str(first(payload, "status") or first(metadata, "status") or "success").lower()
    if status == "success":
        return "ok"
    error = record(first(payload, "error_information") or metadata.get("error_information"))
    code, name = str(error.get("error_code") or ""), str(error.get("error_class") or "")
    if code == "429" or "RateLimit" in name:
        return "rate_limited"
    if code in {"408", "504"} or "Timeout" in name:
        return "timeout"
    return "error" if status == "failure" or code or name else status


def _tags(payload: dict[str, Any], metadata: dict[str, Any]) -> str | None:
    return tags(
        {
            "team": first(metadata, "user_api_key_team_id") or first(payload, "team_id"),
            "model_group": first(payload, "model_group"),
            "api_base": first(payload, "api_base"),
            "call_type": first(payload, "call_type"),
            "request_tags": ",".join(str(tag) for tag in listed(payload.get("request_tags"))),
        }
    )


def _columns(rows: NestedColumns) -> dict[str, pl.Expr]:
    """What `_adapt` makes of successful calls in a log whose JSON columns are objects."""
    if rows.type_of("standard_logging_object") is not None:
        raise MixedTypesError
    kind = rows.text("call_type").fill_null("")
    rows.ignore(kind.str.contains_any(list(_NOT_MODELS)))
    rows.ignore(rows.as_it_is("cache_hit").cast(pl.String).str.to_lowercase() == "true")
    rows.require(rows.text("status", "metadata.status").fill_null("success").str.to_lowercase() == "success")
    metadata, parameters = rows.object("metadata"), rows.object("model_parameters")
    begin, end = rows.time("startTime", "start_time"), rows.time("endTime", "end_time")
    streamed = rows.time("completionStartTime", "completion_start_time")
    usage = _usage_of(rows, metadata)
    tier = rows.text(f"{usage}.service_tier", "service_tier", f"{parameters}.service_tier")
    routed, model = _routed_model(rows)
    if rows.type_of("user") == pl.Float64:
        raise MixedTypesError  # among texts each would be written as it came
    return {
        "call_id": rows.first("id", "request_id"),
        "ts": as_written(begin),
        "provider": routed.replace(_PROVIDERS),
        "model": model,
        **_token_columns(rows, usage),
        "service_tier": pl.when(kind.str.contains("batch", literal=True))
        .then(pl.lit("batch"))
        .otherwise(tier),
        "latency_ms": milliseconds_between(begin, end),
        "ttft_ms": pl.when(streamed.ne_missing(end)).then(milliseconds_between(begin, streamed)),
        "status": pl.lit("ok"),
        "user": pl.coalesce(
            rows.text("end_user", f"{metadata}.user_api_key_user_id"), rows.as_it_is("user").cast(pl.String)
        ),
        "api_key_id": rows.text(f"{metadata}.user_api_key_hash", "api_key"),
        "session_id": rows.first("session_id"),
        "trace_id": rows.first("trace_id"),
        "streaming": rows.as_it_is("stream"),
        "app": rows.text(f"{metadata}.user_api_key_team_alias", "team_id"),
        "max_output_tokens": rows.first(f"{parameters}.max_completion_tokens", f"{parameters}.max_tokens"),
        "temperature": rows.as_it_is(f"{parameters}.temperature"),
        "reasoning_effort": rows.first(f"{parameters}.reasoning_effort"),
        "reported_cost_usd": rows.first("response_cost", "spend"),
        "tags": json_of(
            {
                "team": rows.text(f"{metadata}.user_api_key_team_id", "team_id"),
                "model_group": rows.written("model_group"),
                "api_base": rows.written("api_base"),
                "call_type": rows.written("call_type"),
                "request_tags": rows.joined("request_tags"),
            }
        ),
    }


def _usage_of(rows: NestedColumns, metadata: str) -> str:
    """Where the usage of plain rows stands."""
    usage, others = (
        rows.object(f"{metadata}.usage_object"),
        rows.object(f"{metadata}.additional_usage_values"),
    )
    told = rows.members(usage)
    if told and rows.members(others):
        rows.require(pl.any_horizontal(*(rows.value(f"{usage}.{name}").is_not_null() for name in told)))
    return usage if told else others


def _routed_model(rows: NestedColumns) -> tuple[pl.Expr, pl.Expr]:
    """Who answers in LiteLLM's words, and the model without that word before it."""
    named = rows.text("custom_llm_provider", rows.object("hidden_params") + ".litellm_provider")
    before = r"^([^/]*)/"
    routed = pl.coalesce(named, rows.text("model").str.extract(before))
    model = rows.text("model", "model_group")
    return routed, pl.when(model.str.extract(before) == routed).then(model.str.replace(before, "")).otherwise(
        model
    )


def _token_columns(rows: NestedColumns, usage: str) -> dict[str, pl.Expr]:
    """What `_tokens` makes of counts."""
    details = rows.object(f"{usage}.prompt_tokens_details", f"{usage}.input_tokens_details")
    answers = rows.object(f"{usage}.completion_tokens_details", f"{usage}.output_tokens_details")
    cached = rows.object(f"{details}.cache_creation_token_details", f"{usage}.cache_creation")
    told = rows.count(f"{usage}.cache_read_input_tokens")
    read = pl.when(told != 0).then(told).otherwise(rows.count(f"{details}.cached_tokens"))
    longer = added([rows.count(f"{cached}.ephemeral_1h_input_tokens")])
    written = pl.max_horizontal(
        added([rows.count(f"{usage}.cache_creation_input_tokens")]),
        added([rows.count(f"{details}.cache_creation_tokens", f"{details}.cache_write_tokens")]),
        added([longer, rows.count(f"{cached}.ephemeral_5m_input_tokens")]),
    )
    inputs, beside = rows.count("prompt_tokens"), added([read, written])
    return {
        "input_tokens": pl.when(added([inputs]) < beside).then(inputs + beside).otherwise(inputs),
        "cache_read_tokens": read,
        "cache_write_tokens": written - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": rows.as_it_is("completion_tokens"),
        "reasoning_tokens": rows.as_it_is(f"{answers}.reasoning_tokens"),
    }


LITELLM = ImportFormat(
    name="litellm",
    sink="calls",
    columns=CALL_COLUMNS,
    adapter=_adapt,
    block=_columns,
    measured=("latency_ms", "ttft_ms"),
    assumed={"service_tier": None, "status": "error"},
)
