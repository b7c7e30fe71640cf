"""Format `langfuse`: observations of Langfuse (export of the page, of the blob storage, or the public API).

Only observations of type GENERATION are calls. The parts of `usageDetails` do not overlap in Langfuse, so all
input is the sum of the parts that are input; but an application may report what it likes, and where the parts
add up to more than the total that it reported with them, `input` is taken to hold the cached parts already.
"""

from typing import Any

from netra.usage.importers.foreign import count, first, listed, milliseconds, number, record, tags, when
from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS

_LEGACY_INPUT = ("inputUsage", "inputTokens", "promptTokens", "prompt_tokens", "input_tokens")
_LEGACY_OUTPUT = ("outputUsage", "outputTokens", "completionTokens", "completion_tokens", "output_tokens")


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    if str(row.get("type") or "GENERATION").upper() != "GENERATION":
        return None
    begin, end = first(row, "startTime", "start_time"), first(row, "endTime", "end_time")
    parameters = record(first(row, "modelParameters", "model_parameters"))
    costs = record(first(row, "costDetails", "cost_details"))
    return {
        "call_id": first(row, "id"),
        "ts": when(begin),
        "model": first(row, "providedModelName", "provided_model_name", "model", "internalModel"),
        **_tokens(row),
        "latency_ms": milliseconds(begin, end),
        "ttft_ms": milliseconds(begin, first(row, "completionStartTime", "completion_start_time")),
        "status": "error" if str(row.get("level")).upper() == "ERROR" else "ok",
        "app": first(row, "traceName", "trace_name"),
        "feature": first(row, "name"),
        "user": first(row, "userId", "user_id"),
        "session_id": first(row, "sessionId", "session_id"),
        "trace_id": first(row, "traceId", "trace_id"),
        "span_id": first(row, "id"),
        "parent_span_id": first(row, "parentObservationId", "parent_observation_id"),
        "max_output_tokens": number(first(parameters, "max_completion_tokens", "max_tokens", "maxTokens")),
        "temperature": number(parameters.get("temperature")),
        "reasoning_effort": first(parameters, "reasoning_effort"),
        "reported_cost_usd": first(row, "totalCost", "total_cost", "calculatedTotalCost")
        or costs.get("total"),
        "tags": _tags(row),
    }


def _tokens(row: dict[str, Any]) -> dict[str, Any]:
    parts = {
        str(name).lower(): count(value)
        for name, value in record(first(row, "usageDetails", "usage_details")).items()
        if number(value) is not None
    }
    if not parts:
        return _legacy(row)
    cached = {name: n for name, n in parts.items() if "cache" in name and not name.startswith("output")}
    written = {name: n for name, n in cached.items() if "creation" in name or "write" in name}
    longer = sum(n for name, n in written.items() if "1h" in name)
    read = sum(n for name, n in cached.items() if name not in written)
    inputs = {name: n for name, n in parts.items() if name in cached or "input" in name or "prompt" in name}
    outputs = {name: n for name, n in parts.items() if name not in inputs and name != "total"}
    all_input, all_output = sum(inputs.values()), sum(outputs.values())
    total = parts.get("total")
    if total is not None and total < all_input + all_output:
        all_input = parts.get("input", parts.get("prompt_tokens", all_input))
        all_output = max(total - all_input, 0)
    return {
        "input_tokens": all_input,
        "cache_read_tokens": read,
        "cache_write_tokens": sum(written.values()) - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": all_output,
        "reasoning_tokens": sum(n for name, n in outputs.items() if "reasoning" in name) or None,
    }


def _legacy(row: dict[str, Any]) -> dict[str, Any]:
    usage = record(row.get("usage"))
    named = {"input": usage.get("input"), "output": usage.get("output")}
    known = {**row, **usage, **named}
    return {
        "input_tokens": first(known, "input", *_LEGACY_INPUT) if usage else first(row, *_LEGACY_INPUT),
        "output_tokens": first(known, "output", *_LEGACY_OUTPUT) if usage else first(row, *_LEGACY_OUTPUT),
    }


def _tags(row: dict[str, Any]) -> str | None:
    return tags(
        {
            "environment": first(row, "environment"),
            "version": first(row, "version"),
            "release": first(row, "release"),
            "prompt": first(row, "promptName", "prompt_name"),
            "tags": ",".join(str(tag) for tag in listed(row.get("tags"))),
        }
    )


LANGFUSE = ImportFormat(name="langfuse", sink="calls", columns=CALL_COLUMNS, adapter=_adapt)
