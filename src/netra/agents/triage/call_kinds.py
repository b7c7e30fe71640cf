"""Kinds of calls that a question means without naming a value: failed ones, retries, those without a user."""

from __future__ import annotations

import re

_MEASURED = (
    r"\b(?:spend\w*|spent|costs?|costing|pay(?:ing)?|paid|bill\w*|money|tokens|latency|how (?:long|slow)|"
    r"share|percent(?:age)?)\b|\$"
)
"""What is asked of such calls beside their number, which has measures of its own."""
_STATUSES: tuple[tuple[str, str | None], ...] = (
    (r"\btime-?outs?\b|\btimed[ -]out\b", "timeout"),
    (r"\brate[ -]?limited\b|\b429s?\b", "rate_limited"),
    (r"\b(?:failed|failing|unsuccessful|errored) (?:calls?|requests?|attempts?)\b|"
     r"\b(?:calls?|requests?) (?:that|which) (?:fail\w*|error\w*)\b|"
     r"\b(?:do|does|did|of|on|by|for|to|are|were|from) (?:the |our )?(?:errors|failures)\b", None),
)  # fmt: skip
"""Words of a status; None: every status but ok."""
_WHY_FAILED = (
    r"\b(?:fail\w*|errors?)\b.{0,30}\bwhy\b|\bwhy (?:do|did|are|were|have)\b.{0,40}\b(?:fail\w*|errors?)\b|"
    r"\b(?:which|what) (?:kinds?|types?|sorts?) of (?:errors|failures)|\b(?:errors|failures) by (?:type|kind|"
    r"reason|cause|status)"
)
_RETRIES = r"\bretr(?:y|ies|ied)\b"
_GROUPED = (
    r"\b(?:per|by|each|every|for each) (?:hour|day|week|month|model|feature|app|user|team|provider)\b|"
    r"\bdaily\b"
)
_UNNAMED = re.compile(r"\bwith(?:out| no)(?: an?| any)? (feature|user|session|app|team|api key)s?\b(?! of)")
_COLUMNS = {"session": "session_id", "api key": "api_key_id"}


def find_failures(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Filters and exclusions by the outcome of calls, where something else than their number is asked."""
    if re.search(_WHY_FAILED, text):
        return {}, {"status": ["ok"]}
    if not re.search(_MEASURED, text) or re.search(
        r"\b(?:rate|per success\w*|error rate)\b(?!.?limited)", text
    ):
        return {}, {}
    for words, status in _STATUSES:
        if re.search(words, text):
            return ({"status": status}, {}) if status else ({}, {"status": ["ok"]})
    return {}, {}


def wants_reasons(text: str) -> bool:
    """Whether it asks why calls failed."""
    return re.search(_WHY_FAILED, text) is not None


def only_retries(text: str) -> bool:
    """Whether it asks what retried attempts come to in each group, which no lever says."""
    return bool(
        re.search(_RETRIES, text) and re.search(_MEASURED, text) and re.search(_GROUPED, text)
    ) and not re.search(r"\bsav\w+|\bavoid\w*|\bwast\w+", text)


def find_unnamed(text: str) -> tuple[dict[str, list[str]], str]:
    """Columns that must be empty (`calls without a feature`), and the text without these words."""
    found = _UNNAMED.search(text)
    if found is None:
        return {}, text
    column = _COLUMNS.get(found.group(1), found.group(1))
    return {column: [""]}, f"{text[: found.start()]} {text[found.end() :]}"
