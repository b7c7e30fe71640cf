"""PriceService: the catalogue in the words of the API."""

from datetime import UTC, datetime
from decimal import Decimal

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.cost import cost_of_call, split_tokens
from netra.pricing.in_force import InForce, in_force
from netra.pricing.models import (
    NOT_PRICED,
    TIERS,
    USAGE_TYPES,
    CacheTerms,
    CallUsage,
    ModelPrice,
    ServiceTier,
    UsageType,
)
from netra.pricing.money import femto_string, usd_string
from netra.pricing.overrides import ContractPrice, Discount
from netra.pricing.schemas import (
    CacheTermsOut,
    CacheTtlOut,
    CostOut,
    CostPartOut,
    CostRequest,
    InForceOut,
    ModelPriceOut,
    OverridesOut,
    PriceEntryOut,
    RatesOut,
)

_TOKENS_PER_MTOK = 1_000_000


class PriceService:
    """Answers about the prices of one catalogue."""

    def __init__(self, catalogue: PriceCatalogue) -> None:
        self._catalogue = catalogue

    def show(self, model: str, provider: str | None = None, at: datetime | None = None) -> ModelPriceOut:
        """The price list of one model at an instant (default now); a naive instant is UTC."""
        catalogue = self._catalogue
        instant = _aware(at) or datetime.now(UTC)
        canonical = catalogue.canonical(model, provider)
        priced: dict[ServiceTier, InForce] = {}
        for tier in TIERS:
            found = in_force(catalogue, model, provider, instant, tier)
            if found is not None:
                priced[tier] = found
        tiers: dict[ServiceTier, list[RatesOut]] = {
            tier: _rates(found.price) for tier, found in priced.items()
        }
        standard = priced.get("standard")
        terms = catalogue.cache_terms(model, provider)
        return ModelPriceOut(
            model=model,
            provider=canonical.provider,
            canonical_model=canonical.model,
            at=instant,
            unpriced=not priced,
            tiers=tiers,
            in_force={tier: self._told(found) for tier, found in priced.items()},
            cache=None if terms is None else _terms(terms),
            price_source=None if standard is None else standard.price.source,
            prices_version=catalogue.version,
        )

    def cost(self, request: CostRequest) -> CostOut:
        """The exact cost of the tokens asked about."""
        usage = CallUsage(
            request.input_tokens,
            request.output_tokens,
            request.cache_read_tokens,
            request.cache_write_tokens,
            request.cache_write_1h_tokens,
            request.reasoning_tokens,
        )
        instant = _aware(request.at) or datetime.now(UTC)
        return self.working(usage, (request.model, request.provider), instant, request.tier)

    def working(
        self, usage: CallUsage, sold: tuple[str, str | None], at: datetime, tier: ServiceTier
    ) -> CostOut:
        """How the cost of a call of the model and provider `sold` at an instant comes about."""
        found = in_force(self._catalogue, *sold, at, tier)
        cost = cost_of_call(None if found is None else found.price, usage)
        parts = [
            CostPartOut(
                usage=part.usage,
                tokens=part.tokens,
                usd_per_mtok=usd_string(part.usd_per_mtok),
                cost_usd=usd_string(part.cost_usd),
            )
            for part in cost.parts
        ]
        amount = None if cost.cost_usd is None else usd_string(cost.cost_usd)
        return CostOut(
            cost_usd=amount,
            unpriced=amount is None,
            parts=parts,
            price_source=cost.price_source,
            in_force=None if found is None else self._told(found),
            above_input_tokens=None if found is None else _step(found.price, usage),
            without_rate=[] if found is None else _without_rate(found.price, usage),
        )

    def overrides(self, content: str) -> OverridesOut:
        """Every entry over the list prices; `content` is the document of the workspace among them."""
        overrides = self._catalogue.overrides
        return OverridesOut(
            content=content,
            entries=[*map(_contract, overrides.prices), *map(_discount, overrides.discounts)],
            prices_version=self._catalogue.version,
        )

    def _told(self, found: InForce) -> InForceOut:
        overrides = self._catalogue.overrides
        contracts = [_contract(one) for one in overrides.prices if one.scope.origin in found.price.changed_by]
        discounts = [
            _discount(one) for one in overrides.discounts if one.scope.origin in found.price.changed_by
        ]
        return InForceOut(
            source=found.price.source, since=found.since, until=found.until, changed_by=contracts + discounts
        )


def _contract(entry: ContractPrice) -> PriceEntryOut:
    scope = entry.scope
    return PriceEntryOut(
        kind="price",
        origin=scope.origin,
        provider=scope.provider,
        model=scope.model,
        since=scope.since,
        until=scope.until,
        tier=entry.tier,
        usd_per_mtok={
            usage: [usd_string(price) + (f" above {above:,}" if above >= 0 else "") for above, price in steps]
            for usage, steps in entry.card.items()
        },
    )


def _discount(entry: Discount) -> PriceEntryOut:
    scope = entry.scope
    percent = usd_string(Decimal(entry.percent))
    return PriceEntryOut(
        kind="discount",
        origin=scope.origin,
        provider=scope.provider,
        model=scope.model,
        since=scope.since,
        until=scope.until,
        percent=percent,
    )


def _step(price: ModelPrice, usage: CallUsage) -> int | None:
    above = max((band.above for band in price.bands if usage.input_tokens > band.above), default=-1)
    return above if above >= 0 else None


def _without_rate(price: ModelPrice, usage: CallUsage) -> list[UsageType]:
    rates = price.rates_for(usage.input_tokens).as_tuple()
    used = zip(USAGE_TYPES, split_tokens(usage), rates, strict=True)
    return [name for name, tokens, rate in used if tokens and rate == NOT_PRICED]


def _aware(instant: datetime | None) -> datetime | None:
    return instant if instant is None or instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _rates(price: ModelPrice) -> list[RatesOut]:
    return [
        RatesOut(
            above_input_tokens=max(band.above, 0),
            usd_per_mtok={
                usage: None if rate == NOT_PRICED else femto_string(rate * _TOKENS_PER_MTOK)
                for usage, rate in zip(USAGE_TYPES, band.rates.as_tuple(), strict=True)
            },
        )
        for band in price.bands
    ]


def _terms(terms: CacheTerms) -> CacheTermsOut:
    return CacheTermsOut(
        min_tokens=terms.min_tokens,
        ttls=[CacheTtlOut(seconds=ttl.seconds, write=ttl.write) for ttl in terms.ttls],
        settable=terms.settable,
        automatic=terms.automatic,
        source=terms.source,
    )
