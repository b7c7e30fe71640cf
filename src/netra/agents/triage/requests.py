"""What a text asks for beside a number: a file, a report, a change; and what is not read."""

from __future__ import annotations

import re

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import hours_of, is_one_day

_COMMAND = re.compile(
    r"^\W*(?:please |can you |could you |would you |i want (?:you )?to )?"
    r"(?:delete|remove|erase|wipe|purge|undo|import|upload|load|invite|disable|roll ?back|apply|activate|"
    r"(?:add|create|make|change|set|rename) (?:a |an |the |my |our |new )*(?:users?|accounts?|workspaces?|"
    r"keys?|"
    r"members?|prices?|polic(?:y|ies)|budgets?|alerts?))\b"
)
_INVOICE = re.compile(
    r"\breconcil\w+|\binvoices?\b.{0,60}\b(?:match\w*|differ\w*|agree\w*|wrong|higher|lower|explain\w*|"
    r"than|from)\b|"
    r"\b(?:match|differ|compare|compared|agree|versus|vs|against|why)\b.{0,80}\binvoices?\b"
)
_EXPORT = re.compile(
    r"\bexport\w*\b|\bdownload\w*\b|\b(?:as|in|into|to) (?:a |an )?(?:csv|excel|xlsx?|spreadsheet|json|"
    r"parquet|"
    r"pdf)\b|\bfocus (?:file|format|export)\b"
)
_REPORT = re.compile(
    r"\b(?:make|write|create|generate|build|prepare|produce|give|send|want|need)\b.{0,20}\breports?\b|"
    r"^\W*(?:a |the |full |savings )*report\W*(?:please)?\W*$|\bas a report\b"
)
_PRICE = re.compile(
    r"\b(?:price|prices|pricing|list price|tariff)\b|"
    r"\b(?:costs?|charge\w*|pay|dollars?|\$|usd)\b.{0,30}\b(?:per|a|for a|for one|for)\s+(?:1 ?m|"
    r"1 million|million|"
    r"mtok|1k|1,?000|thousand)\b|\bper (?:million|1m|mtok|1k|thousand)(?: \w+){0,2} tokens?\b"
)
_TALKED_OF = re.compile(
    r"\b(?:spent|did|drop|rise|rose|fell|changed?|effect|why|unpriced|without|no|missing)\b"
)
_EXCLUDING = re.compile(
    r"\b(?:exclud\w+|except(?:ing| for)?|other than|apart from|ignoring|not counting|leaving out|but not|"
    r"not (?:from|by)|without|(?:with|having) no)\b"
    r"(?! (?:los|hurt|harm|lower|drop|degrad|chang|affect|sacrific|reduc|any|a drop|touch|risk)\w*)"
)
_LEFT_OUT = (
    r"\b(?:on|at|during|in|over) (?:the )?(?:weekends|weekdays|nights?|business hours|working hours|"
    r"office hours|"
    r"mornings?|afternoons?|evenings?)\b|\b(?:mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|"
    r"sundays)\b",
    r"\b(?:calls|requests|prompts)\s+(?:that )?(?:with|over|above|under|"
    r"below|longer|"
    r"shorter|larger|bigger|smaller|more|less|cost\w*|tak\w+|took|us(?:e|ed|ing))\s+(?:than |over |more |"
    r"at least |"
    r"under |above )*\$?\d[\d.,]*\s?(?:k|m|ms|s|seconds?|tokens?|dollars?|usd)?\b",
    r"\b(?:sessions|users|customers|people|conversations|models|features|apps|teams|keys|days)\s+"
    r"(?:(?:that|who|which|whose|with|where)\s+)?(?:(?:we|they|it)\s+)?"
    r"(?:(?:spen[dt]\w*|costs?|us(?:e|ed|ing)|made|make|had|have|took|takes?|calls)\s+){0,2}"
    r"(?:(?:more|less|fewer|longer|shorter|larger|smaller) than|over|above|under|below|at least|at most|"
    r"exceed\w*)\s+\$?\d[\d.,]*+(?!\s*(?:day|week|month|year|hour|%))"
    r"(?:\s?(?:k|m|ms|s|seconds?|tokens?|dollars?|usd|calls)\b)?",
    r"(?<!by )(?<!per )\b(?:sessions?|conversations?|chats?|users?|customers?|people)\s+"
    r"(?:(?:that|which|who)\s+)?(?:(?:were|was|are|is)\s+)?"
    r"(?:(?:last(?:s|ed)?|took|takes?|ran|runs?|active|open|spent)\s+)?(?:for\s+)?"
    r"(?:(?:more|less|longer|shorter) than|over|above|under|below|at least|at most|exceed\w*)\s+\d[\d.,]*\s?"
    r"(?:milliseconds?|ms|s|secs?|seconds?|mins?|minutes?|hours?)\b",
    r"\b(?:\d{1,2} |single )?(?:most expensive|dearest|costliest) (?:single )?(?:calls?|requests?)\b",
    r"\$?(?<![\w.,])\d{10,}(?:[.,]\d+)?\s?(?:k|m|thousand|million|billion|bn|b)\b"
    r"(?: (?:[a-z]+ )?(?:tokens|calls|requests|dollars|usd))?",
    r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b",
    r"\b(?:costs?|spend|bill) (?:is|are|comes? from|goes? (?:to|on|into)|due to) (?:\w+ )?"
    r"(?:input|output|prompt|cached?) tokens\b",
    r"\btop (?:\d{1,2}|two|three|four|five|ten) \w+ (?:per|for each|for every|in each|of each) \w+\b",
)


def wants_change(text: str) -> bool:
    """Whether it orders something to be done to data, accounts or prices."""
    return _COMMAND.search(text) is not None


def wants_reconciliation(text: str) -> bool:
    """Whether it is about a provider's invoice beside our sums."""
    return _INVOICE.search(text) is not None


def wants_file(text: str) -> bool:
    """Whether it asks for the answer as a file."""
    return _EXPORT.search(text) is not None


def wants_report(text: str) -> bool:
    """Whether it asks for a report."""
    return _REPORT.search(text) is not None and not re.search(r"\breported\b", text)


def wants_price(text: str) -> bool:
    """Whether it asks what a model's tokens cost by the price list."""
    return _PRICE.search(text) is not None and _TALKED_OF.search(text) is None


def without_exclusion(text: str) -> tuple[str, str]:
    """The text before and after what it says and the part that says what is left out, empty without one."""
    found = _EXCLUDING.search(text)
    if found is None:
        return text, ""
    end = re.compile(
        r"[,?;.](?:\s|$)|\b(?:in|on|during|since|by|per|last|this|yesterday|today|for)\b"
    ).search(text, found.end())
    stop = end.start() if end else len(text)
    return f"{text[: found.start()]} {text[stop:]}", text[found.start() : stop].strip()


def unread_parts(text: str, window: Window) -> list[str]:
    """Conditions on the calls that the reading leaves out, in the words of the text."""
    found = [match.group(0) for pattern in _LEFT_OUT for match in re.finditer(pattern, text)]
    hours = hours_of(text)
    if (
        hours is not None
        and not re.search(r"\d{2}:\d{2}$|\d{2}:\d{2},", window.label)
        and not is_one_day(window)
    ):
        found.append(hours[2])
    parts = list(dict.fromkeys(part.strip() for part in found))
    return [part for part in parts if not any(part != other and part in other for other in parts)]
