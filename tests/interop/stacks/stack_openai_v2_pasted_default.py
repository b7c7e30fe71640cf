"""The same lines with the instrumentation's default settings: older conventions, no text of prompts."""

import contextlib
from collections.abc import Generator

from exporting import exporting
from stack_openai_v2_pasted import paste


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    with exporting(otlp, key):
        paste()
        OpenAIInstrumentor().instrument()
        yield
