"""What triage hands over: the reading of the question, what the data holds, and what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from netra.agents.blueprint import AgentOutput
from netra.agents.triage.frame import QuestionFrame, Vocabulary

Sufficiency = Literal["sufficient", "partial", "insufficient"]
Specialist = Literal["data", "optimization", "actions", "report"]


class Missing(BaseModel):
    """Something the data lacks, and the command that sends it."""

    model_config = ConfigDict(frozen=True)

    what: str
    how: str


class DataFacts(BaseModel):
    """What the workspace's data holds. `columns` maps a column to the calls that carry it."""

    calls: int = 0
    since: datetime | None = None
    until: datetime | None = None
    unpriced_calls: int = 0
    unpriced_models: list[str] = Field(default_factory=list[str])
    data_version: int = 0
    columns: dict[str, int] = Field(default_factory=dict[str, int])
    vocabulary: Vocabulary = Field(default_factory=Vocabulary)

    def has(self, column: str) -> bool:
        """Whether any call carries the column."""
        return self.columns.get(column, 0) > 0

    @property
    def observed_days(self) -> float:
        """Length of the stored range in days, 0 without data."""
        if self.since is None or self.until is None:
            return 0.0
        return (self.until - self.since).total_seconds() / 86_400


class TriageAnswer(AgentOutput):
    """What the triage agent's model returns: its reading of each question. Sufficiency is not its to
    decide.
    """

    frame: QuestionFrame
    further: list[QuestionFrame] = Field(default_factory=list[QuestionFrame], max_length=8)
    """The questions behind the first, in order, where the text holds several."""

    @property
    def frames(self) -> list[QuestionFrame]:
        """Every question of the text in order."""
        return [self.frame, *self.further]

    def headline(self) -> str:
        """What kinds of questions they are."""
        return "; ".join(
            f"a question about {frame.kind.replace('_', ' ')} over {frame.window.label}"
            for frame in self.frames
        )


class TriageResult(BaseModel):
    """The hand-over of triage about one question. `notes` are assumptions made while reading, e.g. a window
    moved to the data's end.
    """

    frame: QuestionFrame
    facts: DataFacts
    sufficiency: Sufficiency
    missing: list[Missing] = Field(default_factory=list[Missing])
    notes: list[str] = Field(default_factory=list[str])
    plan: list[Specialist] = Field(default_factory=list[Specialist])
