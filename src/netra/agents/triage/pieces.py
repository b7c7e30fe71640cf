"""Where a text of several questions parts into single ones."""

from __future__ import annotations

import re

_WH = r"(?:what(?:'s)?|how|which|who(?:se)?|why|where|when)"
_AUX = (
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have)\s+"
    r"(?:we|i|you|it|they|there|that|this|these|those|our|my|the|any|an?|all|some)"
)
_ORDER = (
    r"(?:show|list|give|tell|find|explain|compare|forecast|predict|audit|count|break|rank|name|summari[sz]e|"
    r"cut|reduce|estimate|calculate|project|top|biggest|largest|total|average|number of)"
)
_LEAD = r"(?:(?:and|also|then|plus|finally|next|please|secondly|thirdly|lastly|or)\b[\s,:]*)*"
_ASKS = re.compile(rf"\W*{_LEAD}(?:(?:can|could|would) you (?:please )?)?(?:{_WH}|{_AUX}|{_ORDER})\b", re.I)
_AGAIN = r"(?:(?:and|also|then|plus|again|separately|once|too)\b[\s,:]*)"
_GROUPING = r"(?:split |grouped |broken down )?(?:by|per)\b"
_REGROUPED = re.compile(rf"\W*{_AGAIN}*{_GROUPING}", re.I)
"""The question before once more by other groups: "also by model"."""
_BETWEEN = re.compile(
    rf"[?!;]+(?:\s+{_LEAD}(?:\(?\d{{1,2}}[.)]\s+)?|$)"
    rf"|\.\s+(?={_LEAD}(?:{_WH}|{_AUX}|{_ORDER})\b){_LEAD}"
    rf"|(?:,\s*|\s+)(?:and\s+|also\s+|then\s+|plus\s+|but\s+)+(?=(?:{_WH}|{_AUX}|{_ORDER})\b)"
    rf"|,\s+(?={_WH}\b)"
    rf"|[;.]\s+(?={_AGAIN}*{_GROUPING})"
    rf"|(?:,\s*|\s+)(?:and\s+)?(?=(?:also|then|separately|again)\s+{_GROUPING})"
    r"|(?:^|\s+)(?:\(?\d{1,2}[.)]|[-*\u2022])\s+(?=(?-i:[A-Z]))",
    re.I,
)
_SUBORDINATE = re.compile(
    r"\b(?:tell me|show me|know|see|explain|wonder|say|find out|understand|on|of|to|for|by|list|given|"
    r"despite)$|"
    r"\b(?:if|when|while|because|once|unless)\b[^,]*$",
    re.I,
)
"""What a question word after it belongs to: "tell me which", "if it grows and what"."""
_FEWEST_WORDS = 3


def pieces_of(text: str) -> list[tuple[int, int]]:
    """The single questions of a text as ranges of it, in order; what asks nothing belongs to its neighbour.

    Cutting too often does no harm: pieces that read as one question are put together again.
    """
    ends: list[int] = []
    starts = [0]
    for match in _BETWEEN.finditer(text):
        if match.start() == 0 or match.end() >= len(text):
            starts[0] = match.end() if match.start() == 0 else starts[0]
            continue
        if text[match.start()] not in "?!;." and _SUBORDINATE.search(text[starts[-1] : match.start()]):
            continue
        ends.append(match.start() + (text[match.start()] in "?!"))
        starts.append(match.end())
    return _joined(text, [*zip(starts, [*ends, len(text)], strict=True)])


def is_regrouping(said: str) -> bool:
    """Whether a piece asks the question before it once more, by other groups."""
    return _REGROUPED.match(said) is not None


def _joined(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pieces that ask; one that does not begins the next, the last ones end the one before."""
    kept: list[tuple[int, int]] = []
    waiting: int | None = None
    last = 0
    for start, end in pieces:
        said = text[start:end]
        begin = start if waiting is None else waiting
        long = len(text[begin:end].split()) >= _FEWEST_WORDS
        if is_regrouping(said) and (kept or waiting is not None):
            kept += [(waiting, last), (start, end)] if waiting is not None else [(start, end)]
            waiting = None
        elif (long and _ASKS.match(said)) or (said.endswith("?") and (long or " " in said)):
            kept.append((begin, end))
            waiting = None
        elif kept and len(said.split()) < _FEWEST_WORDS:
            kept[-1] = (kept[-1][0], end)
        else:
            waiting = begin
        last = end
    if waiting is not None:
        kept = [*kept[:-1], (kept[-1][0], len(text))] if kept else [(0, len(text))]
    return kept
