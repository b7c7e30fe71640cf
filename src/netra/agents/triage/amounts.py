"""Numbers and amounts of money as people write them, and the period an amount is for."""

from __future__ import annotations

import re

from netra.agents.triage.frame import Period

# Bounded and anchored: a question that is one long number must not be read in quadratic time.
NUM = r"(?<![\d.,])(\d{1,12}(?:[.,]\d{1,6})?)(?![\d])"
AMOUNT = r"(?<![\d.,])(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:[.,]\d{1,6})?)(?![\d])"
"""A number in which commas may part thousands."""
SCALE = r"k|m|thousand|million|billion|bn|b"
"""Words that multiply the number before them."""
_SCALE = rf"\s*({SCALE})?"
MONEY_AMOUNT = rf"(?:\$\s*{AMOUNT}{_SCALE}\b|{AMOUNT}{_SCALE}\s*(?:usd|dollars?|bucks)\b)"
"""An amount of dollars; its digits are in group 1 or 3 and its thousands in group 2 or 4."""
PERIOD = (
    r"(?:\s*(?:/|a|an|per|each|every|this|next|in a|over a)\s*(day|week|month|year)\b|\s+(monthly|"
    r"yearly|annually|daily|weekly|annual)\b)"
)
PERIODS: dict[str, Period] = {
    "day": "day", "daily": "day", "week": "week", "weekly": "week", "month": "month", "monthly": "month",
    "year": "year", "yearly": "year", "annually": "year", "annual": "year",
}  # fmt: skip
FACTORS = {
    "k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, "billion": 1_000_000_000,
    "bn": 1_000_000_000, "b": 1_000_000_000,
}  # fmt: skip
LARGEST = 10**15
"""Amounts from here on are larger than any sum of calls, and no conditions."""


def number(text: str) -> float:
    """The value of digits with commas between thousands or before decimals."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))


def dollars(digits: str, scale: str | None) -> float:
    """The value of an amount: `5` and `k` are 5,000."""
    return number(digits) * FACTORS.get(scale or "", 1)
