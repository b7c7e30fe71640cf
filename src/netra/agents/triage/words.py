"""The words questions are read with, from the file beside this module."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

_READ: dict[str, Any] = tomllib.loads(files("netra.agents.triage").joinpath("words.toml").read_text("utf-8"))


def _english(name: str) -> frozenset[str]:
    return frozenset(_READ["english"][name].split())


DOMAIN_WORDS = _english("domain")
PLAIN_WORDS = _english("plain")
NO_NAMES = _english("no_name")
LIST_WORDS = _english("list")
"""Words of a question for a list of calls that choose none of them."""
ENGLISH_WORDS = _english("function")
FUNCTION_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(words.split()) for code, words in _READ["function_words"].items()
}
"""Frequent words of other languages by ISO 639 code."""
