"""What the supervisor's model returns: the message to the user."""

from __future__ import annotations

from pydantic import Field

from netra.agents.blueprint import AgentOutput


class Conclusion(AgentOutput):
    """The answer in prose; light Markdown, every number a citation."""

    message: str = Field(min_length=1, max_length=60_000)

    def prose(self) -> list[str]:
        """The message."""
        return [self.message]
