"""The agents of the product, in the order in which they work."""

from __future__ import annotations

from collections.abc import Mapping

from netra.agents.actions.agent import ACTIONS
from netra.agents.blueprint import AnyBlueprint
from netra.agents.data.agent import DATA
from netra.agents.instance_factory import AgentInstanceFactory
from netra.agents.optimization.agent import OPTIMIZATION
from netra.agents.registry import AgentRegistry
from netra.agents.report.agent import REPORT
from netra.agents.supervisor.blueprint import SUPERVISOR
from netra.agents.triage.agent import TRIAGE
from netra.llm.manager import LLMManager
from netra.llm.playbook import Playbook
from netra.tools.catalogue import ToolCatalogue

BLUEPRINTS: tuple[AnyBlueprint, ...] = (SUPERVISOR, TRIAGE, DATA, OPTIMIZATION, ACTIONS, REPORT)


def playbooks() -> Mapping[str, Playbook]:
    """The playbook of each role, for LLMManager."""
    return {blueprint.name: blueprint.playbook for blueprint in BLUEPRINTS}


def agent_factory(tools: ToolCatalogue, llm: LLMManager) -> AgentInstanceFactory:
    """The factory that runs take their supervisor from; every agent is built here, once."""
    return AgentInstanceFactory(AgentRegistry(BLUEPRINTS, tools), tools, llm)
