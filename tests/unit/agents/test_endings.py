"""How answers ended: which questions are counted by the limit that outputs reached."""

import pytest

from netra.agents.triage.endings import ENDED
from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "measures", "dimensions"),
    [
        ("how many answers were cut off by length?", ["at_output_limit", "output_limited"], []),
        ("how many responses were truncated last week?", ["at_output_limit", "output_limited"], []),
        ("how often did we hit max_tokens?", ["output_limit_rate", "at_output_limit", "output_limited"], []),
        ("what share of answers hit the output limit by model?",
         ["output_limit_rate", "at_output_limit", "output_limited"], ["model"]),
        ("which feature has the most truncated answers?", ["at_output_limit", "output_limited"], ["feature"]),
        ("calls by finish reason", ["calls", "at_output_limit"], ["status"]),
        ("how many calls were stopped by the content filter?", ["calls", "at_output_limit"], ["status"]),
        ("how many calls ended with finish_reason length by model?",
         ["at_output_limit", "output_limited"], ["model"]),
    ],
)  # fmt: skip
def test_endings_are_counted_by_what_is_stored(text: str, measures: list[str], dimensions: list[str]) -> None:
    frame = read(text)
    assert (frame.kind, frame.measures, frame.share) == ("usage", measures, False)
    assert sorted(frame.dimensions) == sorted(dimensions)


@pytest.mark.parametrize(
    "text",
    ["should we cap the output tokens?", "what would an output cap save?", "where do rate limits bite?"],
)
def test_advice_about_limits_is_no_count(text: str) -> None:
    assert not ENDED & {*read(text).measures}
