"""From one forwarded request and its answer to one row of the call fact."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import orjson
import polars as pl

from netra.usage.prompt_digests import prompt_digests
from netra.usage.schema import CALL_COLUMNS, MAX_TEXT, columns_by_name

JsonObject = dict[str, Any]

_NOT_HASHED = {"stream", "stream_options", "user", "metadata"}
_TIERS = {"default": "standard", "auto": "standard", None: "standard"}
_KNOWN_TIERS = {"standard", "batch", "flex", "priority"}


@dataclass(slots=True)
class CallRecord:
    """What is known of one call while it is forwarded. Latencies in milliseconds from the request's
    arrival.
    """

    call_id: str
    started: datetime
    request: JsonObject
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    status: str = "error"
    interactive: bool | None = None
    usage: JsonObject = field(default_factory=dict[str, Any])
    response_id: str = ""
    service_tier: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None

    def read(self, answer: JsonObject) -> None:
        """Take id, usage and tier from an answer or from one chunk of a stream."""
        if not self.response_id and isinstance(answer.get("id"), str):
            self.response_id = str(answer["id"])[:MAX_TEXT]
        usage = answer.get("usage")
        if isinstance(usage, dict):
            self.usage = cast(JsonObject, usage)
        tier = answer.get("service_tier")
        if isinstance(tier, str):
            self.service_tier = tier

    def frame(self) -> pl.DataFrame:
        """The row, in the types of the call fact."""
        columns = columns_by_name(CALL_COLUMNS)
        values = self._values()
        return pl.DataFrame(
            {name: pl.Series(name, [value], dtype=columns[name].dtype) for name, value in values.items()}
        )

    def _values(self) -> JsonObject:
        request, usage = self.request, self.usage
        input_tokens = _count(usage.get("prompt_tokens")) or 0
        prompt = prompt_digests("", _prompt_parts(request), input_tokens)
        tier = _TIERS.get(self.service_tier, self.service_tier)
        return {
            "call_id": self.call_id,
            "ts": self.started,
            "model": str(request.get("model") or "unknown"),
            "input_tokens": input_tokens,
            "cache_read_tokens": _detail(usage, "prompt_tokens_details", "cached_tokens") or 0,
            "output_tokens": _count(usage.get("completion_tokens")) or 0,
            "reasoning_tokens": _detail(usage, "completion_tokens_details", "reasoning_tokens"),
            "service_tier": tier if tier in _KNOWN_TIERS else "standard",
            "latency_ms": self.latency_ms,
            "ttft_ms": self.ttft_ms,
            "status": self.status,
            "streaming": bool(request.get("stream")),
            "max_output_tokens": _count(request.get("max_completion_tokens") or request.get("max_tokens")),
            "temperature": _number(request.get("temperature")),
            "reasoning_effort": str(request.get("reasoning_effort") or ""),
            "interactive": self.interactive,
            "response_id": self.response_id,
            "request_hash": request_hash(request),
            "prefix_hashes": prompt.prefix_hashes,
            "prefix_block_tokens": prompt.prefix_block_tokens,
            **self.labels,
        }


def request_hash(request: JsonObject) -> str:
    """The same text for requests that a cache could answer alike: the body without delivery options."""
    body = {key: value for key, value in request.items() if key not in _NOT_HASHED}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _prompt_parts(request: JsonObject) -> list[str]:
    """What the provider builds the prompt of, in its order: tools, then messages."""
    parts: list[object] = [request["tools"]] if request.get("tools") else []
    messages = request.get("messages")
    if isinstance(messages, list):
        parts += cast(list[object], messages)
    return [orjson.dumps(part).decode() for part in parts]


def _count(value: object) -> int | None:
    return (
        int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _detail(usage: JsonObject, group: str, name: str) -> int | None:
    details = usage.get(group)
    return _count(cast(JsonObject, details).get(name)) if isinstance(details, dict) else None
