"""Texts that are no question in English about usage: other languages, SQL, strings of letters."""

from __future__ import annotations

import re

from netra.agents.triage.frame import Unread
from netra.agents.triage.words import ENGLISH_WORDS, FUNCTION_WORDS

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("hi", r"[\u0900-\u097f]"),
)
_SQL = (
    r"\bselect\b.{1,200}\bfrom\b\s*[\w`\".]+|\b(?:drop|truncate|alter|create)\s+(?:table|database|view)\b|"
    r"\binsert\s+into\b|\bdelete\s+from\s+\w|\bupdate\s+\w+\s+set\b|\bunion\s+(?:all\s+)?select\b"
)


def find_language(text: str) -> str | None:
    """The language of a text that is not English, as an ISO 639 code; None for English or undecided."""
    for code, letters in _SCRIPTS:
        if len(re.findall(letters, text)) >= 2:
            return code
    words = set(re.findall(r"(?<![\w\-])[^\W\d_]+(?![\w\-])", text.lower()))
    english = sum(word in ENGLISH_WORDS for word in words)
    counted = {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items()}
    best = max(counted, key=lambda code: counted[code])
    return best if counted[best] >= 2 and counted[best] > english else None


def is_sql(text: str) -> bool:
    """Whether the text is, or holds, a statement in SQL."""
    return re.search(_SQL, text.lower(), re.DOTALL) is not None


def why_unread(text: str) -> Unread:
    """Why a text without a reading has none."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if not words:
        return "empty"
    if is_sql(text):
        return "sql"
    if find_language(text):
        return "language"
    return "subject" if any(word in ENGLISH_WORDS for word in words) else "nonsense"
