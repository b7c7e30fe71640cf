"""What the optimization tools return to agents: figure ids for what is said, plain values for what is
decided.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from netra.reports.charts import SavingsChart, WaterfallChart
from netra.reports.document import Baseline, FindingRow, Joint, Missing, Section

Degree = Literal["low", "medium", "high"]
Verdict = Literal["recommend", "refuse", "insufficient_data"]


class Snippet(BaseModel):
    """Configuration or code to use as it is."""

    language: str
    text: str


class Apply(BaseModel):
    """What exactly to change."""

    summary: str
    steps: list[str] = Field(default_factory=list[str])
    snippet: Snippet | None = None


class QualityFigures(BaseModel):
    """Figures of the quality gate: scores of both models, the drop and its one-sided bound in points,
    items.
    """

    from_score: str
    to_score: str
    drop: str
    upper: str
    items: str


class SavingFigures(BaseModel):
    """Figures of one finding or of all together, over the period looked at, and the year's projection."""

    baseline: str | None = None
    after: str | None = None
    savings: str | None = None
    percent: str | None = None
    low: str | None = None
    high: str | None = None
    year: str | None = None
    loss: str | None = None
    loss_low: str | None = None
    loss_high: str | None = None
    """What the change would cost more, where the saving is negative, and the ends of its interval."""


class FindingView(BaseModel):
    """A finding as agents see it. `savings_usd` and `savings_pct` are for decisions; prose cites
    `figures`.
    """

    id: str
    lever: str
    title: str
    verdict: Verdict
    params: dict[str, str]
    figures: SavingFigures
    savings_usd: str | None = None
    savings_pct: float | None = None
    quality: QualityFigures | None = None
    to_score: float | None = None
    drop_points: float | None = None
    alternative_to: str | None = None
    """Title of the better finding of which this one is a variant; only one of the two is applied."""
    quality_text: str = ""
    latency_effect: str = ""
    risk: Degree = "low"
    effort: Degree = "low"
    assumptions: list[str] = Field(default_factory=list[str])
    diagnosis: list[str] = Field(default_factory=list[str])
    """Why the cache reads no more than it does, the largest part of the prompts first."""
    missing: list[Missing] = Field(default_factory=list[Missing])
    apply: Apply
    row: FindingRow


class PaceFigures(BaseModel):
    """A condition in dollars per period beside the spend: what is spent in each `per` at the pace of the
    calls, the time they span, and the share of it that is to be saved (None where nothing is).
    """

    per: Literal["day", "week", "month", "year"]
    spend: str
    observed: str
    share: str | None = None


class CheckView(BaseModel):
    """A condition and how the plan stands to it; `value`, `bound` and `short_by` are figures, `before` what
    it is without any change.
    """

    name: str
    standing: Literal["met", "unmet", "unknown"]
    certain: bool
    value: str | None = None
    bound: str | None = None
    unchanged: bool = False
    """Whether the plan leaves it where it is without any change."""
    short_by: str | None = None
    before: str | None = None
    pace: PaceFigures | None = None
    missing: str | None = None
    others_hold_without: bool | None = None


class PlanView(BaseModel):
    """The set of changes that holds to the conditions, or the nearest one; `titles` name its changes."""

    feasible: bool
    exact: bool
    titles: list[str] = Field(default_factory=list[str])
    figures: SavingFigures
    checks: list[CheckView] = Field(default_factory=list[CheckView])


class SavingsOutput(BaseModel):
    """Answer of `find_savings`. `names` are sentences and words computed here that prose may quote
    verbatim.
    """

    model_config = ConfigDict(frozen=True)

    names: list[str] = Field(default_factory=list[str])
    parameters: dict[str, dict[str, str]] = Field(default_factory=dict[str, dict[str, str]])
    calls: int = 0
    spend: str | None = None
    findings: list[FindingView] = Field(default_factory=list[FindingView])
    joint: SavingFigures | None = None
    joint_pct: float | None = None
    plan: PlanView | None = None
    joint_row: Joint | None = None
    baseline: Baseline
    data_version: int = 0
    short_period: str | None = None
    """The assumption that a year's projection carries when less than a week was observed."""
    sections: list[Section] = Field(default_factory=list[Section])
    charts: list[SavingsChart | WaterfallChart] = Field(default_factory=list[SavingsChart | WaterfallChart])
