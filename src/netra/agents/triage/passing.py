"""The day a sum passed an amount: "on which day did we pass $50?", "when did we hit 1m tokens?"."""

from __future__ import annotations

import re
from decimal import Decimal

from netra.agents.triage.amounts import AMOUNT, MONEY_AMOUNT, dollars
from netra.agents.triage.frame import Passing, QuestionFrame

_WHEN = re.compile(
    r"\b(?:when|by when|since when|(?:which|what) (?:day|date)|the (?:day|date)|"
    r"how (?:long|quickly|fast|soon|many days))\b"
)
_PASSED = (
    r"(?P<verb>pass(?:ed)?|cross(?:ed)?|exceed(?:ed)?|surpass(?:ed)?|reach(?:ed)?|hit|top(?:ped)?|"
    r"br(?:eak|oke)|(?:go|went|gone) (?:over|above|past|beyond)|us(?:e|ed) up|(?:burn(?:t|ed)?|blow|blew) "
    r"through|spen[dt](?: (?:the|our) first)?|ma[dk]e(?: (?:the|our) first)?)"
)
_COUNTED = r"(?P<unit>calls|requests|tokens|input tokens|output tokens|errors|failures)"
_AMOUNT = re.compile(
    rf"\b{_PASSED}\b(?:\s+(?:the|a|our|an|of|more than|over|mark))*\s+"
    rf"(?:{MONEY_AMOUNT}|{AMOUNT}\s*(k|m|thousand|million)?\s*{_COUNTED}\b)"
)
_AHEAD = re.compile(r"\b(?:will|going to|would|forecast\w*|expect\w*|if)\b")
_OF_ONE_DAY = re.compile(
    r"\b(?:daily|(?:a|per|each|every|single|in one) day|days|hours?|hourly)\b(?! did it take)"
)
_EACH_MONTH = re.compile(r"\b(?:each|every|per) month\b|\bmonthly\b")
_UNITS = {
    "requests": "calls", "tokens": "total_tokens", "input tokens": "input_tokens",
    "output tokens": "output_tokens", "failures": "errors",
}  # fmt: skip
_REACHED = r"reach|hit|spen|ma[dk]e|us"


def find_passing(text: str) -> Passing | None:
    """The amount that a sum is asked to have passed, in lower-cased text; None where none is."""
    if not _WHEN.search(text) or _AHEAD.search(text):
        return None
    if _OF_ONE_DAY.search(re.sub(r"\bhow many days\b", "", text)):
        return None
    found = _AMOUNT.search(text)
    if found is None:
        return None
    digits, scale = found.group(2) or found.group(4), found.group(3) or found.group(5)
    unit = found["unit"]
    if unit:
        digits, scale = found.group(6), found.group(7)
    amount = Decimal(str(dollars(digits, scale))).normalize()
    return (
        Passing(
            measure=_UNITS.get(unit, unit) if unit else "cost_usd",
            amount=f"{amount:f}",
            reached=re.match(_REACHED, found["verb"]) is not None,
            each_month=_EACH_MONTH.search(text) is not None,
            said=" ".join(found.group(0).split()),
        )
        if amount > 0
        else None
    )


def with_passing(frame: QuestionFrame, passing: Passing) -> QuestionFrame:
    """The frame of a question for the day an amount was passed; its days are no grouping."""
    digits = {*re.findall(r"\d+", passing.said)}
    unread = [part for part in frame.unread if not {*re.findall(r"\d+", part)} <= digits]
    changed: dict[str, object] = {"kind": "usage", "passing": passing, "measures": [passing.measure]}
    changed["unread"] = unread
    return frame.model_copy(update={**changed, "dimensions": [], "extreme": None, "asks_span": False})
