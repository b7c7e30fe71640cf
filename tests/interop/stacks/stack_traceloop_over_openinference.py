"""Two instrumentations around one client: each call has two spans, one within the other."""

import contextlib
from collections.abc import Generator

from exporting import exporting


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from openinference.instrumentation.openai import OpenAIInstrumentor as Inner
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Outer

    with exporting(otlp, key) as provider:
        Inner().instrument(tracer_provider=provider)
        Outer().instrument(tracer_provider=provider)
        yield
