"""LiteLLM with its OpenTelemetry callback as it is."""

import asyncio
import contextlib
import os
from collections.abc import Generator
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

    base = provider if case["api"] == "openai" else provider.removesuffix("/v1")
    options: dict[str, Any] = (
        {"stream": True, "stream_options": {"include_usage": True}} if case["stream"] else {}
    )
    options |= {
        "model": f"{case['api']}/{case['model']}",
        "api_base": base,
        "api_key": "sk-test",
        "num_retries": 0,
        "messages": [{"role": "user", "content": case["name"]}],
    }
    if case["asynchronous"]:
        asyncio.run(call_later(options))
        return
    answer = litellm.completion(**options)
    if case["stream"]:
        for _ in answer:
            pass


async def call_later(options: dict[str, Any]) -> None:
    import litellm
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    answer = await litellm.acompletion(**options)
    if options.get("stream"):
        async for _ in answer:
            pass
    # Its callbacks run beside the call and would end with the loop.
    await asyncio.sleep(0.5)
    await GLOBAL_LOGGING_WORKER.flush()
