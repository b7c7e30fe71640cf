"""What a chart shows, as typed data; `rendering/charts.py` draws it."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Money = str
"""A decimal number of US dollars as a string, exact."""


class _Spec(BaseModel):
    """Fields of every chart. `figure` is the id of a figure whose query is the one behind the chart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    caption: str = ""
    figure: str | None = None


class SpendPoint(BaseModel):
    """Spend of one day (in the report's time zone) of one series; `series` is a model, an app, ..."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    cost_usd: Money
    series: str = "all"


class SpendChart(_Spec):
    """Spend over time, stacked by series."""

    kind: Literal["spend_over_time"] = "spend_over_time"
    points: tuple[SpendPoint, ...]


class Bar(BaseModel):
    """One labelled amount. `share_pct` is its percent of the whole, when known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    value: float | Money
    share_pct: float | None = None


class BarChart(_Spec):
    """Horizontal bars of what drives the cost (`unit` usd) or any other measure."""

    kind: Literal["bars"] = "bars"
    unit: Literal["usd", "ms", "count", "tokens", "percent"] = "usd"
    bars: tuple[Bar, ...]


class SavingBar(BaseModel):
    """One finding: its saving and the 95 % interval, in US dollars over the period."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    savings_usd: Money
    low_usd: Money
    high_usd: Money
    verdict: Literal["recommend", "refuse", "insufficient_data"] = "recommend"


class SavingsChart(_Spec):
    """Savings of each finding with their intervals; a refused change reaches left of zero."""

    kind: Literal["savings"] = "savings"
    bars: tuple[SavingBar, ...]


class WaterfallStep(BaseModel):
    """A change on the way from the baseline to what remains; `change_usd` is negative for a saving."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    change_usd: Money


class WaterfallChart(_Spec):
    """From the baseline through each change to the spend afterwards (all replayed together)."""

    kind: Literal["waterfall"] = "waterfall"
    baseline_usd: Money
    steps: tuple[WaterfallStep, ...] = Field(min_length=1)
    after_usd: Money


class LinePoint(BaseModel):
    """One value of one series on one day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    value: float
    series: str


class LineChart(_Spec):
    """Values over time, one line a series: latency percentiles, calls a day, error rate."""

    kind: Literal["lines"] = "lines"
    unit: Literal["usd", "ms", "count", "tokens", "percent"] = "ms"
    points: tuple[LinePoint, ...]


Chart = SpendChart | BarChart | SavingsChart | WaterfallChart | LineChart
"""Any chart of a report; the field `kind` tells which."""
