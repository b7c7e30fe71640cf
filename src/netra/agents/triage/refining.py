"""What a question narrows or asks beside its measures: kinds of calls, shares of all, groups of the clock."""

from __future__ import annotations

import re

from netra.agents.triage.amounts import MONEY_AMOUNT, PERIODS, dollars
from netra.agents.triage.budgets import period_of_spend
from netra.agents.triage.call_kinds import find_failures, find_unnamed, only_retries, wants_reasons
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.leaving_out import also_without
from netra.agents.triage.measures import find_measures

_SHARE = re.compile(
    r"\b(?:share|percent(?:age)?|proportion|fraction|portion|part) (?:of|do|does)\b|"
    r"(?<!\d)\s%\s*of\b|\bhow much of (?:our|the|my|all)\b|\bwhat (?:share|percent(?:age)?)\b"
)
_SHARED = (("calls", r"\b(?:calls?|requests?|traffic)\b"), ("total_tokens", r"\btokens?\b"))
_ALL_MOVED = re.compile(
    r"\b(?:everything|all (?:of )?(?:our |the |these )?(?:calls|traffic|requests|usage|workloads?|features)|"
    r"every (?:call|request|feature)|entire)\b|\bif (?:we|i) (?:switch|mov|migrat|chang)\w*\b|"
    r"\bif\b.{0,60}\b(?:used?|ran on|runs? on|moved? (?:on )?to|(?:was|were|is|are) on|went to|switched to)\b"
)
"""All calls of the scope put on one model: "what if everything ran on M?"."""
_SPAN = re.compile(
    r"\b(?:first|last|latest|earliest|newest|oldest) (?:day of (?:the )?data|call|request|record)\b|"
    r"\bhow (?:much|old is the|far back does the) data\b|\bwhen did (?:we|they|it) (?:start|begin|stop|"
    r"first|last)\b|"
    r"\bsince when\b|\bwhen (?:was|were|is) the\b.{0,20}\b(?:calls?|data|import)\b"
)
_OF_DATA = re.compile(r"\b(?:calls?|data|requests?|records?|import\w*|usage)\b")
"""What tells a question for the span of the data from one about the world."""
_LIMIT = re.compile(
    r"\b(?:within|under|below|exceed|reach|hit|pass|over|above|more than|less than|budget of|stay at|"
    r"budget is|have)\b"
    rf"[^.?!$]{{0,30}}?{MONEY_AMOUNT}(?![,.]?\d)"
)
"""A spend that the days to come are held against."""
_PER = re.compile(
    r"\s*(?:(?:/|(?:an?|per|each|every)\b)\s*(?:calendar )?(\w+)|"
    r"(?:this|next|in an?|over an?)\s+(day|week|month|quarter|year)\b|"
    r"(daily|weekly|monthly|yearly|annually|annual)\b)"
)
"""What such an amount is for, right behind it."""
_SUMMED = {None: "month", 0: "month", 1: "day", 7: "week", 30: "month", 91: "quarter", 365: "year"}
"""The period that a forecast of so many days is the sum of."""
_OF_SPEND = r"\b(?:of|in) (?:our |the |my |all |total )*(?:\w+ )?(?:spend\w*|costs?|bill|budget|money)\b"
_OF_GROUPS = re.compile(
    r"(?:\b(?:share|percent(?:age)?|proportion|fraction|portion|part)|%) of (?:(?:our|the|my|all|total|"
    r"active|distinct|different|unique) )*(?:users|customers|sessions|conversations|models)\b"
    r"(?!['\u2019]? (?:spend\w*|costs?|bills?|calls|requests|traffic|tokens|usage)\b)"
)
"""A part of the number of users, sessions or models, which is no part of the spend."""
_COUNTED = frozenset({"errors", "timeouts", "rate_limited", "retry_rate", "error_rate", "calls"})
_ON_THE_CLOCK = re.compile(r"\bweekend|\bweekday|days\b")
_TIMES = frozenset({"hour", "day", "week", "month", "weekday", "hour_of_day"})
_ASKED = frozenset({"usage", "drivers", "outside"})


