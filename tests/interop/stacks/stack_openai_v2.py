"""OpenTelemetry's own instrumentation of the OpenAI SDK."""

import contextlib
from collections.abc import Generator

from exporting import exporting

APIS = ("openai",)


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    with exporting(otlp, key):
        OpenAIInstrumentor().instrument()
        yield
