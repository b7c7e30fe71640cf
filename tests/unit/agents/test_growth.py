"""Groups that grew or fell: what is read as such a question, and which groups hold to it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from netra.agents.data.named_periods import compared_periods
from netra.agents.data.playbook import calls_for
from netra.agents.triage.results import DataFacts
from netra.tools.usage.movers_tool import Moved, moved_as_asked
from testkit.questions import NOW, read


@pytest.mark.parametrize(
    ("text", "measure", "dimensions", "asked", "window"),
    [
        ("which features grew more than 20 % last week?", "cost_usd", ["feature"], "up > 20 %", "last week"),
        ("features that grew by more than $5 last week", "cost_usd", ["feature"], "up > 5", "last week"),
        ("models whose spend rose by at least 50 %", "cost_usd", ["model"], "up >= 50 %", "all stored data"),
        ("features with more than 20 % growth this month",
         "cost_usd", ["feature"], "up > 20 %", "this month"),
        ("did any feature grow last week?", "cost_usd", ["feature"], "any None 0", "last week"),
        ("are we spending more than in october?", "cost_usd", [], "up None 0", "this month"),
        ("what is the difference in calls between september and october?",
         "calls", [], "any None 0", "October 2026"),
        ("did any feature double last week?", "cost_usd", ["feature"], "up >= 100 %", "last week"),
        ("has any app's error rate doubled?", "error_rate", ["app"], "up >= 100 %", "all stored data"),
        ("has any team become slower?", "latency_p50_ms", ["team"], "up None 0", "all stored data"),
        ("which feature doubled last week?", "cost_usd", ["feature"], "up >= 100 %", "last week"),
        ("which models got more than 30 % slower last week?",
         "latency_p50_ms", ["model"], "up > 30 %", "last week"),
        ("Which users' calls grew the most last week?", "calls", ["user"], "up None 0", "last week"),
        ("apps that dropped over 10 percent vs last month", "cost_usd", ["app"], "down > 10 %", "this month"),
        ("which models' error rate went up by more than 2 points?",
         "error_rate", ["model"], "up > 2", "all stored data"),
        ("which users spent more than 20 % more than last week?",
         "cost_usd", ["user"], "up > 20 %", "this week"),
        ("which features are up over 10% month over month?",
         "cost_usd", ["feature"], "up > 10 %", "this month"),
        ("which customers used 2x more tokens than last week?",
         "total_tokens", ["user"], "up >= 100 %", "this week"),
        ("which teams used more tokens than last week?", "total_tokens", ["team"], "up None 0", "this week"),
        ("what did we spend more on than last month?", "cost_usd", [], "up None 0", "this month"),
        ("spend per user this month vs last month", "cost_per_user", [], "any None 0", "this month"),
        ("error rate by provider this week vs last week",
         "error_rate", ["provider"], "any None 0", "this week"),
        ("did calls drop last week?", "calls", [], "any None 0", "last week"),
        ("did our spend rise by more than 20 % in October?", "cost_usd", [], "up > 20 %", "October 2026"),
    ],
)  # fmt: skip
def test_growth_is_read_with_its_threshold(
    text: str, measure: str, dimensions: list[str], asked: str, window: str
) -> None:
    frame = read(text)
    assert frame.growth is not None
    growth = frame.growth
    said = f"{growth.direction} {growth.operator} {growth.value}"
    assert said + (" %" if growth.relative else "") == asked
    assert (frame.kind, frame.measures, frame.dimensions) == ("usage", [measure], dimensions)
    assert (frame.window.label, frame.unread, frame.conditions) == (window, [], [])
    assert (frame.group_conditions, frame.unknown) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "why did spend rise by more than 20 % last week?",
        "if users grow by more than 20 %, where do rate limits bite?",
        "which users spent more than $100 last month?",
        "how many calls over 10 s did each model make?",
        "cut spend by more than 20 %",
        "spend by feature this month vs last month",
        "which feature grew the most last week?",
    ],
)
def test_what_is_no_list_of_what_grew(text: str) -> None:
    assert read(text).growth is None


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("features that grew more than 5 % in November vs October", "October 2026", "November 2026"),
        ("which features grew more than 20 % from september to october?", "September 2026", "October 2026"),
        ("which users spent more in october than in september?", "September 2026", "October 2026"),
        ("what changed between september and october?", "September 2026", "October 2026"),
        ("which features have higher latency than yesterday?", "yesterday", "today"),
        ("which models got slower since yesterday?", "yesterday", "today"),
        ("has spend doubled since october?", "October 2026", "this month"),
        ("did calls rise since last week?", "last week", "this week"),
        ("did spend grow on nov 10 vs nov 3?", "2026-11-03", "2026-11-10"),
        ("which features grew in q3 vs q2?", "Q2 2026", "Q3 2026"),
    ],
)
def test_two_named_periods_are_set_against_each_other(text: str, before: str, after: str) -> None:
    frame = read(text)
    assert frame.before is not None
    assert (frame.before.label, frame.window.label, frame.unread) == (before, after, [])


def test_a_period_that_is_not_over_is_held_against_as_much_of_the_other() -> None:
    end = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)
    facts = DataFacts(calls=10, since=end - timedelta(days=90), until=end)
    running = compared_periods(read("which features grew more than 5 % in november vs october?"), facts)
    over = compared_periods(read("which features grew more than 5 % in october vs september?"), facts)
    assert running is not None
    assert over is not None
    assert [f"{moment:%m-%d}" for span in running for moment in span] == ["10-01", "10-21", "11-01", "11-21"]
    assert [f"{moment:%m-%d}" for span in over for moment in span] == ["09-01", "10-01", "10-01", "11-01"]


@pytest.mark.parametrize(
    "text",
    [
        "did spend rise above $100?",
        "did cost fall below $5 yesterday?",
        "which models' error rate rose above 5 % last week?",
    ],
)
def test_a_level_is_no_growth_by_as_much(text: str) -> None:
    frame = read(text)
    assert frame.growth is None or frame.growth.operator is None
    assert frame.unread == [re.sub(r".*?((?:above|below) \$?\d+( %)?).*", r"\1", text)]


def test_groups_that_grew_may_keep_to_conditions_and_be_a_few() -> None:
    frame = read("top 3 features whose calls grew more than 5 % and cost over $100")
    assert frame.growth is not None
    assert (frame.growth.top, frame.measures, frame.unread) == (3, ["calls"], [])
    facts = DataFacts(calls=10, since=NOW - timedelta(days=90), until=NOW)
    ((tool, asked),) = calls_for(frame, facts)
    having = [{"measure": "cost_usd", "operator": ">", "value": "100"}]
    assert (tool, asked["having"], asked["top"]) == ("find_movers", having, 3)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("which features grew more than 5 % every week?", ["every week"]),
        ("which features' calls and tokens grew more than 5 %?", ["calls"]),
        ("which features grew more than 5 % three months in a row?", ["three months in a row"]),
        ("which features grew more than 5 % by week?", ["by week"]),
        ("which users grew more than 20 % or more than $5?", ["or more than $5"]),
        ("which feature passed $100 first?", ["passed $100 first"]),
    ],
)
def test_what_growth_does_not_follow_is_said(text: str, unread: list[str]) -> None:
    assert read(text).unread == unread


def test_a_threshold_of_growth_is_compared_exactly() -> None:
    def holds(before: str | None, after: str | None, asked: str, direction: str = "up") -> bool:
        sign, value, *percent = asked.split()
        moved = Moved(("a",), *(None if side is None else Decimal(side) for side in (before, after)))
        return moved_as_asked(moved, direction, sign, Decimal(value), relative=bool(percent))

    assert not holds("1.1", "1.32", "> 20 %")
    assert holds("1.1", "1.32", ">= 20 %")
    assert holds("1.1", "1.320000000000001", "> 20 %")
    assert holds("5", "3.9", "> 20 %", "down")
    assert not holds("3.9", "5", "> 20 %", "down")
    assert not holds("0", "5", "> 20 %"), "what was nothing has no share"
    assert holds("0", "5", "> 4")
    assert not holds(None, "5", "> 4"), "an unknown amount did not grow"