def refined(frame: QuestionFrame, text: str) -> QuestionFrame:
    """The frame with what lower-cased text says of kinds of calls and of shares; as it is for other kinds."""
    if frame.kind == "model_choice":
        named = len(frame.models) == 1 and not frame.leaves_model
        return frame.model_copy(update={"reprices": named and _ALL_MOVED.search(text) is not None})
    if frame.kind == "forecast" and (limit := _LIMIT.search(text)) is not None:
        return _held_against(frame, text, limit)
    if frame.group_conditions or frame.kind not in {*_ASKED, "audit"}:
        return frame
    if only_retries(text):
        return frame.model_copy(update=_retries(frame))
    if frame.kind == "audit":
        return frame
    if _SPAN.search(text) and (frame.kind != "outside" or _is_of_data(frame, text)):
        frame = frame.model_copy(
            update={"kind": "usage", "asks_span": True, "measures": ["calls"], "dimensions": []}
        )
    frame = _of_unnamed(frame, text)
    frame = _of_failures(frame, text)
    if frame.kind == "drivers" and frame.dimensions and {*frame.dimensions} <= _TIMES:
        frame = frame.model_copy(update={"kind": "usage", "extreme": frame.extreme or "most"})
    if frame.kind == "drivers" and "session_id" in frame.dimensions:
        frame = frame.model_copy(update=_sessions(frame))
    if "weekday" in frame.dimensions:
        unread = [part for part in frame.unread if not _ON_THE_CLOCK.search(part)]
        frame = frame.model_copy(update={"unread": unread})
    return _shared(frame, text)


def _is_of_data(frame: QuestionFrame, text: str) -> bool:
    """Whether a question that no rule took is about the calls: by a word for them, or our use of a name."""
    ours = (frame.models or frame.filters) and re.search(r"\b(?:we|our|us)\b", text)
    return bool(ours or _OF_DATA.search(text))


def _held_against(frame: QuestionFrame, text: str, limit: re.Match[str]) -> QuestionFrame:
    """The forecast with the spend it is held against, which is left unread where it is for another time than
    the one forecast: a week's limit says nothing of a month.
    """
    usd = dollars(limit.group(1) or limit.group(3), limit.group(2) or limit.group(4))
    if usd <= 0:
        return frame
    named = _PER.match(text, limit.end())
    said = limit.group(0) + (named.group(0) if named else "")
    words = [*(named.groups() if named else ()), period_of_spend(text)]
    summed = _SUMMED.get(frame.horizon_days)
    if all(PERIODS.get(word, word) == summed for word in words if word):
        kept: dict[str, object] = {"spend_usd": usd, "spend_per": PERIODS.get(summed or "", "month")}
        return frame.model_copy(update={"targets": frame.targets.model_copy(update=kept)})
    none = frame.targets.model_copy(update={"spend_usd": None, "spend_per": None})
    unread = [part for part in frame.unread if part not in said]
    return frame.model_copy(update={"targets": none, "unread": [*unread, said]})


def _retries(frame: QuestionFrame) -> dict[str, object]:
    return {
        "kind": "usage",
        "levers": None,
        "excluded": {**frame.excluded, "retry_of": [""]},
        "measures": ["cost_usd", "calls"],
    }


def _sessions(frame: QuestionFrame) -> dict[str, object]:
    """The dearest sessions: calls outside of any are none of them."""
    return {
        "kind": "usage",
        "excluded": {**frame.excluded, "session_id": [""]},
        "measures": ["cost_usd", "calls"],
        "extreme": "most",
    }


def _of_unnamed(frame: QuestionFrame, text: str) -> QuestionFrame:
    empty, rest = find_unnamed(text)
    if not empty:
        return frame
    changed: dict[str, object] = {
        "kind": "usage",
        "measures": find_measures(rest),
        "among": {**frame.among, **empty},
        "unread": [part for part in frame.unread if not find_unnamed(part)[0]],
        "dimensions": [name for name in frame.dimensions if name not in empty],
    }
    return frame.model_copy(update=changed)


def _of_failures(frame: QuestionFrame, text: str) -> QuestionFrame:
    filters, excluded = find_failures(text)
    if not (filters or excluded):
        return frame
    measures = [name for name in frame.measures if name not in _COUNTED]
    dimensions = frame.dimensions
    if wants_reasons(text):
        measures, dimensions = ["calls"], list(dict.fromkeys(["status", *dimensions]))
    elif measures:
        measures.append("calls")
    else:
        return frame
    return frame.model_copy(
        update={
            "kind": "usage",
            "filters": {**frame.filters, **filters},
            "excluded": also_without(frame.excluded, excluded),
            "measures": measures,
            "dimensions": dimensions,
        }
    )


def _shared(frame: QuestionFrame, text: str) -> QuestionFrame:
    """A question for a share of all, where something is named that has a part in it."""
    scoped = (frame.filters, frame.among, frame.excluded, frame.conditions, frame.models, frame.dimensions)
    of_tokens = any(name.endswith(("_share", "_rate")) for name in frame.measures)
    asked = _SHARE.search(text) or re.search(r"\bweekends\b", text)
    if not any(scoped) or of_tokens or not asked or _OF_GROUPS.search(text):
        return frame
    measure = next((name for name, words in _SHARED if re.search(words, text)), "cost_usd")
    measure = "cost_usd" if re.search(_OF_SPEND, text) else measure
    return frame.model_copy(update={"kind": "usage", "share": True, "measures": [measure]})
