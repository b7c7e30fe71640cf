"""Thresholds on single calls that a question sets: "calls over 10 seconds", "prompts above 100k tokens"."""

from __future__ import annotations

import re
from decimal import Decimal

from netra.agents.triage.amounts import FACTORS
from netra.agents.triage.frame import Comparison, Condition, ConditionColumn

_SUBJECT = (
    r"\b(?<!\w-)(?P<subject>calls?|requests?|invocations?|prompts?|inputs?|answers?|responses?|"
    r"completions?|outputs?)\b(?!-\w)"
)
_STATISTIC = (
    r"(?:p\d\d|median|average|mean|percentile|quality|accuracy|scores?|budget|bill|target|"
    r"sessions?|conversations?|users?|customers?|people|teams?|keys?)\b"
)
"""A threshold after one of these is one on many calls together."""
_GAP = rf"(?P<gap>(?:\s+(?!{_STATISTIC})[\w'\-]+){{0,8}}?)"
_LEAD = (
    r"(?P<lead>(?:\s+(?:that|which|whose|with|having|has|have|had|of|at|a|an|the|their|is|are|was|were|"
    r"take|takes|took|taking|taken|last|lasted|lasting|cost|costs|costing|use|uses|used|using|"
    r"latency|latencies|duration|response time|ttft|time to (?:the )?first token|first token|"
    r"input|output|prompt|prompts|context|answer|answers|reasoning|size|length|tokens?))*)"
)
COMPARISONS: tuple[tuple[Comparison, str], ...] = (
    (">=", r"at least|no less than|not less than|no fewer than|>="),
    ("<=", r"at most|up to|no more than|not more than|no longer than|<="),
    (">", r"over|above|beyond|exceed(?:s|ed|ing)?|>|"
        r"(?:more|greater|longer|slower|larger|bigger|higher|dearer|more expensive) than"),
    ("<", r"under|below|<|(?:less|fewer|shorter|faster|quicker|smaller|lower|cheaper) than"),
)  # fmt: skip
TURNED: dict[str, Comparison] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
"""The other side of a comparison."""
COMPARED = "|".join(words for _, words in COMPARISONS)
NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?|a|an|one|half a)"
_UNIT = (
    r"(?P<scale>k|thousand|million|billion|bn|[mb](?=\s+(?:\w+\s+)?tokens?\b))?\s*(?P<unit>milliseconds?|msecs?|ms|"
    r"seconds?|secs?|s|minutes?|mins?|cents?|dollars?|usd|bucks)?(?![\w%])"
    r"(?P<kind>(?:\s+(?:input|prompt|context|output|completion|generated|reasoning|thinking|total))?"
    r"\s+tokens?(?:\s+of (?:input|output|reasoning))?\b)?"
)
_CONDITION = re.compile(
    rf"{_SUBJECT}{_GAP}{_LEAD}\s+(?:and\s+)?(?P<comparison>{COMPARED})\s*(?P<dollar>\$)?\s*{NUMBER}\s*{_UNIT}"
    r"(?!\s*(?:at (?:the )?)?(?:p\d\d|median))"
)
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?"
_SCALED = r"\s*(?:k|thousand|million|billion|bn|[mb](?=\s+(?:\w+\s+)?tokens?\b))?"
_MEASURED = r"milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|cents?|dollars?|usd|bucks"
_RANGE = re.compile(
    rf"{_SUBJECT}{_GAP}{_LEAD}\s+(?:(?:from|between)\s+)?(?P<dollar>\$)?\s*(?P<low>(?:{_DIGITS})(?:{_SCALED}))"
    rf"\s*(?P<unit>{_MEASURED})?\s*(?:\band\b|\bto\b|-|\u2013)\s*(?P<dollar2>\$)?\s*(?P<high>(?:{_DIGITS})"
    rf"(?:{_SCALED}))\s*(?P<unit2>{_MEASURED})?(?![\w%])"
    r"(?P<kind>(?:\s+(?:input|prompt|context|output|completion|generated|reasoning|thinking|total))?"
    r"\s+tokens?(?:\s+of (?:input|output|reasoning))?\b)?"
)
_NO_RANGE = re.compile(
    r"\bbetween (?!20\d\d\b)\$? ?\d[\d.,]*+\s?(?:%|\w{0,12}) and \$? ?\d[\d.,]*+"
    r"(?: ?(?:%|(?:percent|k|m|ms|s|seconds?|tokens?|dollars?|usd|cents?|calls)\b))?"
    r"(?![\w:-]| ?(?:of|hours?|days?|weeks?|months?|years?|am|pm|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b)"
)
_EXCLUDES = (
    r"\b(?:exclud(?:ing|es?)|except(?:ing)?(?: for)?|without|not counting|ignoring|other than|apart from|"
    r"leaving out|but (?:not|no))\b"
)
EXCLUDES = re.compile(_EXCLUDES)
"""What leaves out the calls or groups that stand behind it."""
_EXCLUDING = re.compile(rf"{_EXCLUDES}\s+(?:(?:all|any|the|those|ones|our|single)\s+)*$")
_OF_GROUPS = re.compile(
    r"\b(?:days?|hours?|weeks?|months?|models?|features?|apps?|users?|customers?|teams?|keys?|sessions?|"
    r"conversations?|providers?)\s+(?:whose|where|when|on which|in which|with|who|that)\b[^,.?;]*$"
)
"""What stands before the calls of groups that a threshold chooses."""
UNITS = {"ms": Decimal(1), "s": Decimal(1_000), "min": Decimal(60_000)}
_OF_SUBJECT: tuple[tuple[str, ConditionColumn], ...] = (
    (r"prompt|input", "input_tokens"),
    (r"answer|response|completion|output", "output_tokens"),
    (r"call|request|invocation", "total_tokens"),
)
_KINDS: tuple[tuple[str, ConditionColumn], ...] = (
    (r"reasoning|thinking", "reasoning_tokens"),
    (r"input|prompt|context", "input_tokens"),
    (r"output|completion|generated|answer", "output_tokens"),
)
_OF_A_PERIOD = (
    r"\s*(?:(?:a|an|each|every|per|/)\s*(?:hour|day|week|month|year)|in total|all ?together|together|"
    r"daily|monthly)"
)
"""What makes an amount one of many calls together."""
_MOST, _LARGEST = 4, 10**12


