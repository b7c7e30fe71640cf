"""What the price endpoints say and accept. Money is strings of plain digits."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from netra.pricing.models import ServiceTier, UsageType

TokenCount = Annotated[int, Field(ge=0, le=10**12)]
ModelName = Annotated[str, Field(min_length=1, max_length=300)]


class RatesOut(BaseModel):
    """USD per million tokens by usage type over `above_input_tokens` of input; null: not priced."""

    above_input_tokens: int
    usd_per_mtok: dict[UsageType, str | None]


class CacheTtlOut(BaseModel):
    """A retention in seconds and the usage type a write is billed as."""

    seconds: int
    write: UsageType


class CacheTermsOut(BaseModel):
    """Terms of provider-side prompt caching."""

    min_tokens: int
    ttls: list[CacheTtlOut]
    settable: bool
    automatic: bool
    source: str


class PriceEntryOut(BaseModel):
    """One entry in force: a contract price (USD per million tokens by usage type, with its steps) or a
    discount in percent. `origin`: the file or document it stands in.
    """

    kind: Literal["price", "discount"]
    origin: str
    provider: str
    model: str
    since: datetime | None
    until: datetime | None
    tier: ServiceTier | None = None
    usd_per_mtok: dict[UsageType, list[str]] = Field(default_factory=dict[UsageType, list[str]])
    percent: str | None = None


class InForceOut(BaseModel):
    """Where a price is from and when it holds. `since` null: as long as the list goes back; `until`
    (exclusive) null: no end is known; `changed_by`: the local entries over the list price, in order.
    """

    source: str
    since: datetime | None
    until: datetime | None
    changed_by: list[PriceEntryOut]


class ModelPriceOut(BaseModel):
    """The price of a model at an instant, by service tier. `unpriced`: no tier has a known price."""

    model: str
    provider: str | None
    canonical_model: str
    at: datetime
    unpriced: bool
    tiers: dict[ServiceTier, list[RatesOut]]
    in_force: dict[ServiceTier, InForceOut]
    cache: CacheTermsOut | None
    price_source: str | None
    prices_version: str


class CostRequest(BaseModel):
    """Tokens to price; `input_tokens` is all input, caches included."""

    model_config = ConfigDict(extra="forbid")

    model: ModelName
    provider: str | None = Field(default=None, max_length=100)
    at: datetime | None = None
    tier: ServiceTier = "standard"
    input_tokens: TokenCount = 0
    cache_read_tokens: TokenCount = 0
    cache_write_tokens: TokenCount = 0
    cache_write_1h_tokens: TokenCount = 0
    output_tokens: TokenCount = 0
    reasoning_tokens: TokenCount = 0

    @model_validator(mode="after")
    def check_parts(self) -> "CostRequest":
        """Caches are part of the input and reasoning is part of the output."""
        cached = self.cache_read_tokens + self.cache_write_tokens + self.cache_write_1h_tokens
        if cached > self.input_tokens:
            raise ValueError(f"{cached} cached tokens are more than the {self.input_tokens} input tokens")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("more reasoning tokens than output tokens")
        return self


class CostPartOut(BaseModel):
    """One line of a cost."""

    usage: UsageType
    tokens: int
    usd_per_mtok: str
    cost_usd: str


class CostOut(BaseModel):
    """The exact cost, or `cost_usd` null with `unpriced` true; `in_force`: since when its price holds.

    `above_input_tokens`: the long-context step whose rates apply, null below the first; `without_rate`: kinds
    of used tokens that the price has no rate for, which leaves the call unpriced.
    """

    cost_usd: str | None
    unpriced: bool
    parts: list[CostPartOut]
    price_source: str | None
    in_force: InForceOut | None
    above_input_tokens: int | None = None
    without_rate: list[UsageType] = Field(default_factory=list[UsageType])


class OverridesIn(BaseModel):
    """A TOML document of prices and discounts (see `netra.pricing.overrides`)."""

    model_config = ConfigDict(extra="forbid")

    content: Annotated[str, Field(max_length=200_000)]


class OverridesOut(BaseModel):
    """The workspace's document and every entry over the list prices, the later ones winning."""

    content: str
    entries: list[PriceEntryOut]
    prices_version: str
