"""OpenTelemetry's own instrumentation of the OpenAI SDK, with the text of prompts in its spans."""

import contextlib
import os
from collections.abc import Generator

from exporting import exporting


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    with exporting(otlp, key):
        OpenAIInstrumentor().instrument()
        yield
