"""Words of a list of calls that choose some of them, and those that a reading of the list leaves out."""

from __future__ import annotations

import re

from netra.agents.triage.frame import Condition, QuestionFrame
from netra.agents.triage.leaving_out import also_without
from netra.agents.triage.words import LIST_WORDS

UNPRICED = Condition(column="cost_usd", operator="is null", value="0", said="calls without a known price")
CUT_OFF = Condition(column="at_output_limit", operator="=", value="1", said="calls cut off at their limit")
_CONDITIONS: tuple[tuple[str, Condition], ...] = (
    (r"\bunpriced\b|\bwith(?:out| no)(?: an?| any)?(?: known)? prices?\b", UNPRICED),
    (r"\b(?:cut[- ]off|truncated)\b", CUT_OFF),
    (
        r"\b(?:with|using|having|from|reading)(?: the| our)?(?: prompt)? "
        r"(?:cached? (?:input |prompt )?(?:tokens|hits?)|cached (?:input|prompts?)|cache)\b",
        Condition(column="cache_read_tokens", operator=">", value="0", said="calls with cached tokens"),
    ),
    (
        r"\bwith (?:reasoning|thinking)(?: tokens)?\b|\breasoning(?= calls\b)",
        Condition(column="reasoning_tokens", operator=">", value="0", said="calls with reasoning tokens"),
    ),
    (
        r"\bnon-?zero(?:[- ]cost)?\b|\b(?:that|which) cost (?:something|anything|money)\b",
        Condition(column="cost_usd", operator=">", value="0", said="calls that cost anything"),
    ),
)
_FILTERS: tuple[tuple[str, str, str | None], ...] = (
    ("status", r"\bsuccess(?:ful)?\b|\b(?:that|which) succeeded\b", "ok"),
    ("streaming", r"\b(?:non-?stream(?:ing|ed)|unstreamed)\b", "no"),
    ("streaming", r"\bstream(?:ing|ed)\b", "yes"),
    ("interactive", r"\bnon-?interactive\b", "no"),
    ("interactive", r"\binteractive\b", "yes"),
    ("service_tier", r"\b(?P<tier>batch|flex|priority)\b(?:[- ](?:tier|api|processing))*", None),
)
"""Columns of exact values; None: the word itself is the value."""
_RETRIED = r"\bretr(?:ied|ies|y)\b(?: attempts?\b)?"
_SUMMED = frozenset({"usage", "latency", "drivers"})
_PART = re.compile(r"\b(?:share|percent\w*|fraction|part|proportion|rate|ratio|vs|versus|compared?)\b|%")
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TIME = re.compile(rf"(?:{_MONTHS}|q[1-4]|\d[\d.,:/-]*(?:st|nd|rd|th|am|pm|h)?|[a-z]+/[a-z_]+)$")
_TOKEN = re.compile(r"[a-z0-9$%\u2026][\w$%\u2026.\-/:@']*")


def chosen_calls(frame: QuestionFrame, text: str) -> tuple[dict[str, object], str]:
    """What keeps a list to the calls that words of lower-cased text choose, and the text without them."""
    filters, conditions, excluded = {**frame.filters}, [*frame.conditions], {**frame.excluded}
    for words, condition in _CONDITIONS:
        if re.search(words, text):
            text = re.sub(words, " ", text)
            conditions.append(condition)
    for column, words, value in _FILTERS:
        found = re.search(words, text)
        if found is not None and column not in filters:
            text = re.sub(words, " ", text)
            filters[column] = value or found["tier"]
    if re.search(_RETRIED, text):
        text = re.sub(_RETRIED, " ", text)
        excluded = also_without(excluded, {"retry_of": [""]})
    changed: dict[str, object] = {"filters": filters, "conditions": conditions[:8], "excluded": excluded}
    return {name: value for name, value in changed.items() if value != getattr(frame, name)}, text


def of_kind(frame: QuestionFrame, text: str) -> QuestionFrame:
    """The frame of sums over the calls that a word before them chooses ("spend of priority tier calls"),
    where it asks for no share of these and no lever is about them.
    """
    if frame.kind not in _SUMMED or frame.levers or frame.share or _PART.search(text):
        return frame
    filters = {**frame.filters}
    for column, words, value in _FILTERS:
        found = re.search(rf"(?:{words})\s+(?:llm |api )?(?:calls|requests)\b", text)
        if found is not None and column not in {*filters, *frame.excluded, *frame.dimensions}:
            filters[column] = value or found["tier"]
    return frame.model_copy(update={"filters": filters}) if filters != frame.filters else frame


def chooses_calls(text: str) -> bool:
    """Whether words of lower-cased text choose calls by what is stored with each."""
    words = [pattern for pattern, _ in _CONDITIONS] + [pattern for _, pattern, _ in _FILTERS]
    return any(re.search(pattern, text) for pattern in [*words, _RETRIED])


def left_over(text: str, used: str, frame: QuestionFrame) -> list[str]:
    """The words of a list's text that say something nobody read, words that follow each other together;
    `used`: those of the order and the number.
    """
    names = [*frame.models, *(entry.name for entry in frame.unknown), *frame.filters.values()]
    text = re.sub(r"\bfirst tokens?\b", " ", text)
    known = {*_TOKEN.findall(" ".join(names).lower())}
    parts = {piece for name in names for piece in re.findall(r"[a-z]+|\d+", name.lower())}
    spent = _TOKEN.findall(used)
    found: list[list[str]] = [[]]
    for match in _TOKEN.finditer(text):
        word = match.group(0).rstrip(".,:'")
        if word in spent:
            spent.remove(word)
        elif not (
            word in LIST_WORDS or word in known or word in parts or "\u2026" in word or _TIME.match(word)
        ):
            found[-1].append(word)
            continue
        if found[-1]:
            found.append([])
    return [" ".join(words) for words in found if words]
