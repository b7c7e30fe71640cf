"""OpenTelemetry's own instrumentations of the OpenAI and Anthropic SDKs, with the text of prompts."""

import contextlib
import os
from collections.abc import Generator

from exporting import exporting


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    with exporting(otlp, key):
        OpenAIInstrumentor().instrument()
        AnthropicInstrumentor().instrument()
        yield
