"""Whether data suffices is decided from what it holds; what is missing comes with the command that sends
it.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from netra.agents.data.periods import periods_to_compare
from netra.agents.data.playbook import calls_for
from netra.agents.triage.agent import decide
from netra.agents.triage.frame import Condition, QuestionFrame, Targets, Vocabulary, Window
from netra.agents.triage.results import DataFacts
from netra.agents.triage.sufficiency import assess, plan_for

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


def facts(*columns: str, **changes: Any) -> DataFacts:
    values: dict[str, Any] = {
        "calls": 1000, "since": SINCE, "until": UNTIL, "columns": dict.fromkeys(columns, 1000),
        "vocabulary": Vocabulary(models=["gpt-4o"]),
    }  # fmt: skip
    return DataFacts(**{**values, **changes})


def frame(kind: Any, **changes: Any) -> QuestionFrame:
    return QuestionFrame(kind=kind, **changes)


SLOW = Condition(column="latency_ms", operator=">", value="10000", said="calls over 10 s")


@pytest.mark.parametrize(
    "kind", ["cost", "usage", "drivers", "change", "latency", "capacity", "model_choice", "audit"]
)
def test_without_calls_nothing_is_answered(kind: str) -> None:
    sufficiency, missing = assess(frame(kind), DataFacts())
    assert sufficiency == "insufficient"
    assert "netra import" in missing[0].how


@pytest.mark.parametrize(
    ("asked", "data", "sufficiency", "what"),
    [
        (frame("latency"), facts(), "insufficient", "latency_ms"),
        (frame("latency"), facts("latency_ms"), "sufficient", "ttft_ms"),
        (frame("cost"), facts(unpriced_calls=1000, unpriced_models=["m"]), "insufficient", "prices of m"),
        (frame("cost"), facts(unpriced_calls=400, unpriced_models=["m"]), "partial", "prices of m"),
        (frame("cost", targets=Targets(quality_min_pct=80)), facts(), "partial", "quality scores"),
        (frame("cost", targets=Targets(p95_ms=2000)), facts(), "partial", "latency_ms"),
        (frame("model_choice"), facts(), "partial", "quality scores"),
        (frame("drivers", dimensions=["feature"]), facts(), "partial", "feature"),
        (frame("usage", measures=["latency_p95_ms"]), facts(), "insufficient", "latency_ms"),
        (frame("usage", measures=["calls", "latency_p95_ms"]), facts(), "partial", "latency_ms"),
        (frame("usage", measures=["calls"], conditions=[SLOW]), facts(), "insufficient", "latency_ms"),
        (frame("audit", levers=["prompt-cache"]), facts(), "insufficient", "prefix_hashes"),
        (frame("audit", levers=["retry-waste", "batch"]), facts("retry_of"), "partial", "interactive"),
        (
            frame("usage", window=Window(since=datetime(2027, 1, 1, tzinfo=UTC))),
            facts(),
            "insufficient",
            "2026-10-01 00:00 to 2026-11-20",
        ),
    ],
)
def test_what_is_missing(asked: QuestionFrame, data: DataFacts, sufficiency: str, what: str) -> None:
    found, missing = assess(asked, data)
    assert found == sufficiency
    assert what in " ".join(item.what for item in missing)
    assert all(item.how for item in missing)


@pytest.mark.parametrize(
    ("asked", "data"),
    [
        (frame("cost"), facts()),
        (frame("cost"), facts(unpriced_calls=10)),
        (frame("drivers", dimensions=["feature"]), facts("feature")),
        (frame("capacity"), facts()),
        (frame("audit"), facts("prefix_hashes", "request_hash", "retry_of", "session_id", "interactive")),
        (frame("greeting"), DataFacts()),
    ],
)
def test_what_suffices(asked: QuestionFrame, data: DataFacts) -> None:
    assert assess(asked, data)[0] == "sufficient"


def test_the_plan_is_empty_when_the_data_cannot_carry_the_answer() -> None:
    assert decide(frame("latency"), facts(), {}).plan == []
    assert decide(frame("latency"), facts("latency_ms"), {}).plan == ["data", "actions", "report"]


def test_a_follow_up_on_a_driver_becomes_a_question_about_its_savings() -> None:
    memory: dict[str, Any] = {
        "drivers": [{"feature": "chat", "model": "gpt-4o"}, {"feature": "x", "model": "(none)"}]
    }
    decided = decide(frame("follow_up", ordinals=[2]), facts(), memory)
    assert (decided.frame.kind, decided.frame.filters) == ("cost", {"feature": "x"})


def test_a_follow_up_on_a_finding_asks_the_actions_agent_only() -> None:
    assert decide(frame("follow_up", ordinals=[1]), facts(), {"items": [{}]}).plan == ["actions"]


def test_a_threshold_is_followed_or_said_to_be_left_out() -> None:
    asked = decide(frame("usage", conditions=[SLOW]), facts(columns={"latency_ms": 900}), {})
    assert asked.notes == ["Calls without a known latency are not among them."]
    ((_, arguments),) = calls_for(asked.frame, asked.facts)
    assert arguments["conditions"] == [{"column": "latency_ms", "operator": ">", "value": "10000"}]
    other = decide(frame("drivers", conditions=[SLOW]), facts("latency_ms"), {}).frame
    assert (other.conditions, other.unread) == ([], ["calls over 10 s"])


def test_an_average_over_users_is_of_the_calls_that_the_list_of_them_is_of() -> None:
    narrowed: dict[str, Any] = {"among": {"feature": [""]}, "excluded": {"app": ["portal"]}}
    asked = frame("usage", measures=["cost_per_user"], conditions=[SLOW], **narrowed)
    (_, average), (_, listed) = calls_for(asked, facts("user"))
    for name in ("among", "excluded", "conditions"):
        assert average[name] == listed[name]


def test_periods_have_equal_length_and_end_with_the_data() -> None:
    window = Window(since=datetime(2026, 11, 16, tzinfo=UTC), until=datetime(2026, 11, 23, tzinfo=UTC))
    periods = periods_to_compare(window, facts())
    assert periods is not None
    (before_since, before_until), (after_since, after_until) = periods
    assert before_until == after_since == window.since
    assert before_until - before_since == after_until - after_since
    assert (after_until - UNTIL).total_seconds() == 1


def test_without_a_window_the_last_two_weeks_are_compared() -> None:
    periods = periods_to_compare(Window(), facts())
    assert periods is not None
    assert (periods[1][1] - periods[0][0]).days == 14


def test_an_audit_that_names_unpriced_models_asks_the_data_agent_too() -> None:
    assert "data" not in plan_for(frame("audit", levers=["prompt-cache", "retry-waste"]))
    both = plan_for(frame("audit", levers=["prompt-cache", "unpriced"]))
    assert {"data", "optimization"} <= {*both}
    asked = calls_for(frame("audit", levers=["prompt-cache", "unpriced"]), facts())
    assert [(tool, arguments["measures"]) for tool, arguments in asked] == [
        ("query_usage", ["unpriced_calls"])
    ]
