"""Since when and until when a price holds. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import ModelPrice, ServiceTier

_DAY = timedelta(days=1)
_JUST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class InForce:
    """A price and the longest span around the instant asked about in which neither its rates nor the local
    entries behind them change, in UTC. `since` None: as long as it is known; `until` None: no end is known.
    """

    price: ModelPrice
    since: datetime | None
    until: datetime | None


def in_force(
    catalogue: PriceCatalogue, model: str, provider: str | None, at: datetime, tier: ServiceTier
) -> InForce | None:
    """The price of a model at an instant, and its span; None where the price is not known."""
    price = catalogue.resolve(model, provider, at, tier)
    if price is None:
        return None
    at = at.astimezone(UTC)
    breaks = catalogue.breaks(model, provider)
    # Times of day and days of the week recur: the next one on either side is at most a day or a week away.
    weekly = len(breaks.weekdays) > 1
    reach = 7 if weekly else 1
    days = [at.date() + number * _DAY for number in range(-reach, reach + 1)]
    times = {*breaks.times, time()} if weekly else set(breaks.times)
    recurring = {datetime.combine(day, clock, UTC) for day in days for clock in times}
    instants = sorted({*breaks.dates, *recurring})

    def same(other: datetime) -> bool:
        found = catalogue.resolve(model, provider, other, tier)
        return found is not None and found.bands == price.bands and found.changed_by == price.changed_by

    earlier = (one for one in reversed(instants) if one <= at)
    since = next((one for one in earlier if not same(one - _JUST)), None)
    until = next((one for one in instants if one > at and not same(one)), None)
    return InForce(price, since, until)
