"""Which two periods a question about a change compares."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import MONTHS
from netra.agents.triage.results import DataFacts
from netra.agents.triage.time_units import start_of

WEEK = timedelta(days=7)
Periods = tuple[tuple[datetime, datetime], tuple[datetime, datetime]]


def periods_to_compare(window: Window, facts: DataFacts, zone: str = "UTC") -> Periods | None:
    """(before, after), each [since, until), in the zone. After is the window, cut at the end of the data;
    before is as long: by the clock of the zone where the window begins with a day, whose days may have 23 or
    25 hours.

    Without a window: the last seven days against the seven before, or the two halves of shorter data. None
    when the data has no length.
    """
    if facts.since is None or facts.until is None or facts.since >= facts.until:
        return None
    clock = ZoneInfo(zone)
    end = facts.until.astimezone(UTC) + timedelta(seconds=1)
    if window.since is None:
        span = min(WEEK, (end - facts.since) / 2)
        return _in_zone(((end - 2 * span, end - span), (end - span, end)), clock)
    since, until = window.since.astimezone(clock), min(window.until or end, end).astimezone(clock)
    if until.astimezone(UTC) <= window.since:
        return None
    before = _start_before(window, since)
    if before is not None:
        # A month that is not over is compared with the same part of the one before, a whole one.
        whole = window.until is not None and until == window.until
        return (before, since if whole else min(before + (until - since), since)), (since, until)
    if since.time() != time():
        # By the hour, equal periods are those of as many hours.
        since, until = since.astimezone(UTC), until.astimezone(UTC)
    return _in_zone(((since - (until - since), since), (since, until)), clock)


def _in_zone(periods: Periods, clock: ZoneInfo) -> Periods:
    (first, second), (third, fourth) = periods
    return (
        (first.astimezone(clock), second.astimezone(clock)),
        (third.astimezone(clock), fourth.astimezone(clock)),
    )


def _start_before(window: Window, since: datetime) -> datetime | None:
    """When the calendar unit before the window began; None where the window is no such unit."""
    which, _, unit = re.split(r", | \(", window.label)[0].partition(" ")
    if unit.isdigit() and which.lower() in MONTHS:
        return start_of("month", since, -1)
    if unit.isdigit() and re.fullmatch("Q[1-4]", which):
        return start_of("quarter", since, -1)
    if which.isdigit() and not unit:
        return start_of("year", since, -1)
    if which not in {"this", "last"} or unit not in {"week", "month", "quarter", "year"}:
        return None
    return start_of(unit, since, -1)
