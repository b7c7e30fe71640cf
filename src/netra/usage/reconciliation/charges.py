"""What kind of charge a row of a bill is. Usage, and discounts on it, are compared with calls; all else is
listed apart, each under its own kind, so that a voucher never looks like calls that were not invoiced.

Published kinds: FOCUS `ChargeCategory` (Usage, Purchase, Tax, Credit, Adjustment) and `ChargeClass`
(Correction: of a period that was invoiced before); Azure `ChargeType` (Usage, Purchase, Refund,
UnusedReservation, UnusedSavingsPlan, Adjustment, RoundingAdjustment, Tax); AWS `lineItem/LineItemType`
(Usage, DiscountedUsage, SavingsPlanCoveredUsage, SavingsPlanNegation, Fee, RIFee, ..., EdpDiscount,
PrivateRateDiscount, BundledDiscount, ..., Credit, Refund, Tax) and Cost Explorer's words for it; Google
`cost_type` (regular, tax, adjustment, rounding_error), `credits.type` (DISCOUNT, COMMITTED_USAGE_DISCOUNT,
SUSTAINED_USAGE_DISCOUNT, PROMOTION, FREE_TRIAL, SUBSCRIPTION_BENEFIT, RESELLER_MARGIN, ...) and the console's
words for both.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from netra.usage.reconciliation.lines import amount_of

Charge = Literal["usage", "discount", "tax", "credit", "refund", "purchase", "adjustment"]

_USAGE: Final = frozenset(["", "usage", "regular", "discountedusage", "savingsplancoveredusage"])
_WORDS: Final[tuple[tuple[str, Charge], ...]] = (
    ("tax", "tax"),
    ("refund", "refund"),
    ("discount", "discount"),
    ("credit", "credit"),
    ("promotion", "credit"),
    ("freetrial", "credit"),
    ("subscriptionbenefit", "credit"),
    ("resellermargin", "credit"),
    ("purchase", "purchase"),
    ("fee", "purchase"),
    ("unused", "purchase"),
    ("savingsplannegation", "purchase"),
)
_NAMED: Final[tuple[tuple[str, Charge], ...]] = (
    ("tax", "tax"),
    ("refund", "refund"),
    ("discount", "discount"),
    ("credit|promotion|free ?trial|subscription ?benefit|reseller ?margin", "credit"),
    ("purchase|fee|unused (?:reservation|savings plan|commitment)|savings ?plan ?negation", "purchase"),
)
_WORD_BEGINS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")


def charge_of(kind: object, correction: object = "") -> Charge:
    """The kind of charge that a cloud's word means; a kind nobody published is an adjustment."""
    if "correction" in str(correction or "").lower():
        return "adjustment"
    plain = re.sub(r"[^a-z]", "", str(kind or "").lower())
    if plain in _USAGE:
        return "usage"
    for word, charge in _WORDS:
        if word in plain:
            return charge
    return "adjustment"


def charge_named(words: str) -> Charge:
    """The kind of charge that anybody's words name, as whole words: a fee, and no coffee or feedback."""
    if re.sub(r"[\W_]", "", words.lower()) in _USAGE:
        return "usage"
    said = _WORD_BEGINS.sub(" ", words).lower()
    for phrases, charge in _NAMED:
        if re.search(rf"\b(?:{phrases})(?:e?s)?\b", said):
            return charge
    return "adjustment"


def credits_of(entries: list[Mapping[str, Any]]) -> Iterator[tuple[Charge, str, Decimal]]:
    """Kind, name and amount of the credits that Google states beside a row."""
    for entry in entries:
        name = str(entry.get("full_name") or entry.get("name") or entry.get("type") or "")
        charge = charge_of(entry.get("type") or name)
        yield charge if charge == "discount" else "credit", name, amount_of(entry.get("amount") or 0)
