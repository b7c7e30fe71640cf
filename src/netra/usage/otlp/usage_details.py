"""Usage objects inside one attribute: as the provider's SDK returned them, or in Langfuse's own words."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import orjson

_LONGEST = 4_000


class Usage(NamedTuple):
    """Tokens of one call: all input, of it read from and written to the cache (5 min, 1 h), output, reasoning
    in it.
    """

    input_tokens: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output_tokens: int
    reasoning: int | None


def parsed(text: str | None) -> dict[str, Any] | None:
    """An object written as JSON or as Python shows it (LiteLLM); None for anything else."""
    if not text or len(text) > _LONGEST or not text.startswith("{"):
        return None
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def usage_of(details: Mapping[str, Any] | None) -> Usage | None:
    """Tokens of a usage object; None where it holds none.

    `prompt_tokens`, and `input_tokens` beside `input_tokens_details`, hold cached input (OpenAI, LiteLLM).
    `input_tokens` alone (Anthropic) and `input` (Langfuse) do not, and the other kinds of input come on top.
    """
    if not details:
        return None
    if "prompt_tokens" in details or "input_tokens_details" in details:
        return _inclusive(details)
    if "input_tokens" in details:
        read, write = (
            _count(details.get("cache_read_input_tokens")),
            _count(details.get("cache_creation_input_tokens")),
        )
        long = min(_count(_object(details, "cache_creation").get("ephemeral_1h_input_tokens")), write)
        plain = _count(details.get("input_tokens"))
        return Usage(
            plain + read + write, read, write - long, long, _count(details.get("output_tokens")), None
        )
    return _by_kind(details)


def _inclusive(details: Mapping[str, Any]) -> Usage:
    old = "prompt_tokens" in details
    inputs = _object(details, "prompt_tokens_details" if old else "input_tokens_details")
    outputs = _object(details, "completion_tokens_details" if old else "output_tokens_details")
    read = _count(inputs.get("cached_tokens")) or _count(details.get("cache_read_input_tokens"))
    write = (
        _count(details.get("cache_creation_input_tokens"))
        or _count(inputs.get("cache_creation_tokens"))
        or _count(inputs.get("cache_write_tokens"))
    )
    long = _count(_object(inputs, "cache_creation_token_details").get("ephemeral_1h_input_tokens"))
    reasoning = outputs.get("reasoning_tokens")
    return Usage(
        _count(details.get("prompt_tokens" if old else "input_tokens")),
        read,
        write - min(long, write),
        min(long, write),
        _count(details.get("completion_tokens" if old else "output_tokens")),
        None if reasoning is None else _count(reasoning),
    )


def _by_kind(details: Mapping[str, Any]) -> Usage | None:
    """Langfuse: kinds named input..., output... and cache..., none of which holds another."""
    read = write = plain = output = 0
    reasoning: int | None = None
    known = False
    for kind, value in details.items():
        count = _count(value)
        if kind == "total":
            continue
        if "cache" in kind:
            creating = "creation" in kind or "write" in kind
            write, read = (write + count, read) if creating else (write, read + count)
        elif kind.startswith("input"):
            plain += count
        elif kind.startswith("output") or "reasoning" in kind:
            output += count
            reasoning = (reasoning or 0) + count if "reasoning" in kind else reasoning
        else:
            continue
        known = True
    return Usage(plain + read + write, read, write, 0, output, reasoning) if known else None


def _object(details: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = details.get(name)
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if abs(value) < 2**53 else 2**53
