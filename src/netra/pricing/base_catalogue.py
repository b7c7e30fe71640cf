"""The base catalogue: the `genai-prices` package read into this room's types. The only importer of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final

import genai_prices
from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import (
    ModelInfo,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import ModelPrice as PublishedPrice

from netra.pricing.models import RateCard, ServiceTier, Steps, UsageType

_KEYS: Final[dict[str, UsageType]] = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
}
_TIER_CONTEXT: Final[dict[ServiceTier, dict[str, str]]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
BASE_VERSION: Final = f"genai-prices {genai_prices.__version__}"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model in one provider's price list."""

    provider: str
    model: str
    info: ModelInfo


@dataclass(frozen=True, slots=True)
class Breaks:
    """Instants at which a price may change: UTC midnights, and times of day that recur daily (UTC)."""

    dates: tuple[datetime, ...]
    times: tuple[time, ...]


class BaseCatalogue:
    """Read access to the published price lists; stateless but for the package's own lookup caches."""

    def __init__(self) -> None:
        self._snapshot = get_snapshot()

    def provider_id(self, name: str) -> str | None:
        """The catalogue's id of a provider by id or known alias."""
        found = find_provider_by_id(self._snapshot.providers, name)
        return None if found is None else found.id

    def guess_providers(self, model: str) -> Iterator[str]:
        """Providers whose naming scheme fits the model name."""
        lowered = model.lower()
        for provider in self._snapshot.providers:
            if provider.model_match is not None and provider.model_match.is_match(lowered):
                yield provider.id

    def find(self, provider: str, model: str) -> ListedModel | None:
        """The listed model that a name refers to, in that provider's list only."""
        listing = self._provider(provider)
        if listing is None or not model:
            return None
        info = listing.find_model(model.lower(), all_providers=self._snapshot.providers)
        return None if info is None else ListedModel(listing.id, info.id, info)

    def entries(self) -> Iterator[tuple[str, str]]:
        """(provider id, model id) of every entry of every list."""
        for provider in self._snapshot.providers:
            yield from ((provider.id, model.id) for model in provider.models)

    def standard(self, listed: ListedModel, at: datetime) -> RateCard:
        """Standard prices at an instant."""
        return _card(listed.info.get_prices(at))

    def speaks_at_more(self, listed: ListedModel, at: datetime) -> bool:
        """Whether a model answers in audio, at a higher price than in text."""
        price = listed.info.get_prices(at)
        spoken, written = _first_step(price.output_audio_mtok), _first_step(price.output_mtok)
        return spoken is not None and written is not None and spoken > written

    def tier(self, listed: ListedModel, tier: ServiceTier, at: datetime) -> RateCard | None:
        """Prices of another service tier at an instant, None where none is recorded by then."""
        context = _TIER_CONTEXT[tier]
        for variant in listed.info.price_variants or ():
            if variant.when == context and (variant.constraint is None or variant.constraint.active(at)):
                return _card(listed.info.get_prices(at, context))
        return None

    def tier_recorded_from(self, listed: ListedModel, tier: ServiceTier) -> datetime | None:
        """The first day on which the tier's price is recorded; None where it never is or always was."""
        days = [
            variant.constraint.start_date
            for variant in listed.info.price_variants or ()
            if variant.when == _TIER_CONTEXT[tier] and isinstance(variant.constraint, StartDateConstraint)
        ]
        return datetime.combine(min(days), time(), UTC) if days else None

    def breaks(self, listed: ListedModel) -> Breaks:
        """Where the price of a listed model may change."""
        constraints = [v.constraint for v in listed.info.price_variants or ()]
        if not isinstance(listed.info.prices, PublishedPrice):
            constraints += [price.constraint for price in listed.info.prices]
        dates = {
            datetime.combine(c.start_date, time(), UTC)
            for c in constraints
            if isinstance(c, StartDateConstraint)
        }
        times: set[time] = set()
        for constraint in constraints:
            if isinstance(constraint, TimeOfDateConstraint):
                times |= {_utc_time(constraint.start_time), _utc_time(constraint.end_time)}
        return Breaks(tuple(sorted(dates)), tuple(sorted(times)))

    def _provider(self, provider: str) -> Provider | None:
        return next((p for p in self._snapshot.providers if p.id == provider), None)


def _card(price: PublishedPrice) -> RateCard:
    card: dict[UsageType, Steps] = {}
    for key, usage in _KEYS.items():
        value: Decimal | TieredPrices | None = getattr(price, key)
        if isinstance(value, TieredPrices):
            card[usage] = ((-1, value.base), *((step.start, step.price) for step in value.tiers))
        elif value is not None:
            card[usage] = ((-1, value),)
    return card


def _first_step(value: Decimal | TieredPrices | None) -> Decimal | None:
    return value.base if isinstance(value, TieredPrices) else value


def _utc_time(value: time) -> time:
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return datetime.combine(datetime(2000, 1, 2, tzinfo=UTC).date(), aware).astimezone(UTC).time()
