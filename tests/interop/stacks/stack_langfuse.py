"""The Langfuse SDK as it is: its own client around OpenAI's, sending to our address."""

import contextlib
from collections.abc import Generator
from typing import Any


def openai_client(**options: Any) -> Any:
    from langfuse.openai import OpenAI

    return OpenAI(**options)


def async_openai_client(**options: Any) -> Any:
    from langfuse.openai import AsyncOpenAI

    return AsyncOpenAI(**options)


@contextlib.contextmanager
def instrumented(otlp: str, key: str) -> Generator[None]:
    from langfuse import Langfuse

    client = Langfuse(public_key="pk-netra", secret_key=key, base_url=otlp)
    yield
    client.flush()
    client.shutdown()
