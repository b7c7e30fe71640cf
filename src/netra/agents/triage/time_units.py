"""Calendar units as people name them: "yesterday", "last week", "October 2025", "the fourth quarter"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import MONTH, MONTHS

NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "a": 1, "an": 1, "couple of": 2, "few": 3,
}  # fmt: skip
COUNT = r"(\d+|" + "|".join(NUMBERS) + r")"
SPAN = r"(hours?|days?|weeks?|months?|quarters?|years?)"
PAST = r"(?:last|past|previous|preceding|recent)"
DATE = r"(\d{4}-\d{2}-\d{2})"
_UNIT = r"(day|week|month|quarter|year)"
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 4,
}  # fmt: skip
_QUARTER = r"q([1-4])(?!\w)(?:,? (?:of )?(\d{4}))?"
_QUARTER_IN_WORDS = (
    r"(first|second|third|fourth|1st|2nd|3rd|4th) quarter(?:,? (?:of |in )?(\d{4}))?|"
    r"(last) quarter (?:of |in )(\d{4})"
)
_SEVERAL_MEANINGS = frozenset({"may", "march", "mar", "jan", "june", "april", "august"})
"""Months whose name is another word too: read where a word of time stands before them."""


_FIRST, _LAST = 1980, 2200
"""The years that there can be calls of."""
_MOST_READ = 64
"""Units of one text that are read; more are no question."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time and where a text names it; `fixed`: by its own name, not by its distance from now, and
    `dated`: with its year or as a date.
    """

    start: int
    end: int
    window: Window
    fixed: bool = False
    dated: bool = False
    unsure: bool = False
    """Whether its name is also another word."""


def units_of(text: str, now: datetime) -> list[Unit]:
    """The units that lower-cased text with its days as dates names, in its order, in the zone of `now`."""
    found: list[Unit] = []
    for match, window, fixed in _matches(text, now):
        if window is not None:
            dated = fixed and re.search(r"\d{4}", match.group(0)) is not None
            unsure = match.group(0) in _SEVERAL_MEANINGS
            found.append(Unit(match.start(), match.end(), window, fixed, dated, unsure))
    return sorted(found, key=lambda one: one.start)


def beyond_the_calendar(text: str, now: datetime) -> list[str]:
    """The words of units that lie outside the calendar: "q1 0000", "31 february"."""
    return [match.group(0) for match, window, _ in _matches(text, now) if window is None]


def _matches(text: str, now: datetime) -> list[tuple[re.Match[str], Window | None, bool]]:
    """Each unit named, its window where there is one, and whether it has its own name."""
    found: list[tuple[re.Match[str], Window | None, bool]] = []
    for pattern, build, fixed in _RULES:
        for match in pattern.finditer(text):
            if not any(one.start() < match.end() and match.start() < one.end() for one, _, _ in found):
                found.append((match, built(build, match, now), fixed))
            if len(found) >= _MOST_READ:
                return found
    return found


def built(build: Build, match: re.Match[str], now: datetime) -> Window | None:
    """The window, or None where it would lie outside the calendar or the years there can be calls of."""
    try:
        window = build(match, now)
    except (ValueError, OverflowError):
        return None
    years = [moment.year for moment in (window.since, window.until) if moment] if window else []
    return window if all(_FIRST <= year <= _LAST for year in years) else None


def number_of(word: str) -> int:
    """The value of a number written with digits or in words."""
    return int(word) if word.isdigit() else NUMBERS[word]


def midnight(moment: datetime) -> datetime:
    """The beginning of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def first_of_month(moment: datetime, months: int = 0) -> datetime:
    """The first day of the month so many months on."""
    index = moment.year * 12 + moment.month - 1 + months
    return midnight(moment.replace(year=index // 12, month=index % 12 + 1, day=1))


def start_of(unit: str, moment: datetime, shift: int = 0) -> datetime:
    """When the unit that holds the moment began, or the one so many units on."""
    day = midnight(moment)
    match unit.rstrip("s"):
        case "hour":
            return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=shift)
        case "day":
            return day + timedelta(days=shift)
        case "week":
            return day - timedelta(days=day.weekday()) + timedelta(weeks=shift)
        case "month":
            return first_of_month(moment, shift)
        case "quarter":
            return first_of_month(moment, -((moment.month - 1) % 3) + 3 * shift)
        case _:
            return midnight(moment.replace(month=1, day=1, year=moment.year + shift))


def months_back(moment: datetime, months: int) -> datetime:
    """The same day so many months earlier, or the last of a shorter month."""
    first = first_of_month(moment, -months)
    return first.replace(day=min(moment.day, monthrange(first.year, first.month)[1]))


def day_of(written: str, now: datetime, days: int = 1) -> Window:
    """So many days from a date."""
    since = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=now.tzinfo)
    return Window(since=since, until=since + timedelta(days=days), label=written)


