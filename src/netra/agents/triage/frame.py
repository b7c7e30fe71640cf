"""The typed reading of a question: what kind it is and what it names."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

QuestionKind = Literal[
    "greeting",
    "capabilities",
    "usage",
    "drivers",
    "change",
    "cost",
    "latency",
    "capacity",
    "model_choice",
    "audit",
    "follow_up",
    "outside",
]

FollowUpAsk = Literal["change", "year", "risk", "why", "verify", "detail"]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Window(_Value):
    """A half-open time range [since, until) and the words that named it."""

    since: datetime | None = None
    until: datetime | None = None
    label: str = "all stored data"


class Targets(_Value):
    """The numbers a question sets as conditions. Percents are numbers: 30 means 30 %.

    `growth_pct` 50 means half as much again; `spike` 10 means ten times the traffic; `quality_min_pct` is the
    lowest accepted quality; `quality_margin_points` the largest accepted drop.
    """

    savings_pct: float | None = None
    quality_min_pct: float | None = None
    quality_margin_points: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    latency_cut_pct: float | None = None
    growth_pct: float | None = None
    spike: float | None = None


class QuestionFrame(_Value):
    """What a question asks for.

    `filters` maps a column of the call fact to the value named; `levers` is None when the question leaves the
    choice to us. `ordinal` counts from 1 and refers to a finding or action of an earlier answer.
    """

    kind: QuestionKind
    window: Window = Field(default_factory=Window)
    top: int = 5
    measures: list[str] = Field(default_factory=list[str])
    dimensions: list[str] = Field(default_factory=list[str])
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    targets: Targets = Field(default_factory=Targets)
    models: list[str] = Field(default_factory=list[str])
    levers: list[str] | None = None
    ordinal: int | None = None
    asks: list[FollowUpAsk] = Field(default_factory=list[FollowUpAsk])


class Vocabulary(_Value):
    """The names that occur in a workspace's data, which a question may use."""

    models: list[str] = Field(default_factory=list[str])
    providers: list[str] = Field(default_factory=list[str])
    apps: list[str] = Field(default_factory=list[str])
    features: list[str] = Field(default_factory=list[str])
    users: list[str] = Field(default_factory=list[str])
    evaluated_models: list[str] = Field(default_factory=list[str])
