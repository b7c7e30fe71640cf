"""Which two periods a question about a change compares."""

from __future__ import annotations

from datetime import datetime, timedelta

from netra.agents.triage.frame import Window
from netra.agents.triage.results import DataFacts

WEEK = timedelta(days=7)
_LENGTHS = {"week": 7, "month": 30, "quarter": 91, "year": 365}


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
    days = next((days for name, days in _LENGTHS.items() if window.label == f"this {name}"), 0)
    unit = timedelta(days=days)
    if span < unit:
        # A week that is not over is compared with the same part of the week before.
        return (window.since - unit, window.since - unit + span), (window.since, until)
    return (window.since - span, window.since), (window.since, until)
