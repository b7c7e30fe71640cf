"""A thread's title from its first question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.conversations.models import DERIVED_TITLE_LIMIT, title_of


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  Why did\n\tspend jump? ", "Why did spend jump?"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 30, ("word " * 15).strip() + "…"),
    ],
)
def test_titles(question: str, title: str) -> None:
    assert title_of(question) == title


@given(st.text(min_size=1))
def test_a_title_is_short_and_on_one_line(question: str) -> None:
    title = title_of(question)
    assert len(title) <= DERIVED_TITLE_LIMIT
    assert "\n" not in title
