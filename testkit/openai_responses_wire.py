"""OpenAI's Responses API as the scripted provider speaks it: plain and streamed answers, tools."""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator
from typing import Any, Literal

JsonObject = dict[str, Any]
ResponseEnding = Literal["completed", "incomplete", "failed"]


def response_of(
    request: JsonObject, text: str | None, calls: tuple[tuple[str, JsonObject], ...], usage: JsonObject
) -> JsonObject:
    """A whole answer; `usage` is in the words of this API (`input_tokens`, `input_tokens_details`, ...)."""
    return {
        "id": f"resp_{secrets.token_hex(12)}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "metadata": {},
        "model": request["model"],
        "output": _output(text, calls),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None, **request.get("reasoning", {})},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": request.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
    }


def ended(response: JsonObject, ending: ResponseEnding) -> JsonObject:
    """A whole answer as it is where its cap cut it off, or where the provider gave up (without usage)."""
    if ending == "completed":
        return response
    if ending == "incomplete":
        return {**response, "status": ending, "incomplete_details": {"reason": "max_output_tokens"}}
    error = {"code": "server_error", "message": "The model failed to answer."}
    return {**response, "status": ending, "error": error, "output": [], "usage": None}


def response_events_of(response: JsonObject, piece: int) -> Generator[bytes]:
    """The same answer as server-sent events, numbered in order; only the last one holds the usage."""
    begun: JsonObject = {**response, "status": "in_progress", "output": [], "usage": None}
    events = [{"type": f"response.{kind}", "response": begun} for kind in ("created", "in_progress")]
    for index, item in enumerate(response["output"]):
        events += _item_events(index, item, piece)
    events.append({"type": f"response.{response['status']}", "response": response})
    for number, event in enumerate(events):
        body = {**event, "sequence_number": number}
        yield f"event: {event['type']}\ndata: {json.dumps(body)}\n\n".encode()


def _item_events(index: int, item: JsonObject, piece: int) -> list[JsonObject]:
    at: JsonObject = {"item_id": item["id"], "output_index": index}
    if item["type"] == "message":
        part: JsonObject = item["content"][0]
        empty: JsonObject = {**item, "status": "in_progress", "content": []}
        at["content_index"] = 0
        begun = [{"type": "response.content_part.added", **at, "part": {**part, "text": ""}}]
        stem, text, more = "response.output_text", str(part["text"]), {"logprobs": list[object]()}
        ended = [
            {"type": f"{stem}.done", **at, **more, "text": text},
            {"type": "response.content_part.done", **at, "part": part},
        ]
    else:
        empty = {**item, "status": "in_progress", "arguments": ""}
        stem, text, more, begun = "response.function_call_arguments", str(item["arguments"]), {}, []
        ended = [{"type": f"{stem}.done", **at, "name": item["name"], "arguments": text}]
    deltas = [
        {"type": f"{stem}.delta", **at, **more, "delta": text[start : start + piece]}
        for start in range(0, len(text), piece)
    ]
    added = {"type": "response.output_item.added", "output_index": index, "item": empty}
    done = {"type": "response.output_item.done", "output_index": index, "item": item}
    return [added, *begun, *deltas, *ended, done]


def _output(text: str | None, calls: tuple[tuple[str, JsonObject], ...]) -> list[JsonObject]:
    part = {"type": "output_text", "text": text, "annotations": list[object](), "logprobs": list[object]()}
    message: JsonObject = {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    return [message][: text is not None] + [
        {
            "id": f"fc_{secrets.token_hex(12)}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{n}",
            "name": name,
            "arguments": json.dumps(arguments),
        }
        for n, (name, arguments) in enumerate(calls)
    ]
