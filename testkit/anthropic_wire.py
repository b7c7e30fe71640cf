"""Anthropic's Messages API as the scripted provider speaks it: plain and streamed answers, tools, errors."""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator
from typing import Any

JsonObject = dict[str, Any]


def message_of(
    model: str, text: str | None, calls: tuple[tuple[str, JsonObject], ...], usage: JsonObject
) -> JsonObject:
    """A whole answer."""
    return {
        "id": f"msg_{secrets.token_hex(8)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": _content(text, calls),
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def events_of(message: JsonObject, piece: int) -> Generator[bytes]:
    """The same answer as server-sent events: usage begins with 1 output token and ends with all of them.

    The end repeats what was said of the input, as the API does today; one with `"brief": True` in its usage
    ends with the output alone, as the API did before and as compatible servers do.
    """
    usage: JsonObject = {name: count for name, count in message["usage"].items() if name != "brief"}
    at_end = {"output_tokens": usage["output_tokens"]} if "brief" in message["usage"] else usage
    begun: JsonObject = {
        **message,
        "content": [],
        "stop_reason": None,
        "usage": {**usage, "output_tokens": 1},
    }
    yield _event({"type": "message_start", "message": begun})
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            texts, kind = str(block["text"]), "text"
            empty: JsonObject = {"type": "text", "text": ""}
        else:
            texts, kind = json.dumps(block["input"]), "partial_json"
            empty = {**block, "input": {}}
        yield _event({"type": "content_block_start", "index": index, "content_block": empty})
        for start in range(0, len(texts), piece):
            delta = {"type": "text_delta" if kind == "text" else "input_json_delta"}
            delta[kind] = texts[start : start + piece]
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": end, "usage": at_end})
    yield _event({"type": "message_stop"})


def _content(text: str | None, calls: tuple[tuple[str, JsonObject], ...]) -> list[JsonObject]:
    blocks: list[JsonObject] = [] if text is None else [{"type": "text", "text": text}]
    blocks += [
        {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": arguments}
        for n, (name, arguments) in enumerate(calls)
    ]
    return blocks


def _event(body: JsonObject) -> bytes:
    return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()
