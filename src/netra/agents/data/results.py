"""What the data agent hands over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pydantic import BaseModel, Field, JsonValue

from netra.agents.blueprint import AgentOutput
from netra.tools.specification import ToolResult


class DataAnswer(AgentOutput):
    """What the data agent's model returns: statements in prose, each with its citations."""

    statements: list[str] = Field(min_length=1, max_length=80)

    def prose(self) -> list[str]:
        """Every statement."""
        return self.statements

    def headline(self) -> str:
        """How much was found."""
        return f"{len(self.statements)} statements about the data"


class DataResult(BaseModel):
    """The hand-over: statements, and the tables and charts that the tools made, as JSON of the report
    room.
    """

    statements: list[str] = Field(default_factory=list[str])
    sections: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    charts: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    missing: list[dict[str, str]] = Field(default_factory=list[dict[str, str]])
    """What the tools said the data lacks, and how to send it."""
    tools: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The data of the last call of each tool, for those who conclude."""


def collect_data(answer: DataAnswer, results: Sequence[tuple[str, ToolResult]]) -> DataResult:
    """Join what the agent said with what its tools made."""
    sections: list[dict[str, Any]] = []
    charts: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    tools: dict[str, Any] = {}
    for tool, result in results:
        if isinstance(result.data, dict):
            sections += _objects(result.data.get("sections"))
            charts += _objects(result.data.get("charts"))
            missing += _objects(result.data.get("missing"))
            tools[tool] = result.data
    return DataResult(
        statements=answer.statements, sections=sections, charts=charts, missing=missing, tools=tools
    )


def _objects(value: JsonValue) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], value) if isinstance(value, list) else []
