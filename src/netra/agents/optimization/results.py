"""What the optimization agent hands over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from netra.agents.blueprint import AgentOutput
from netra.tools.optimization.outputs import SavingsOutput
from netra.tools.specification import ToolResult


class OptimizationAnswer(AgentOutput):
    """What the optimization agent's model returns: statements in prose, each with its citations."""

    statements: list[str] = Field(min_length=1, max_length=60)

    def prose(self) -> list[str]:
        """Every statement."""
        return self.statements

    def headline(self) -> str:
        """How much was found."""
        return f"{len(self.statements)} statements about savings"


class OptimizationResult(BaseModel):
    """The hand-over: statements and the findings as the tools computed them."""

    statements: list[str] = Field(default_factory=list[str])
    savings: SavingsOutput | None = None
    tools: dict[str, Any] = Field(default_factory=dict[str, Any])


def collect_optimization(
    answer: OptimizationAnswer, results: Sequence[tuple[str, ToolResult]]
) -> OptimizationResult:
    """Join what the agent said with what its tools computed; of several searches the last counts."""
    savings: SavingsOutput | None = None
    tools: dict[str, Any] = {}
    for tool, result in results:
        if isinstance(result.data, dict):
            tools[tool] = result.data
            if tool == "find_savings":
                savings = SavingsOutput.model_validate(result.data)
    return OptimizationResult(statements=answer.statements, savings=savings, tools=tools)
