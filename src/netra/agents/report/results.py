"""What the report agent hands over: the report's words; its tables, findings and figures come from the
others.
"""

from __future__ import annotations

from pydantic import Field

from netra.agents.blueprint import AgentOutput


class ReportAnswer(AgentOutput):
    """Title and executive summary of the report."""

    title: str = Field(min_length=1, max_length=160)
    summary: str = Field(min_length=1, max_length=40_000)

    def prose(self) -> list[str]:
        """Both texts."""
        return [self.title, self.summary]

    def headline(self) -> str:
        """The title."""
        return "the report is written"
