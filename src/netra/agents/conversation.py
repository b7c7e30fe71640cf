"""AgentConversation: what one agent may touch while it works in one run; the dependencies of its tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue
from pydantic_ai import ModelRetry

from netra.agents.blueprint import AgentOutput
from netra.agents.prose import ProseRules
from netra.llm.playbook import JsonObject
from netra.tools.dispatcher import UnifiedToolDispatcher
from netra.tools.errors import ToolCallError
from netra.tools.execution_engine import Speaker
from netra.tools.specification import ToolResult, figures_as_json


@dataclass(slots=True)
class AgentConversation:
    """One agent's work in one run: whom it speaks for, its tools, and what they returned so far.

    `names` are words of the data that prose may use although they hold digits; results of tools add to them.
    `attachment` travels with each of its tool calls, unseen by the model: the memory of the thread, or the
    content of a report.
    """

    dispatcher: UnifiedToolDispatcher
    speaker: Speaker
    granted: frozenset[str]
    question: str
    names: set[str] = field(default_factory=set[str])
    parameters: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    results: list[tuple[str, ToolResult]] = field(default_factory=list[tuple[str, ToolResult]])
    attachment: JsonObject | None = None
    failures: list[ToolCallError] = field(default_factory=list[ToolCallError])

    async def call_tool(self, tool: str, arguments: JsonObject) -> JsonValue:
        """Call a tool and return what the model is shown: summary, figures by id, data.

        A call that failed for good is shown as an error, so that the agent can go on with what it has; one
        that other arguments may mend raises ModelRetry.
        """
        try:
            result = await self.dispatcher.call(tool, arguments, self.speaker, self.granted, self.attachment)
        except ToolCallError as failure:
            self.failures.append(failure)
            if failure.retryable:
                raise ModelRetry(failure.message) from failure
            return {"error": failure.message, "status": failure.outcome}
        self.results.append((tool, result))
        self._learn(result.data)
        figures = [
            {key: item[key] for key in ("id", "label", "value", "unit")}
            for item in figures_as_json(result.figures)
        ]
        return {"summary": result.summary, "figures": cast(JsonValue, figures), "data": result.data}

    def problems_of(self, output: AgentOutput) -> list[str]:
        """Why the output's prose is refused; empty when it is accepted."""
        rules = ProseRules(self.dispatcher.ledger.by_id(), self.question, self.names, self.parameters)
        return rules.problems(output.prose())

    def _learn(self, data: JsonValue) -> None:
        """Take names and finding parameters from a result's `names` and `parameters`."""
        if not isinstance(data, dict):
            return
        names, parameters = data.get("names"), data.get("parameters")
        if isinstance(names, list):
            self.names |= {str(name) for name in names}
        if isinstance(parameters, dict):
            self.parameters |= parameters
