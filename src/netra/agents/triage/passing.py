"""The day a sum passed an amount: "on which day did we pass $50?", "when did we hit 1m tokens?"."""

from __future__ import annotations

import re
from decimal import Decimal

from netra.agents.triage.amounts import AMOUNT, LARGEST, MONEY_AMOUNT, SCALE, dollars
from netra.agents.triage.frame import Passing, QuestionFrame
from netra.usage.measures import MEASURES

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
    rf"(?:{MONEY_AMOUNT}|{AMOUNT}\s*({SCALE})?\s*{_COUNTED}\b)"
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
_NOT_COUNTED = (
    re.compile(
        r"\b(?:(?:each|every|per|in a|in one|in any) (?:single )?(?:hour|week|quarter|year)|weekly|hourly)\b"
    ),
    re.compile(
        r"\b(?:by|per|each|every|any|of an?|(?<!since )(?<!when )which|an?) (?:single )?"
        r"(?:models?|providers?|features?|apps?|users?|customers?|teams?|sessions?|conversations?|"
        r"(?:api )?keys?)\b"
    ),
    re.compile(r"\bon (?:weekends?|weekdays?)\b"),
    re.compile(
        r"\blast(?= (?:time|\u2026))|\b(?:second|third|last) time\b|\bagain\b|\b(?:twice|how often)\b"
    ),
    re.compile(rf"\b(?:and|or) (?:when )?(?:{MONEY_AMOUNT}|{AMOUNT}\s*(?:{SCALE})?\s*{_COUNTED}\b)"),
)
"""What no sum counted up from the beginning of the range answers."""
_ONLY_AMOUNT = re.compile(
    rf"\W*(?:(?:and|or|but|now|then|what about|how about|when) )*(?P<dollar>\$\s*)?(?P<digits>{AMOUNT})\s*"
    rf"(?P<scale>{SCALE})?(?:\s*(?:{_COUNTED}|(?P<usd>dollars?|usd|bucks)))?\W*"
)
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
        if 0 < amount < LARGEST
        else None
    )


def with_passing(frame: QuestionFrame, passing: Passing, text: str) -> QuestionFrame:
    """The frame of a question for the day an amount was passed; its days are no grouping. What lower-cased
    text asks beside one sum counted up is left unread.
    """
    digits = {*re.findall(r"\d+", passing.said)}
    unread = [part for part in frame.unread if not set() < {*re.findall(r"\d+", part)} <= digits]
    changed: dict[str, object] = {"kind": "usage", "passing": passing, "measures": [passing.measure]}
    changed["unread"] = list(dict.fromkeys([*unread, *_beside(frame, passing, text)]))
    return frame.model_copy(
        update={**changed, "dimensions": [], "extreme": None, "asks_span": False, "share": False}
    )


def of_another_amount(text: str, earlier: QuestionFrame) -> QuestionFrame | None:
    """The earlier question for the day an amount was passed with the amount that is all a follow-up says
    ("and $10?", "and 1000 calls?"); None for any other.
    """
    found = _ONLY_AMOUNT.fullmatch(text.lower().strip())
    if earlier.passing is None or found is None:
        return None
    amount = Decimal(str(dollars(found["digits"], found["scale"]))).normalize()
    if not 0 < amount < LARGEST:
        return None
    unit, money = found["unit"], found["dollar"] or found["usd"]
    measure = _UNITS.get(unit, unit) if unit else "cost_usd" if money else earlier.passing.measure
    changed = {"measure": measure, "amount": f"{amount:f}", "said": text.strip(" ?!.")}
    passing = earlier.passing.model_copy(update=changed)
    return earlier.model_copy(update={"passing": passing, "measures": [measure]})


def _beside(frame: QuestionFrame, passing: Passing, text: str) -> list[str]:
    """Other sums, groups, spans and amounts that a question for the day of passing names."""
    rest = " ".join(text.split()).replace(passing.said, "\u2026", 1)
    found = [match.group(0) for pattern in _NOT_COUNTED for match in pattern.finditer(rest)]
    counted = {"input_tokens", "output_tokens"} if passing.measure == "total_tokens" else set[str]()
    counted |= {passing.measure, "cost_usd", "calls"}
    others = [name for name in frame.measures if name in MEASURES and name not in counted]
    return [*found, *(MEASURES[name].label.lower() for name in others)]
