"""Families of models named alone: their stored models, or said to be none."""

import pytest

from netra.agents.triage.continuing import continue_frame
from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("spend of grok last week", "grok"),
        ("p95 latency of mistral by feature", "mistral"),
        ("why did gemini spend rise?", "gemini"),
        ("spend of claude haiku", "claude haiku"),
        ("spend of grok and claude", "grok"),
    ],
)
def test_a_family_without_stored_models_is_unknown(text: str, family: str) -> None:
    assert [(entry.column, entry.name) for entry in read(text).unknown] == [("model", family)]


def test_a_family_is_followed_where_it_is_stored_and_left_out_of_what_could_be() -> None:
    assert read("spend of claude last week").models == ["claude-sonnet-4-5"]
    assert read("what would we save by moving to llama").unread == ["llama"]
    assert read("what would we save by moving to mixtral").unread == []


def test_a_time_left_out_is_no_range() -> None:
    frame = read("spend this year without october")
    assert (frame.window.label, frame.unread) == ("this year", ["without october"])


@pytest.mark.parametrize(
    ("first", "then", "window", "models", "unknown", "unread"),
    [
        ("spend last week", "and of claude?", "last week", ["claude-sonnet-4-5"], [], []),
        ("spend last week", "what about llama?", "last week", [], ["llama"], []),
        ("spend last week", "and the month before october?", "the month before October 2026", [], [], []),
        ("spend last week", "and the week before?", "the week before last week", [], [], []),
        ("spend on nov 3 and nov 10", "and last week?", "last week", [], [], []),
        (
            "spend on nov 3 and nov 10",
            "and of claude?",
            "2026-11-03",
            ["claude-sonnet-4-5"],
            [],
            "2026-11-10",
        ),
    ],
)
def test_a_follow_up_names_a_family_or_another_time(
    first: str, then: str, window: str, models: list[str], unknown: list[str], unread: list[str] | str
) -> None:
    frame = continue_frame(then, read(first), read(then))
    assert frame is not None
    assert (frame.window.label, frame.models) == (window, models)
    assert [entry.name for entry in frame.unknown] == unknown
    assert frame.unread == ([unread] if isinstance(unread, str) else unread)
