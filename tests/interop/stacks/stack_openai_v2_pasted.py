"""OpenTelemetry's own instrumentation of the OpenAI SDK, with the lines for it pasted from docs/ingest.md."""

import contextlib
from collections.abc import Generator
from pathlib import Path

import stack_openai_v2


def paste() -> None:
    """Run the block of code that the page gives."""
    page = Path(__file__).parents[3] / "docs" / "ingest.md"
    section = page.read_text().split("### openai-v2: cached tokens\n", 1)[1]
    block = section.split("```python\n", 1)[1].split("```", 1)[0]
    exec(compile(block, str(page), "exec"), {})


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    with stack_openai_v2.instrumented(otlp, key):
        paste()
        yield
