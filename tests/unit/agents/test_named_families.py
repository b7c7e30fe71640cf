"""Families of models named alone: their stored models, or said to be none."""

import pytest

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
