"""The day a sum passed an amount: what is read as such a question, and the day it was."""

from decimal import Decimal

import pytest

from netra.agents.triage.continuing import continue_frame
from netra.tools.usage.passing_tool import passing_of
from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "asked", "window"),
    [
        ("on which day did we pass $50 this month?", "cost_usd > 50", "this month"),
        ("when did spend exceed $100 in october", "cost_usd > 100", "October 2026"),
        ("by when had we spent $1.5k?", "cost_usd >= 1500", "all stored data"),
        ("how long did it take to spend the first $100", "cost_usd >= 100", "all stored data"),
        ("which day did gpt-4o cross $20 since 2026-11-03?", "cost_usd > 20", "since 2026-11-03"),
        ("when did we hit 1 million tokens?", "total_tokens >= 1000000", "all stored data"),
        ("what date did we reach 5k calls last month?", "calls >= 5000", "last month"),
        ("on what day of each month did we pass $30?", "cost_usd > 30 a month", "all stored data"),
    ],
)
def test_the_day_of_passing_is_read_with_its_amount(text: str, asked: str, window: str) -> None:
    frame = read(text)
    assert frame.passing is not None
    passing = frame.passing
    said = f"{passing.measure} {'>=' if passing.reached else '>'} {passing.amount}"
    assert said + (" a month" if passing.each_month else "") == asked
    assert (frame.kind, frame.dimensions, frame.unread) == ("usage", [], [])
    assert frame.window.label == window


@pytest.mark.parametrize(
    "text",
    [
        "when will we exceed $500 this month?",
        "on which days did we spend more than $5?",
        "when did daily spend exceed $5?",
        "which day did we spend the most?",
        "which users passed $100 last month?",
    ],
)
def test_what_asks_for_no_day_of_passing(text: str) -> None:
    assert read(text).passing is None


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("on which day did we pass $50 at night", ["at night"]),
        ("when did we pass $50 each week", ["each week"]),
        ("when did we pass $50 per user", ["per user"]),
        ("when did any feature pass $10", ["any feature"]),
        ("when did we last exceed $100", ["last"]),
        ("when did the cost of a session exceed $5", ["of a session", "spend per session"]),
        ("when did we pass $50 and when 1000 calls", ["and when 1000 calls"]),
        ("on which day did support-chat pass $50 on weekends?", ["on weekends"]),
        ("when did we spend $50 with cached tokens?", ["tokens read from cache"]),
    ],
)
def test_what_a_sum_counted_up_does_not_follow_is_said(text: str, unread: list[str]) -> None:
    frame = read(text)
    assert frame.passing is not None
    assert (frame.unread, frame.unknown) == (unread, [])


@pytest.mark.parametrize(
    ("text", "follow_up", "asked"),
    [
        ("on which day did we pass $50 this month?", "and $10?", "cost_usd 10"),
        ("on which day did we pass $50 this month?", "and 1000 calls?", "calls 1000"),
        ("when did we pass 1000 calls?", "what about 2k?", "calls 2000"),
        ("which features grew more than 20 % last week?", "and more than 50 %?", "up > 50 by more than 50 %"),
        ("which users' spend fell by over $5?", "or at least $7", "down >= 7 by at least $7"),
    ],
)
def test_a_follow_up_may_be_nothing_but_an_amount(text: str, follow_up: str, asked: str) -> None:
    earlier = read(text)
    frame = continue_frame(follow_up, earlier, read(follow_up))
    assert frame is not None
    assert frame.window == earlier.window
    if frame.passing:
        assert f"{frame.passing.measure} {frame.passing.amount}" == asked
        assert frame.measures == [frame.passing.measure]
    elif frame.growth:
        growth = frame.growth
        assert f"{growth.direction} {growth.operator} {growth.value} {growth.said}" == asked


def test_a_comparison_that_no_reading_follows_is_said() -> None:
    assert read("When did calls exceed 500 per day?").unread == ["exceed 500 per"]
    assert read("how many calls over the last 30 days?").unread == []


def test_a_sum_is_counted_up_exactly() -> None:
    days = [("2026-11-01", Decimal("0.1")), ("2026-11-02", Decimal("0.2")), ("2026-11-04", Decimal("0.1"))]
    passed = passing_of(days, Decimal("0.3"))
    assert (passed.day, passed.before, passed.after) == ("2026-11-04", Decimal("0.3"), Decimal("0.4"))
    assert passing_of(days, Decimal("0.3"), reached=True).day == "2026-11-02"
    never = passing_of(days, Decimal("0.4"))
    assert (never.day, never.after) == (None, Decimal("0.4"))
    assert passing_of([], Decimal(1)).day is None
