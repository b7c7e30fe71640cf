"""Days, hours and time zones as people write them: "last Tuesday", "Nov 3rd", "9:00 to 17:00 CET"."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from netra.agents.triage.frame import Window

MONTHS = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
]  # fmt: skip
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTH = r"(" + "|".join(f"{name}|{name[:3]}" for name in MONTHS) + r")"
_WEEKDAY = r"(" + "|".join(WEEKDAYS) + r")"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(\d{4}))?"
_MONTH_FIRST = re.compile(rf"\b(?:the )?{MONTH}\.? {_DAY}(?![\d:]|\s*(?:%|am|pm|million|calls)){_YEAR}\b")
_DAY_FIRST = re.compile(rf"\b(?:the )?{_DAY}(?: of)? {MONTH}\b{_YEAR}")
_SPAN = r"\s*(?:-|\u2013|to|and|until|till|through)\s*(?:the )?"
_SPAN_AFTER = re.compile(
    rf"\b(between )?{MONTH}\.? {_DAY}({_SPAN}){_DAY}"
    rf"(?![\d:-]|\s*(?:%|am|pm)|\w|(?: of)? (?:{MONTH[1:]}){_YEAR}"
)
_SPAN_BEFORE = re.compile(rf"\b(between )?(?:the )?{_DAY}({_SPAN}){_DAY}(?: of)? {MONTH}\b{_YEAR}")
"""Several days of one month: "nov 3-10", "between 3 and 10 november"."""
_JOINED = re.compile(rf"(?<![\w-])({MONTH[1:-1]}|q[1-4]) ?[-\u2013] ?(?=(?:{MONTH[1:-1]}|q[1-4])(?![\w-]))")
"""Months and quarters joined by a dash: "oct-nov"."""
_DAY_OF_MONTH = re.compile(
    r"\b(?:on )?the (\d{1,2})(?:st|nd|rd|th)(?=\s*(?:$|[?.,!;]|of (?:this|the) month|"
    r"(?:and|so|too|such|that|more|less|was|is|cost|spend)\b))"
)
_PARTS = {
    "first week": (1, 7), "second week": (8, 14), "third week": (15, 21), "fourth week": (22, 28),
    "first half": (1, 15), "second half": (16, 31), "last week": (-6, 31),
}  # fmt: skip
"""First and last day of a part of a month; a first day below 1 counts back from its end."""
_PART_OF_MONTH = re.compile(
    rf"\b(?:in |during |for )?(?:the )?({'|'.join(_PARTS)}) (?:of|in) {MONTH}\b{_YEAR}"
)
_NAMED_WEEKDAY = re.compile(
    rf"\b(?:(?:on|for|of|this|(?:on |for |of )?(?:last|past|previous)) {_WEEKDAY}|(since|from|before|"
    rf"until) {_WEEKDAY}|"
    rf"{_WEEKDAY}(?:'s)?)\b"
)
_WEEKEND = re.compile(r"\b(?:on |during |over )?(?:the )?(?:last|past|previous) weekend\b")
_CLOCK = r"(\d{1,2})(?::(\d{2}))?\s*(am|pm|h|o'clock)?"
_HOURS = re.compile(rf"\b(?:between|from)?\s*{_CLOCK}\s*(?:and|to|until|till|-|\u2013)\s*{_CLOCK}(?![\w-])")
_ABBREVIATED = {
    "utc": "UTC", "gmt": "UTC", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles", "est": "America/New_York", "edt": "America/New_York",
    "eastern": "America/New_York", "cst": "America/Chicago", "cdt": "America/Chicago",
    "mst": "America/Denver", "mdt": "America/Denver", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "bst": "Europe/London", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo",
    "san francisco": "America/Los_Angeles",
}  # fmt: skip


def with_dates(text: str, now: datetime) -> str:
    """The text with days in words as dates: "last tuesday", "3 november", "the 3rd" and "2026/11/03" as
    2026-11-03.

    A weekday is the latest one that is over, or today where "this" or "on" names it; a day without a year is
    the latest that is not to come. `now` is in the zone in which days begin.
    """
    text = re.sub(r"\b(\d{4})[/.](\d{2})[/.](\d{2})\b", r"\1-\2-\3", text)
    text = _JOINED.sub(r"\1 to ", text)
    text = _PART_OF_MONTH.sub(lambda found: _part_of_month(found, now), text)
    text = _SPAN_AFTER.sub(lambda found: _spanned(found, 2, 3, 5), text)
    text = _SPAN_BEFORE.sub(lambda found: _spanned(found, 5, 2, 4), text)
    text = _MONTH_FIRST.sub(lambda found: _dated(found, 2, 1, now) or found.group(0), text)
    text = _DAY_FIRST.sub(lambda found: _dated(found, 1, 2, now) or found.group(0), text)
    text = _DAY_OF_MONTH.sub(lambda found: _of_month(int(found.group(1)), now) or found.group(0), text)
    text = _WEEKEND.sub(lambda _: _weekend(now), text)
    return _NAMED_WEEKDAY.sub(lambda found: _weekday(found, now), text)


def _dated(found: re.Match[str], day: int, month: int, now: datetime) -> str | None:
    number = 1 + [name[:3] for name in MONTHS].index(found.group(month)[:3])
    year = int(found.group(3)) if found.group(3) else now.year
    try:
        named = date(year, number, int(found.group(day)))
        if not found.group(3) and named > now.date():
            named = named.replace(year=year - 1)
    except ValueError:
        return None
    return named.isoformat()


def _part_of_month(found: re.Match[str], now: datetime) -> str:
    number = 1 + [name[:3] for name in MONTHS].index(found.group(2)[:3])
    year = int(found.group(3)) if found.group(3) else now.year - (number > now.month)
    if year == 0:
        return found.group(0)
    length = monthrange(year, number)[1]
    first, last = _PARTS[found.group(1)]
    last = min(last, length)
    first = first if first > 0 else last + first
    return f"from {date(year, number, first)} to {date(year, number, last)}"


def _spanned(found: re.Match[str], month: int, first: int, last: int) -> str:
    """Both days with their month; days joined by "and" are a span only behind "between"."""
    between, joined = found.group(1), "and" not in found.group(3 if first == 2 else 4)
    of_another = re.search(rf"{MONTH}\.? $", found.string[: found.start()]) is not None
    if of_another or not (between or joined):
        return found.group(0)
    name, year = found.group(month), f" {found.group(6)}" if found.group(6) else ""
    return f"from {name} {found.group(first)}{year} to {name} {found.group(last)}{year}"


def _of_month(day: int, now: datetime) -> str | None:
    """The latest day of that number which is not to come."""
    for back in range(62):
        named = (now - timedelta(days=back)).date()
        if named.day == day:
            return named.isoformat()
    return None


def _weekday(found: re.Match[str], now: datetime) -> str:
    name = next(group for group in found.groups() if group in WEEKDAYS)
    back = (now.weekday() - WEEKDAYS.index(name)) % 7
    if back == 0 and re.search(r"\b(?:last|past|previous)\b", found.group(0)):
        back = 7
    day = (now - timedelta(days=back)).date().isoformat()
    return f"{found.group(2)} {day}" if found.group(2) else day


def _weekend(now: datetime) -> str:
    sunday = (now - timedelta(days=now.weekday() + 1)).date()
    return f"from {sunday - timedelta(days=1)} to {sunday}"


def find_zone(text: str) -> str | None:
    """The IANA time zone a lower-cased text names: "new york time", "europe/berlin", "in utc", "5 pm cet"."""
    for written in re.findall(r"\b[a-z]+/[a-z_]+(?:/[a-z_]+)?\b", text):
        if written in _zones():
            return _zones()[written]
    for words in re.findall(r"\b((?:[a-z]+ )?[a-z]+) (?:standard |daylight |local )?time(?:zone)?\b", text):
        for name in (words, words.split()[-1]):
            if found := _ABBREVIATED.get(name) or _zones().get(name):
                return found
    short = re.search(
        r"\b(?:in |[\d:]{1,5} ?(?:am|pm|h)? )(utc|gmt|p[sd]t|e[sd]t|c[sd]t|m[sd]t|cet|cest|bst|ist|jst)\b",
        text,
    )
    return _ABBREVIATED[short.group(1)] if short else None


@cache
def _zones() -> dict[str, str]:
    """Zones by their lower-cased whole name and by their city."""
    names = sorted(name for name in available_timezones() if re.match(r"[A-Z][a-z]+/", name))
    cities = {name.rsplit("/", 1)[1].lower().replace("_", " "): name for name in names if name[:4] != "Etc/"}
    return {**cities, **{name.lower(): name for name in names}}


def hours_of(text: str) -> tuple[timedelta, timedelta, str] | None:
    """The hours of a day that a text names, from and until and in words; None without any."""
    for found in _HOURS.finditer(text):
        first, second = found.groups()[:3], found.groups()[3:]
        if not any((first[1], first[2], second[1], second[2])):
            continue
        half = second[2] if second[2] in {"am", "pm"} else None
        since = _time(first, half if half == "am" or (half and int(first[0]) < int(second[0])) else None)
        until = _time(second, None)
        if since is not None and until is not None and since < until:
            return since, until, found.group(0).strip()
    return None


def _time(written: tuple[str | None, ...], half: str | None) -> timedelta | None:
    hour, minute, half = int(written[0] or 0), int(written[1] or 0), written[2] or half
    if half in {"am", "pm"}:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return timedelta(hours=hour, minutes=minute) if hour <= 24 and minute < 60 else None


def within_hours(window: Window, text: str, zone: str) -> Window:
    """The window cut to the hours the text names, where it is one day; hours of several days are not one
    range.
    """
    hours = hours_of(text)
    if hours is None or window.since is None or not is_one_day(window):
        return window
    day = window.since.astimezone(ZoneInfo(zone))
    since, until = (
        (day.replace(tzinfo=None) + offset).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for offset in hours[:2]
    )
    return Window(since=since, until=until, label=f"{day:%Y-%m-%d} {_clock(hours[0])} to {_clock(hours[1])}")


def is_one_day(window: Window) -> bool:
    """Whether the window is one calendar day, which may have 23 or 25 hours."""
    if window.since is None or window.until is None:
        return False
    return timedelta(hours=22) < window.until - window.since < timedelta(hours=26)


def _clock(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def with_next_month(text: str, now: datetime) -> str:
    """The text with the name of the coming month as "next month", where it looks ahead."""
    name = MONTHS[now.month % 12]
    if not re.search(r"\b(?:will|going to|forecast|expect|predict|project)\w*\b", text):
        return text
    return re.sub(rf"\b(?:in |for )?{name}\b(?!\s+\d)", "next month", text)
