"""ExecutionEngine: everything one run uses, from its first agent to its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from netra.agents.runtime import SupervisorResult, Turn
from netra.context.models import UserExecutionContext
from netra.events.emitter import UserWebSocketEmitter
from netra.runs.steps import RunSteps


@dataclass(frozen=True, slots=True)
class RunParts:
    """What is made fresh for a run and given to its agents."""

    context: UserExecutionContext
    emitter: UserWebSocketEmitter
    steps: RunSteps


class Answering(Protocol):
    """The agent that answers; SupervisorAgent in the product."""

    async def run(self, question: str, history: Sequence[Turn]) -> SupervisorResult:
        """Answer, emitting every event of the run but the terminal one."""
        ...


class Team(Protocol):
    """Builds the answering agent of one run; its parts are that run's alone."""

    def __call__(self, parts: RunParts) -> Answering:
        """A fresh agent."""
        ...


class ExecutionEngine:
    """One run's agent with its own emitter, steps and context; shares no mutable object with another run."""

    def __init__(self, parts: RunParts, agent: Answering) -> None:
        self.parts = parts
        self._agent = agent

    async def answer(self, question: str, history: Sequence[Turn]) -> SupervisorResult:
        """Carry the question through; raises what the agents raise."""
        try:
            return await self._agent.run(question, history)
        finally:
            # What the agents said comes before the end of the run, however it ends.
            await self.parts.emitter.flush()
