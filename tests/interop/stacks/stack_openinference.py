"""OpenInference (Arize)."""

import contextlib
from collections.abc import Generator

from exporting import exporting


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from openinference.instrumentation.anthropic import AnthropicInstrumentor
    from openinference.instrumentation.openai import OpenAIInstrumentor

    with exporting(otlp, key) as provider:
        OpenAIInstrumentor().instrument(tracer_provider=provider)
        AnthropicInstrumentor().instrument(tracer_provider=provider)
        yield
