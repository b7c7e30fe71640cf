"""References to an earlier answer of the thread: "the first of those", "#2", "and in a year?"."""

from __future__ import annotations

import re

from netra.agents.triage.frame import FollowUpAsk

_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3,
    "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "sixth": 6, "6th": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10,
}  # fmt: skip
_NUMBERED = r"(?:#|\bnumber |\bno\.? ?|\boption |\bfinding |\baction |\bstep |\bitem |\bpoint )(\d{1,2})\b"
_LISTED = (
    r"(?:ones?|of|findings?|actions?|options?|points?|steps?|suggestions?|changes?|savings?|levers?|items?|"
    r"drivers?)\b"
)
_NOT_LISTED = r"(?:token|week|month|quarter|half|day|event|time|call|request)"
_POINTERS = r"\b(?:that|this|those|these|them|it|the one|the former|the latter|same)\b"
_ASKS: tuple[tuple[FollowUpAsk, str], ...] = (
    ("year", r"\b(?:year|yearly|annual\w*|annuali[sz]ed|12 months|twelve months|per annum)\b"),
    ("change", r"\bwhat exactly\b|\bhow (?:do|can|should|would) (?:i|we) (?:do|apply|implement|change|set|"
        r"enable|turn|start|use)|\bwhat (?:do|should|must|would) (?:i|we) (?:change|do|set)\b|"
        r"\bapply\b|\bimplement\w*|\bsteps?\b|\binstructions?\b"),
    ("risk", r"\brisk\w*|\bsafe\b|\bdangerous\b|\bgo wrong\b|\bdownsides?\b|\bside effects?\b"),
    ("verify", r"\bverif\w+|\bprove\b|\bhow (?:do|will|would|can) (?:i|we) (?:know|check|measure|see)\b|"
        r"\bmeasure\b"),
    ("why", r"\bwhy\b|\bhow (?:did|do) you (?:get|know|compute|come)|\bwhere (?:does|did) (?:that|this|"
        r"the) (?:number|figure)|\bassum\w+|\bevidence\b"),
)  # fmt: skip
_FRESH_SUBJECT = (
    r"\bhow many\b|\blast (?:week|month)\b|\byesterday\b|\btop \w+\b|\bby model\b|\bslow\w*\b|\blatency\b|"
    r"\bper (?:day|model|user|feature)\b|\brate limits?\b|\bcost drivers?\b|\bp9\d\b|"
    r"\b(?:spend|spending|costs?|bill)\b.{0,20}\b(?:jump|ris|rose|increas|grow|grew|drop|fall|fell|up|down)"
)


def find_ordinal(text: str) -> int | None:
    """The position named, from 1; -1 for "the last one"; None when none is named."""
    numbered = re.search(_NUMBERED, text)
    if numbered is not None:
        return int(numbered.group(1))
    for word, value in _ORDINALS.items():
        listed = rf"\bthe {word}\b(?! {_NOT_LISTED})|\b{word} {_LISTED}|^\W*(?:and )?{word}\W*$"
        if re.search(listed, text):
            return value
    if re.search(r"\b(?:the )?last (?:one|of (?:those|these|them)|finding|action|option|point)\b", text):
        return -1
    return None


def find_asks(text: str) -> list[FollowUpAsk]:
    """What the follow-up wants to know about the thing it refers to; `detail` when it does not say."""
    return [name for name, pattern in _ASKS if re.search(pattern, text)] or ["detail"]


def is_follow_up(text: str) -> bool:
    """Whether the text refers to an earlier answer instead of opening a subject of its own."""
    if re.search(_FRESH_SUBJECT, text):
        return False
    if find_ordinal(text) is not None:
        return True
    asks = find_asks(text)
    short = len(text.split()) <= 18
    if re.search(_POINTERS, text) and short and asks != ["detail"]:
        return True
    return (
        short
        and re.search(
            r"^\W*(?:and|so|ok(?:ay)?|then|but|what about|how about|tell me more|more detail)\b", text
        )
        is not None
    )
