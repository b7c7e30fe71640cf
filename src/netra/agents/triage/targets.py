"""The numbers a question sets as conditions: a saving, a quality floor, a latency, a growth, a spike."""

from __future__ import annotations

import re

from netra.agents.triage.amounts import MONEY_AMOUNT, NUM, PERIOD, PERIODS, dollars, number
from netra.agents.triage.budgets import find_budget
from netra.agents.triage.frame import Period, Targets

_PCT = NUM + r"\s*(?:%|percent|per cent|pct)"
_TIME = NUM + r"\s*(ms|milliseconds?|s|secs?|seconds?)\b"
_UNDER = (
    r"(?:\s*(?:is|be|must|should|has to|can|may|not|stays?|stay|remains?|kept|keep|target|latency|of|"
    r"at|to|:|=))*"
)
_BELOW = r"\s*(?:below|under|<=?|less than|at most|no more than|within|max(?:imum)?|not exceed(?:ing)?)?\s*"
_WORD_FACTORS = {"double": 2.0, "doubles": 2.0, "doubling": 2.0, "twice": 2.0, "triple": 3.0, "triples": 3.0}
_WORD_SHARES = {
    "half": 50.0, "a quarter": 25.0, "one quarter": 25.0, "a fifth": 20.0, "one fifth": 20.0,
    "a tenth": 10.0, "one tenth": 10.0, "two thirds": 200 / 3, "three quarters": 75.0,
    "a third": 100 / 3, "one third": 100 / 3,
}  # fmt: skip
_CUT = (
    r"(?:cut|reduc\w*|lower\w*|decreas\w*|sav\w*|trim\w*|drop\w*|shav\w*|bring\w*|optimi[sz]\w*|"
    r"shrink\w*|slash\w*)"
)
_LATENCY = r"(?:latency|p50|p90|p95|p99|response times?|ttft|time to first token)"


def _search(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text)
    return number(found.group(1)) if found else None


def find_targets(text: str) -> Targets:
    """Read the conditions out of lower-cased, spelling-corrected text."""
    share, said = _savings(text)
    budget = find_budget(text)
    # An amount is either what is left to pay or what is saved, never both.
    rest = text if budget is None else f"{text[: budget.start]}.{text[budget.end :]}"
    usd, per = _savings_in_dollars(rest)
    return Targets(
        savings_pct=share,
        savings_said=said,
        savings_usd=usd,
        savings_per=per,
        spend_usd=None if budget is None else budget.usd,
        spend_per=None if budget is None else budget.per,
        quality_min_pct=_quality_floor(text),
        quality_margin_points=_quality_margin(text),
        p95_ms=_latency_limit("p95", text),
        p99_ms=_latency_limit("p99", text),
        latency_cut_pct=_latency_cut(text),
        growth_pct=_growth(text),
        spike=_spike(text),
    )


def phrases_of(targets: Targets) -> list[str]:
    """The conditions as answers word them: "halve the bill" sets 50 %, "quality above 0.9" sets 90."""
    shares = (targets.savings_pct, targets.growth_pct, targets.latency_cut_pct)
    phrases = [f"{share:g} %" for share in shares if share is not None]
    if targets.savings_usd is not None:
        phrases.append(dollars_in_words(targets))
    if targets.spend_usd is not None:
        phrases.append(budget_in_words(targets))
    if targets.quality_margin_points is not None:
        phrases.append(f"at most {targets.quality_margin_points:g} points")
    for limit in (targets.p95_ms, targets.p99_ms):
        if limit is not None:
            phrases += [f"below {limit / 1000:g} s", f"below {limit:g} ms"]
    if targets.quality_min_pct is not None:
        phrases += [f"{side} {targets.quality_min_pct:g}" for side in ("above", "below")]
    return phrases


def dollars_in_words(targets: Targets) -> str:
    """A saving in dollars as answers word it: `$100 a month`."""
    amount = _in_words(targets.savings_usd or 0)
    return f"{amount} a {targets.savings_per}" if targets.savings_per else amount


def budget_in_words(targets: Targets) -> str:
    """A spend that may not be passed as answers word it: `$5,000 a month`."""
    return f"{_in_words(targets.spend_usd or 0)} a {targets.spend_per}"


def _in_words(usd: float) -> str:
    return f"${usd:,.2f}".removesuffix(".00")


def _savings_in_dollars(text: str) -> tuple[float | None, Period | None]:
    """`save $100 a month`, `cut 2k USD per year from the bill`, `$50 less`."""
    for pattern in (
        rf"\b{_CUT}\b[^.?!$]{{0,40}}?{MONEY_AMOUNT}{PERIOD}?",
        rf"{MONEY_AMOUNT}{PERIOD}?\s*(?:less|cheaper|savings?|off|saved)\b",
    ):
        found = re.search(pattern, text)
        if found is None or re.search(r"\b(?:to|under|below)\s*$", text[: found.start(1)].rstrip("$ ")):
            continue
        digits, scale = found.group(1) or found.group(3), found.group(2) or found.group(4)
        word = found.group(5) or found.group(6)
        return (dollars(digits, scale) or None), PERIODS[word] if word else None
    return None, None


