"""The typed reading of a question: what kind it is and what it names."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from netra.usage.calls.question import CallOrder

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
    "forecast",
    "anomalies",
    "price",
    "follow_up",
    "outside",
]

FollowUpAsk = Literal["change", "year", "risk", "why", "verify", "query", "detail"]

Period = Literal["day", "week", "month", "year"]

Unread = Literal["subject", "language", "sql", "nonsense", "empty", "command", "invoice", "file"]
"""Why a question has no reading: another subject, not English, a query in SQL, no words, nothing at all; an
order to do something, an invoice to compare with, a file wanted of nothing asked before.
"""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Window(_Value):
    """A half-open time range [since, until) and the words that named it."""

    since: datetime | None = None
    until: datetime | None = None
    label: str = "all stored data"


class Targets(_Value):
    """The numbers a question sets as conditions. Percents are numbers: 30 means 30 %.

    `savings_usd` is a saving in dollars in each `savings_per`, over the calls looked at where that is None.
    `spend_usd` is the most that may be spent in each `spend_per`.
    `savings_said` is a share as the question words it where it is no round percent, e.g. `a third`.
    `growth_pct` 50 means half as much again; `spike` 10 means ten times the traffic; `quality_min_pct` is the
    lowest accepted quality; `quality_margin_points` the largest accepted drop.
    """

    savings_pct: float | None = None
    savings_said: str | None = None
    savings_usd: float | None = None
    savings_per: Period | None = None
    spend_usd: float | None = None
    spend_per: Period | None = None
    quality_min_pct: float | None = None
    quality_margin_points: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    latency_cut_pct: float | None = None
    growth_pct: float | None = None
    spike: float | None = None

    @property
    def any_saving(self) -> bool:
        """Whether a saving is asked for, as a share or in dollars."""
        return self.savings_pct is not None or self.savings_usd is not None

    @property
    def constrained(self) -> bool:
        """Whether a set of changes must hold to something: a saving, a spend, a quality, a latency."""
        limits = (self.spend_usd, self.quality_min_pct, self.quality_margin_points, self.p95_ms, self.p99_ms)
        return self.any_saving or any(limit is not None for limit in limits)


ConditionColumn = Literal[
    "latency_ms", "ttft_ms", "cost_usd", "input_tokens", "output_tokens", "total_tokens", "reasoning_tokens",
    "cache_read_tokens", "at_output_limit",
]  # fmt: skip
Comparison = Literal[">", ">=", "<", "<="]


class Condition(_Value):
    """A threshold on single calls: `value` in the unit of the column, a plain number as text; `said` as the
    question words it, e.g. `calls over 10 seconds`. `is null` has no use for the value, `at_output_limit = 1`
    are calls whose output reached its limit.
    """

    column: ConditionColumn
    operator: Comparison | Literal["=", "is null"]
    value: str = Field(pattern=r"^\d{1,15}(\.\d{1,9})?$")
    said: str = ""

    @property
    def words(self) -> str:
        """The condition in words."""
        return self.said or f"{self.column} {self.operator} {self.value}"


class GroupCondition(_Value):
    """A threshold on groups of calls: `users who spent over $100`. `value` is in the unit of the measure of
    usage; `dimension` says what a group is, `said` is the condition as the question words it.
    """

    dimension: str
    measure: str
    operator: Comparison
    value: str = Field(pattern=r"^\d{1,15}(\.\d{1,9})?$")
    said: str = ""


class Growth(_Value):
    """How the first measure of groups moved against the period before: `grew more than 20 %`.

    `relative`: `value` is percents of what it was, else it is in the measure's unit. Without an `operator`
    the groups that moved in the direction are listed, the largest move first.
    """

    direction: Literal["up", "down", "any"]
    operator: Comparison | None = None
    value: str = Field(default="0", pattern=r"^\d{1,15}(\.\d{1,9})?$")
    relative: bool = True
    of_anything: bool = False
    """Whether it asks what grew, without saying of what kind."""
    top: int | None = None
    """How many of the groups are to be listed, where it says so."""
    said: str = ""


class Passing(_Value):
    """An amount of a measure whose day of passing is asked for, counted up from the beginning of the range
    or of each month; `reached`: the amount itself is enough.
    """

    measure: str = "cost_usd"
    amount: str = Field(pattern=r"^\d{1,15}(\.\d{1,9})?$")
    reached: bool = False
    each_month: bool = False
    said: str = ""


class UnknownName(_Value):
    """A name the question uses that does not occur in the data, and the nearest ones that do."""

    column: str
    name: str
    nearest: list[str] = Field(default_factory=list[str])


class QuestionFrame(_Value):
    """What a question asks for.

    `filters` maps a column of the call fact to the value named; `levers` is None when the question leaves the
    choice to us. `ordinals` count from 1 and refer to findings of an earlier answer, -1 to its last.
    `unknown` are names that do not occur in the data; `outside` says why a question has no reading, in which
    `language` it is written where that is not English.
    """

    kind: QuestionKind
    said: str = ""
    """The question's words where the text holds several, else empty."""
    window: Window = Field(default_factory=Window)
    top: int = 5
    measures: list[str] = Field(default_factory=list[str])
    dimensions: list[str] = Field(default_factory=list[str])
    filters: dict[str, str] = Field(default_factory=dict[str, str])
    among: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    """Several values of a column that the question names together."""
    excluded: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    conditions: list[Condition] = Field(default_factory=list[Condition], max_length=8)
    """Thresholds that the calls looked at keep to."""
    group_conditions: list[GroupCondition] = Field(default_factory=list[GroupCondition], max_length=4)
    """Thresholds that the groups listed keep to."""
    before: Window | None = None
    """The period that the window is set against, where the question names it."""
    growth: Growth | None = None
    """How the groups listed moved against the period before."""
    passing: Passing | None = None
    """The amount whose day of passing is asked for."""
    calls_by: CallOrder | None = None
    """The order in which single calls are listed, where they are asked for and not sums of them."""
    zone: str | None = None
    """The time zone that the question names, in which its days begin."""
    share: bool = False
    """Whether the part in all calls is wanted of what the question names."""
    unread: list[str] = Field(default_factory=list[str])
    """Conditions in the question's words that the reading leaves out."""
    unanswered: list[str] = Field(default_factory=list[str])
    """Further questions of the text, which the run does not answer."""
    wants_file: bool = False
    wants_report: bool = False
    targets: Targets = Field(default_factory=Targets)
    models: list[str] = Field(default_factory=list[str])
    levers: list[str] | None = None
    ttl: str | None = None
    leaves_model: bool = False
    """Whether the one model named is to be left (`is there something cheaper than M?`)."""
    reprices: bool = False
    """Whether it asks what calls would cost on the one model named, whatever they are on."""
    asks_span: bool = False
    """Whether it asks when calls began or ended."""
    explains: bool = False
    """Whether it asks why something is as it is."""
    expects_rise: bool = False
    """Whether the question takes for granted that something rose."""
    horizon_days: int | None = None
    """How far ahead a forecast is wanted; 0: the rest of the running month, None: the whole next one."""
    extreme: Literal["most", "least"] | None = None
    """Whether the question asks which group has the most or the least of the first measure."""
    unknown: list[UnknownName] = Field(default_factory=list[UnknownName])
    outside: Unread | None = None
    language: str | None = None
    ordinals: list[int] = Field(default_factory=list[int])
    asks: list[FollowUpAsk] = Field(default_factory=list[FollowUpAsk])


class Vocabulary(_Value):
    """The names that occur in a workspace's data, which a question may use. Of users at most `users_kept`."""

    models: list[str] = Field(default_factory=list[str])
    providers: list[str] = Field(default_factory=list[str])
    apps: list[str] = Field(default_factory=list[str])
    features: list[str] = Field(default_factory=list[str])
    users: list[str] = Field(default_factory=list[str])
    users_kept: int = 200
    teams: list[str] = Field(default_factory=list[str])
    levers: list[str] = Field(default_factory=list[str])
    """Names of the levers there are."""
    evaluated_models: list[str] = Field(default_factory=list[str])