def find_conditions(text: str) -> tuple[list[Condition], str]:
    """The thresholds on calls of lower-cased text, and the text without them: of "calls between A and B" the
    two ends, of "excluding calls over A" the other side. One that cannot be read as a threshold on a column
    of single calls stays in the text.
    """
    found, text = _ranges(text)
    place = 0
    while len(found) < _MOST and (match := _CONDITION.search(text, place)) is not None:
        before = text[: match.start()]
        read = None if _OF_GROUPS.search(before) else _read(match)
        if read is None:
            place = match.end("subject")
            continue
        kept = text[: match.end("gap")]
        if excluding := _EXCLUDING.search(before):
            read, kept = _turned(read, match["subject"]), kept[: excluding.start()] + kept[excluding.end() :]
        elif excluding := _EXCLUDING.search(f"{kept} "):
            read, kept = _turned(read, match["subject"]), kept[: excluding.start()].rstrip()
        found.append(read)
        text = kept + text[match.end() :]
    return found, text


def _ranges(text: str) -> tuple[list[Condition], str]:
    """The thresholds at both ends of ranges, each a condition of its own, and the text without them."""
    found: list[Condition] = []
    place = 0
    while len(found) < _MOST - 1 and (match := _RANGE.search(text, place)) is not None:
        before = text[: match.start()]
        read = None if _OF_GROUPS.search(before) or _EXCLUDING.search(before) else _ends(match)
        if read is None:
            place = match.end("subject")
            continue
        found += read
        text = text[: match.end("gap")] + text[match.end() :]
    return found, text


