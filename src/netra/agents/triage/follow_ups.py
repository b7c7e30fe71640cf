"""References to an earlier answer of the thread: "the first of those", "#2", "and in a year?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
    ("risk", r"\brisk\w*|\bsafe(?:r|st)?\b|\bdangerous\b|\bgo wrong\b|\bdownsides?\b|\bside effects?\b"),
    ("verify", r"\bverif\w+|\bprove\b|\bhow (?:do|will|would|can) (?:i|we) (?:know|check|measure|see)\b|"
        r"\bmeasure\b"),
    ("query", r"\b(?:query|sql)\b|\bqueries behind\b|\bhow (?:was|is|were) (?:that|this|it|they) "
        r"(?:computed|calculated)"),
    ("why", r"\bwhy\b|\bhow sure\b|\bconfiden\w+|\bhow (?:did|do) you (?:get|know|compute|come)|\bwhere "
        r"(?:does|did) (?:that|this|"
        r"the) (?:number|figure)|\bassum\w+|\bevidence\b"),
)  # fmt: skip
_JUDGED = r"(?:refus\w+|reject\w*|turned down|(?:not )?recommend\w*|(?:not |un)decided)\b"
_FRESH_SUBJECT = (
    r"\bhow many\b|\bby (?:model|feature|app|user|team|provider|day|week|month)\b|\blast (?:week|"
    r"month)\b|\byesterday\b|\btop \w+\b|\bby model\b|\bslow\w*\b|\blatency\b|"
    r"\bper (?:day|model|user|feature)\b|\brate limits?\b|\bcost drivers?\b|\bp9\d\b|"
    r"\b(?:spend|spending|costs?|bill)\b.{0,20}\b(?:jump|ris|rose|increas|grow|grew|drop|fall|fell|up|down)"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A finding that an earlier answer listed."""

    lever: str
    title: str


def find_ordinals(text: str) -> list[int]:
    """The positions named, from 1, in the order named; -1 for "the last one"; empty when none is."""
    named = [(found.start(), int(found.group(1))) for found in re.finditer(_NUMBERED, text)]
    many = re.search(rf"\b(?:the )?first (two|three|four|five)\b(?! {_NOT_LISTED})", text)
    if many is not None:
        return list(range(1, 1 + ["one", "two", "three", "four", "five"].index(many.group(1)) + 1))
    for word, value in _ORDINALS.items():
        listed = (
            rf"\bthe {word}\b(?! {_NOT_LISTED})|\b{word} {_LISTED}|^\W*(?:and )?{word}\W*$|"
            rf"\b{word} (?:and|or) (?:the )?\w+(?:th|rd|nd|st)\b|(?:st|nd|rd|th|first|second|third) "
            rf"(?:and|or) (?:the )?{word}\b"
        )
        found = re.search(listed, text)
        if found is not None:
            named.append((found.start(), value))
    if re.search(r"\b(?:the )?last (?:one|of (?:those|these|them)|finding|action|option|point)\b", text):
        named.append((len(text), -1))
    return list(dict.fromkeys(value for _, value in sorted(named)))


def find_named(text: str, levers: list[str], models: list[str], earlier: Sequence[Listed]) -> list[int]:
    """Positions of the earlier findings that the text names by lever or model: "why not the cache on haiku?".

    "cache" alone means whichever cache is listed; of several that fit the first is meant.
    """
    wanted = [lever for lever in levers if any(lever == listed.lever for listed in earlier)]
    if not wanted and re.search(r"\bcach", text):
        wanted = [listed.lever for listed in earlier if listed.lever.endswith("cache")][:1]
    if not wanted and not models:
        return []
    of_lever = [
        (place, listed) for place, listed in enumerate(earlier, 1) if not wanted or listed.lever in wanted
    ]
    named = [place for place, listed in of_lever if all(_in(model, listed.title) for model in models)]
    if models and named:
        return named[:1]
    firsts: dict[str, int] = {}
    for place, listed in of_lever if wanted else []:
        firsts.setdefault(listed.lever, place)
    return list(firsts.values())


def _in(model: str, title: str) -> bool:
    """Whether the title names the model, whole or by the family it is called by."""
    return re.search(rf"(?<![\w\-]){re.escape(model.lower())}(?![\w]|-\w)", title.lower()) is not None or (
        model in {"haiku", "sonnet", "opus"} and model in title.lower()
    )


def find_asks(text: str) -> list[FollowUpAsk]:
    """What the follow-up wants to know about the thing it refers to; `detail` when it does not say."""
    return [name for name, pattern in _ASKS if re.search(pattern, text)] or ["detail"]


def is_follow_up(text: str) -> bool:
    """Whether the text refers to an earlier answer instead of opening a subject of its own."""
    if re.search(_FRESH_SUBJECT, text):
        return False
    if find_ordinals(text):
        return True
    asks = find_asks(text)
    if "query" in asks and re.search(r"\b(?:show|see|what|which|give|is|was)\b", text):
        return True
    short = len(text.split()) <= 18
    if short and re.search(rf"^\W*(?:and )?why\b.*\b{_JUDGED}", text):
        return True
    if short and re.search(r"^\W*(?:and )?why not\b|\bhow (?:sure|certain|confident)\b", text):
        return True
    if re.search(_POINTERS, text) and short and asks != ["detail"]:
        return True
    return (
        short
        and re.search(
            r"^\W*(?:and|so|ok(?:ay)?|then|but|what about|how about|tell me more|more detail)\b", text
        )
        is not None
    )