def _savings(text: str) -> tuple[float | None, str | None]:
    money = r"(?:spend\w*|costs?|bill|budget|money|it|expenses?)"
    for pattern in (
        rf"\b{_CUT}\b[^.?!%]{{0,60}}?\b{money}\b[^.?!%]{{0,30}}?{_PCT}",
        rf"\b{_CUT}\b\s*(?:by|up to|at least)?\s*{_PCT}(?!\s*(?:of\s+)?(?:the\s+)?{_LATENCY})",
        rf"{_PCT}\s*(?:cheaper|less spend|lower (?:spend|costs?|bill)|savings?|off)",
    ):
        value = _search(pattern, text)
        if value is not None and not _is_about_latency(pattern, text):
            return value, None
    for word, share in _WORD_SHARES.items():
        cut_by = rf"\b{_CUT}\b[^.?!%]{{0,60}}?\b{money}\b[^.?!%]{{0,15}}?\b(?:by|in)\s+{word}\b"
        for fraction in (cut_by, rf"\b{_CUT}\b\s+(?:us\s+)?{word}\b[^.?!%]{{0,20}}\b{money}\b"):
            if re.search(fraction, text) and not _is_about_latency(fraction, text):
                return share, None if share == int(share) else word.replace("one ", "a ")
    half = re.search(rf"\bhalve\b(?![^.?!]{{0,25}}{_LATENCY})[^.?!]{{0,25}}{money}", text)
    return (50.0 if half else None), None


def _is_about_latency(pattern: str, text: str) -> bool:
    found = re.search(pattern, text)
    return found is not None and re.search(_LATENCY, found.group(0)) is not None


def _quality_floor(text: str) -> float | None:
    found = re.search(
        rf"\b(?:quality|accuracy|score|pass rate){_UNDER}\s*"
        rf"(?:above|over|>=?|at least|no less than|not below|higher than|min(?:imum)?)"
        rf"\s*{NUM}\s*(%|percent)?",
        text,
    )
    if found is None:
        return None
    value = number(found.group(1))
    return value * 100 if value <= 1 and not found.group(2) else value


def _quality_margin(text: str) -> float | None:
    points = rf"{NUM}\s*(?:points?|pp|percentage points)"
    allowed = (
        r"(?:within|lose|losing|drop\w*|fall\w*|accept\w*|tolerat\w*|allow\w*|at most|more than|up to|by)"
    )
    return _search(rf"{allowed}\s*{points}", text) or _search(rf"{points}\s*(?:lower|less|worse)\b", text)


def _latency_limit(quantile: str, text: str) -> float | None:
    forms = (
        rf"\b{quantile}\b(?:\s*latency)?{_UNDER}{_BELOW}{_TIME}",
        rf"{_TIME}\s*(?:at\s*)?(?:the\s*)?{quantile}\b",
    )
    for form in forms:
        found = re.search(form, text)
        if found is not None:
            value = number(found.group(1))
            return value if found.group(2).startswith(("ms", "milli")) else value * 1000
    return None


def _latency_cut(text: str) -> float | None:
    if re.search(
        rf"\bhalve\b[^.?!]{{0,30}}{_LATENCY}|{_LATENCY}[^.?!]{{0,15}}\bin half\b|\btwice as fast\b", text
    ):
        return 50.0
    return _search(rf"\b{_CUT}\b[^.?!%]{{0,30}}{_LATENCY}[^.?!%]{{0,20}}?{_PCT}", text)


def _growth(text: str) -> float | None:
    who = r"(?:users?|traffic|load|requests?|calls?|volume|usage|customers?)"
    for pattern in (
        rf"{_PCT}\s*(?:more|extra|additional|growth|increase|higher)",
        rf"(?:grow\w*|increas\w*|ris\w*|goes? up|scal\w*)\b[^.?!%]{{0,40}}?{_PCT}",
        rf"{_PCT}\s*{who}\s*growth",
    ):
        value = _search(pattern, text)
        if value is not None:
            return value
    for word, factor in _WORD_FACTORS.items():
        if re.search(rf"\b{word}\b[^.?!]{{0,30}}{who}|{who}[^.?!]{{0,20}}\b{word}\b", text):
            return (factor - 1) * 100
    return None


def _spike(text: str) -> float | None:
    return _search(rf"(?<![\w.]){NUM}\s*(?:x|\u00d7|times|-?fold)(?![\w])", text)
