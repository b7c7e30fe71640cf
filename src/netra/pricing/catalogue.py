"""PriceCatalogue: dated prices per usage type and service tier, list prices under local overrides."""

from copy import copy
from datetime import UTC, datetime, time
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from netra.pricing.base_catalogue import BASE_VERSION, BaseCatalogue, ListedModel
from netra.pricing.cost import cost_of_call
from netra.pricing.models import (
    CacheTerms,
    CallCost,
    CallUsage,
    CanonicalModel,
    ModelPrice,
    RateCard,
    ServiceTier,
    Steps,
    UsageType,
)
from netra.pricing.naming import Located, ModelNames
from netra.pricing.overrides import (
    NO_OVERRIDES,
    CapacityPrice,
    PriceOverrides,
    load_corrections,
    load_overrides,
)
from netra.pricing.price_breaks import PriceBreaks, told_apart
from netra.pricing.rate_cards import bands_of, rescaled, scale_card
from netra.pricing.sellers import SameModels, Seller
from netra.pricing.shipped_data import fits, load_shipped_data


class PriceCatalogue:
    """Prices as of any instant. Immutable after construction; share one per process.

    `overrides`: a TOML file of contract prices and discounts (see `netra.pricing.overrides`), or None.
    Raises PriceOverridesError if that file is wrong.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        self._shipped = load_shipped_data()
        self._base = BaseCatalogue()
        self._names = ModelNames(self._base, self._shipped)
        self._corrections = load_corrections()
        self._overrides = load_overrides(overrides)

    def with_overrides(self, overrides: PriceOverrides) -> "PriceCatalogue":
        """The same with further local prices over its own."""
        other = copy(self)
        other._overrides = overrides.over(self._overrides)
        return other

    def without_overrides(self) -> "PriceCatalogue":
        """The list prices alone."""
        other = copy(self)
        other._overrides = NO_OVERRIDES
        return other

    @property
    def overrides(self) -> PriceOverrides:
        """The local prices over the list, the later ones winning."""
        return self._overrides

    @property
    def version(self) -> str:
        """Names the content of every source; equal versions give equal prices."""
        shipped, digest = f"{self._shipped.digest}.{self._corrections.digest}", self._overrides.digest
        return f"{BASE_VERSION}+{shipped}" + (f"+{digest}" if digest else "")

    def canonical(self, model: str, provider: str | None = None) -> CanonicalModel:
        """Who bills a model and the maker's name for it, without snapshot dates; for joining on models."""
        return self._names.locate(model, provider).canonical

    def resolve(
        self,
        model: str,
        provider: str | None = None,
        at: datetime | None = None,
        tier: ServiceTier = "standard",
    ) -> ModelPrice | None:
        """The price of a model at an instant (default now) in a service tier; None where it is not known."""
        located = self._names.locate(model, provider)
        instant = at or datetime.now(UTC)
        card, contract = self._card(located, tier, instant)
        if card is None or ("input" not in card and "output" not in card):
            return None
        factor, discounted = self._discount(located, instant)
        if discounted:
            card = scale_card(card, factor)
        listed = located.listed
        name = located.canonical.model if listed is None else listed.model
        base = f"{located.provider or 'local'}/{name}"
        if listed is not None and self._is_corrected(listed, tier, instant):
            base += ", corrected"
        if listed is not None and self._base.speaks_at_more(listed, instant):
            base += ", audio as if it were text: a lower bound"
        source = self._source(base, listed is not None, bool(contract), bool(discounted))
        return ModelPrice(
            located.provider or "local", name, tier, bands_of(card), source, contract + discounted
        )

    def cost(
        self,
        usage: CallUsage,
        *,
        model: str,
        provider: str | None = None,
        at: datetime | None = None,
        tier: ServiceTier = "standard",
    ) -> CallCost:
        """Exact cost of a call; `cost_usd` is None where the price is not known."""
        return cost_of_call(self.resolve(model, provider, at, tier), usage)

    def cache_terms(self, model: str, provider: str | None = None) -> CacheTerms | None:
        """Terms of provider-side prompt caching; None where the provider is not known to cache that model."""
        located = self._names.locate(model, provider)
        for rule in self._shipped.cache_terms:
            if located.provider in rule.providers and fits(rule.models, located.canonical.model):
                return rule.terms
        return None

    def min_cacheable_tokens(self, model: str, provider: str | None = None) -> int | None:
        """Shortest prefix in tokens that the provider caches; None where it is not known to cache."""
        terms = self.cache_terms(model, provider)
        return None if terms is None else terms.min_tokens

    def sellers(self, model: str, provider: str | None = None) -> tuple[Seller, ...]:
        """The other providers whose list has exactly this model; empty where nobody else or nobody knows."""
        listed = self._names.locate(model, provider).listed
        return () if listed is None else self._same_models.beside(listed.provider, listed.model)

    def capacity(self, model: str, provider: str | None, at: datetime) -> CapacityPrice | None:
        """What provisioned throughput of a model costs at an instant; None where no local price says so."""
        located = self._names.locate(model, provider)
        for entry in reversed(self._overrides.capacities):
            if entry.scope.covers(located.provider, located.names, at):
                return entry
        return None

    def breaks(self, model: str, provider: str | None = None) -> PriceBreaks:
        """Where the price of a model may change."""
        located = self._names.locate(model, provider)
        dates = self._overrides.instants() | self._corrections.instants() | self._shipped.instants()
        times: set[time] = set()
        weekdays: list[frozenset[int]] = []
        if located.listed is not None:
            base = self._base.breaks(located.listed)
            dates.update(base.dates)
            times.update(base.times)
            for recurs in self._corrections.recurring(located.listed.provider, located.listed.model):
                times.update(moment for hours in recurs.hours for moment in hours)
                weekdays.append(recurs.weekdays)
        instants = sorted(date.astimezone(UTC) for date in dates)
        return PriceBreaks(tuple(instants), tuple(sorted(times)), told_apart(weekdays))

    @cached_property
    def _uncorrected(self) -> "PriceCatalogue":
        other = copy(self)
        other._corrections = NO_OVERRIDES
        return other

    @cached_property
    def _same_models(self) -> SameModels:
        return SameModels(self._base.entries(), self._shipped.sellers)

    def _card(
        self, located: Located, tier: ServiceTier, at: datetime
    ) -> tuple[RateCard | None, tuple[str, ...]]:
        """The card before discounts, and the origins of the contract prices in it."""
        listed = located.listed
        base = None if listed is None else self._list_card(listed, "standard", at)
        standard, contract = self._under_contract(base, located, "standard", at)
        if tier == "standard":
            return standard, contract
        tiered = None if listed is None else self._list_card(listed, tier, at)
        if contract and tiered is not None and base is not None and standard is not None:
            tiered = rescaled(tiered, standard, base)
        own, own_contract = self._under_contract(tiered, located, tier, at)
        return own, (() if own is None else contract) + own_contract

    def _under_contract(
        self, base: RateCard | None, located: Located, tier: ServiceTier, at: datetime
    ) -> tuple[RateCard | None, tuple[str, ...]]:
        for entry in reversed(self._overrides.prices):
            if entry.tier == tier and entry.scope.covers(located.provider, located.names, at):
                return {**(base or {}), **entry.card}, (entry.scope.origin,)
        return base, ()

    def _discount(self, located: Located, at: datetime) -> tuple[Fraction, tuple[str, ...]]:
        factor, found = Fraction(1), ()
        for entry in self._overrides.discounts:
            if entry.scope.covers(located.provider, located.names, at):
                factor, found = factor * entry.factor, (*found, entry.scope.origin)
        return factor, found

    def _list_card(self, listed: ListedModel, tier: ServiceTier, at: datetime) -> RateCard | None:
        standard = self._corrected(self._base.standard(listed, at), listed, "standard", at)
        standard = self._supplemented(standard, listed)
        if tier == "standard":
            return standard
        card = self._tier_card(listed, tier, at, standard)
        corrected = self._corrected(card or {}, listed, tier, at)
        if not corrected:
            return None
        tiered: dict[UsageType, Steps] = {**standard, **corrected}
        if any(rule.covers(listed.provider, tier, listed.model, at) for rule in self._shipped.uncached):
            tiered.pop("cache_read", None)
        return tiered

    def _is_corrected(self, listed: ListedModel, tier: ServiceTier, at: datetime) -> bool:
        """Whether a correction says what it costs, be it by changing the price that a tier's is made of."""
        names = frozenset([listed.model])
        entries = [e for e in self._corrections.prices if e.scope.covers(listed.provider, names, at)]
        if not entries or any(entry.tier == tier for entry in entries):
            return bool(entries)
        return self._list_card(listed, tier, at) != self._uncorrected._list_card(listed, tier, at)

    def _tier_card(
        self, listed: ListedModel, tier: ServiceTier, at: datetime, standard: RateCard
    ) -> RateCard | None:
        """What another tier costs by the list, by its ratio on a later day, by another tier, or a factor."""
        recorded = self._base.tier(listed, tier, at)
        if recorded is not None:
            return self._supplemented(recorded, listed)
        first = self._base.tier_recorded_from(listed, tier)
        for rule in self._shipped.tiers:
            if not rule.covers(listed.provider, tier, listed.model, at):
                continue
            if rule.like is not None:
                return self._list_card(listed, rule.like, at)
            if rule.factor is not None and first is None:
                return scale_card(standard, rule.factor)
            if rule.factor is None and first is not None:
                later = self._base.tier(listed, tier, first) or {}
                return rescaled(standard, later, self._base.standard(listed, first))
        return None

    def _corrected(self, card: RateCard, listed: ListedModel, tier: ServiceTier, at: datetime) -> RateCard:
        names = frozenset([listed.model])
        for entry in self._corrections.prices:
            if entry.tier == tier and entry.scope.covers(listed.provider, names, at):
                card = {**card, **entry.card}
        return card

    def _supplemented(self, card: RateCard, listed: ListedModel) -> RateCard:
        extra: dict[UsageType, Steps] = {}
        for rule in self._shipped.supplements:
            offered = rule.usage not in card and rule.requires in card and rule.of in card
            if offered and listed.provider in rule.providers and fits(rule.models, listed.model):
                extra[rule.usage] = scale_card({rule.of: card[rule.of]}, rule.factor)[rule.of]
        return {**card, **extra} if extra else card

    def _source(self, name: str, listed: bool, contract: bool, discounted: bool) -> str:
        sources = [f"{BASE_VERSION}: {name}"] if listed else []
        if contract:
            sources.append(f"{self._overrides.name}: contract price")
        if discounted:
            sources.append(f"{self._overrides.name}: discount")
        return "; ".join(sources)
