"""OpenLLMetry (Traceloop)."""

import contextlib
from collections.abc import Generator

from exporting import exporting


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    with exporting(otlp, key):
        OpenAIInstrumentor().instrument()
        AnthropicInstrumentor().instrument()
        yield
