"""AgentRegistry: the blueprints by name, each with the one immutable `pydantic_ai.Agent` built from it at
start.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from pydantic_ai import Agent, ModelRetry, RunContext, Tool, ToolOutput

from netra.agents.blueprint import AgentOutput, AnyBlueprint
from netra.agents.conversation import AgentConversation
from netra.errors.kinds import InvalidInputError
from netra.registry.registry import UniversalRegistry
from netra.tools.catalogue import ToolCatalogue
from netra.tools.specification import AnyToolSpec

FINAL_TOOL = "final_answer"
_CORRECTIONS = 3


class UnknownToolError(InvalidInputError):
    """A blueprint names a tool that the product does not have."""

    code = "unknown_tool"


@dataclass(frozen=True, slots=True)
class RegisteredAgent:
    """A blueprint and its agent. The agent holds no model and no state: both come with each run."""

    blueprint: AnyBlueprint
    agent: Agent[AgentConversation, Any]


class AgentRegistry:
    """Every agent of the product; immutable once built.

    Raises UnknownToolError when a blueprint names a tool that is not in the catalogue.
    """

    def __init__(self, blueprints: Iterable[AnyBlueprint], catalogue: ToolCatalogue) -> None:
        self._agents: UniversalRegistry[RegisteredAgent] = UniversalRegistry("agent")
        for blueprint in blueprints:
            agent = _build(blueprint, catalogue)
            self._agents.register(blueprint.name, RegisteredAgent(blueprint, agent))
        self._agents.freeze()

    def get(self, name: str) -> RegisteredAgent:
        """The agent of that name. Raises NotRegisteredError."""
        return self._agents.get(name)

    def names(self) -> list[str]:
        """Every agent's name in order of registration."""
        return self._agents.names()


def _build(blueprint: AnyBlueprint, catalogue: ToolCatalogue) -> Agent[AgentConversation, Any]:
    tools: list[Tool[AgentConversation]] = []
    for name in blueprint.tools:
        spec = catalogue.find(name)
        if spec is None:
            raise UnknownToolError(f"the {blueprint.name} agent names the tool {name}, which does not exist")
        tools.append(_tool(spec))
    agent: Agent[AgentConversation, Any] = Agent(
        name=blueprint.name,
        instructions=blueprint.instructions,
        output_type=ToolOutput(blueprint.output, name=FINAL_TOOL),
        deps_type=AgentConversation,
        tools=tools,
        retries={"tools": _CORRECTIONS, "output": _CORRECTIONS},
        end_strategy="early",
    )

    @agent.output_validator
    async def only_cited_numbers(ctx: RunContext[AgentConversation], output: AgentOutput) -> AgentOutput:  # pyright: ignore[reportUnusedFunction]
        problems = ctx.deps.problems_of(output)
        if problems:
            raise ModelRetry("Not accepted: " + "; ".join(problems[:12]))
        return output

    return agent


def _tool(spec: AnyToolSpec) -> Tool[AgentConversation]:
    """The tool as a model sees it; calls run one after another, so that steps keep their order."""

    async def call(ctx: RunContext[AgentConversation], **arguments: JsonValue) -> JsonValue:
        return await ctx.deps.call_tool(spec.name, arguments)

    return Tool[AgentConversation].from_schema(
        call, spec.name, spec.description, spec.schema(), takes_ctx=True, sequential=True
    )
