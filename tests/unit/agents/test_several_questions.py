"""A message that holds several questions: each is read for itself, in order, about the calls meant."""

import pytest

from testkit.questions import read_all


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            "What did we spend last week, and which model was most expensive? Also, can we cut it by 20 %?",
            ["usage", "drivers", "cost"],
        ),
        ("1. What did we spend? 2. Which users are the slowest? 3. Audit prompt caching", None),
        ("Why did spend rise, and what would prompt caching save?", ["change", "audit"]),
        ("What does gpt-4o cost per million tokens and how much did we spend on it?", ["price", "usage"]),
        ("How many calls by model? And by feature?", ["usage", "usage"]),
        ("What did we spend last week and what did we spend the week before?", ["usage", "usage"]),
        ("Top five cost drivers this month. Then forecast next month's spend.", ["drivers", "forecast"]),
        ("How much did feature summarise cost? How much did support-chat cost?", ["usage", "usage"]),
        ("What did we spend yesterday? And what is the capital of France?", ["usage", "outside"]),
    ],
)
def test_each_question_is_read(text: str, kinds: list[str] | None) -> None:
    frames = read_all(text)
    assert len(frames) == (len(kinds) if kinds else len(frames)) > 1
    assert kinds is None or [frame.kind for frame in frames] == kinds
    assert all(frame.said and frame.said in text for frame in frames)


@pytest.mark.parametrize(
    "text",
    [
        "spend and calls by model",
        "spend and calls by model last week, and tokens",
        "Where is the time, and what would halve the p95?",
        "Where can we cut our LLM spend without losing quality, and what should we do first?",
        "We expect 50 % more users next month: where do rate limits bite?",
        "Our spend went up last week. Why?",
        "Cut our spend by 20 % without losing quality. What would you change?",
        "What did we spend last week and how many calls did we make?",
        "cut spend by 30 % while quality stays above 80 and p95 below 2 s",
        "Hi! What did we spend yesterday?",
        "Could we put summarise on batch and what would that save per year?",
        "Which team should I charge back and how much?",
        "Which model is the slowest, how do we make it faster?",
        "Tell me which model costs the most",
        "Show me what we spend on gpt-4o and gpt-4",
    ],
)
def test_what_is_one_question_stays_one(text: str) -> None:
    assert len(read_all(text)) == 1


def test_a_later_question_is_about_the_calls_of_the_one_before() -> None:
    spent, dearest, cut = read_all(
        "What did we spend on support-chat last week, and which model was the most expensive? "
        "Also, can we cut it by 20 %?"
    )
    assert spent.filters == dearest.filters == cut.filters == {"feature": "support-chat"}
    assert spent.window == dearest.window == cut.window
    assert (cut.targets.savings_pct, dearest.extreme) == (20, "most")
    own = read_all("What did we spend last week? What did summarise spend yesterday?")[1]
    assert (own.filters, own.window.label) == ({"feature": "summarise"}, "yesterday")


@pytest.mark.parametrize(
    ("text", "dimensions"),
    [
        ("show spend by feature; also by model", [["feature"], ["model"]]),
        ("spend by feature, and also by team last week", [["feature"], ["team"]]),
        ("How many calls by model and then by provider last week?", [["model"], ["provider"]]),
        ("What did we spend by model last week? By feature? And per day?", [["model"], ["feature"], ["day"]]),
        ("show spend by feature. Then per week", [["feature"], ["week"]]),
        ("spend by feature and by model last week", [["model", "feature"]]),
    ],
)
def test_the_same_by_other_groups_is_a_list_of_its_own(text: str, dimensions: list[list[str]]) -> None:
    frames = read_all(text)
    assert [frame.dimensions for frame in frames] == dimensions
    assert len({(frame.kind, frame.window.label, *frame.measures) for frame in frames}) == 1


def test_they_and_each_are_the_calls_and_groups_of_the_question_before() -> None:
    failed, cost = read_all("How many calls failed last week and why? And what did they cost?")
    assert cost.excluded == failed.excluded == {"status": ["ok"]}
    assert cost.measures[0] == "cost_usd"
    kinds = [
        frame.kind
        for frame in read_all("What are our costs, where do they come from, and what can be done about it?")
    ]
    assert kinds == ["usage", "drivers", "cost"]
    assert read_all("Which users cost the most and how many calls did each make?")[1].dimensions == ["user"]


def test_a_later_question_keeps_the_names_its_kind_can_follow_and_says_which_it_cannot() -> None:
    for text in ("How much did gpt-4o cost in October and what will it cost next month?",
                 "How much did gpt-4o cost in October? And what will it cost next month?"):  # fmt: skip
        _, ahead = read_all(text)
        assert (ahead.kind, ahead.models, ahead.unread) == ("forecast", ["gpt-4o"], [])
    both = {"feature": ["support-chat", "summarise"]}
    _, cost = read_all("How many errors did support-chat and summarise have? What did they cost?")
    assert (cost.among, cost.excluded) == (both, {"status": ["ok"]})
    _, ahead = read_all("What did gpt-4o and gpt-4 cost last week? What will they cost next month?")
    assert (ahead.models, ahead.unread) == ([], ["gpt-4o and gpt-4"])
    _, users = read_all("What did we spend without summarise? Which users cost the most?")
    assert (users.kind, users.excluded, users.unread) == ("drivers", {}, ["without summarise"])
    _, other = read_all("How many errors did support-chat and summarise have? How many tokens did gpt-4 use?")
    assert (other.models, other.among) == (["gpt-4"], {})


def test_a_question_about_the_whole_keeps_no_name_unless_it_points_at_one() -> None:
    _, dearest = read_all("What did support-chat cost last week? Which model costs the most overall?")
    assert (dearest.filters, dearest.window.label) == ({}, "last week")
    _, total = read_all("What does gpt-4o cost? What do we spend in total?")
    assert (total.filters, total.models) == ({}, [])
    _, errors = read_all("What does gpt-4o cost? How many failed calls did it have in total?")
    assert errors.models == ["gpt-4o"]


def test_more_than_six_questions_are_named_as_left_over() -> None:
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    frames = read_all(" ".join(f"What did we spend on {day}?" for day in days))
    assert len(frames) == 6
    assert frames[-1].unanswered == ["What did we spend on Sunday?"]
