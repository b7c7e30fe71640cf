"""What the usage tools return to agents: figure ids in place of numbers, names in full."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from netra.reports.charts import BarChart, LineChart, SpendChart, WaterfallChart
from netra.reports.document import Missing, Section

UsageChart = BarChart | SpendChart | LineChart | WaterfallChart
"""Charts that usage tools make."""


class Output(BaseModel):
    """Base of tool outputs. `names` are words of the data that prose may use although they hold digits."""

    model_config = ConfigDict(frozen=True)

    names: list[str] = Field(default_factory=list[str])
    sections: list[Section] = Field(default_factory=list[Section])
    charts: list[UsageChart] = Field(default_factory=list[UsageChart])
    calls: int = 0
    """Calls that the answer covers; 0 says that there were none."""
    missing: list[Missing] = Field(default_factory=list[Missing])
    """What the data lacks for the answer, and how to send it."""


class UsageRow(BaseModel):
    """One group: the values of its dimensions, the figure of each measure, counts for decisions, and the
    measures that have no value.
    """

    keys: dict[str, str]
    figures: dict[str, str]
    unknown: list[str] = Field(default_factory=list[str])
    share: str | None = None
    """Its part of the first measure in that of all calls of the time range."""
    counts: dict[str, int] = Field(default_factory=dict[str, int])
    amounts: dict[str, str] = Field(default_factory=dict[str, str])
    """Each measure as text, to see where groups are level."""


class UsageTable(Output):
    """Answer of `query_usage`. `more` says that further groups exist; `totals` covers all of them, also those
    that conditions on groups leave out.
    """

    dimensions: list[str]
    measures: list[str]
    labels: dict[str, str]
    rows: list[UsageRow]
    totals: dict[str, str]
    more: bool = False
    unpriced: str | None = None
    mean: str | None = None
    """The first measure of a mean span of time, where rows are of time alone and it adds up."""
    span: str | None = None
    """From the first to the last call, in words."""
    share: str | None = None
    """The part of all these calls in `share_of`, that of all calls of the time range."""
    share_of: str | None = None
    kept: str | None = None
    """How many of all `groups` hold to the conditions on groups, and their sums in `together`."""
    groups: str | None = None
    together: dict[str, str] = Field(default_factory=dict[str, str])


class Driver(BaseModel):
    """One cost driver: its name, and the figures of spend, share of all spend, calls and tokens per call."""

    name: str
    keys: dict[str, str]
    cost: str
    share: str
    calls: str
    input_per_call: str
    output_per_call: str


class DriversOutput(Output):
    """Answer of `rank_drivers`: `by` says what a driver is, e.g. feature and model."""

    by: list[str]
    total: str
    drivers: list[Driver]
    shown_share: str
    unpriced: str | None = None


class Mover(BaseModel):
    """A segment whose spend changed."""

    name: str
    change: str
    rose: bool
    size: str
    before: str
    after: str
    calls_before: str
    calls_after: str
    cause: str
    """The largest part of its change: more or fewer of its calls, tokens per call, or price per token."""


class ChangeOutput(Output):
    """Answer of `compare_periods`. The four parts add up to the change."""

    by: str
    before_label: str
    after_label: str
    before: str
    after: str
    change: str
    change_pct: str | None
    rose: bool
    volume: str
    mix: str
    size: str
    price: str
    words: dict[str, str]
    main_part: str
    nothing_before: bool = False
    first_before: str | None = None
    """The day of the earlier period's first call where that leaves much of the period uncovered."""
    movers: list[Mover]
    days: str | None = None


class Slow(BaseModel):
    """Where time goes: a group's share of all time waited, and its percentiles."""

    name: str
    keys: dict[str, str]
    share: str
    p50: str
    p95: str
    p99: str
    calls: str
    output_per_call: str


class LatencyOutput(Output):
    """Answer of `profile_latency`. `ttft_share` is the share of the median latency before the first token."""

    p50: str
    p95: str
    p99: str
    p95_ms: float
    p99_ms: float
    by: list[str]
    groups: list[Slow]
    ttft_p50: str | None = None
    ttft_p95: str | None = None
    errors: str | None = None


class FactsOutput(Output):
    """Answer of `inspect_data`."""

    facts: dict[str, object]
    since: datetime | None = None
    until: datetime | None = None


