"""Runs in the environment of the interop tests: makes every case's call through the real SDKs.

`python calls.py STACK PROVIDER_URL OTLP_URL KEY`, cases as JSON on standard input.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def main() -> None:
    stack, provider, otlp, key = sys.argv[1:5]
    cases = json.load(sys.stdin)
    module = __import__(f"stack_{stack}")
    with module.instrumented(otlp, key):
        call = getattr(module, "call", None) or sdk_calls(provider, module)
        for case in cases:
            with contextlib.suppress(Exception):
                call(case, provider) if hasattr(module, "call") else call(case)


def sdk_calls(provider: str, module: Any) -> Callable[[dict[str, Any]], None]:
    """Calls by the SDKs of OpenAI and Anthropic; a stack may bring OpenAI clients of its own."""
    import anthropic
    import openai

    options: dict[str, Any] = {"base_url": provider, "api_key": "sk-test", "max_retries": 0}
    of_openai = getattr(module, "openai_client", openai.OpenAI)(**options)
    later = getattr(module, "async_openai_client", openai.AsyncOpenAI)
    named = {**options, "base_url": provider.removesuffix("/v1")}
    of_anthropic = anthropic.Anthropic(**named)

    def call(case: dict[str, Any]) -> None:
        anthropics = case["api"] == "anthropic"
        if case["asynchronous"]:
            client = anthropic.AsyncAnthropic(**named) if anthropics else later(**options)
            asyncio.run(ask_later(client, case))
        else:
            ask(of_anthropic if anthropics else of_openai, case)

    return call


def ask(client: Any, case: dict[str, Any]) -> None:
    answer = asked(client, case)
    if case["way"] == "helper":
        with answer as stream:
            consume(stream)
    elif case["left"]:
        next(iter(answer))
        answer.close()
    elif case["stream"]:
        consume(answer)
    elif case["way"] == "raw":
        answer.parse()


def consume(stream: Any) -> None:
    for _ in stream:
        pass


async def ask_later(client: Any, case: dict[str, Any]) -> None:
    async with client:
        answer = await asked(client, case)
        if case["stream"]:
            async for _ in answer:
                pass


def asked(client: Any, case: dict[str, Any]) -> Any:
    """What the client's method for the case returns: an answer, a stream, or what becomes one."""
    options: dict[str, Any] = {"timeout": 0.5} if case["status"] == 0 else {}
    if case["api"] == "embeddings":
        return client.embeddings.create(model=case["model"], input=case["name"], **options)
    resources = {
        "anthropic": lambda: (client.messages, messages_request),
        "responses": lambda: (client.responses, responses_request),
        "openai": lambda: (client.chat.completions, chat_request),
    }
    resource, request = resources[case["api"]]()
    options |= request(case)
    if case["way"] == "helper":
        return resource.stream(**{key: value for key, value in options.items() if key != "stream"})
    if case["way"] == "raw":
        return resource.with_raw_response.create(**options)
    return getattr(resource, case["way"])(**options)


def responses_request(case: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"instructions": "You are brief. " * 200, "max_output_tokens": 2000}
    if case["tools"]:
        tool = {"name": "weather", "description": "Tells the weather.", "parameters": TOOL, "strict": False}
        options["tools"] = [{"type": "function", **tool}]
    if "reasoning" in case["name"]:
        options["reasoning"] = {"effort": "low"}
    if case["stream"]:
        options["stream"] = True
    return {"model": case["model"], "input": [{"role": "user", "content": case["name"]}], **options}


def chat_request(case: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"max_completion_tokens": 2000}
    if case["tools"]:
        tool = {"name": "weather", "description": "Tells the weather.", "parameters": TOOL}
        options["tools"] = [{"type": "function", "function": tool}]
    if "reasoning" in case["name"]:
        options["reasoning_effort"] = "low"
    if case["stream"]:
        options |= {"stream": True, "stream_options": {"include_usage": True}}
    messages = [
        {"role": "system", "content": "You are brief. " * 200},
        {"role": "user", "content": case["name"]},
    ]
    return {"model": case["model"], "messages": messages, **options}


def messages_request(case: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"system": "You are brief. " * 200, "max_tokens": 2000}
    if case["tools"]:
        options["tools"] = [{"name": "weather", "description": "Tells the weather.", "input_schema": TOOL}]
    if case["stream"]:
        options["stream"] = True
    return {"model": case["model"], "messages": [{"role": "user", "content": case["name"]}], **options}


if __name__ == "__main__":
    main()
