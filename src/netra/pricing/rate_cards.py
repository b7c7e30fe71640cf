"""From published prices (Decimal per million tokens, with steps) to integer rates per token."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from netra.pricing.models import FEMTO_PER_USD, NOT_PRICED, Band, RateCard, Rates, Steps, UsageType

_FEMTO_PER_TOKEN_OF_USD_PER_MTOK = FEMTO_PER_USD // 1_000_000


def scale_card(card: RateCard, factor: Fraction) -> RateCard:
    """Every price of a card times a factor, exact up to 12 decimals per million."""
    return {
        usage: tuple((above, _times(price, factor)) for above, price in steps)
        for usage, steps in card.items()
    }


def rescaled(card: RateCard, numerator: RateCard, denominator: RateCard) -> RateCard:
    """A card times the ratio of two others, by usage type and step of input size; a price stays as it is
    where either lacks the type or the divisor is 0.
    """
    found: dict[UsageType, Steps] = {}
    for usage, steps in card.items():
        above, below = numerator.get(usage), denominator.get(usage)
        if above is None or below is None:
            found[usage] = steps
            continue
        starts = sorted({start for one in (steps, above, below) for start, _ in one})
        found[usage] = tuple(
            (start, _times(_step(steps, start), _ratio(_step(above, start), _step(below, start))))
            for start in starts
        )
    return found


def bands_of(card: RateCard) -> tuple[Band, ...]:
    """Integer rates per band of input size; ValueError for a card with neither input nor output price."""
    if "input" not in card and "output" not in card:
        raise ValueError("a price needs at least an input or an output price")
    starts = sorted({above for steps in card.values() for above, _ in steps} | {-1})
    return tuple(Band(above, _rates(card, above)) for above in starts)


def _rates(card: RateCard, above: int) -> Rates:
    """Rates in force just over `above` input tokens.

    Types without a price of their own: a cache read or write is billed as input, a 1 h write as input where
    writes carry no premium (otherwise it is not priced), reasoning as output.
    """
    at = {usage: _femto(_step(steps, above)) for usage, steps in card.items()}
    plain = at.get("input", NOT_PRICED)
    output = at.get("output", NOT_PRICED)
    write = at.get("cache_write", plain)
    return Rates(
        input=plain,
        cache_read=at.get("cache_read", plain),
        cache_write=write,
        cache_write_1h=at.get("cache_write_1h", plain if write == plain else NOT_PRICED),
        output=output,
        reasoning=at.get("reasoning", output),
    )


def _step(steps: Steps, above: int) -> Decimal:
    price = steps[0][1]
    for start, stepped in steps[1:]:
        if above >= start:
            price = stepped
    return price


def _femto(usd_per_mtok: Decimal) -> int:
    with localcontext() as context:
        context.prec = 60
        exact = usd_per_mtok * _FEMTO_PER_TOKEN_OF_USD_PER_MTOK
        return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def _ratio(above: Decimal, below: Decimal) -> Fraction:
    return Fraction(above) / Fraction(below) if below else Fraction(1)


def _times(price: Decimal, factor: Fraction) -> Decimal:
    product = Fraction(price) * factor
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(product.numerator) / Decimal(product.denominator)
        return quotient.quantize(Decimal("1e-12"), rounding=ROUND_HALF_EVEN)
