"""Thresholds on groups that a question sets: "users who spent over $100", "models with over 5 % errors"."""

from __future__ import annotations

import re
from decimal import Decimal

from netra.agents.triage.amounts import LARGEST
from netra.agents.triage.conditions import COMPARED, EXCLUDES, NUMBER, TURNED, UNITS, amount_of, sign_of
from netra.agents.triage.frame import GroupCondition

GROUPS: tuple[tuple[str, str], ...] = (
    ("model", r"models"),
    ("provider", r"providers|vendors"),
    ("feature", r"features"),
    ("app", r"apps|applications|services"),
    ("user", r"users|people|customers"),
    ("team", r"teams|departments"),
    ("api_key_id", r"(?:api )?keys"),
    ("session_id", r"sessions|conversations|chats"),
    ("hour", r"hours"),
    ("day", r"days"),
    ("week", r"weeks"),
    ("month", r"months"),
)
"""The groups that conditions choose between, each with its words."""
_SINGULAR = (
    "model",
    "provider",
    "feature",
    "app",
    "user",
    "customer",
    "team",
    "session",
    "day",
    "hour",
    "week",
)
_NOUN = "|".join([*(words for _, words in GROUPS), *(rf"(?<=\bwhich ){word}" for word in _SINGULAR)])
_NOT_BEFORE = (
    r"\b(?:by|per|than|of all|last|past|next|over the|exclud(?:ing|es)|except(?: for)?|without|not counting|"
    r"ignoring|apart from|leaving out|but (?:not|no))\s+(?:(?:all|any|the|those)\s+)*$"
)
_NO_LEAD = r"(?:by|per|over|under|above|below|and|in|on(?! which)|during|since)\b"
_LEAD = (
    rf"(?P<lead>(?:(?:\s+(?!{_NO_LEAD})[\w'\-]+){{0,4}}?\s+and(?=\s+(?:have|had|with|more|less|cost|took|made|"
    r"spent|are|were)\b))?"
    rf"(?:\s+(?!{_NO_LEAD})[\w'\-]+){{0,7}}?)"
)
_NO_TAIL = (
    r"(?:in|on(?! average)|last|this|during|since|yesterday|today|by|do|did|are|were|is|have|and|from|for)\b"
)
_CONDITION = re.compile(
    rf"\b(?P<group>{_NOUN})\b{_LEAD}\s+(?:is |are |was |were )?(?P<comparison>{COMPARED})\s*(?P<dollar>\$)?"
    rf"\s*{NUMBER}(?:\s*(?P<scale>k|thousand|million|billion|bn|[mb](?=\s+(?:\w+\s+)?tokens?\b))\b)?"
    r"(?:\s*(?P<unit>%|(?:percent|milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|cents?|dollars?|usd|"
    rf"bucks)\b))?(?P<tail>(?:\s+(?!{_NO_TAIL})[\w\-]+){{0,4}})"
)
_PERIOD = re.compile(r"\b(?:a|an|each|every|per) (hour|day|week|month)\b|\b(hourly|daily|weekly|monthly)\b")
_GRAINS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_TIMES = frozenset({"hour", "day", "week", "month"})
_PER = (
    ("cost_per_call", r"\b(?:a|per|each) (?:call|request)\b"),
    ("cost_per_success", r"\bper success\w*"),
    ("cost_per_session", r"\b(?:a|per|each) (?:session|conversation)\b"),
    ("cost_per_user", r"\b(?:a|per|each) (?:user|customer)\b"),
    ("cost_per_mtok", r"\b(?:a|per) (?:million|mtok|1m)\b"),
)
_SHARES = (
    ("cache_hit_share", r"\bcach\w*|\bhit\b"),
    ("retry_rate", r"\bretr\w+"),
    ("unpriced_share", r"\bunpriced|\bwithout a (?:known )?price"),
    ("error_rate", r"\berrors?\b|\bfail\w*"),
)
_TOKENS = (
    ("reasoning_tokens", r"\breasoning|\bthinking"),
    ("cache_read_tokens", r"\bcached?\b"),
    ("input_tokens", r"\binput|\bprompts?\b|\bcontext"),
    ("output_tokens", r"\boutput|\bcompletion|\bgenerated|\banswers?\b|\bresponses?\b"),
    ("total_tokens", r""),
)
_COUNTS = (
    ("rate_limited", r"\brate[ -]?limit\w*|\b429s?\b"),
    ("timeouts", r"\btime-?outs?\b|\btimed out"),
    ("retries", r"\bretr\w+"),
    ("errors", r"\berrors?\b|\bfail\w*"),
    ("sessions", r"\bsessions?\b|\bconversations?\b"),
    ("users", r"\busers?\b|\bcustomers?\b"),
    ("models", r"\bmodels?\b"),
    ("calls", r"\bcalls?\b|\brequests?\b"),
)
_OF_CALLS = re.compile(
    r"\blatenc\w+|\brespon\w+|\bttft\b|\bfirst token|\bp(?:50|90|95|99)\b|\bslow\w*|\bfast\w*|\bwait\w*|"
    r"\bmedian|\b(?:average|mean) (?:call|request)\b"
)
"""What makes a time that of calls, where the group has one of its own."""
_LASTING = frozenset({"session_id", "user"})
"""Groups that themselves last some time, which no measure says."""
_MOST = 3


