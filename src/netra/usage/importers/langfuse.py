"""Format `langfuse`: observations of Langfuse (export of the page, of the blob storage, or the public API).

Only observations of type GENERATION are calls. The parts of `usageDetails` do not overlap in Langfuse, so all
input is the sum of the parts that are input; but an application may report what it likes, and the total that
it reported with them says which parts hold others.
"""

import math
from typing import Any

import polars as pl

from netra.usage.importers.foreign import (
    count,
    first,
    listed,
    milliseconds,
    moment_of,
    number,
    record,
    tags,
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

_LEGACY_INPUT = ("inputUsage", "inputTokens", "promptTokens", "prompt_tokens", "input_tokens")
_LEGACY_OUTPUT = ("outputUsage", "outputTokens", "completionTokens", "completion_tokens", "output_tokens")
_WHOLE = frozenset({"input", "prompt", "prompt_tokens", "input_tokens", "output", "completion"}) | frozenset(
    {"completion_tokens", "output_tokens"}
)
_LEVELS = {"ERROR": "error", "DEBUG": "ok", "DEFAULT": "ok", "WARNING": "ok"}
_MEDIA = ("audio", "image", "text", "video")


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    if str(row.get("type") or "GENERATION").upper() != "GENERATION":
        return None
    begin = moment_of(first(row, "startTime", "start_time"))
    end = moment_of(first(row, "endTime", "end_time"))
    parameters = record(first(row, "modelParameters", "model_parameters"))
    level = str(first(row, "level") or "DEFAULT").upper()
    status = _LEVELS.get(level, level)
    costs = record(first(row, "costDetails", "cost_details"))
    cost = first(row, "totalCost", "total_cost", "calculatedTotalCost")
    # Langfuse's own wrapper of OpenAI's client writes Infinity where a call had no cap.
    cap = number(first(parameters, "max_completion_tokens", "max_tokens", "maxTokens"))
    return {
        "call_id": first(row, "id"),
        "ts": when(begin),
        "model": first(row, "providedModelName", "provided_model_name", "model", "internalModel"),
        **_tokens(row, status),
        "latency_ms": _or_seconds(milliseconds(begin, end), first(row, "latency")),
        "ttft_ms": _or_seconds(
            milliseconds(begin, first(row, "completionStartTime", "completion_start_time")),
            first(row, "timeToFirstToken", "time_to_first_token"),
        ),
        "status": status,
        "app": first(row, "traceName", "trace_name"),
        "feature": first(row, "name"),
        "user": first(row, "userId", "user_id"),
        "session_id": first(row, "sessionId", "session_id"),
        "trace_id": first(row, "traceId", "trace_id"),
        "span_id": first(row, "id"),
        "parent_span_id": first(row, "parentObservationId", "parent_observation_id"),
        "max_output_tokens": None if cap is not None and math.isinf(cap) else cap,
        "temperature": number(parameters.get("temperature")),
        "reasoning_effort": first(parameters, "reasoning_effort"),
        "reported_cost_usd": cost or first(costs, "total") or cost,
        "tags": _tags(row),
    }


def _or_seconds(milliseconds: float | None, seconds: object) -> float | None:
    """What the times say, else what Langfuse worked out itself, in seconds."""
    told = number(seconds) if milliseconds is None else None
    return milliseconds if told is None else told * 1000


def _tokens(row: dict[str, Any], status: str) -> dict[str, Any]:
    details = record(first(row, "usageDetails", "usage_details"))
    parts = {str(name).lower(): count(value) for name, value in details.items() if number(value) is not None}
    if set(parts) <= {"total"}:
        return _legacy(row, status)
    cached = {name: n for name, n in parts.items() if "cache" in name and not name.startswith("output")}
    written = {name: n for name, n in cached.items() if "creation" in name or "write" in name}
    longer = sum(n for name, n in written.items() if "1h" in name)
    read = sum(n for name, n in cached.items() if name not in written)
    inputs = {name: n for name, n in parts.items() if name in cached or "input" in name or "prompt" in name}
    outputs = {name: n for name, n in parts.items() if name.startswith(("output", "completion"))}
    # Parts that are named neither input nor output (`reasoning_tokens`, predictions) are parts of the output.
    reasoning = sum(n for name, n in parts.items() if "reasoning" in name and name not in inputs)
    all_input, all_output = _sides(inputs, outputs, parts.get("total"), sum(cached.values()), reasoning)
    return {
        "input_tokens": all_input,
        "cache_read_tokens": read,
        "cache_write_tokens": sum(written.values()) - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": max(all_output, reasoning),
        "reasoning_tokens": reasoning or None,
    }


def _sides(
    inputs: dict[str, int], outputs: dict[str, int], total: int | None, cached: int, reasoning: int
) -> tuple[int, int]:
    """All input and all output. Parts add up; where they make more than the total, a side's first part holds
    its others already, or parts by kind of media (audio, text) overlap those by use (cached, reasoning).
    """
    sums = sum(inputs.values()), sum(outputs.values())
    if total is None or sum(sums) <= total:
        return sums
    whole = (_whole(inputs, cached), _whole(outputs, reasoning))
    for sides in ((whole[0], sums[1]), (sums[0], whole[1]), whole):
        if sum(sides) == total and min(sides) >= 0:
            return sides
    media = [
        sum(n for name, n in side.items() if any(m in name for m in _MEDIA)) for side in (inputs, outputs)
    ]
    less = min(sum(sums) - total, media[0])
    return max(sums[0] - less, cached), max(total - max(sums[0] - less, cached), reasoning)


def _whole(side: dict[str, int], least: int) -> int:
    """The part of a side that may hold all others: no less than what it must hold."""
    return max((n for name, n in side.items() if name in _WHOLE and n >= least), default=-1)


def _legacy(row: dict[str, Any], status: str) -> dict[str, Any]:
    usage = record(row.get("usage"))
    known = {**row, **usage} if usage else {**row, "input": None, "output": None}
    # A generation that failed was not answered and used nothing that anybody knows of.
    nothing = 0 if status == "error" else None
    inputs, outputs = first(known, "input", *_LEGACY_INPUT), first(known, "output", *_LEGACY_OUTPUT)
    return {
        "input_tokens": nothing if inputs is None else inputs,
        "output_tokens": nothing if outputs is None else outputs,
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


def _columns(rows: NestedColumns) -> dict[str, pl.Expr]:
    """What `_adapt` makes of generations that tell the parts of their usage."""
    rows.ignore(rows.text("type").str.to_uppercase() != "GENERATION")
    begin, end = rows.time("startTime", "start_time"), rows.time("endTime", "end_time")
    streamed = rows.time("completionStartTime", "completion_start_time")
    parameters = rows.object("modelParameters", "model_parameters")
    level = rows.text("level").fill_null("DEFAULT").str.to_uppercase()
    total = rows.number(rows.object("costDetails", "cost_details") + ".total")
    cost = rows.number("totalCost", "total_cost", "calculatedTotalCost")
    waited = rows.number("timeToFirstToken", "time_to_first_token") * 1000
    return {
        "call_id": rows.first("id"),
        "ts": as_written(begin),
        "model": rows.first("providedModelName", "provided_model_name", "model", "internalModel"),
        **_token_columns(rows),
        "latency_ms": pl.coalesce(milliseconds_between(begin, end), rows.number("latency") * 1000),
        "ttft_ms": pl.coalesce(milliseconds_between(begin, streamed), waited),
        "status": level.replace(_LEVELS),
        "app": rows.first("traceName", "trace_name"),
        "feature": rows.first("name"),
        "user": rows.first("userId", "user_id"),
        "session_id": rows.first("sessionId", "session_id"),
        "trace_id": rows.first("traceId", "trace_id"),
        "span_id": rows.first("id"),
        "parent_span_id": rows.first("parentObservationId", "parent_observation_id"),
        "max_output_tokens": rows.number(
            *(f"{parameters}.{name}" for name in ("max_completion_tokens", "max_tokens", "maxTokens"))
        ),
        "temperature": rows.number(f"{parameters}.temperature"),
        "reasoning_effort": rows.first(f"{parameters}.reasoning_effort"),
        "reported_cost_usd": pl.when(cost != 0).then(cost).when(total != 0).then(total).otherwise(cost),
        "tags": json_of(
            {
                "environment": rows.written("environment"),
                "version": rows.written("version"),
                "release": rows.written("release"),
                "prompt": rows.written("promptName", "prompt_name"),
                "tags": rows.joined("tags"),
            }
        ),
    }


def _token_columns(rows: NestedColumns) -> dict[str, pl.Expr]:
    """What `_tokens` makes of parts that add up to no more than their total."""
    details = rows.object("usageDetails", "usage_details")
    parts = {name.lower(): rows.count(f"{details}.{name}") for name in rows.members(details)}
    if len(parts) < len(rows.members(details)):
        raise MixedTypesError
    total = parts.pop("total", pl.lit(None, dtype=pl.Int64))
    cached = [name for name in parts if "cache" in name and not name.startswith("output")]
    written = [name for name in cached if "creation" in name or "write" in name]
    longer = added(parts[name] for name in written if "1h" in name)
    inputs = [name for name in parts if name in cached or "input" in name or "prompt" in name]
    reasoning = added(parts[name] for name in parts if "reasoning" in name and name not in inputs)
    all_input = added(parts[name] for name in inputs)
    all_output = added(parts[name] for name in parts if name.startswith(("output", "completion")))
    rows.require(pl.any_horizontal(pl.lit(value=False), *(part.is_not_null() for part in parts.values())))
    rows.require(total.is_null() | (all_input + all_output <= total))
    return {
        "input_tokens": all_input,
        "cache_read_tokens": added(parts[name] for name in cached if name not in written),
        "cache_write_tokens": added(parts[name] for name in written) - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": pl.max_horizontal(all_output, reasoning),
        "reasoning_tokens": pl.when(reasoning > 0).then(reasoning),
    }


LANGFUSE = ImportFormat(
    name="langfuse",
    sink="calls",
    columns=CALL_COLUMNS,
    adapter=_adapt,
    block=_columns,
    measured=("latency_ms", "ttft_ms"),
    assumed={"status": "ok"},
)
