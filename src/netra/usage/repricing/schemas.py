"""What the doors of re-pricing and price differences say and accept. Money is text of plain digits."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.pricing.models import ServiceTier, UsageType


class RepriceRequest(BaseModel):
    """Which stored calls to price again: `since` inclusive, `until` exclusive, both absent for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Repriced(BaseModel):
    """Calls of one model, provider, tier and day. `before_usd`, `after_usd`: null where none is priced."""

    day: str
    model: str
    provider: str
    service_tier: str
    calls: int
    changed_calls: int
    before_usd: str | None
    after_usd: str | None
    change_usd: str
    unpriced_before: int
    unpriced_after: int


class RepricePlan(BaseModel):
    """What pricing again changes. Totals are of every call in question, `changes` only where one changes.

    `interrupted`: a re-pricing was begun and not finished; applying one finishes it.
    """

    calls: int
    changed_calls: int
    before_usd: str
    after_usd: str
    change_usd: str
    unpriced_before: int
    unpriced_after: int
    changes: list[Repriced]
    prices_version: str
    interrupted: bool
    applied: bool = False
    repricing_id: str | None = None
    data_version: int | None = None


class PriceSide(BaseModel):
    """One side of a comparison. `at`: every price as of this instant; absent: as of each call's own.

    `content`: with this document in place of the workspace's; `listed`: list prices only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime | None = None
    content: Annotated[str, Field(max_length=200_000)] | None = None
    listed: bool = False


class DiffRequest(BaseModel):
    """Two price lists; `models` to compare besides those in the stored calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: PriceSide = PriceSide()
    after: PriceSide = PriceSide()
    models: list[str] = Field(default_factory=list[str], max_length=200)


class PriceChange(BaseModel):
    """One rate that differs, USD per million tokens over `above_input_tokens`; null: not priced."""

    model: str
    provider: str
    tier: ServiceTier
    usage: UsageType
    above_input_tokens: int
    before: str | None
    after: str | None
    change_pct: float | None


class StoredEffect(BaseModel):
    """What the stored calls of one model would cost on either side."""

    model: str
    provider: str
    service_tier: str
    calls: int
    before_usd: str | None
    after_usd: str | None
    change_usd: str


class DiffResult(BaseModel):
    """What differs. Totals are of all stored calls; a call unpriced on a side is in neither of its sums."""

    changes: list[PriceChange]
    stored: list[StoredEffect]
    calls: int
    before_usd: str
    after_usd: str
    change_usd: str
    compared_at: dict[Literal["before", "after"], datetime]
