"""What the catalogue says tokens on an invoice cost, and what else they may have been charged at."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import NOT_PRICED, TIERS, USAGE_TYPES, ModelPrice
from netra.pricing.money import usd_from_femto
from netra.usage.reconciliation.explaining import Key, Slot
from netra.usage.reconciliation.lines import InvoiceLine


def list_prices(
    lines: Iterable[InvoiceLine], catalogue: PriceCatalogue, provider: str
) -> dict[Slot, Fraction]:
    """USD a token of every model and usage type on an invoice, at noon of the day."""
    found: dict[Slot, Fraction] = {}
    for slot in {(line.day, (line.model, line.usage)) for line in lines if line.tokens is not None}:
        day, (model, usage) = slot
        price = catalogue.resolve(model, provider or None, _noon(day))
        for _, rate in _rates(price, usage)[:1]:
            found[slot] = rate
    return found


def known_prices(
    catalogue: PriceCatalogue, provider: str, day: date, key: Key
) -> Iterator[tuple[str, Fraction]]:
    """Every price of a model and usage type that a provider may have charged, in words and USD a token: of
    any tier and long-context step at noon of the day, without the workspace's own prices, and of other dates,
    the nearest first.
    """
    model, usage = key
    seller, noon = provider or None, _noon(day)
    for catalogued, whose in ((catalogue, ""), (catalogue.without_overrides(), "list ")):
        for tier in TIERS:
            for above, rate in _rates(catalogued.resolve(model, seller, noon, tier), usage):
                step = f" above {above:,} input tokens" if above >= 0 else ""
                yield f"the {tier} {whose}price{step}", rate
    for instant in sorted(catalogue.breaks(model, seller).dates, key=lambda one: abs(one - noon)):
        later = instant > noon
        at = instant if later else instant - timedelta(microseconds=1)
        for _, rate in _rates(catalogue.resolve(model, seller, at), usage)[:1]:
            yield f"the price {'since' if later else 'until'} {instant.date()}", rate


def _rates(price: ModelPrice | None, usage: str) -> list[tuple[int, Fraction]]:
    """(above, USD a token) of a usage type by step; empty where it is not priced."""
    if price is None or usage not in USAGE_TYPES:
        return []
    place = USAGE_TYPES.index(usage)
    rates = ((band.above, band.rates.as_tuple()[place]) for band in price.bands)
    return [(above, Fraction(usd_from_femto(rate))) for above, rate in rates if rate != NOT_PRICED]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
