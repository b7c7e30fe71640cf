"""The value types of pricing: rates, price bands, usage of a call, cost of a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

UsageType = Literal["input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning"]
USAGE_TYPES: tuple[UsageType, ...] = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "output",
    "reasoning",
)

ServiceTier = Literal["standard", "batch", "flex", "priority"]
TIERS: tuple[ServiceTier, ...] = ("standard", "batch", "flex", "priority")

FEMTO_PER_USD = 10**15
NOT_PRICED = -1
"""Rate of a usage type nobody publishes a price for; tokens of that type make the call unpriced."""

MAX_FEMTO = 2**63 - 1
"""Largest cost an int64 column carries, about 9,223 USD a call; more is treated as unpriced."""

Steps = tuple[tuple[int, Decimal], ...]
"""(above, USD per million tokens) ascending; the first step has above = -1."""

RateCard = Mapping[UsageType, Steps]
"""Published prices per usage type before they become integer rates."""


@dataclass(frozen=True, slots=True)
class CanonicalModel:
    """Who bills (`provider`, None if unknown) and what runs (`model`, the maker's name, no date)."""

    provider: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Femto-dollars per token by usage type; `NOT_PRICED` where nobody publishes a price."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int

    def as_tuple(self) -> tuple[int, int, int, int, int, int]:
        """In the order of `USAGE_TYPES`."""
        return (
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.output,
            self.reasoning,
        )


@dataclass(frozen=True, slots=True)
class Band:
    """Rates of calls with more than `above` input tokens (long-context steps apply to the whole call)."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """The price of one model at one instant in one service tier. `bands` ascend and begin with above = -1;
    `changed_by`: origins of the local entries that made it other than the list price.
    """

    provider: str
    model: str
    tier: ServiceTier
    bands: tuple[Band, ...]
    source: str
    changed_by: tuple[str, ...] = field(default=(), compare=False)

    def rates_for(self, input_tokens: int) -> Rates:
        """Rates of a call with that many input tokens, caches included."""
        chosen = self.bands[0].rates
        for band in self.bands[1:]:
            if input_tokens > band.above:
                chosen = band.rates
        return chosen


@dataclass(frozen=True, slots=True)
class CallUsage:
    """Tokens of one call; `input_tokens` is all input, caches included, and output includes reasoning."""

    input_tokens: int
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CostPart:
    """One line of a cost: `tokens` at `usd_per_mtok` make `cost_usd`."""

    usage: UsageType
    tokens: int
    usd_per_mtok: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class CallCost:
    """Exact cost of a call, None where a price is missing; `price_source`: where the price is from."""

    cost_usd: Decimal | None
    parts: tuple[CostPart, ...]
    price_source: str | None


@dataclass(frozen=True, slots=True)
class CacheTtl:
    """One retention a provider offers: seconds after the last use, and what a write is billed as."""

    seconds: int
    write: UsageType


@dataclass(frozen=True, slots=True)
class CacheTerms:
    """Provider-side prompt caching of one model.

    `min_tokens`: shortest prefix that is cached. `ttls`: retentions offered, the default first. `settable`:
    whether the caller chooses among them. `automatic`: whether the provider caches without being asked.
    `source`: where that is published.
    """

    min_tokens: int
    ttls: tuple[CacheTtl, ...]
    settable: bool
    automatic: bool
    source: str

    @property
    def default_ttl(self) -> CacheTtl:
        """What the provider does when nothing is asked for."""
        return self.ttls[0]

    def covering(self, seconds: int) -> CacheTtl | None:
        """The shortest offered retention of at least that long; None where none is."""
        return min((t for t in self.ttls if t.seconds >= seconds), key=lambda t: t.seconds, default=None)
