"""Questions for single calls: "the ten dearest calls of last week", "show the calls behind that"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netra.agents.triage.call_kinds import find_unnamed
from netra.agents.triage.call_words import UNPRICED, chooses_calls, chosen_calls, left_over, of_kind
from netra.agents.triage.frame import Condition, QuestionFrame, QuestionKind
from netra.agents.triage.leaving_out import also_without
from netra.usage.calls.question import CallOrder

CALLS_LISTED, _MOST = 10, 50
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
            "eleven", "twelve", "fifteen", "twenty")  # fmt: skip
_VALUES = (*range(1, 13), 15, 20)
_NUMBER = rf"(?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)})"
_CALLS = r"(?P<noun>calls?|requests?|completions?|llm calls?|api calls?)\b"
_BETWEEN = r"(?:(?!by|per|in|of|for|on|number|count|cost|amount|share|total)[a-z][\w-]*\s+){0,3}?"
_RANKS: tuple[tuple[str, CallOrder], ...] = (
    (r"least expensive|cheapest|least costly|lowest[- ]cost", "cost_usd"),
    (r"most expensive|dearest|costliest|priciest|most costly|highest[- ]cost|(?:really )?expensive",
     "-cost_usd"),
    (r"slowest|longest(?:[- ](?:running|lasting))?|highest[- ]latency", "-latency_ms"),
    (r"fastest|quickest|shortest|lowest[- ]latency", "latency_ms"),
    (r"biggest|largest|heaviest", "-total_tokens"),
    (r"smallest|tiniest|lightest", "total_tokens"),
    (r"newest|most recent|latest", "-ts"),
    (r"oldest|earliest", "ts"),
)  # fmt: skip
_WHICH: tuple[tuple[str, CallOrder], ...] = (
    (r"(?:cost|costs|was|were|is|are) (?:us |me )?(?:the )?(?:most(?! recent)|dearest|most expensive)\b",
     "-cost_usd"),
    (r"(?:took|take|takes|ran|lasted|was|were|is|are) (?:the )?(?:longest|slowest)\b", "-latency_ms"),
    (r"(?:had|has|have|used|use|uses) (?:the )?most (?:input|prompt) tokens", "-input_tokens"),
    (r"(?:had|has|have|used|use|uses) (?:the )?most (?:output|completion) tokens", "-output_tokens"),
    (r"(?:had|has|have|used|use|uses) (?:the )?most tokens", "-total_tokens"),
)  # fmt: skip
_NO_WORD = (
    r"do|does|did|is|are|was|were|has|have|number|count|cost|amount|share|total|percent\w*|part|fraction|kinds?|"
    r"types?|sorts?|our|in|on|to|from|with|and|or"
)
_LISTED = re.compile(
    rf"\b(?P<verb>list|show|see|display|print|give|which|what)\s+(?:me\s+|us\s+)?(?:(?:all|the|our|my|every|each|any|"
    rf"{_NUMBER})\s+)*(?P<single>(?:single|individual)\s+)?"
    rf"(?P<between>(?:(?!(?:by|per|of|for|{_NO_WORD})\b)[a-z][\w-]*\s+){{0,2}}?){_CALLS}"
    r"(?!\s+(?:by|per|each|every|a|and|or|vs|over time)\b(?! \d))"
)
_BY: tuple[tuple[str, CallOrder], ...] = (
    (r"cost|spend|price|dollars|usd", "-cost_usd"),
    (r"latency|duration|time|seconds", "-latency_ms"),
    (r"ttft|time to first tokens?", "-ttft_ms"),
    (r"(?:input|prompt) tokens", "-input_tokens"),
    (r"(?:output|completion) tokens", "-output_tokens"),
    (r"tokens|size", "-total_tokens"),
)  # fmt: skip
_SORTED_BY = (
    rf"(?:\btop\s+(?:{_NUMBER}\s+)?)?\b(?:single\s+)?{_CALLS}\s+(?:(?:sorted|ordered|ranked)\s+)?by\s+"
)
_HOLDING = rf"\b{_CALLS}\s+(?:with|having|that (?:had|used))\s+(?:the\s+)?(?:most|highest|largest|longest)\s+"
_LAST = re.compile(rf"\b(?:last|latest|newest|most recent)\s+{_NUMBER}\s+(?P<between>{_BETWEEN}){_CALLS}")
_FIRST = re.compile(rf"\b(?:first|oldest|earliest)\s+{_NUMBER}\s+(?P<between>{_BETWEEN}){_CALLS}")
_LISTING = frozenset({"usage", "drivers", "latency", "outside"})
_ADVICE = (
    r"\bwhy\b|\b(?:cheaper|faster|cut|reduc\w*|sav(?:e|ings?)|avoid|improve|speed up|how (?:can|do|to)|"
    r"average|mean|median)\b"
)
_ENDED = r"\b(?:fail(?:ed|ing)|errored|timed out|time ?outs?|rate[- ]limited|retried)\b"
_COLUMNS: dict[str, CallOrder] = {
    "latency_ms": "-latency_ms",
    "ttft_ms": "-ttft_ms",
    "input_tokens": "-input_tokens",
    "output_tokens": "-output_tokens",
    "total_tokens": "-total_tokens",
}


@dataclass(frozen=True, slots=True)
class SingleCalls:
    """Single calls in an order, and how many of them; `ranked`: the question names the order, `used`: in
    these words.
    """

    order: CallOrder
    top: int
    ranked: bool = True
    used: str = ""


def single_calls(
    text: str, kind: QuestionKind, conditions: Sequence[Condition], *, narrowed: bool
) -> SingleCalls | None:
    """The single calls a question of a kind asks for; None where it is about sums, advice or anything else.

    `narrowed`: it names some calls.
    """
    chosen = chooses_calls(text)
    if not (kind in _LISTING or (kind == "audit" and chosen)) or re.search(_ADVICE, text):
        return None
    return find_single_calls(
        text, narrowed=narrowed or chosen, columns=[entry.column for entry in conditions]
    )


def listed_singly(frame: QuestionFrame, single: SingleCalls | None, text: str) -> QuestionFrame:
    """The frame of a list of single calls, kept to those that lower-cased text chooses; words of it that
    nobody read are left in `unread`.
    """
    if single is None:
        return of_kind(frame, text)
    if frame.kind != "usage" or frame.asks_span or frame.dimensions or frame.growth:
        return frame
    unread = [part for part in frame.unread if find_single_calls(part, narrowed=False, columns=[]) is None]
    unread = [part for part in unread if chosen_calls(frame, part)[1].strip()]
    outcome = ended_as_measured(frame)
    frame = frame.model_copy(update={**outcome, "levers": None})
    chosen, rest = chosen_calls(frame, find_unnamed(text)[1])
    said = " ".join(unread)
    unread += [words for words in left_over(rest, single.used, frame) if words not in said]
    if single.top > _MOST:
        unread.append(f"more than {_MOST} calls")
    frame = frame.model_copy(update=chosen)
    # Failed calls cost little or nothing: of them the newest say most, unless an order is named.
    newest = (outcome or UNPRICED in frame.conditions) and not single.ranked
    order: CallOrder = "-ts" if newest else single.order
    listed: dict[str, object] = {"calls_by": order, "top": min(single.top, _MOST)}
    return frame.model_copy(update={**listed, "unread": list(dict.fromkeys(unread))})


def ended_as_measured(frame: QuestionFrame) -> dict[str, object]:
    """The filter of calls that failed or were retried, where what is measured names them."""
    for measure, status in (("timeouts", "timeout"), ("rate_limited", "rate_limited")):
        if measure in frame.measures:
            return {"filters": {**frame.filters, "status": status}}
    if {*frame.measures} & {"retries", "retry_rate"}:
        return {"excluded": {**frame.excluded, "retry_of": [""]}}
    if {*frame.measures} & {"errors", "error_rate"} and "status" not in frame.filters:
        return {"excluded": also_without(frame.excluded, {"status": ["ok"]})}
    return {}


def find_single_calls(text: str, *, narrowed: bool, columns: list[str]) -> SingleCalls | None:
    """The single calls a lower-cased text asks for; None where it asks for sums or groups.

    `narrowed` as above; `columns`: those of its thresholds, by the first of which calls are then
    ordered.
    """
    if last := _LAST.search(text):
        return SingleCalls("-ts", _count(last), used=_used(last))
    if first := _FIRST.search(text):
        return SingleCalls("ts", _count(first), used=_used(first))
    for words, order in _RANKS:
        ranked = (
            rf"(?:\b{_NUMBER}\s+(?:single\s+|individual\s+)?)?\b(?:{words})\s+(?P<between>{_BETWEEN}){_CALLS}"
        )
        found = re.search(ranked, text) or re.search(rf"\b{_CALLS}\b.{{0,10}}\b(?:{words})\b$", text)
        if found is not None and not (words.startswith(("newest", "oldest")) and not _plural(found)):
            by_ttft = order.endswith("latency_ms") and re.search(r"\bfirst tokens?\b|\bttft\b", text)
            falling: CallOrder = "-ttft_ms" if order.startswith("-") else "ttft_ms"
            return SingleCalls(falling if by_ttft else order, _count(found), used=_used(found))
    for words, order in _BY:
        found = re.search(rf"{_SORTED_BY}(?:{words})\b", text) or re.search(rf"{_HOLDING}(?:{words})\b", text)
        if found is not None:
            return SingleCalls(order, _count(found), used=_used(found))
    for words, order in _WHICH:
        subject = rf"\b(?:which|what)\s+(?:(?:single|individual|{_NUMBER})\s+)?{_CALLS}"
        found = re.search(rf"{subject}\s+{words}", text)
        if found is not None:
            return SingleCalls(order, _count(found), used=_used(found))
    listed = _LISTED.search(text)
    told = narrowed or re.search(_ENDED, text) is not None
    if listed is None or not (listed["verb"] == "list" or listed["single"] or told):
        return None
    order = order_of(columns)
    return SingleCalls(order or "-cost_usd", _count(listed), ranked=order is not None, used=_used(listed))


def order_of(columns: Iterable[str]) -> CallOrder | None:
    """The order of calls kept to thresholds on these columns: by the first that is one of size or time."""
    return next((_COLUMNS[name] for name in columns if name in _COLUMNS), None)


def _used(found: re.Match[str]) -> str:
    """The words of a list's order and number, without those between them and the calls."""
    start, end = found.span("between") if "between" in found.re.groupindex else (-1, -1)
    text = found.string
    return f"{text[found.start() : start]} {text[end : found.end()]}" if start >= 0 else found.group(0)


def _plural(found: re.Match[str]) -> bool:
    return found["noun"].endswith("s")


def _count(found: re.Match[str]) -> int:
    number = found.groupdict().get("number")
    if number is None:
        return CALLS_LISTED if _plural(found) else 1
    value = int(number) if number.isdigit() else _VALUES[_NUMBERS.index(number)]
    return max(value, 1)
