"""A spend that may not be passed, as questions set it: "get our bill under $5k a month"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netra.agents.triage.amounts import AMOUNT, MONEY_AMOUNT, PERIOD, PERIODS, dollars
from netra.agents.triage.frame import Period

_AIM = (
    r"\b(?:get|getting|bring\w*|keep\w*|stay\w*|hold\w*|cap|capping|limit|fit|fitting|reduc\w+|cut|cutting|"
    r"lower\w*|push\w*|driv(?:e|ing)|squeez\w+|shrink|drop|trim|slash|land|come in|go|going|be|"
    r"spend|spending|pay|paying|have|reach|hit|meet|want|need|remain|move)\b"
)
_LIMIT = (
    r"(?:under|below|beneath|within|inside|at most|no more than|not more than|less than|not exceed\w*|"
    r"maximum(?: of)?|max(?: of)?|(?<!up )(?<!close )to|at|<=?|to at most|down to)"
)
_SPEND = r"\b(?:spend\w*|costs?|bills?|budget|expens\w+|invoices?)\b"
_ASKS_WHAT_WAS = (
    r"\b(?:how (?:many|much|often)|which|who|when|list|show|did|was|were|has|had|on track|forecast\w*|"
    r"will (?:we|i|it|our|the|this)|going to|each|"
    r"(?:per|an?|/) ?(?:call|request|session|user|token|prompt|query|million|thousand|1k|1m|mtok))\b"
)
"""What was or will be, and what single things cost: no target for the whole spend."""
_HOW = r"\b(?:how (?:can|could|do|should|would|might) (?:we|i|you)|what would it take|is it possible)\b"
_BARE_AMOUNT = rf"{AMOUNT}\s*(k|thousand)\b"

_BILLED: Period = "month"
"""The period of a budget that names none: bills come by the month."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Dollars in each `per`, and where the text says them."""

    usd: float
    per: Period
    start: int
    end: int


def find_budget(text: str) -> Budget | None:
    """The budget that lower-cased text sets as a target, None where it sets none."""
    of_spend = re.search(_SPEND, text) is not None
    amount = rf"(?:{MONEY_AMOUNT}|{_BARE_AMOUNT})" if of_spend else rf"(?:{MONEY_AMOUNT})"
    forms = [
        rf"{_AIM}[^.?!$]{{0,60}}?(?:\bfrom \$?\d[\d,.]{{0,12}}\s?[km]?\b[^.?!$]{{0,20}}?)?(?<!\w)"
        rf"{_LIMIT}\s+(?:about |around )?{amount}{PERIOD}?"
    ]
    forms += [rf"\bbudget\b[^.?!$]{{0,30}}?(?:of|is|at|:|=)\s*{amount}{PERIOD}?"] if of_spend else []
    forms += [rf"\b{_AIM}[^.?!$]{{0,30}}?{amount}{PERIOD}?\s+budget\b"] if of_spend else []
    forms += [rf"\b(?:cap|limit)\b[^.?!$]{{0,30}}?{amount}{PERIOD}?"] if of_spend else []
    for form in forms:
        found = re.search(form, text)
        if found is None or re.search(_ASKS_WHAT_WAS, re.sub(_HOW, "", text)):
            continue
        groups = [group for group in found.groups() if group]
        digits = groups[0]
        scale = next((group for group in groups[1:] if group not in PERIODS), None)
        told: Period | None = next((PERIODS[group] for group in groups[1:] if group in PERIODS), None)
        per: Period = told or period_of_spend(text) or _BILLED
        value = dollars(digits, scale)
        if value > 0:
            return Budget(value, per, found.start(), found.end())
    return None


def period_of_spend(text: str) -> Period | None:
    """The period before the amount: "our monthly bill", "the daily spend"."""
    found = re.search(
        r"\b(daily|weekly|monthly|yearly|annual) (?:\w+ )?(?:spend\w*|costs?|bills?|budget)\b", text
    )
    return PERIODS[found.group(1)] if found else None
