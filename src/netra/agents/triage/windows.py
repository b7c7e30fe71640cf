"""Time ranges in words: "yesterday", "last week", "in October", "since 2026-10-01"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import MONTH, MONTHS, find_zone, with_dates, within_hours

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "a": 1, "an": 1, "couple of": 2, "few": 3,
}  # fmt: skip
_DAYS = {"hour": 1, "day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_COUNT = r"(\d+|" + "|".join(_NUMBERS) + r")"
_UNIT = r"(hours?|days?|weeks?|months?|quarters?|years?)"
_PAST = r"(?:last|past|previous|preceding|recent)"
_MONTH_NAMED = re.compile(rf"\b{MONTH}\b(?! \d{{1,2}}\b(?!\d))(?:\s+\d{{4}})?")
_DATE = r"(\d{4}-\d{2}-\d{2})"


def number_of(word: str) -> int:
    """The value of a number written with digits or in words."""
    return int(word) if word.isdigit() else _NUMBERS[word]


def find_window(text: str, now: datetime, timezone: str) -> Window | None:
    """The range the text names, in the display time zone, or None when it names none.

    Days, weeks (from Monday) and months are calendar units of that zone, or of the one the text names; "last
    7 days" ends at `now`.
    """
    named = find_zone(text)
    zone = named or timezone
    local = now.astimezone(ZoneInfo(zone))
    text = with_dates(text, local)
    for pattern, build in _RULES:
        found = pattern.search(text)
        if found is not None:
            window = build(found, local)
            if window is not None:
                window = within_hours(_in_utc(window), text, zone)
                label = f"{window.label}, {zone} time" if named else window.label
                return window.model_copy(update={"label": label})
    return None


def find_months(text: str, now: datetime, timezone: str) -> Window | None:
    """From the first to the last of several months that a text sets side by side ("October vs November")."""
    named = list(dict.fromkeys(found.group(0) for found in _MONTH_NAMED.finditer(text)))
    if len(named) < 2 or not re.search(r"\b(?:vs|versus|compar\w+|than|against|and|or)\b", text):
        return None
    windows = [window for name in named if (window := find_window(f"in {name}", now, timezone)) is not None]
    starts = [window.since for window in windows if window.since is not None]
    ends = [window.until for window in windows if window.until is not None]
    if len({*starts}) < 2 or re.search(r"\b(?:from|between|until|to|through)\b", text):
        return None
    first, last = (
        min(windows, key=lambda one: one.since or now),
        max(windows, key=lambda one: one.since or now),
    )
    return Window(since=min(starts), until=max(ends), label=f"{first.label} to {last.label}")


def find_horizon(text: str) -> int | None:
    """How many days ahead a text looks; 0: the rest of the running month, None: the whole next one."""
    if re.search(r"\b(?:next|coming) month(?:'s)?\b", text) and not re.search(
        rf"\b(?:next|coming)\s+{_COUNT}", text
    ):
        return None
    if re.search(r"\b(?:rest|end|remainder|close) of (?:the|this) (?:current )?month\b|\bthis month\b", text):
        return 0
    many = re.search(rf"\b(?:next|coming)\s+{_COUNT}\s+{_UNIT}", text)
    if many is not None:
        return min(365, number_of(many.group(1)) * _DAYS[many.group(2).rstrip("s")])
    one = re.search(
        r"\b(?:next|coming|rest of (?:the|this)|end of (?:the|this)) (day|week|month|quarter|year)\b", text
    )
    return _DAYS[one.group(1)] if one is not None else 30


def _in_utc(window: Window) -> Window:
    return Window(
        since=window.since.astimezone(UTC) if window.since else None,
        until=window.until.astimezone(UTC) if window.until else None,
        label=window.label,
    )


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _first_of_month(moment: datetime, months: int = 0) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    return _midnight(moment.replace(year=index // 12, month=index % 12 + 1, day=1))


def _start_of(unit: str, moment: datetime, shift: int = 0) -> datetime:
    day = _midnight(moment)
    match unit.rstrip("s"):
        case "hour":
            return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=shift)
        case "day":
            return day + timedelta(days=shift)
        case "week":
            return day - timedelta(days=day.weekday()) + timedelta(weeks=shift)
        case "month":
            return _first_of_month(moment, shift)
        case "quarter":
            return _first_of_month(moment, -((moment.month - 1) % 3) + 3 * shift)
        case _:
            return _midnight(moment.replace(month=1, day=1, year=moment.year + shift))


def _date(text: str, zone: tzinfo | None) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None


def _between(found: re.Match[str], now: datetime) -> Window | None:
    since, until = _date(found.group(1), now.tzinfo), _date(found.group(2), now.tzinfo)
    if since is None or until is None or until < since:
        return None
    return Window(since=since, until=until + timedelta(days=1), label=f"{found.group(1)} to {found.group(2)}")


def _since_date(found: re.Match[str], now: datetime) -> Window | None:
    since = _date(found.group(1), now.tzinfo)
    return None if since is None else Window(since=since, label=f"since {found.group(1)}")


def _until_date(found: re.Match[str], now: datetime) -> Window | None:
    until = _date(found.group(1), now.tzinfo)
    return None if until is None else Window(until=until, label=f"before {found.group(1)}")


def _on_date(found: re.Match[str], now: datetime) -> Window | None:
    since = _date(found.group(1), now.tzinfo)
    if since is None:
        return None
    return Window(since=since, until=since + timedelta(days=1), label=found.group(1))


def _last_many(found: re.Match[str], now: datetime) -> Window:
    count, unit = number_of(found.group(1)), found.group(2).rstrip("s")
    if unit in {"month", "quarter", "year"}:
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
        start = _first_of_month(now, -months)
        since = _midnight(now).replace(year=start.year, month=start.month, day=min(now.day, 28))
    else:
        since = now - timedelta(**{f"{unit}s": count})
    return Window(since=since, until=now, label=f"the last {count} {unit}{'s' if count != 1 else ''}")


def _last_one(found: re.Match[str], now: datetime) -> Window:
    unit = found.group(1)
    return Window(since=_start_of(unit, now, -1), until=_start_of(unit, now), label=f"last {unit}")


def _this_one(found: re.Match[str], now: datetime) -> Window:
    unit = found.group(1)
    return Window(since=_start_of(unit, now), until=_start_of(unit, now, 1), label=f"this {unit}")


def _named_month(found: re.Match[str], now: datetime) -> Window:
    month = 1 + [name[:3] for name in MONTHS].index(found.group(1)[:3])
    year = int(found.group(2)) if found.group(2) else now.year - (month > now.month)
    since = _midnight(now.replace(year=year, month=month, day=1))
    return Window(since=since, until=_first_of_month(since, 1), label=f"{MONTHS[month - 1].title()} {year}")


def _days_ago(found: re.Match[str], now: datetime) -> Window:
    day = _midnight(now) - timedelta(days=number_of(found.group(1)))
    return Window(since=day, until=day + timedelta(days=1), label=f"{day:%Y-%m-%d}")


_Build = Callable[[re.Match[str], datetime], Window | None]
_SPELLED: tuple[tuple[str, _Build], ...] = (
    (rf"\b(?:between|from)\s+{_DATE}\s+(?:and|to|until|till|through)\s+{_DATE}", _between),
    (rf"\b{_DATE}\s*(?:-|to|until|\.\.)\s*{_DATE}", _between),
    (rf"\b{_DATE} and (?:on )?{_DATE}", lambda found, now: _two_days(found, now)),
    (rf"\b(?:since|after|starting|from)\s+{_DATE}", _since_date),
    (rf"\b(?:before|until|till|up to)\s+{_DATE}", _until_date),
    (rf"\b{_DATE}\b", _on_date),
    (r"\b(?:this|current)\s+(week|month|quarter|year)\b.{0,40}\b(?:last|previous|prior)\s+\1\b", _this_one),
    (
        r"\b(?:vs\.?|versus|compared (?:to|with)|than|against) (?:the )?(?:last|previous|prior) "
        r"(week|month|quarter|year)\b",
        lambda found, now: _against_the_last(found, now),
    ),
    (r"\b(week|month|quarter|year)[ -](?:over|on)[ -]\1\b", lambda found, now: _this_one(found, now)),
    (rf"\b{_PAST}\s+{_COUNT}\s+{_UNIT}", _last_many),
    (rf"\b{_COUNT}\s+days?\s+ago", _days_ago),
    (r"\b(?:last|past|previous)\s+(week|month|quarter|year)\b", _last_one),
    (r"\b(?:this|current)\s+(week|month|quarter|year)\b", _this_one),
    (r"\bday before yesterday\b", lambda _, now: _days_back(now, 2, "the day before yesterday")),
    (r"\byesterday\b", lambda _, now: _days_back(now, 1, "yesterday")),
    (r"\btoday\b", lambda _, now: _days_back(now, 0, "today")),
    (r"\b(?:in|for|during|of)\s+the\s+last\s+(hour|day)\b", lambda m, now: _rolling(m.group(1), now)),
    (r"\b(?:last|past)\s+(hour|day)\b", lambda m, now: _rolling(m.group(1), now)),
    (rf"\b(?:in|during|for|of|since)\s+{MONTH}\b(?:\s+(\d{{4}}))?", _named_month),
    (r"\bq([1-4])\b(?:\s*(\d{4}))?", lambda found, now: _quarter(found, now)),
    (r"\bmonth to date|mtd\b", lambda _, now: _to_date("month", now)),
    (r"\byear to date|ytd\b", lambda _, now: _to_date("year", now)),
)
_RULES = tuple((re.compile(pattern), build) for pattern, build in _SPELLED)


_NAMED_BEFORE = re.compile(
    rf"\b(?:last|past|previous|prior|yesterday|today|weekend|since|{MONTH}|\d{{4}}-\d{{2}}-\d{{2}})\b"
)


def _against_the_last(found: re.Match[str], now: datetime) -> Window | None:
    """The running week for "more than last week"; None where the text names what is held against it."""
    return None if _NAMED_BEFORE.search(found.string[: found.start()]) else _this_one(found, now)


def _two_days(found: re.Match[str], now: datetime) -> Window | None:
    """Two days that follow each other; others are no one range."""
    window = _between(found, now)
    if window is None or window.since is None or window.until is None:
        return None
    return window if window.until - window.since < timedelta(hours=50) else None


def _quarter(found: re.Match[str], now: datetime) -> Window:
    first = 3 * int(found.group(1)) - 2
    year = int(found.group(2)) if found.group(2) else now.year - (first > now.month)
    since = _midnight(now.replace(year=year, month=first, day=1))
    return Window(since=since, until=_first_of_month(since, 3), label=f"Q{found.group(1)} {year}")


def _days_back(now: datetime, days: int, label: str) -> Window:
    day = _midnight(now) - timedelta(days=days)
    return Window(since=day, until=day + timedelta(days=1), label=label)


def _rolling(unit: str, now: datetime) -> Window:
    return Window(since=now - timedelta(**{f"{unit}s": 1}), until=now, label=f"the last {unit}")


def _to_date(unit: str, now: datetime) -> Window:
    return Window(since=_start_of(unit, now), until=now, label=f"this {unit} to date")
