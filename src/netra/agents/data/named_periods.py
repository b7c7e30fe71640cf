"""Which parts of two named periods a question compares."""

from __future__ import annotations

from datetime import datetime, timedelta

from netra.agents.data.periods import periods_to_compare
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.results import DataFacts


def compared_periods(
    frame: QuestionFrame, facts: DataFacts
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]] | None:
    """(before, after), each [since, until): those the question sets against each other, else as
    `periods_to_compare` chooses. A later period that is not over is compared with as much of the earlier one.
    """
    before, after = frame.before, frame.window
    if before is None or before.since is None or before.until is None or after.since is None:
        return periods_to_compare(after, facts)
    if facts.until is None:
        return None
    end = facts.until + timedelta(seconds=1)
    until = min(after.until or end, end)
    if until <= after.since:
        return None
    over = until == after.until
    until_before = before.until if over else min(before.since + (until - after.since), before.until)
    return (before.since, until_before), (after.since, until)
