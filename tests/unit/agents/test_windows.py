"""Ranges of time by their ends: both are read, and what is not read of a time is said."""

from datetime import UTC, datetime

import pytest

from testkit.questions import read


def _day(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("spend from september to october", "2026-09-01", "2026-11-01"),
        ("spend between september and october by model", "2026-09-01", "2026-11-01"),
        ("calls from november to february", "2025-11-01", "2026-03-01"),
        ("calls from september to november 2025", "2025-09-01", "2025-12-01"),
        ("spend oct-nov by model", "2026-10-01", "2026-12-01"),
        ("spend q1 to q3", "2026-01-01", "2026-10-01"),
        ("spend since 2026-10-03 until yesterday", "2026-10-03", "2026-11-21"),
        ("errors between yesterday and today", "2026-11-20", "2026-11-22"),
        ("spend from october to the beginning of november", "2026-10-01", "2026-11-01"),
        ("spend in the fourth quarter of 2025", "2025-10-01", "2026-01-01"),
        ("spend in q4 of 2025", "2025-10-01", "2026-01-01"),
        ("spend until november", None, "2026-11-01"),
        ("spend before october", None, "2026-10-01"),
        ("calls until yesterday", None, "2026-11-21"),
        ("spend through october", None, "2026-11-01"),
        ("spend after september by model", "2026-10-01", None),
        ("spend since october", "2026-10-01", None),
        ("spend since the end of october", "2026-11-01", None),
        ("calls since yesterday", "2026-11-20", None),
        ("calls since last week", "2026-11-09", None),
        ("calls since last month", "2026-10-01", None),
        ("calls since q3 by model", "2026-07-01", None),
        ("calls starting in october", "2026-10-01", None),
        ("calls from 2026-11-03 onwards", "2026-11-03", None),
        ("spend in the week before last", "2026-11-02", "2026-11-09"),
        ("spend in the month before october", "2026-09-01", "2026-10-01"),
        ("spend q3 vs q2", "2026-04-01", "2026-10-01"),
        ("october spend by model", "2026-10-01", "2026-11-01"),
        ("calls per day last week and this week", "2026-11-09", "2026-11-23"),
        ("spend this week and last week", "2026-11-09", "2026-11-23"),
        ("spend in september, october", "2026-09-01", "2026-11-01"),
        ("spend jan through mar", "2026-01-01", "2026-04-01"),
        ("how many calls may fail", None, None),
        ("spend in may", "2026-05-01", "2026-06-01"),
        ("spend in 2025", "2025-01-01", "2026-01-01"),
    ],
)
def test_both_ends_of_a_range_are_read(text: str, since: str | None, until: str | None) -> None:
    frame = read(text)
    assert (frame.window.since, frame.window.until) == (_day(since), _day(until))
    assert frame.unread == []


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("what did we spend on nov 3 and nov 10?", "on 2026-11-10"),
        ("spend last week and since october", "last week"),
        ("spend on 2026-11-03 since the launch", "since the launch"),
        ("calls since 9:00", "since 9:00"),
        ("errors on october 5 before 10:00", "before 10:00"),
        ("spend over the last 3 days vs the 3 days before", "the 3 days before"),
        ("spend in q1 0000", "q1 0000"),
        ("q4 9999 spend", "q4 9999"),
        ("spend in the first week of february 0000", "february 0000"),
        ("spend in the last week of december 9999", "9999-12-31"),
        ("calls in the last 99999999999 days", "last 99999999999 days"),
        ("calls 99999999999 days ago", "99999999999 days ago"),
    ],
)
def test_a_time_that_is_not_followed_is_said(text: str, unread: str) -> None:
    assert any(unread.removeprefix("on ") in part for part in read(text).unread)


@pytest.mark.parametrize(
    "text",
    [
        "why did spend rise this month compared with last month?",
        "which model was slower than yesterday?",
        "why did spend rise over the last 3 days against the 3 days before?",
    ],
)
def test_periods_that_are_compared_are_not_left_out(text: str) -> None:
    assert read(text).unread == []