def month_named(name: str, year: str | None, now: datetime) -> Window:
    """The latest month of that name which has begun, or that of the year."""
    month = 1 + [one[:3] for one in MONTHS].index(name[:3])
    since = midnight(now.replace(year=_year(year, month, now), month=month, day=1))
    return Window(
        since=since, until=first_of_month(since, 1), label=f"{MONTHS[month - 1].title()} {since:%Y}"
    )


def last_many(found: re.Match[str], now: datetime) -> Window:
    """The last three months, say, up to now."""
    count, unit = number_of(found.group(1)), found.group(2).rstrip("s")
    months = count * {"month": 1, "quarter": 3, "year": 12}.get(unit, 0)
    since = months_back(now, months) if months else now - timedelta(**{f"{unit}s": count})
    return Window(since=since, until=now, label=f"the last {count} {unit}{'s' if count != 1 else ''}")


def last_one(found: re.Match[str], now: datetime) -> Window:
    """The whole unit before the running one, as in "last week"."""
    unit = found.group(1)
    return Window(since=start_of(unit, now, -1), until=start_of(unit, now), label=f"last {unit}")


def this_one(found: re.Match[str], now: datetime) -> Window:
    """The running unit, all of it, as in "this week"."""
    unit = found.group(1)
    return Window(since=start_of(unit, now), until=start_of(unit, now, 1), label=f"this {unit}")


def days_back(now: datetime, days: int, label: str) -> Window:
    """The day so many days ago."""
    day = midnight(now) - timedelta(days=days)
    return Window(since=day, until=start_of("day", day, 1), label=label)


def _year(year: str | None, month: int, now: datetime) -> int:
    return int(year) if year else now.year - (month > now.month)


def _quarter(found: re.Match[str], now: datetime) -> Window:
    named = [group for group in found.groups() if group]
    which = int(named[0]) if named[0].isdigit() else _ORDINALS[named[0]]
    first = 3 * which - 2
    since = midnight(now.replace(year=_year("".join(named[1:]), first, now), month=first, day=1))
    return Window(since=since, until=first_of_month(since, 3), label=f"Q{which} {since:%Y}")


def _named_year(found: re.Match[str], now: datetime) -> Window:
    since = midnight(now.replace(year=int(found.group(1)), month=1, day=1))
    return Window(since=since, until=first_of_month(since, 12), label=found.group(1))


def _before_last(found: re.Match[str], now: datetime) -> Window:
    unit = found.group(1)
    since = start_of(unit, now, -2)
    return Window(since=since, until=start_of(unit, now, -1), label=f"the {unit} before last")


def _days_ago(found: re.Match[str], now: datetime) -> Window:
    window = days_back(now, number_of(found.group(1)), "")
    return window.model_copy(update={"label": f"{window.since:%Y-%m-%d}"})


Build = Callable[[re.Match[str], datetime], Window | None]
"""Makes the window of a match as of a moment."""
_SPELLED: tuple[tuple[str, Build, bool], ...] = (
    (DATE, lambda found, now: day_of(found.group(1), now), True),
    (rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}(?: \d{{4}})?", lambda _found, _now: None, True),
    (r"(?:the )?day before yesterday", lambda _, now: days_back(now, 2, "the day before yesterday"), False),
    (rf"(?:the )?{_UNIT} before last(?: \1)?", _before_last, False),
    (r"yesterday", lambda _, now: days_back(now, 1, "yesterday"), False),
    (r"today", lambda _, now: days_back(now, 0, "today"), False),
    (_QUARTER_IN_WORDS, _quarter, True),
    (_QUARTER, _quarter, True),
    (rf"{MONTH}(?! \d{{1,2}}(?!\d))(?:,? (?:of )?(\d{{4}}))?",
     lambda found, now: month_named(found.group(1), found.group(2), now), True),
    (rf"{PAST} {COUNT} {SPAN}", last_many, False),
    (r"(?:last|past|previous) (week|month|quarter|year)", last_one, False),
    (r"(?:this|current) (week|month|quarter|year)", this_one, False),
    (rf"{COUNT} days? ago", _days_ago, False),
    (r"(?:(?<=in )|(?<=of )|(?<=during )|(?<=since )|(?<=before )|(?<=until ))(20\d\d)"
     r"(?=$|[?.!,;]?(?:$| (?:by|and|to|until|vs|versus|per|than|compared|with|so|on|for)\b))",
     lambda found, now: _named_year(found, now), True),
)  # fmt: skip
_RULES = tuple(
    (re.compile(rf"(?<![\w\-/.@])(?:{pattern})(?![\w\-/@])"), build, fixed)
    for pattern, build, fixed in _SPELLED
)
