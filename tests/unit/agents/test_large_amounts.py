"""Amounts in billions are read; one beyond any sum of calls is said to be left out and ends no reading."""

import pytest

from testkit.questions import read_all

HUGE = "999999999999 million tokens"


@pytest.mark.parametrize(
    "text",
    [
        f"when did we pass {HUGE}?",
        f"which features grew by more than {HUGE}?",
        f"which users used more than {HUGE}?",
        f"calls over {HUGE}",
    ],
)
def test_an_amount_beyond_any_sum_is_left_out(text: str) -> None:
    (frame,) = read_all(text)
    assert HUGE in frame.unread
    assert not any((frame.passing, frame.conditions, frame.group_conditions))


def test_billions_are_read() -> None:
    (passed,) = read_all("when did we pass 1 billion tokens?")
    assert passed.passing is not None
    assert (passed.passing.measure, passed.passing.amount) == ("total_tokens", "1000000000")
    (grown,) = read_all("which features grew by more than 2 billion tokens?")
    assert grown.growth is not None
    assert (grown.measures, grown.growth.value) == (["total_tokens"], "2000000000")
    (users,) = read_all("users with more than 1.5b tokens")
    assert [one.value for one in users.group_conditions] == ["1500000000"]


@pytest.mark.parametrize(
    "text", ["spend on 31 february", "calls since 0001-01-01", "spend in january 0001", "calls on 2026-13-45"]
)
def test_a_day_outside_the_calendar_is_said(text: str) -> None:
    (frame,) = read_all(text)
    assert frame.unread
    assert frame.window.since is frame.window.until is None
