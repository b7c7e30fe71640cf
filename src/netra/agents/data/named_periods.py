"""Which parts of two named periods a question compares."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from netra.agents.data.periods import Periods, periods_to_compare
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.results import DataFacts


def compared_periods(frame: QuestionFrame, facts: DataFacts, zone: str = "UTC") -> Periods | None:
    """(before, after), each [since, until) in the zone or that of the question: those it sets against each
    other, else as `periods_to_compare` chooses. A later period that is not over is compared with as much of
    the earlier one, by the clock of the zone.
    """
    before, after = frame.before, frame.window
    zone = frame.zone or zone
    if before is None or before.since is None or before.until is None or after.since is None:
        return periods_to_compare(after, facts, zone)
    if facts.until is None:
        return None
    clock = ZoneInfo(zone)
    end = facts.until + timedelta(seconds=1)
    until = min(after.until or end, end).astimezone(clock)
    since, since_before = after.since.astimezone(clock), before.since.astimezone(clock)
    until_before = before.until.astimezone(clock)
    if until <= since:
        return None
    if until != after.until:
        until_before = min(since_before + (until - since), until_before)
    return (since_before, until_before), (since, until)