def find_group_conditions(text: str) -> tuple[list[GroupCondition], list[str], str]:
    """The thresholds on groups of lower-cased text, the groupings they imply, and the text with nothing left
    of them but the word of the group. What cannot be read as a measure of groups stays in the text.
    """
    found: list[GroupCondition] = []
    grains: list[str] = []
    place = 0
    while len(found) < _MOST and (match := _CONDITION.search(text, place)) is not None:
        read = None if re.search(_NOT_BEFORE, text[: match.start()]) else _read(match)
        if read is None:
            place = match.end("group")
            continue
        condition, grain, end = read
        found.append(condition)
        grains += [name for name in (grain, condition.dimension) if name and name not in grains]
        text = f"{text[: match.end('group')]} {text[end:].lstrip()}"
    return found, grains, text


def _read(match: re.Match[str]) -> tuple[GroupCondition, str | None, int] | None:
    dimension = _dimension(match["group"])
    period = _PERIOD.search(match["tail"])
    grain = (period.group(1) or _GRAINS[period.group(2)]) if period else None
    if grain == dimension:
        grain = None
    chosen = _measure(match, dimension)
    if chosen is None or (grain and chosen[0].startswith(("cost_per_", "latency", "ttft"))):
        return None
    measure, value, end = chosen
    if value >= LARGEST:
        return None
    end = max(end, match.start("tail") + period.end()) if period else end
    said = " ".join(match.string[match.end("group") : end].split())
    said = re.sub(r"^.*?\band (?=(?:have|had|with|more|less|cost|took|made|spent|are|were)\b)", "", said)
    said = re.sub(r"^(?:did|do|does) (?=we |i |they |it )", "that ", said)
    sign = sign_of(match["comparison"])
    condition = GroupCondition(
        dimension=dimension,
        measure=measure,
        operator=TURNED[sign] if EXCLUDES.search(match["lead"]) else sign,
        value=f"{value.normalize():f}",
        said=said,
    )
    return condition, grain, end


def _dimension(noun: str) -> str:
    plural = noun if noun in {"people"} or noun.endswith("s") else f"{noun}s"
    return next(name for name, words in GROUPS if re.fullmatch(words, plural))


def _measure(match: re.Match[str], dimension: str) -> tuple[str, Decimal, int] | None:
    """The measure, the amount in its unit, and where the condition ends."""
    lead, tail, unit = match["lead"], match["tail"], match["unit"] or ""
    amount = amount_of(match["number"], match["scale"])
    end, start = match.start("tail"), match.start("tail")
    around = f"{lead} {tail}"
    if match["dollar"] or re.match(r"cents?|dollars?|usd|bucks", unit):
        value = amount / 100 if unit.startswith("cent") else amount
        per = next(((name, found) for name, words in _PER if (found := re.search(words, around))), None)
        if per is None:
            return "cost_usd", value, end
        return per[0], value, max(end, start + per[1].end() - len(lead) - 1)
    if unit in {"%", "percent"}:
        name, last = _named(_SHARES, lead, tail)
        return None if name is None else (name, amount, end + last)
    if unit:
        if dimension in _LASTING and not _OF_CALLS.search(f"{lead} {match['comparison']} {tail}"):
            return None
        return (
            _timing(around),
            amount * UNITS[_time_unit(unit)],
            end + _length(r"\s+(?:at (?:the )?)?(?:p\d\d|median)", tail),
        )
    if re.search(r"\btokens?\b", around):
        name, last = _named(_TOKENS, lead, tail)
        last = max(last, _length(r"(?:\s+\w+)?\s+tokens?", tail))
        if re.search(r"\b(?:per|a|each) (?:call|request)|\baverage|\bmean", around):
            name = {"total_tokens": "tokens_per_call"}.get(name or "", f"{name}_per_call")
        return name or "total_tokens", amount, end + last
    name, last = _named(_COUNTS, "", tail)
    if name is None or name.removesuffix("s") == dimension or amount != amount.to_integral_value():
        return None
    return name, amount, end + last


def _named(table: tuple[tuple[str, str], ...], lead: str, tail: str) -> tuple[str | None, int]:
    """The first of a table whose words stand around the number, and how much of the tail they take."""
    for name, words in table:
        found = re.search(words, tail)
        if found is not None:
            return name, found.end()
        if words and re.search(words, lead):
            return name, 0
    return None, 0


def _length(pattern: str, tail: str) -> int:
    found = re.match(pattern, tail)
    return found.end() if found else 0


def _time_unit(unit: str) -> str:
    return "ms" if unit.startswith(("ms", "milli")) else "min" if unit.startswith("min") else "s"


def _timing(around: str) -> str:
    column = "ttft" if re.search(r"ttft|first token", around) else "latency"
    level = re.search(r"\bp(50|90|95|99)\b", around)
    if level is None and re.search(r"\b(?:average|mean)\b", around):
        return f"{column}_avg_ms"
    return f"{column}_p{level.group(1) if level else 50}_ms"
