"""The exact cost of one call."""

from netra.pricing.models import (
    MAX_FEMTO,
    NOT_PRICED,
    USAGE_TYPES,
    CallCost,
    CallUsage,
    CostPart,
    ModelPrice,
)
from netra.pricing.money import usd_from_femto

_TOKENS_PER_MTOK = 1_000_000


def split_tokens(usage: CallUsage) -> tuple[int, int, int, int, int, int]:
    """Billable tokens in the order of `USAGE_TYPES`; each token is billed once.

    Plain input is all input less cache reads and writes, at least 0; plain output is output less reasoning.
    """
    cached = usage.cache_read_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    return (
        max(usage.input_tokens - cached, 0),
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens - reasoning,
        reasoning,
    )


def cost_of_call(price: ModelPrice | None, usage: CallUsage) -> CallCost:
    """Price a call.

    `cost_usd` is None (never 0) without a price, for a used type without a rate, and beyond int64.
    """
    if price is None:
        return CallCost(None, (), None)
    rates = price.rates_for(usage.input_tokens).as_tuple()
    total = 0
    parts: list[CostPart] = []
    for name, tokens, rate in zip(USAGE_TYPES, split_tokens(usage), rates, strict=True):
        if tokens == 0:
            continue
        if rate == NOT_PRICED:
            return CallCost(None, (), price.source)
        total += tokens * rate
        parts.append(
            CostPart(name, tokens, usd_from_femto(rate * _TOKENS_PER_MTOK), usd_from_femto(tokens * rate))
        )
    if total > MAX_FEMTO:
        return CallCost(None, (), price.source)
    return CallCost(usd_from_femto(total), tuple(parts), price.source)
