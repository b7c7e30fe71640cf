"""The team of agents over the real services of one fresh workspace, with every event kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from netra.agents.instance_factory import AgentInstanceFactory
from netra.agents.runtime import SupervisorResult, Turn
from netra.agents.team import agent_factory, playbooks
from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.llm.manager import LLMManager
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.reports.service import ReportService
from netra.tools.execution_engine import InlineStepRunner
from netra.tools.product_tools import product_tools
from netra.usage.calls.service import CallsService
from testkit.kept_events import KeptEvents
from testkit.usage_bench import UsageBench

__all__ = ["agents", "new_agents"]


@dataclass
class AgentsBench:
    """One workspace that can be asked; `turns` is its thread so far."""

    bench: UsageBench
    tools: Any
    llm: LLMManager
    reports: ReportService
    ids: UnifiedIDManager
    turns: list[Turn] = field(default_factory=list[Turn])
    factory: AgentInstanceFactory | None = None
    events: KeptEvents = field(default_factory=KeptEvents)

    async def ask(self, question: str, history: Sequence[Turn] | None = None) -> SupervisorResult:
        """Ask in the thread; the events of the run are in `events`."""
        context = self.bench.context.child(run_id=self.ids.new("run"), thread_id=self.ids.new("thr"))
        self.events = KeptEvents()
        if self.factory is None:
            self.factory = agent_factory(self.tools, self.llm)
        supervisor = self.factory.supervisor(context, self.events, InlineStepRunner())
        result = await supervisor.run(question, self.turns if history is None else history)
        self.turns += [
            Turn("user", question, context.run_id),
            Turn("assistant", result.message, context.run_id, result.to_dict()),
        ]
        return result


@pytest.fixture
def new_agents(
    new_bench: Callable[[], UsageBench],
    data_access: DataAccessFactory,
    ids: UnifiedIDManager,
    catalogue: PriceCatalogue,
) -> Callable[..., AgentsBench]:
    """Makes benches, each with a workspace of its own; `llm` replaces the built-in analyst."""

    def make(llm: LLMManager | None = None) -> AgentsBench:
        bench = new_bench()
        optimization = OptimizationService(data_access, bench.usage, bench.evaluations, catalogue)
        reports = ReportService(data_access, ids)
        calls = CallsService(data_access, bench.usage, WorkspacePrices(data_access, catalogue))
        tools = product_tools(bench.usage, bench.evaluations, optimization, reports, catalogue, calls)
        return AgentsBench(bench, tools, llm or LLMManager(playbooks()), reports, ids)

    return make


@pytest.fixture
def agents(new_agents: Callable[..., AgentsBench]) -> AgentsBench:
    """A bench with a fresh workspace."""
    return new_agents()
