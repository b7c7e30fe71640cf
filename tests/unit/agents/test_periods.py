"""The two periods of a change in a zone whose clocks are changed: both begin with a day of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from netra.agents.data.named_periods import compared_periods
from netra.agents.triage.parsing import parse_question
from netra.agents.triage.results import DataFacts
from netra.tools.usage.changes import span_in_words
from testkit.questions import WORDS

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)  # a Tuesday; clocks went back on 25 October


def compared(text: str, now: datetime = NOW) -> tuple[str, str]:
    frame = parse_question(text, WORDS, now, "Europe/Berlin")
    facts = DataFacts(calls=10, since=now - timedelta(days=500), until=now, vocabulary=WORDS)
    periods = compared_periods(frame, facts, "Europe/Berlin")
    assert periods is not None
    before, after = periods
    return span_in_words(*before), span_in_words(*after)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("why did spend rise last week?", "2026-10-19 to 2026-10-25", "2026-10-26 to 2026-11-01"),
        ("why did spend rise in october?", "2026-09-01 to 2026-09-30", "2026-10-01 to 2026-10-31"),
        (
            "why did spend rise this month?",
            "2026-10-01 00:00 to 2026-10-03 10:00",
            "2026-11-01 00:00 to 2026-11-03 10:00",
        ),
        (
            "why did spend rise in q4?",
            "2026-07-01 00:00 to 2026-08-03 10:00",
            "2026-10-01 00:00 to 2026-11-03 10:00",
        ),
        (
            "why was november dearer than october?",
            "2026-10-01 00:00 to 2026-10-03 10:00",
            "2026-11-01 00:00 to 2026-11-03 10:00",
        ),
        ("why did spend rise on 2026-10-25?", "2026-10-24", "2026-10-25"),
    ],
)
def test_periods_begin_with_days_of_the_zone(text: str, before: str, after: str) -> None:
    assert compared(text) == (before, after)


def test_periods_by_the_hour_have_as_many_hours() -> None:
    now = datetime(2026, 10, 26, 9, tzinfo=UTC)
    frame = parse_question("why did spend rise in the last 24 hours?", WORDS, now, "Europe/Berlin")
    facts = DataFacts(calls=10, since=now - timedelta(days=90), until=now, vocabulary=WORDS)
    periods = compared_periods(frame, facts, "Europe/Berlin")
    assert periods is not None
    (first, second), (third, fourth) = ([one.astimezone(UTC) for one in period] for period in periods)
    assert second == third == now - timedelta(hours=24)
    assert abs((second - first) - (fourth - third)) <= timedelta(seconds=1)


def test_months_back_end_with_the_last_day_of_a_shorter_month() -> None:
    now = datetime(2026, 10, 31, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    window = parse_question("spend over the last 3 months", WORDS, now, "Europe/Berlin").window
    assert window.since is not None
    assert window.since.astimezone(ZoneInfo("Europe/Berlin")).isoformat() == "2026-07-31T00:00:00+02:00"
    back = parse_question("spend over the last 8 months", WORDS, now, "UTC").window
    assert back.since == datetime(2026, 2, 28, tzinfo=UTC)
