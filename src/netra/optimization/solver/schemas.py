"""What a plan must hold to, and the plan: constraints and the set of changes that meets them."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from netra.optimization.findings import Degree, LatencyEffect, Missing, MoneyInterval

ConstraintName = Literal[
    "min_savings_pct",
    "min_savings_usd",
    "min_savings_usd_per_month",
    "max_spend_usd",
    "min_quality",
    "max_quality_drop",
    "max_p50_ms",
    "max_p95_ms",
    "max_p99_ms",
]
Standing = Literal["met", "unmet", "unknown"]
SpendPeriod = Literal["day", "week", "month", "year"]


NOT_BINDING = frozenset({"max_risk", "max_effort", "spend_per"})
"""Fields of the constraints that ask for nothing by themselves."""


class Constraints(BaseModel):
    """What a set of changes must hold to, all together; absent ones do not bind.

    Savings: percent of the spend (30 is 30 %), dollars over the calls looked at, or dollars in a month of
    365 / 12 days at the pace observed. `max_spend_usd`: dollars left to pay in each `spend_per` (a year has
    365 days) at that pace. Quality: shares from 0 to 1; `min_quality` is of the mean score over the calls,
    `max_quality_drop` of each group of calls that a change touches. Latency: percentiles in milliseconds over
    the successful calls. `max_risk` and `max_effort` leave out changes above them.
    """

    model_config = ConfigDict(extra="forbid")

    min_savings_pct: float | None = Field(default=None, gt=0, le=100)
    min_savings_usd: Decimal | None = Field(default=None, gt=0)
    min_savings_usd_per_month: Decimal | None = Field(default=None, gt=0)
    max_spend_usd: Decimal | None = Field(default=None, gt=0)
    spend_per: SpendPeriod = "month"
    min_quality: float | None = Field(default=None, ge=0, le=1)
    max_quality_drop: float | None = Field(default=None, ge=0, le=1)
    max_p50_ms: float | None = Field(default=None, gt=0)
    max_p95_ms: float | None = Field(default=None, gt=0)
    max_p99_ms: float | None = Field(default=None, gt=0)
    max_risk: Degree | None = None
    max_effort: Degree | None = None

    @model_validator(mode="after")
    def _something(self) -> "Constraints":
        if not self.model_fields_set - NOT_BINDING:
            raise ValueError("name at least one of savings, quality and latency")
        return self

    @property
    def about_latency(self) -> bool:
        """Whether a percentile of latency is bound."""
        return any(limit is not None for limit in (self.max_p50_ms, self.max_p95_ms, self.max_p99_ms))

    @property
    def about_savings(self) -> bool:
        """Whether a saving is asked for, or a spend that may not be passed."""
        savings = (self.min_savings_pct, self.min_savings_usd, self.min_savings_usd_per_month)
        return any(limit is not None for limit in (*savings, self.max_spend_usd))


class ConstraintCheck(BaseModel):
    """One constraint and how the plan stands to it, in the constraint's own unit.

    `value` is what the plan reaches, `bound` the end of its 95 % interval on the side of the constraint (null
    where there is none), `certain` whether that end meets the constraint too. `short_by` is what lacks where
    it is unmet. `others_hold_without`: whether some set of changes meets the others once this one is dropped.
    `per`: the time in which `max_spend_usd` is spent. `missing`: what lacks for a judgement; or, of a spend
    that can be judged, what is not counted in it.
    """

    name: ConstraintName
    per: SpendPeriod | None = None
    limit: float
    value: float | None
    bound: float | None = None
    standing: Standing
    certain: bool = False
    short_by: float | None = None
    missing: str | None = None
    others_hold_without: bool | None = None


class PlanQuality(BaseModel):
    """Mean evaluated score over the calls, in points of 100, before and after; `low` is its one-sided 95 %
    bound. `evaluated_calls` are on models with scores; the others count as unchanged.
    """

    before: float
    after: float
    low: float
    evaluated_calls: int


class Plan(BaseModel):
    """The changes that hold to the constraints, replayed together; money is text.

    Feasible: the set with the least risk and effort, then the fewest changes, then the largest saving (where
    no saving is asked for, the largest saving first). Infeasible: the set that meets the constraints on
    quality and latency and saves most, or where none does, one that is near to all of them. `exact` says
    that no better set was left untried; `tried` sets were replayed of `candidates` changes. `left_out`:
    changes that could not be part of it because their latency is unknown, and how to know it.
    """

    feasible: bool
    findings: list[str]
    levers: list[str]
    baseline_usd: str
    counterfactual_usd: str
    savings_usd: str
    savings_pct: float
    interval_95: MoneyInterval | None
    quality: PlanQuality | None
    latency: LatencyEffect | None
    risk: Degree | None
    effort: Degree | None
    constraints: list[ConstraintCheck]
    summary: str
    candidates: int
    tried: int
    exact: bool
    left_out: list[Missing] = Field(default_factory=list[Missing])
