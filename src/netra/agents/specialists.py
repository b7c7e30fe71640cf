"""RunTeam: the specialists of one run, each born once, and what they handed over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from netra.agents.actions.results import ActionsAnswer
from netra.agents.base_agent import BaseAgent
from netra.agents.conversation import AgentConversation
from netra.agents.data.results import DataResult
from netra.agents.optimization.results import OptimizationResult
from netra.agents.runtime import AgentRuntime
from netra.agents.supervisor.wording import EXAMPLES
from netra.agents.triage.results import TriageResult
from netra.llm.budget import RunBudget
from netra.llm.playbook import JsonObject
from netra.tools.execution_engine import Speaker
from netra.tools.optimization.outputs import SavingsOutput
from netra.tools.optimization.recall import RecalledFinding
from netra.tools.usage.recall_query import RecalledQueries

SUPERVISOR_ID = "supervisor"


@dataclass(slots=True)
class HandOver:
    """What the specialists found so far about one question; None stands for one that has not worked or has
    failed.
    """

    triage: TriageResult
    data: DataResult | None = None
    optimization: OptimizationResult | None = None
    actions: ActionsAnswer | None = None
    recalled: list[RecalledFinding] = field(default_factory=list[RecalledFinding])
    queries: RecalledQueries | None = None
    failures: list[str] = field(default_factory=list[str])

    @property
    def savings(self) -> SavingsOutput | None:
        """What the optimization agent's search found, None where there was none."""
        return self.optimization.savings if self.optimization is not None else None


class RunTeam:
    """Makes the agents of one run and keeps what prose may name: the words of the data seen so far."""

    def __init__(self, runtime: AgentRuntime, question: str) -> None:
        self.runtime = runtime
        self.question = question
        self.budget = RunBudget(runtime.context.limits)
        self.agents: list[BaseAgent] = []
        self._names: set[str] = {*EXAMPLES}
        self._parameters: dict[str, JsonValue] = {}

    def agent(self, name: str) -> BaseAgent:
        """A fresh agent of that name; the supervisor has no parent. Its id is its name, with a number behind
        it from the second of that name on.
        """
        parent = None if name == SUPERVISOR_ID else SUPERVISOR_ID
        earlier = sum(agent.speaker.agent == name for agent in self.agents)
        agent_id = f"{name}-{earlier + 1}" if earlier else name
        speaker = Speaker(name, agent_id, parent)
        agent = BaseAgent(self.runtime.blueprints.get(name), self.runtime, speaker, self.budget)
        self.agents.append(agent)
        return agent

    def learn(self, sentences: Iterable[str]) -> None:
        """Let prose of this run quote these sentences, which were computed and hold digits."""
        self._names |= {text for text in sentences if any(letter.isdigit() for letter in text)}

    def conversation(self, agent: BaseAgent, attachment: JsonObject | None = None) -> AgentConversation:
        """What the agent may touch; it inherits the names that earlier agents learnt from the data."""
        blueprint = self.runtime.blueprints.get(agent.speaker.agent).blueprint
        return AgentConversation(
            dispatcher=self.runtime.dispatcher,
            speaker=agent.speaker,
            granted=frozenset(blueprint.tools),
            question=self.question,
            names=self._names,
            parameters=self._parameters,
            attachment=attachment,
        )
