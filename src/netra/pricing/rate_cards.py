"""From published prices (Decimal per million tokens, with steps) to integer rates per token."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from netra.pricing.models import FEMTO_PER_USD, NOT_PRICED, Band, RateCard, Rates, Steps, UsageType

_FEMTO_PER_TOKEN_OF_USD_PER_MTOK = FEMTO_PER_USD // 1_000_000


def scale_card(card: RateCard, factor: Fraction | Callable[[UsageType], Fraction]) -> RateCard:
    """Every price of a card times a factor (or one per usage type), exact up to 12 decimals per million."""
    scaled: dict[UsageType, Steps] = {}
    for usage, steps in card.items():
        by = factor(usage) if callable(factor) else factor
        scaled[usage] = tuple((above, _times(price, by)) for above, price in steps)
    return scaled


def ratio_of(numerator: RateCard, denominator: RateCard) -> Callable[[UsageType], Fraction]:
    """Ratio of two cards' first steps by usage type; 1 where either lacks the type or the divisor is 0."""

    def ratio(usage: UsageType) -> Fraction:
        above, below = numerator.get(usage), denominator.get(usage)
        if above is None or below is None or below[0][1] == 0:
            return Fraction(1)
        return Fraction(above[0][1]) / Fraction(below[0][1])

    return ratio


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


def _times(price: Decimal, factor: Fraction) -> Decimal:
    product = Fraction(price) * factor
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(product.numerator) / Decimal(product.denominator)
        return quotient.quantize(Decimal("1e-12"), rounding=ROUND_HALF_EVEN)
