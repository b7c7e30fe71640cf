"""How a stored cost comes about: the tokens of a call times the prices that held, and whether that is it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

from pydantic import BaseModel

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import TIERS, CallUsage, ServiceTier
from netra.pricing.schemas import CostOut
from netra.pricing.service import PriceService
from netra.usage.money import money_text

Outcome = Literal["exact", "list_price", "other_prices", "price_known_since", "unpriced"]


class CostWorking(BaseModel):
    """The working of a stored cost.

    `outcome`: `exact`, the parts at the prices in force add up to the stored cost; `list_price`, at the list
    prices without the workspace's own they do; `other_prices`, neither does: the parts are at the prices in
    force, and `difference_usd` is the stored cost less their sum; `price_known_since`, the call was stored
    without a price that is known by now; `unpriced`, no price is known. `explanation` says the same.
    `reported_difference_usd`: what the sender said it cost, less the stored cost; sums use the stored one.
    """

    outcome: Outcome
    explanation: str
    stored_usd: str | None
    working: CostOut
    difference_usd: str | None
    reported_usd: str | None
    reported_difference_usd: str | None


def explain_cost(row: Mapping[str, Any], catalogues: Sequence[PriceCatalogue]) -> CostWorking:
    """The working of a stored row of a call. `catalogues`: the prices in force, and the list prices."""
    stored, reported = (
        cast("Decimal | None", row["cost_usd"]),
        cast("Decimal | None", row["reported_cost_usd"]),
    )
    now, *older = [_priced(row, catalogue) for catalogue in catalogues]
    outcome, working = _outcome(stored, now, older)
    sum_usd = _amount(working)
    difference = None if stored is None or sum_usd is None else stored - sum_usd
    return CostWorking(
        outcome=outcome,
        explanation=_explanation(outcome, row, working, difference),
        stored_usd=money_text(stored),
        working=working,
        difference_usd=money_text(difference),
        reported_usd=money_text(reported),
        reported_difference_usd=None if stored is None or reported is None else money_text(reported - stored),
    )


def _outcome(stored: Decimal | None, now: CostOut, older: Sequence[CostOut]) -> tuple[Outcome, CostOut]:
    if stored is None:
        return ("unpriced" if now.cost_usd is None else "price_known_since"), now
    if _amount(now) == stored:
        return "exact", now
    listed = next((one for one in older if _amount(one) == stored), None)
    return ("other_prices", now) if listed is None else ("list_price", listed)


def _priced(row: Mapping[str, Any], catalogue: PriceCatalogue) -> CostOut:
    usage = CallUsage(
        row["input_tokens"],
        row["output_tokens"],
        row["cache_read_tokens"],
        row["cache_write_tokens"],
        row["cache_write_1h_tokens"],
        row["reasoning_tokens"] or 0,
    )
    tier: ServiceTier | None = next((tier for tier in TIERS if tier == row["service_tier"]), None)
    if tier is None or not row["model"]:
        return CostOut(cost_usd=None, unpriced=True, parts=[], price_source=None, in_force=None)
    at: datetime = row["ts"]
    return PriceService(catalogue).working(usage, (row["model"], row["provider"] or None), at, tier)


def _amount(cost: CostOut) -> Decimal | None:
    return None if cost.cost_usd is None else Decimal(cost.cost_usd)


def _explanation(
    outcome: Outcome, row: Mapping[str, Any], working: CostOut, difference: Decimal | None
) -> str:
    """One or two sentences; what to do where something can be done."""
    match outcome:
        case "exact":
            own = working.in_force is not None and working.in_force.changed_by
            return (
                f"The parts add up to the stored cost exactly, at the {'agreed' if own else 'list'} prices "
                "in force when the call began."
            )
        case "list_price":
            return (
                "The parts add up to the stored cost exactly, at list prices: the workspace's own were not "
                "applied to it. `netra prices reprice` applies them."
            )
        case "other_prices":
            before = f"The call was stored at other prices ({row['price_source'] or 'no source is noted'})."
            if difference is None:
                return f"{before} {_why_unpriced(row, working)}, so its parts cannot be worked out again."
            return (
                f"{before} At those in force now it comes to {_usd(working.cost_usd)}; the stored cost less "
                f"that is {_usd(money_text(difference))}. `netra prices reprice` brings it to them."
            )
        case "price_known_since":
            return (
                "The call was stored without a known price and is in no sum. One is known by now: "
                f"{_usd(working.cost_usd)}. `netra prices reprice` applies it."
            )
        case _:
            return (
                f"{_why_unpriced(row, working)}: it is unpriced, never free, and is in no sum. "
                "`netra prices override add` takes a price of your own."
            )


def _why_unpriced(row: Mapping[str, Any], working: CostOut) -> str:
    sold = f"{row['model']} by {row['provider']}" if row["provider"] else str(row["model"] or "no model")
    if working.without_rate:
        kinds = " and ".join(name.replace("_", " ") for name in working.without_rate)
        return f"The price of {sold} has no rate for {kinds} tokens"
    if working.in_force is not None:
        return f"The tokens of this call of {sold} come to more than one call can cost"
    return f"No price of {sold} in tier {row['service_tier']} is known for {row['ts']:%Y-%m-%d}"


def _usd(amount: str | None) -> str:
    text = amount or "0"
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"
