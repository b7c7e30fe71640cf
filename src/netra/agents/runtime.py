"""What one run of the team is given, what it is told of the past, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

if TYPE_CHECKING:
    from netra.agents.registry import AgentRegistry
    from netra.context.models import UserExecutionContext
    from netra.llm.manager import LLMManager
    from netra.tools.dispatcher import UnifiedToolDispatcher
    from netra.tools.execution_engine import StepRunner
    from netra.tools.run_events import RunEvents

Outcome = Literal["completed", "failed", "timed_out", "cancelled"]
Answer = Literal["answered", "partial", "insufficient_data"]
JsonObject = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the thread, oldest first; `result` is what `SupervisorResult.to_dict` gave."""

    role: Literal["user", "assistant"]
    text: str
    run_id: str | None = None
    result: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class AgentRuntime:
    """Everything one run of the team uses; built by AgentInstanceFactory, dropped when the run ends."""

    context: UserExecutionContext
    emitter: RunEvents
    dispatcher: UnifiedToolDispatcher
    llm: LLMManager
    steps: StepRunner
    blueprints: AgentRegistry


@dataclass(frozen=True, slots=True)
class SupervisorResult:
    """The end of a run, JSON-able: what the terminal event says and what a follow-up needs.

    `agent_id` is the supervisor's, for the terminal event. `figures` are figure objects of the report room as
    JSON; `prose` is `message` with its citations `{{f:ID}}` instead of values. `memory` holds the findings in
    the order the user saw them and the reading of the question. `cost_usd` is a decimal string, None when a
    used model has no price; it is "0" with the built-in analyst.
    """

    agent_id: str
    outcome: Outcome
    answer: Answer
    message: str
    prose: str | None = None
    missing: list[JsonObject] = field(default_factory=list[JsonObject])
    figures: list[JsonObject] = field(default_factory=list[JsonObject])
    report_id: str | None = None
    usage: JsonObject = field(default_factory=dict[str, JsonValue])
    cost_usd: str | None = "0"
    memory: JsonObject = field(default_factory=dict[str, JsonValue])
    ms: int = 0

    def to_dict(self) -> JsonObject:
        """The whole result as plain JSON, the form in which a run stores it and a later Turn carries it."""
        return {
            "agent_id": self.agent_id,
            "outcome": self.outcome,
            "answer": self.answer,
            "message": self.message,
            "prose": self.prose,
            "missing": list(self.missing),
            "figures": list(self.figures),
            "report_id": self.report_id,
            "usage": self.usage,
            "cost_usd": self.cost_usd,
            "memory": self.memory,
            "ms": self.ms,
        }