class ShortenedGroup(BaseModel):
    """A group whose answers must be shorter to reach the target."""

    name: str
    over: str
    cap: str
    shortened: str


class TailOutput(Output):
    """Answer of `plan_latency`. `met_now` and `reachable` are for decisions."""

    percentile: str
    now: str
    target: str
    reached: str
    over: str
    allowed: str
    first_token: str | None = None
    met_now: bool
    reachable: bool
    groups: list[ShortenedGroup]


class LoadedModel(BaseModel):
    """One model's load by the minute, now and grown."""

    name: str
    mean_calls: str
    peak_calls: str
    peak_tokens: str
    refused: str
    refused_any: bool
    onset_calls: str | None
    carried_calls: str
    bound: bool
    calls_a_day: str
    grown_peak_calls: str
    grown_peak_tokens: str
    minutes_at_risk: str
    at_risk: bool
    spike_calls: str | None
    spike_over_peak: bool
    in_flight: str | None


class LoadOutput(Output):
    """Answer of `profile_load`, busiest model first."""

    grows: bool
    models: list[LoadedModel]
    refused: str
    any_refused: bool
    spend: str | None = None
    grown_spend: str | None = None


class Reasoner(BaseModel):
    """One group's reasoning: its tokens, their share of the group's output, what they cost, its calls."""

    name: str
    keys: dict[str, str]
    tokens: str
    share: str
    cost: str | None
    calls: str
    per_call: str


class ReasoningOutput(Output):
    """Answer of `profile_reasoning`. `share_of_spend` is the reasoning's part of all spend of the period;
    `unknown` counts the calls that do not say how many tokens were reasoning.
    """

    by: list[str]
    tokens: str
    share: str
    cost: str | None
    share_of_spend: str | None
    reasoned: bool
    groups: list[Reasoner]
    unknown: str | None = None


class ForecastOutput(Output):
    """Answer of `forecast_spend`. `total` is null where the past is too short for a method; `run_rate` is the
    mean day carried on, growth included.
    """

    outcome: str
    first_day: str | None = None
    last_day: str | None = None
    total: str | None = None
    low: str | None = None
    high: str | None = None
    without_growth: str | None = None
    run_rate: str | None = None
    daily: str | None = None
    so_far: str | None = None
    with_so_far: str | None = None
    month_over: bool = False
    """Whether the month whose rest was asked for is stored whole: `so_far` is all of it."""
    error: str | None = None
    limit: str | None = None
    """A spend to stay within, how far from it the forecast is, and whether it is `within`."""
    room: str | None = None
    within: bool = False
    certain: bool = False
    """Whether the limit lies outside the 95 % interval, or nothing is left to forecast."""
    history: str


class Cause(BaseModel):
    """A segment's part in what made a day odd."""

    name: str
    value: str
    expected: str
    share: str


class OddDay(BaseModel):
    """A day out of the ordinary, which lies from `low` to `high`."""

    day: str
    up: bool
    value: str
    expected: str
    low: str
    high: str
    causes: list[Cause]


class AnomaliesOutput(Output):
    """Answer of `find_anomalies`, the latest day first."""

    measure: str
    days: list[OddDay]
    found: str
    any_found: bool
    judged: str
    since: str | None = None
    until: str | None = None


class MovedModel(BaseModel):
    """The calls of one model: what they cost, and what they would at another's prices."""

    name: str
    calls: str
    now: str
    after: str


class WhatIfOutput(Output):
    """Answer of `price_on_model`. `known`: some call has a price both now and there; `left_out`: how many
    have not.
    """

    model: str
    known: bool
    now: str
    after: str
    change: str
    percent: str
    dearer: bool
    left_out: str | None = None
    models: list[MovedModel]


class PriceBand(BaseModel):
    """What a million tokens cost at one tier, by kind of token; `above` names the step of a longer input."""

    tier: str
    above: str = ""
    figures: dict[str, str]


class PriceList(BaseModel):
    """The prices of one model; no bands where none is known."""

    model: str
    provider: str = ""
    source: str = ""
    bands: list[PriceBand]


class PricesOutput(BaseModel):
    """Answer of `show_prices`. `names` are texts of the list that prose may quote."""

    names: list[str]
    models: list[PriceList]
