"""LiteLLM with its OpenTelemetry callback as it is."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Generator
from typing import Any


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    os.environ["OTEL_EXPORTER"] = "otlp_http"
    os.environ["OTEL_ENDPOINT"] = f"{otlp}/v1/traces"
    os.environ["OTEL_HEADERS"] = f"Authorization=Bearer {key}"
    import litellm

    litellm.callbacks = ["otel"]
    yield
    import time

    from opentelemetry import trace

    time.sleep(1)
    trace.get_tracer_provider().force_flush()


def call(case: dict[str, Any], provider: str) -> None:
    import litellm

    anthropic = case["api"] == "anthropic"
    options: dict[str, Any] = {
        "model": f"{'anthropic' if anthropic else 'openai'}/{case['model']}",
        "api_base": provider.removesuffix("/v1") if anthropic else provider,
        "api_key": "sk-test",
        "num_retries": 0,
        "timeout": 0.5 if case["status"] == 0 else 30,
    }
    if case["api"] in {"responses", "embeddings"}:
        options["input"] = case["name"]
    else:
        options["messages"] = [{"role": "user", "content": case["name"]}]
        options |= {"stream_options": {"include_usage": True}} if case["stream"] else {}
    options |= {"stream": True} if case["stream"] else {}
    name = {"responses": "responses", "embeddings": "embedding"}.get(case["api"], "completion")
    if case["asynchronous"]:
        asyncio.run(call_later(getattr(litellm, f"a{name}"), options))
        return
    answer = getattr(litellm, name)(**options)
    if case["stream"]:
        for _ in answer:
            if case["left"]:
                break


async def call_later(method: Callable[..., Any], options: dict[str, Any]) -> None:
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    answer = await method(**options)
    if options.get("stream"):
        async for _ in answer:
            pass
    # Its callbacks run beside the call and would end with the loop.
    await asyncio.sleep(0.5)
    await GLOBAL_LOGGING_WORKER.flush()
