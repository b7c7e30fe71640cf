"""The typed answers: findings, baseline, joint replay. Money is strings; percents: 5.24 is 5.24 %."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["recommend", "refuse", "insufficient_data"]
Degree = Literal["low", "medium", "high"]
MoneyInterval = tuple[str, str]
Percentile = Literal["p50", "p95", "p99"]


class Missing(BaseModel):
    """Something the data lacks, and how to send it."""

    model_config = ConfigDict(frozen=True)

    what: str
    how: str


class Snippet(BaseModel):
    """A piece of configuration or code to use as it is."""

    model_config = ConfigDict(frozen=True)

    language: str
    text: str


class Instructions(BaseModel):
    """What exactly to change."""

    model_config = ConfigDict(frozen=True)

    summary: str
    steps: list[str]
    snippet: Snippet | None = None


class QualityEffect(BaseModel):
    """Quality of two models on the same items; scores and drop in points of 100.

    `interval_95` is two-sided; `upper_95` is the one-sided bound that the margin is compared with.
    """

    model_config = ConfigDict(frozen=True)

    from_score: float
    to_score: float
    drop_points: float
    interval_95: tuple[float, float]
    upper_95: float
    margin_points: float
    items: int
    gate: Verdict


class PercentileChange(BaseModel):
    """A percentile of latency in milliseconds; `interval_95` is of what it shrinks by (before - after)."""

    model_config = ConfigDict(frozen=True)

    before_ms: float
    after_ms: float
    interval_95: tuple[float, float]


class LatencyGoal(BaseModel):
    """A percentile that was asked for. `upper_ms` is the one-sided 95 % bound of where the change brings it.

    `gate`: recommend if that bound is inside the target; refuse if the percentile itself is not, or was
    there without the change; else too few calls to be certain.
    """

    model_config = ConfigDict(frozen=True)

    percentile: Percentile
    target_ms: float
    upper_ms: float
    gate: Verdict


class LatencyEffect(BaseModel):
    """Latency of the successful calls with a recorded latency, all of the workload, before and after."""

    model_config = ConfigDict(frozen=True)

    calls: int
    p50: PercentileChange
    p95: PercentileChange
    p99: PercentileChange
    goal: LatencyGoal | None = None

    def in_words(self) -> str:
        """One line with all three percentiles."""
        parts = [
            f"{name} {change.before_ms:,.0f} to {change.after_ms:,.0f} ms (95 % interval of the gain "
            f"{change.interval_95[0]:,.0f} to {change.interval_95[1]:,.0f})"
            for name, change in (("p50", self.p50), ("p95", self.p95), ("p99", self.p99))
        ]
        return ", ".join(parts)


class RoutingBounds(BaseModel):
    """A router between two models beside what chance and perfect knowledge would reach; points of 100.

    All but the shares are on items that the router did not learn from. `saving_share_pct`: part of what
    moving every call would save. The random mix saves as much by lot; the oracle sends an item to the cheaper
    model where it does no worse, so its drop is negative where that model is sometimes better. `pgr` is the
    part of the gap between both models that is kept, `apgr` its mean over all shares (by lot 0.5).
    """

    model_config = ConfigDict(frozen=True)

    share_pct: float
    saving_share_pct: float
    router_drop_points: float
    random_mix_drop_points: float
    all_cheaper_drop_points: float
    advantage_points: float
    advantage_95: tuple[float, float]
    oracle_drop_points: float
    oracle_share_pct: float
    pgr: float | None
    apgr: float | None
    items_learned: int
    items_judged: int


MissCause = Literal["new", "differs", "changed", "expired", "below_minimum", "other_key", "other_model"]


class CacheMiss(BaseModel):
    """Why some tokens of full prefix blocks are not read from the cache, what to do, what it is worth.

    `worth_usd`: what the calls looked at would cost less, by replay; null where nothing can be done or it
    would cost more. `at_most`: the replay takes what follows the differing place as equal, which the hashes
    cannot show.
    """

    model_config = ConfigDict(frozen=True)

    cause: MissCause
    tokens: int
    share_pct: float
    why: str
    advice: str
    worth_usd: str | None = None
    at_most: bool = False


class CacheGroup(BaseModel):
    """The prompts of one feature on one model: what is read from the cache, and the rest by cause.

    `tokens` are those of full blocks; `shared_tokens`: the usual length of the start that a prompt has in
    common with earlier ones. `calls` are those looked at, the latest of the workload.
    """

    model_config = ConfigDict(frozen=True)

    feature: str
    calls: int
    tokens: int
    read_pct: float
    shared_tokens: int
    misses: list[CacheMiss]


class Finding(BaseModel):
    """One change, what it would have done to the calls looked at, and the verdict."""

    model_config = ConfigDict(frozen=True)

    id: str
    lever: str
    params: dict[str, str]
    verdict: Verdict
    baseline_usd: str | None
    counterfactual_usd: str | None
    savings_usd: str | None
    savings_pct: float | None
    interval_95: MoneyInterval | None
    latency_effect: LatencyEffect | str
    quality_effect: QualityEffect | str
    risk: Degree
    effort: Degree
    assumptions: list[str]
    missing: list[Missing]
    query: dict[str, Any]
    sql: str
    rows: int
    apply: Instructions
    bounds: RoutingBounds | None = None
    diagnosis: list[CacheGroup] | None = None


def latency_words(effect: LatencyEffect | str) -> str:
    """A latency effect as text."""
    return effect if isinstance(effect, str) else effect.in_words()


class Baseline(BaseModel):
    """The calls looked at. `cost_usd` is of the priced ones; `unpriced_calls` counts the others."""

    calls: int
    cost_usd: str
    unpriced_calls: int
    since: datetime | None
    until: datetime | None


class JointStep(BaseModel):
    """What a finding adds to the joint saving of those before it; negative where it takes from them."""

    finding: str
    savings_usd: str


class Joint(BaseModel):
    """All recommended findings replayed together; single savings do not add up, this one counts.

    `steps` walk from the baseline to the counterfactual, the largest single saving first; they add up to the
    saving exactly. Empty where the replays they take are too many.
    """

    levers: list[str]
    findings: list[str]
    baseline_usd: str
    counterfactual_usd: str
    savings_usd: str
    savings_pct: float
    interval_95: MoneyInterval | None
    steps: list[JointStep] = Field(default_factory=list[JointStep])
