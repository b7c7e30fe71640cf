"""ToolExecutionEngine: one tool call, from validated arguments to a persisted result and its two events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class StepAttempt:
    """Which attempt of a durable step is running: 1 the first time, more after a recovery."""

    attempt: int


class StepRunner(Protocol):
    """Runs a body as a durable step: a step that has finished once is never run again."""

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        """The body's JSON result, from the store if the step of that name has already finished in this run."""
        ...


class InlineStepRunner:
    """Runs every step at once, in memory: for callers that need no durability, such as a direct API call."""

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        """Run the body as its first attempt."""
        return await body(StepAttempt(attempt=1))
