"""What the actions agent hands over: steps to take, in order."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from netra.agents.blueprint import AgentOutput
from netra.reports.document import Action


class PlannedAction(BaseModel):
    """An action as a model words it; texts may cite figures. `finding` is the id of the finding it
    applies.
    """

    finding: str | None = None
    lever: str | None = None
    title: str
    why: str = ""
    steps: list[str] = Field(default_factory=list[str])
    effort: Literal["none", "low", "medium", "high"] = "low"
    risk: Literal["none", "low", "medium", "high"] = "low"
    saving_figure: str | None = None
    verify: str = ""
    roll_back: str = ""

    def texts(self) -> list[str]:
        """Every text a reader sees."""
        return [self.title, self.why, *self.steps, self.verify, self.roll_back]


class ActionsAnswer(AgentOutput):
    """The plan, in the order in which to carry it out."""

    actions: list[PlannedAction] = Field(max_length=20)

    def prose(self) -> list[str]:
        """Every text of every action."""
        return [text for action in self.actions for text in action.texts()]

    def headline(self) -> str:
        """How many actions there are."""
        return f"{len(self.actions)} actions" if self.actions else "nothing to change yet"

    def as_report(self) -> list[Action]:
        """The actions in the report room's shape."""
        return [
            Action(
                title=action.title,
                lever=action.lever,
                why=action.why,
                steps=tuple(action.steps),
                effort=action.effort,
                risk=action.risk,
                saving_figure=action.saving_figure,
                verify=action.verify,
                roll_back=action.roll_back,
            )
            for action in self.actions
        ]
