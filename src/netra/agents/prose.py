"""The rule for numbers in prose: cite a figure, or do without.

A literal number is accepted only where it is no claim about the data: when it stands in the question, in a
name of the data, in a date, in a list ordinal, in a parameter of a cited finding, in "95 % interval" or in
the unit "per million tokens".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from pydantic import JsonValue

from netra.reports.citations import cited_ids, without_citations
from netra.reports.figures import Figure

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?\b"
    rf"|\b\d{{1,2}}\.? (?:{_MONTHS})(?: \d{{4}})?\b"
    rf"|\b(?:{_MONTHS})(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? \d{{4}})?\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"^\s*(?:\*\*)?(?:\d{1,2}[.)]|#+)\s+|(?<![\w.])#\d{1,2}\b|(?<![\w.])\d{1,2}(?:st|nd|rd|th)\b", re.M
)
_INTERVAL = re.compile(r"\b95 ?%(?= (?:confidence )?interval|-interval)", re.IGNORECASE)
_UNIT = re.compile(r"\bper million tokens\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,])[-+\u2212]?(?:\d[\d,' ]*\d|\d)(?:\.\d+)?(?:[eE][-+]?\d+)?(?=\D|$)")
_NUMBER_WORD = re.compile(
    r"\b(?:eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|"
    r"hundreds?|thousands?|millions?|billions?|dozens?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ProseRules:
    """What prose of one run may cite and name.

    `names` are names of the data (models, features, users) and titles of levers; `parameters` the parameters
    of findings by the id of the figure that stands for the finding.
    """

    figures: Mapping[str, Figure]
    question: str = ""
    names: Collection[str] = ()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def problems(self, texts: Iterable[str]) -> list[str]:
        """Why these texts are refused: each unknown citation and each literal number, in order."""
        found: list[str] = []
        names = _numbered(frozenset(self.names))
        asked = _numbers(_normal(self.question)) | _words(self.question)
        for text in texts:
            cited = cited_ids(text)
            found += [
                f"{{{{f:{name}}}}} is not a figure of this run" for name in cited if name not in self.figures
            ]
            allowed = asked | self._parameters_of(cited)
            plain = _without_names(names, _normal(without_citations(text)))
            plain = _UNIT.sub(" ", _INTERVAL.sub(" ", _ORDINAL.sub(" ", _DATE.sub(" ", plain))))
            found += [
                f"the number {literal!r} is written out; cite its figure or leave it out"
                for literal in [*_NUMBER.findall(plain), *_NUMBER_WORD.findall(plain)]
                if _key(literal) not in allowed
            ]
        return found

    def _parameters_of(self, cited: Iterable[str]) -> set[str]:
        allowed: set[str] = set()
        for name in cited:
            for value in _leaves(self.parameters.get(name)):
                allowed |= _numbers(_normal(value)) | _words(value)
        return allowed


@lru_cache(maxsize=64)
def _numbered(names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Names that hold digits, longer ones first, each with its form whatever the case."""
    numbered = sorted({_normal(name) for name in names if any(map(str.isdigit, name))}, key=_longest_first)
    return tuple((name, name.casefold()) for name in numbered)


def _without_names(names: tuple[tuple[str, str], ...], text: str) -> str:
    """The text without names that stand in it as whole words. A pattern of the few that occur in it: one of
    thousands takes longer to compile than all the rest of an answer.
    """
    folded = text.casefold()
    present = [re.escape(name) for name, key in names if key in folded]
    if not present:
        return text
    return re.sub(rf"(?<!\w)(?:{'|'.join(present)})(?!\w)", " ", text, flags=re.IGNORECASE)


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _numbers(text: str) -> set[str]:
    return {_key(literal) for literal in re.findall(r"(?<![A-Za-z\d.])\d[\d,']*(?:\.\d+)?", text)}


def _words(text: str) -> set[str]:
    return {word.lower() for word in _NUMBER_WORD.findall(text)}


def _key(literal: str) -> str:
    """The same key for `1,000`, `1000` and `1000.0`; sign and spacing do not matter."""
    digits = re.sub(r"[,' +\-\u2212]", "", literal)
    try:
        return format(Decimal(digits).normalize(), "f")
    except InvalidOperation:
        return literal.lower()


def _leaves(value: JsonValue) -> Iterable[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)
