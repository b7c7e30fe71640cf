"""AgentInstanceFactory: a fresh supervisor with everything it uses, for each run."""

from __future__ import annotations

from netra.agents.registry import AgentRegistry
from netra.agents.runtime import AgentRuntime
from netra.agents.supervisor.agent import SupervisorAgent
from netra.context.models import UserExecutionContext
from netra.llm.manager import LLMManager
from netra.tools.catalogue import ToolCatalogue
from netra.tools.dispatcher import UnifiedToolDispatcher
from netra.tools.execution_engine import StepRunner, ToolExecutionEngine
from netra.tools.run_events import RunEvents


class AgentInstanceFactory:
    """Holds what all runs share, all of it immutable; what it makes is for one run and shares nothing
    mutable.
    """

    def __init__(self, blueprints: AgentRegistry, catalogue: ToolCatalogue, llm: LLMManager) -> None:
        self._blueprints = blueprints
        self._catalogue = catalogue
        self._llm = llm

    def runtime(self, context: UserExecutionContext, emitter: RunEvents, steps: StepRunner) -> AgentRuntime:
        """Dispatcher, engine and figure ledger of one run."""
        engine = ToolExecutionEngine(context, emitter, steps)
        dispatcher = UnifiedToolDispatcher(context, self._catalogue, engine)
        return AgentRuntime(context, emitter, dispatcher, self._llm, steps, self._blueprints)

    def supervisor(
        self, context: UserExecutionContext, emitter: RunEvents, steps: StepRunner
    ) -> SupervisorAgent:
        """The agent that answers one question."""
        return SupervisorAgent(self.runtime(context, emitter, steps))
