"""What reconciliation says and accepts. Money is text of plain digits, USD."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

InvoiceFormat = Literal[
    "auto",
    "openai-costs",
    "openai-usage",
    "anthropic-cost",
    "anthropic-usage",
    "azure-cost",
    "aws-cost",
    "google-cost",
    "focus",
    "generic",
]
Cause = Literal[
    "missing_calls",
    "not_invoiced",
    "price",
    "unpriced",
    "day_shift",
    "rounding",
    "stale_prices",
    "other_charges",
]
Basis = Literal["stated", "tokens", "known_price", "ratio", "whole_tokens", "our_price"]
CAUSES: dict[Cause, str] = {
    "missing_calls": "tokens on the invoice that we have no calls for",
    "not_invoiced": "calls of ours that are not on the invoice",
    "price": "the same tokens at another price than in our catalogue",
    "unpriced": "calls we stored without knowing a price",
    "day_shift": "calls the provider counts on the neighbouring day, by another time zone",
    "rounding": "less than the last digit of the amounts on the invoice",
    "stale_prices": "calls stored at prices that were corrected since; `netra prices reprice` follows them",
    "other_charges": "not for tokens: searches, sessions, taxes, credits, refunds, purchases, adjustments",
}
BASES: dict[Basis, str] = {
    "stated": "the amounts say it themselves",
    "tokens": "the invoice states tokens: calls and prices are told apart exactly",
    "known_price": "our tokens at another price of the catalogue make the invoice's amount",
    "ratio": "most amounts of the key's days, of the model or of the invoice stand in one ratio to ours",
    "whole_tokens": "the amount is a whole number of tokens at our price",
    "our_price": "an assumption, as nothing tells calls from prices: prices are ours, so calls differ",
}


class ReconcileOptions(BaseModel):
    """How to read the report. `provider`: compare only with calls billed by it; default: as the format
    says, for `generic` and `focus` as the report says where it names one, else all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: InvoiceFormat = "auto"
    provider: str | None = Field(default=None, max_length=100)


class Compared(BaseModel):
    """One usage type of one model on one day (of the invoice), or on `days` of them from `day` on where the
    invoice states a longer period. Causes add up to `difference_usd`; `basis`, `note`: what they stand on.
    """

    day: str
    days: int
    model: str
    usage: str
    invoice_tokens: int | None
    our_tokens: int
    invoice_usd: str
    our_usd: str
    difference_usd: str
    causes: dict[Cause, str]
    basis: Basis
    note: str


class Subtotal(BaseModel):
    """All of one model, day or usage type."""

    key: str
    invoice_usd: str
    our_usd: str
    difference_usd: str
    causes: dict[Cause, str]


class Reconciliation(BaseModel):
    """Invoice minus ours, explained. `lines`: where something differs, the largest first.

    `valued`: whether amounts are the invoice's own, or its tokens at our prices where it states none.
    `bases`: what the bases in `lines` mean; `assumed_usd`: the causes, without sign, of those lines whose
    basis is an assumption. `other_rows`, `other_usd`: rows of a cloud's bill for other services, which
    were not compared.
    """

    format: InvoiceFormat
    since: str
    until: str
    invoice_usd: str
    our_usd: str
    difference_usd: str
    causes: dict[Cause, str]
    meaning: dict[Cause, str]
    bases: dict[Basis, str]
    assumed_usd: str
    by_model: list[Subtotal]
    by_day: list[Subtotal]
    by_usage: list[Subtotal]
    lines: list[Compared]
    compared_lines: int
    our_calls: int
    our_unpriced_calls: int
    utc_offset_hours: int
    valued: Literal["as invoiced", "at our prices"]
    prices_version: str
    other_rows: int = 0
    other_usd: str = "0"
