"""What a question leaves out: names of the data, families of models, and calls by how they ended."""

from __future__ import annotations

import re

from netra.agents.triage.frame import Vocabulary
from netra.agents.triage.lexicon import find_families, find_several
from netra.agents.triage.requests import without_exclusion

FAILED = ("error", "timeout", "rate_limited")
"""Every status but ok."""
_STATUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\btime-?outs?\b|\btimed[ -]out\b", ("timeout",)),
    (r"\brate[ -]?limit(?:s|ed)?\b|\b429s?\b", ("rate_limited",)),
    (r"\b(?:errors?|failures?|fail(?:ed|ing)|errored|unsuccessful)\b", FAILED),
)
_OUTCOME = re.compile(r"\bretr(?:y|ies|ied)\b|" + "|".join(words for words, _ in _STATUSES))
_LEAVES_OUT = re.compile(r"(?:exclud|except|other than|apart from|ignoring|not counting|leaving out|but not)")
_UNPRICED = re.compile(r"with(?:out| no)(?: an?| any)?(?: known)? prices?\b")
"""Calls that are asked for by what they lack; nothing is left out."""
_NAMES: dict[str, str] = {"timeout": "timeouts", "rate_limited": "rate-limited calls", "error": "errors"}


def leaving_out(text: str, vocabulary: Vocabulary) -> tuple[str, str, dict[str, list[str]]]:
    """The lower-cased text without what it leaves out, the words that do so, and the values left out of each
    column. What is left out is never what is asked for, whether it can be followed or not.
    """
    included, left_out = without_exclusion(text)
    if not left_out or _UNPRICED.match(left_out):
        return text, "", {}
    excluded = find_several(left_out, vocabulary, least=1)
    models = [name for names in find_families(left_out, vocabulary).values() for name in names]
    if models:
        excluded = {**excluded, "model": list(dict.fromkeys([*excluded.get("model", []), *models]))}
    statuses = [status for words, found in _STATUSES if re.search(words, left_out) for status in found]
    if statuses:
        excluded = {**excluded, "status": list(dict.fromkeys(statuses))}
    apart = excluded or _OUTCOME.search(left_out) or _LEAVES_OUT.match(left_out)
    return included if apart else text, left_out, excluded


def also_without(excluded: dict[str, list[str]], more: dict[str, list[str]]) -> dict[str, list[str]]:
    """Values left out together: those of each column and further ones of it."""
    columns = dict.fromkeys([*excluded, *more])
    return {name: list(dict.fromkeys([*excluded.get(name, []), *more.get(name, [])])) for name in columns}


def statuses_left_out(values: list[str]) -> str:
    """What a list of calls without these statuses leaves out, in words: `without timeouts`."""
    failed = [value for value in values if value != "ok"]
    if {*failed} == {*FAILED}:
        return "without failed calls"
    names = [_NAMES.get(value, f"status {value}") for value in failed]
    return f"without {' and '.join(names)}" if names else ""