def _ends(match: re.Match[str]) -> list[Condition] | None:
    """The two thresholds of a range, the unit of whose first end may be that of the second."""
    dollar = "$" if match["dollar"] or match["dollar2"] else ""
    ends: list[Condition] = []
    for words, number, unit in (
        ("at least", match["low"], match["unit"] or match["unit2"]),
        ("at most", match["high"], match["unit2"]),
    ):
        said = (
            f"{match['subject']}{match['lead']} {words} {dollar}{number} {unit or ''} {match['kind'] or ''}"
        )
        one = _CONDITION.fullmatch(" ".join(said.split()))
        read = None if one is None else _read(one)
        if read is None:
            return None
        ends.append(read)
    of_many = ends[0].column == "cost_usd" and re.match(_OF_A_PERIOD, match.string[match.end() :])
    low, high = (Decimal(end.value) for end in ends)
    if of_many or low > high or ends[0].column != ends[1].column:
        return None
    said = f"{match['subject']}{_said(match.string[match.end('gap') : match.end()])}"
    return [end.model_copy(update={"said": " ".join(said.split())}) for end in ends]


def _turned(condition: Condition, subject: str) -> Condition:
    """The calls on the other side of a threshold: those whose number is known."""
    known = {"latency_ms": " of known latency", "ttft_ms": " of known time to first token"}
    known |= {"cost_usd": " of known cost"}
    rest = condition.said.removeprefix(subject).strip()
    said = f"{subject}{known.get(condition.column, '')} other than those {rest}"
    return condition.model_copy(update={"operator": TURNED[condition.operator], "said": said})


def unread_ranges(text: str) -> list[str]:
    """Ranges of amounts that stay in a text whose conditions are read: `between 9 and 17`."""
    return [" ".join(found.group(0).split()) for found in _NO_RANGE.finditer(text)]


def _read(match: re.Match[str]) -> Condition | None:
    amount = amount_of(match["number"], match["scale"])
    chosen = _column(match, amount)
    if chosen is None:
        return None
    column, exact = chosen
    if exact >= _LARGEST or (column.endswith("_tokens") and exact != exact.to_integral_value()):
        return None
    if column == "cost_usd" and re.match(_OF_A_PERIOD, match.string[match.end() :]):
        return None
    return Condition(
        column=column,
        operator=sign_of(match["comparison"]),
        value=f"{exact.normalize():f}",
        said=" ".join(f"{match['subject']}{_said(match.string[match.end('gap') : match.end()])}".split()),
    )


def amount_of(number: str, scale: str | None) -> Decimal:
    """The amount written as a number or in words, times its scale."""
    value = {"half a": Decimal("0.5")}.get(number, Decimal(1)) if number.isalpha() or " " in number else None
    return (value or Decimal(number.replace(",", ""))) * FACTORS.get(scale or "", 1)


def sign_of(words: str) -> Comparison:
    """The sign of a comparison in words."""
    return next(sign for sign, pattern in COMPARISONS if re.fullmatch(pattern, words))


def _said(words: str) -> str:
    """A condition as it stands behind its subject: `that took longer than 10 s`."""
    verb = r"\s+(?:take|took|last|cost|use|ha[sd]|have|is|are|was|were)(?:s|d|ed)?\b"
    return f" that{words}" if re.match(verb, words) else words


def _column(match: re.Match[str], amount: Decimal) -> tuple[ConditionColumn, Decimal] | None:
    """The column of a threshold and the amount in its unit."""
    unit, lead, kind = match["unit"] or "", match["lead"], match["kind"]
    if match["dollar"] or re.match(r"cents?|dollars?|usd|bucks", unit):
        return None if kind else ("cost_usd", amount / 100 if unit.startswith("cent") else amount)
    if unit:
        name = "ms" if unit.startswith(("ms", "milli")) else "min" if unit.startswith("min") else "s"
        column: ConditionColumn = "ttft_ms" if re.search(r"ttft|first token", lead) else "latency_ms"
        return None if kind else (column, amount * UNITS[name])
    if (
        kind is None
        and "token" not in lead
        and not (match["scale"] and match["subject"].startswith("prompt"))
    ):
        return None
    for words, of_kind in _KINDS:
        if re.search(words, kind or "") or re.search(words, lead):
            return of_kind, amount
    return next(column for words, column in _OF_SUBJECT if re.match(words, match["subject"])), amount
