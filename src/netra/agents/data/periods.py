"""Which two periods a question about a change compares."""

from __future__ import annotations

from datetime import datetime, timedelta

from netra.agents.triage.frame import Window
from netra.agents.triage.results import DataFacts

WEEK = timedelta(days=7)


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
    return (window.since - span, window.since), (window.since, until)
