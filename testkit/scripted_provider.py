"""A language-model provider for tests: a real HTTP server that speaks the wire formats of OpenAI and
Anthropic.

What it answers is decided by a script, a function from the request's JSON to a Reply. It counts nothing and
knows nothing of the product; with `playing(playbooks)` it lets the built-in playbooks answer over the wire,
so that a test can prove that the same agents run on a provider's model.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from netra.llm.playbook import CallTools, Playbook, PlaybookView, ToolAnswer
from testkit.anthropic_wire import events_of, message_of
from testkit.openai_responses_wire import ResponseEnding, ended, response_events_of, response_of

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer: text, or tool calls (name, arguments), or an error status with its body.

    `usage` is the usage object as the provider reports it, `ending` how an answer of the Responses API ends.
    A stream sends `text` in pieces of `piece` characters and waits for `gate`, when given, before its last
    piece.
    """

    text: str | None = None
    tool_calls: tuple[tuple[str, JsonObject], ...] = ()
    status: int = 200
    error: JsonObject | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    usage: JsonObject = field(
        default_factory=lambda: {
            "prompt_tokens": 120,
            "completion_tokens": 40,
            "total_tokens": 160,
            "prompt_tokens_details": {"cached_tokens": 100},
            "completion_tokens_details": {"reasoning_tokens": 8},
        }
    )
    ending: ResponseEnding = "completed"
    piece: int = 8
    gate: asyncio.Event | None = None
    late: bool = False
    """Nothing is answered until the client has given up."""


Script = Callable[[JsonObject], Reply]


