"""What anomalies and forecasts say and accept. Money is text, an estimate rounded to 0.01 cent."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.usage.queries import Filter

InsightMeasure = Literal["cost_usd", "calls", "input_tokens", "output_tokens", "total_tokens", "errors"]
Amount = str | float
"""Text for money, else a number."""


class AnomalyRequest(BaseModel):
    """Days to judge lie from `since` (inclusive) to `until`; what came before is their past."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: InsightMeasure = "cost_usd"
    dimensions: list[str] = Field(
        default_factory=lambda: ["model", "feature", "app", "provider", "user", "api_key_id"],
        min_length=1,
        max_length=8,
    )
    filters: list[Filter] = Field(default_factory=list[Filter], max_length=40)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    timezone: str | None = None


class CauseOut(BaseModel):
    """A segment that carries a part (percent) of a day's change."""

    dimension: str
    segment: str
    value: Amount
    expected: Amount
    share_pct: float


class AnomalyOut(BaseModel):
    """A day out of the ordinary: what is ordinary lies from `low` to `high`."""

    day: str
    value: Amount
    expected: Amount
    low: Amount
    high: Amount
    score: float
    direction: Literal["up", "down"]
    causes: list[CauseOut]


class AnomalyResult(BaseModel):
    """`missing` says what is lacking where there were too few days to judge any; `assumptions` what the
    verdicts stand on.
    """

    outcome: Literal["complete", "insufficient_data"]
    missing: list[str]
    measure: InsightMeasure
    anomalies: list[AnomalyOut]
    judged_days: int
    assumptions: list[str]
    since: str | None
    until: str | None
    query: dict[str, object]
    sql: str


class ForecastRequest(BaseModel):
    """`growth_pct`: what if there were so many percent more (or less) of everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: InsightMeasure = "cost_usd"
    days: int = Field(default=30, ge=1, le=365)
    growth_pct: float = Field(default=0.0, ge=-100, le=10_000)
    filters: list[Filter] = Field(default_factory=list[Filter], max_length=40)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    timezone: str | None = None


class ForecastDay(BaseModel):
    """One day: the forecast, and the interval that holds the truth in 95 of 100 cases."""

    day: str
    value: Amount
    low: Amount
    high: Amount


class ForecastResult(BaseModel):
    """`total_interval_95` is null where the past is too short to have tried so long a sum often enough.

    `error_pct`: how far the method was off on the past, a day, in percent of the mean day.
    """

    outcome: Literal["complete", "insufficient_data"]
    missing: list[str]
    measure: InsightMeasure
    method: str | None
    days: list[ForecastDay]
    total: Amount | None
    total_interval_95: tuple[Amount, Amount] | None
    history_days: int
    backtests: int
    error_pct: float | None
    growth_pct: float
    assumptions: list[str]
    query: dict[str, object]
    sql: str
