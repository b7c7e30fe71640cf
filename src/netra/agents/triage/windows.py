"""Time ranges in words: "yesterday", "since October", "from September to October", "until q3"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import MONTH, find_zone, with_dates, within_hours
from netra.agents.triage.time_units import (
    COUNT,
    SPAN,
    Build,
    Unit,
    beyond_the_calendar,
    built,
    number_of,
    start_of,
    this_one,
    units_of,
)

_DAYS = {"hour": 1, "day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_OPEN = r"since|starting(?: from| in| on| with)?|beginning(?: in| on| with)?"
_ENDS = r"to|until|till|up to|through|thru|up until|ending"
_PART = r"(?: (?:the )?(?P<part>start|beginning|end) of)?(?: the)?"
_FROM = re.compile(rf"(?<![\w-])(?P<word>from|between|{_OPEN}){_PART} $")
_JOINT = re.compile(
    rf"(?:,? (?:and )?(?:{_ENDS})(?: (?:the )?(?:(?P<start>start|beginning)|end) of)?(?: the)? |"
    r" ?(?:-|\u2013|\.\.) ?)"
)
_AND = re.compile(r" and (?:the )?")
_LEAD = re.compile(
    rf"(?<![\w-])(?:(?P<open>{_OPEN})|(?P<from>from)|(?P<after>after|following)|(?P<through>through|thru)|"
    rf"(?P<until>up until|until|till|up to)|(?P<unit>(?:the )?(?P<one>day|week|month|quarter|year) before)|"
    rf"(?P<before>before|prior to)){_PART} $"
)
_TO_NOW = re.compile(r" (?:on\b|onwards?\b|(?:to|until|till|up to) (?:now|date|the present)\b)")
_EXCEPT = re.compile(
    r"(?<![\w-])(?:exclud\w+|except(?:ing| for)?|other than|apart from|ignoring|not counting|leaving out|"
    r"but not|without|not)(?: (?:in|on|of|for|during|from|those|the))* $"
)
_COMPARES = re.compile(r"\b(?:compar\w+|vs|versus|than)\b")
_BESIDE = re.compile(r"\b(?:vs|versus|compar\w+|than|against|and|or)\b")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_PLACED = re.compile(r"(?<![\w-])(?:in|during|for|of|from)(?: the)? $")


def find_window(text: str, now: datetime, timezone: str) -> Window | None:
    """The range the text names, in the display time zone, or None when it names none.

    Days, weeks (from Monday) and months are calendar units of that zone, or of the one the text names; "last
    7 days" ends at `now`.
    """
    return read_window(text, now, timezone)[0]


def read_window(text: str, now: datetime, timezone: str) -> tuple[Window | None, str]:
    """The range that lower-cased text names and the text, its days as dates, without the words that name
    it.
    """
    named = find_zone(text)
    zone = named or timezone
    local = now.astimezone(ZoneInfo(zone))
    text = with_dates(text, local)
    found = _ranged(text, local) or _alone(text, local)
    if found is None:
        return None, text
    window, start, end = found
    try:
        window = within_hours(_in_utc(window), text, zone)
    except OverflowError:
        return None, text
    label = f"{window.label}, {zone} time" if named else window.label
    return window.model_copy(update={"label": label}), f"{text[:start]}\u2026{text[end:]}"


def units_named(text: str, now: datetime, timezone: str) -> list[tuple[Window, str]]:
    """The single units of time that text with its days as dates names, and the words of each; those outside
    the calendar have no range.
    """
    local = now.astimezone(ZoneInfo(find_zone(text) or timezone))
    units = [unit for unit in units_of(text, local) if not unit.unsure or _placed(text, unit)]
    named = [(_in_utc(unit.window), _with_lead(text, unit)) for unit in units]
    return [*named, *((Window(label=words), words) for words in beyond_the_calendar(text, local))]


def _ranged(text: str, now: datetime) -> tuple[Window, int, int] | None:
    """A range by its ends, or an open one, and where the text names it."""
    units = units_of(text, now)
    for first, last in pairwise(units):
        joint, lead = text[first.end : last.start], _FROM.search(_before(text, first))
        ends = _JOINT.fullmatch(joint)
        if ends is None and not (lead and lead["word"] == "between" and _AND.fullmatch(joint)):
            continue
        if lead is None and ((first.unsure and not last.fixed) or _COMPARES.search(text)):
            continue
        window = _between(_not_after(first, last, now), last.window)
        if window is not None and ends is not None and ends["start"]:
            label = f"{window.label.removesuffix(last.window.label)}the beginning of {last.window.label}"
            window = Window(since=window.since, until=last.window.since, label=label)
        if window is not None:
            return window, first.start - len(lead.group(0)) if lead else first.start, last.end
    for unit in units:
        lead = _LEAD.search(_before(text, unit))
        if lead is None or text[unit.end :].startswith("'s"):
            continue
        window = _open_ended(lead, unit, _TO_NOW.match(text, unit.end) is not None)
        if window is not None:
            return window, unit.start - len(lead.group(0)), unit.end
    return None


def _between(first: Window, last: Window) -> Window | None:
    if first.since is None or last.until is None or last.since is None or last.since < first.since:
        return None
    return Window(since=first.since, until=last.until, label=f"{first.label} to {last.label}")


def _not_after(first: Unit, last: Unit, now: datetime) -> Window:
    """The first unit of a range, of an earlier year where the year is not said: "November to February"."""
    window = first.window
    if not first.fixed or first.dated or window.since is None or last.window.since is None:
        return window
    for years in range(1 + max(0, window.since.year - last.window.since.year + 1)):
        moment = window.since.replace(year=window.since.year - years)
        if moment <= last.window.since:
            name = window.label.rsplit(" ", 1)[0].lower()
            return units_of(f"{name} {moment:%Y}", now)[0].window
    return window


def _open_ended(lead: re.Match[str], unit: Unit, to_now: bool) -> Window | None:
    window, part = unit.window, lead["part"]
    label = window.label
    if lead["unit"]:
        if window.since is None or part:
            return None
        since = start_of(
            lead["one"], window.since, 0 if window.since > start_of(lead["one"], window.since) else -1
        )
        return Window(
            since=since, until=start_of(lead["one"], since, 1), label=f"the {lead['one']} before {label}"
        )
    if lead["open"] or (lead["from"] and (to_now or part or (unit.dated and "-" in label))):
        after = part == "end"
        return Window(
            since=window.until if after else window.since, label=f"{'after' if after else 'since'} {label}"
        )
    if lead["after"]:
        return Window(since=window.since if part and part != "end" else window.until, label=f"after {label}")
    if lead["before"]:
        return Window(until=window.until if part == "end" else window.since, label=f"before {label}")
    if lead["through"] or (lead["until"] and (part == "end" or not unit.fixed)):
        return Window(until=window.until, label=f"until the end of {label}")
    return Window(until=window.since, label=f"before {label}") if lead["until"] else None


def _alone(text: str, now: datetime) -> tuple[Window, int, int] | None:
    """Two units that follow each other, a period compared with the one before, or the first single unit, and
    where the text names it.
    """
    units = [
        one
        for one in units_of(text, now)
        if (not one.unsure or _placed(text, one)) and not _EXCEPT.search(_before(text, one))
    ]
    if (found := _neighbours(text, units)) is not None:
        return found
    for pattern, build in _COMPARED:
        compared = pattern.search(text)
        if compared is not None and (window := built(build, compared, now)) is not None:
            return window, compared.start(), compared.end()
    days = [one for one in units if one.dated and "-" in one.window.label]
    if chosen := (days or units)[:1]:
        return chosen[0].window, chosen[0].start, chosen[0].end
    for pattern, build in _ROLLING:
        found = pattern.search(text)
        if found is not None and (window := built(build, found, now)) is not None:
            return window, found.start(), found.end()
    return None


def _neighbours(text: str, units: list[Unit]) -> tuple[Window, int, int] | None:
    """Two units in one, where they follow each other and are named together: "this week and last week"."""
    if _COMPARES.search(text):
        return None
    for one, other in pairwise(units):
        first, last = sorted((one.window, other.window), key=lambda window: window.since or _EVER)
        together = re.fullmatch(r",? and (?:(?:on|in|of|for|during) )?(?:the )?", text[one.end : other.start])
        if together and first.until == last.since and (window := _between(first, last)) is not None:
            return window, one.start, other.end
    return None


def _placed(text: str, unit: Unit) -> bool:
    """Whether a word of time stands before a name with several meanings."""
    before = _before(text, unit)
    return unit.dated or _PLACED.search(before) is not None or _LEAD.search(before) is not None


def _with_lead(text: str, unit: Unit) -> str:
    before = _before(text, unit)
    lead = _EXCEPT.search(before) or _LEAD.search(before) or _PLACED.search(before)
    return f"{lead.group(0) if lead else ''}{text[unit.start : unit.end]}".strip()


def _before(text: str, unit: Unit) -> str:
    """As much of what stands before a unit as can say how it is meant."""
    return text[max(0, unit.start - 60) : unit.start]


def find_side_by_side(text: str, now: datetime, timezone: str) -> tuple[Window, str] | None:
    """From the first to the last of several months, quarters or neighbouring days that a text sets side by
    side ("October vs November"), and the units of time in which to tell them apart.
    """
    local = now.astimezone(ZoneInfo(find_zone(text) or timezone))
    text = with_dates(text, local)
    if _ranged(text, local) is not None or re.search(r"\bbetween\b", text):
        return None
    units = [one for one in units_of(text, local) if not one.unsure or _placed(text, one)]
    listed = any(text[one.end : other.start] == ", " for one, other in pairwise(units))
    if not listed and not _BESIDE.search(text):
        return None
    months = [one.window for one in units if one.fixed and "-" not in one.window.label]
    days = [one.window for one in units if one.window.label in {"today", "yesterday"}]
    for windows, grain in ((months, "month"), (days, "day")):
        ordered = sorted((one for one in windows if one.since), key=lambda one: one.since or now)
        if len({one.since for one in ordered}) > 1:
            label = f"{ordered[0].label} to {ordered[-1].label}"
            return _in_utc(Window(since=ordered[0].since, until=ordered[-1].until, label=label)), grain
    return None


def find_horizon(text: str) -> int | None:
    """How many days ahead a text looks; 0: the rest of the running month, None: the whole next one."""
    if re.search(r"\b(?:next|coming) month(?:'s)?\b", text) and not re.search(
        rf"\b(?:next|coming)\s+{COUNT}", text
    ):
        return None
    if re.search(r"\b(?:rest|end|remainder|close) of (?:the|this) (?:current )?month\b|\bthis month\b", text):
        return 0
    many = re.search(rf"\b(?:next|coming)\s+{COUNT}\s+{SPAN}", text)
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


_Rules = tuple[tuple[re.Pattern[str], Build], ...]
_COMPARED: _Rules = (
    (
        re.compile(
            r"\b(?:this|current)\s+(week|month|quarter|year)\b.{0,40}\b(?:last|previous|prior)\s+\1\b"
        ),
        this_one,
    ),
    (
        re.compile(
            r"\b(?:vs\.?|versus|compared (?:to|with)|than|against) (?:the )?(?:last|previous|prior) "
            r"(week|month|quarter|year)\b"
        ),
        lambda found, now: _against_the_last(found, now),
    ),
    (re.compile(r"\b(week|month|quarter|year)[ -](?:over|on)[ -]\1\b"), this_one),
)
_ROLLING: _Rules = (
    (re.compile(r"\b(?:last|past) (hour|day)\b"), lambda found, now: _rolling(found.group(1), now)),
    (re.compile(r"\bmonth to date|mtd\b"), lambda _, now: _to_date("month", now)),
    (re.compile(r"\byear to date|ytd\b"), lambda _, now: _to_date("year", now)),
)
_NAMED_BEFORE = re.compile(
    rf"\b(?:last|past|previous|prior|yesterday|today|weekend|since|{MONTH}|\d{{4}}-\d{{2}}-\d{{2}})\b"
)


def _against_the_last(found: re.Match[str], now: datetime) -> Window | None:
    """The running week for "more than last week"; None where the text names what is held against it."""
    return None if _NAMED_BEFORE.search(found.string[: found.start()]) else this_one(found, now)


def _rolling(unit: str, now: datetime) -> Window:
    return Window(since=now - timedelta(**{f"{unit}s": 1}), until=now, label=f"the last {unit}")


def _to_date(unit: str, now: datetime) -> Window:
    return Window(since=start_of(unit, now), until=now, label=f"this {unit} to date")