class ScriptedProvider:
    """Serves `/v1/chat/completions`, `/v1/responses`, `/v1/embeddings`, `/v1/messages` and `/v1/models`;
    `requests` and `keys` hold what arrived, in order.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[JsonObject] = []
        self.keys: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[str]:
        """Serve on a free loopback port; yields the base URL ending in `/v1`."""
        app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/responses", self._respond, methods=["POST"]),
                Route("/v1/embeddings", self._embed, methods=["POST"]),
                Route("/v1/messages", self._message, methods=["POST"]),
                Route("/v1/models", self._models, methods=["GET"]),
            ]
        )
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await task

    async def _asked(self, request: Request, credential: str) -> tuple[JsonObject, Reply]:
        body: JsonObject = json.loads(await request.body())
        self.requests.append(body)
        self.keys.append(request.headers.get(credential, ""))
        reply = self.script(body)
        while reply.late and (await request.receive())["type"] != "http.disconnect":
            continue
        return body, reply

    async def _complete(self, request: Request) -> Response:
        body, reply = await self._asked(request, "authorization")
        if reply.status != 200:
            return _refusal(reply)
        if body.get("stream"):
            return StreamingResponse(_stream(body, reply), media_type="text/event-stream")
        choice = {"index": 0, "message": _message(reply), "finish_reason": _finish(reply), "logprobs": None}
        envelope = _envelope(body, "chat.completion", secrets.token_hex(8))
        answer = {**envelope, "choices": [choice], "usage": reply.usage}
        return JSONResponse(answer, headers=dict(reply.headers))

    async def _respond(self, request: Request) -> Response:
        body, reply = await self._asked(request, "authorization")
        if reply.status != 200:
            return _refusal(reply)
        answer = ended(response_of(body, reply.text, reply.tool_calls, reply.usage), reply.ending)
        if body.get("stream"):
            return StreamingResponse(response_events_of(answer, reply.piece), media_type="text/event-stream")
        return JSONResponse(answer, headers=dict(reply.headers))

    async def _embed(self, request: Request) -> Response:
        body, reply = await self._asked(request, "authorization")
        if reply.status != 200:
            return _refusal(reply)
        numbers = [0.5, -0.25, 0.125, 1.0]
        packed = base64.b64encode(struct.pack("<4f", *numbers)).decode()
        vector = packed if body.get("encoding_format") == "base64" else numbers
        given: list[object] | str = body["input"]
        count = len(given) if isinstance(given, list) else 1
        data = [{"object": "embedding", "index": n, "embedding": vector} for n in range(count)]
        answer = {"object": "list", "data": data, "model": body["model"], "usage": reply.usage}
        return JSONResponse(answer, headers=dict(reply.headers))

    async def _message(self, request: Request) -> Response:
        body, reply = await self._asked(request, "x-api-key")
        if reply.status != 200:
            return _refusal(reply)
        answer = message_of(str(body["model"]), reply.text, reply.tool_calls, reply.usage)
        if body.get("stream"):
            return StreamingResponse(events_of(answer, reply.piece), media_type="text/event-stream")
        return JSONResponse(answer, headers=dict(reply.headers))

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "scripted-1", "object": "model"}]})


def playing(playbooks: Mapping[str, Playbook], final_tool: str = "final_answer") -> Script:
    """A script that answers like the built-in analyst: the role is told by the tools and instructions
    offered.
    """

    def answer(request: JsonObject) -> Reply:
        view = view_of(request, final_tool)
        move = playbooks[role_of(request)](view)
        if isinstance(move, CallTools):
            return Reply(tool_calls=move.calls)
        return Reply(tool_calls=((final_tool, dict(move.output)),))

    return answer


def role_of(request: JsonObject) -> str:
    """Which agent asks, from the beginning of its instructions."""
    system = next(str(m["content"]) for m in request["messages"] if m["role"] in {"system", "developer"})
    beginnings = {
        "You read questions": "triage",
        "You look at": "data",
        "You find savings": "optimization",
        "You turn": "actions",
        "You word": "report",
        "You conclude": "supervisor",
    }
    return next(role for start, role in beginnings.items() if system.startswith(start))


def view_of(request: JsonObject, final_tool: str = "final_answer") -> PlaybookView:
    """The conversation of a wire request as a playbook sees it."""
    names: dict[str, str] = {}
    answers: list[ToolAnswer] = []
    corrections: list[str] = []
    brief: JsonObject = {}
    for message in request["messages"]:
        if message["role"] == "user" and not brief:
            brief = json.loads(message["content"])
        for call in message.get("tool_calls") or ():
            names[call["id"]] = call["function"]["name"]
        if message["role"] == "tool":
            tool = names[message["tool_call_id"]]
            if tool == final_tool:
                corrections.append(str(message["content"]))
                continue
            answers.append(ToolAnswer(tool, _parsed(message["content"]), ok=True))
    return PlaybookView(brief, tuple(answers), tuple(corrections))


def _parsed(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


def _refusal(reply: Reply) -> Response:
    return JSONResponse(reply.error, status_code=reply.status, headers=dict(reply.headers))


def _envelope(body: JsonObject, kind: str, answer: str) -> JsonObject:
    return {"id": f"chatcmpl-{answer}", "object": kind, "created": 1_700_000_000, "model": body["model"]}


def _message(reply: Reply) -> JsonObject:
    calls = [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for n, (name, arguments) in enumerate(reply.tool_calls)
    ]
    message: JsonObject = {"role": "assistant", "content": reply.text}
    return {**message, "tool_calls": calls} if calls else message


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls else "stop"


async def _stream(body: JsonObject, reply: Reply) -> AsyncGenerator[bytes]:
    answer = secrets.token_hex(8)
    text = reply.text or ""
    pieces = [text[start : start + reply.piece] for start in range(0, len(text), reply.piece)]
    for number, piece in enumerate(pieces):
        if reply.gate is not None and number == len(pieces) - 1:
            await reply.gate.wait()
        choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
        yield _event({**_envelope(body, "chat.completion.chunk", answer), "choices": [choice]})
    if reply.tool_calls:
        calls = [{"index": n, **call} for n, call in enumerate(_message(reply)["tool_calls"])]
        choice = {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None}
        yield _event({**_envelope(body, "chat.completion.chunk", answer), "choices": [choice]})
    last: JsonObject = {"index": 0, "delta": {}, "finish_reason": _finish(reply)}
    yield _event({**_envelope(body, "chat.completion.chunk", answer), "choices": [last]})
    options: JsonObject = body.get("stream_options") or {}
    if options.get("include_usage"):
        envelope = _envelope(body, "chat.completion.chunk", answer)
        yield _event({**envelope, "choices": [], "usage": reply.usage})
    yield b"data: [DONE]\n\n"


def _event(chunk: JsonObject) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
