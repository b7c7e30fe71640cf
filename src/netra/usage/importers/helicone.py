"""Format `helicone`: requests exported from Helicone (its export tool, its request API, a CSV of the page).

For Anthropic models Helicone passes on Anthropic's own numbers, in which the prompt leaves out cached tokens;
for all others the prompt holds them. Where the parts contradict that, the parts decide.
"""

from typing import Any

from netra.usage.importers.foreign import count, first, number, record, tags, together, when
from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS

_STATUSES: dict[float, str] = {429: "rate_limited", 408: "timeout", 504: "timeout"}
_CANCELLED = -3
_LIKE_OPENAI = {"OPENROUTER", "VERCEL", "HELICONE", "OPENAI", "AZURE", "TOGETHER", "DEEPINFRA"}
_PROVIDERS = {"x": "x-ai", "bedrock": "aws", "vertex": "google", "google-ai-studio": "google"}
_PROPERTIES = ("Helicone-Session-Id", "Helicone-Session-Name", "Helicone-Session-Path")


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    # Answered from Helicone's cache: no model was called.
    if first(row, "cache_reference_id") not in (None, "00000000-0000-0000-0000-000000000000"):
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


HELICONE = ImportFormat(name="helicone", sink="calls", columns=CALL_COLUMNS, adapter=_adapt)
