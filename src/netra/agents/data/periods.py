"""Which two periods a question about a change compares."""

from __future__ import annotations

from datetime import datetime, timedelta

from netra.agents.triage.frame import Window
from netra.agents.triage.named_days import MONTHS
from netra.agents.triage.results import DataFacts

WEEK = timedelta(days=7)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def periods_to_compare(
    window: Window, facts: DataFacts
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]] | None:
    """(before, after), each [since, until). After is the window, cut at the end of the data; before is as
    long.

    Without a window: the last seven days against the seven before, or the two halves of shorter data. None
    when the data has no length.
    """
    if facts.since is None or facts.until is None or facts.since >= facts.until:
        return None
    end = facts.until + timedelta(seconds=1)
    if window.since is None:
        span = min(WEEK, (end - facts.since) / 2)
        return (end - 2 * span, end - span), (end - span, end)
    until = min(window.until or end, end)
    if until <= window.since:
        return None
    span = until - window.since
    before = _start_before(window)
    if before is not None:
        # A month that is not over is compared with the same part of the one before, a whole one.
        whole = window.until is not None and until == window.until
        return (before, window.since if whole else min(before + span, window.since)), (window.since, until)
    return (window.since - span, window.since), (window.since, until)


def _start_before(window: Window) -> datetime | None:
    """When the calendar unit before the window began; None where the window is no such unit."""
    which, _, unit = window.label.partition(" ")
    if which.lower() in MONTHS and unit.isdigit():
        which, unit = "last", "month"
    if window.since is None or which not in {"this", "last"}:
        return None
    if unit == "week":
        return window.since - WEEK
    if unit not in _MONTHS:
        return None
    # Windows are in UTC; in another zone a month may begin on the last day of the one before.
    inside = window.since + timedelta(days=1)
    index = inside.year * 12 + inside.month - 1 - _MONTHS[unit]
    first = inside.replace(year=index // 12, month=index % 12 + 1, day=1)
    return first - (inside.replace(day=1) - window.since)
