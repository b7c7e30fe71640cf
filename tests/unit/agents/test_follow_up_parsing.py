"""What a question is read as that builds on an earlier one of its thread, and what is none."""

import pytest

from netra.agents.triage.continuing import continue_frame
from netra.agents.triage.follow_ups import Listed
from netra.agents.triage.parsing import parse_question
from testkit.questions import NOW, WORDS, read


@pytest.mark.parametrize(
    ("text", "ordinals", "asks"),
    [
        (
            "The first of those: what exactly do I change, what does it save in a year?",
            [1],
            ["year", "change"],
        ),
        ("and the second one?", [2], ["detail"]),
        ("#3 - how risky is it?", [3], ["risk"]),
        ("how do I apply that?", [], ["change"]),
        ("what does it save per year?", [], ["year"]),
        ("how will we verify it?", [], ["verify"]),
        ("tell me more about the last one", [-1], ["detail"]),
        ("the third and fourth?", [3, 4], ["detail"]),
        ("what do the first two save in a year?", [1, 2], ["year"]),
        ("why not the cache?", [2], ["why"]),
        ("why not the cache on gpt-4o?", [4], ["why"]),
        ("and why not gpt-4o-mini?", [1], ["why"]),
        ("and why not batch them?", [3], ["why"]),
        ("Why was gpt-4 to gpt-4o-mini refused?", [1], ["why"]),
        ("why is the batch not recommended?", [3], ["why"]),
        ("how sure are you?", [], ["why"]),
        ("show me the query", [], ["query"]),
        ("what SQL is behind that number?", [], ["query"]),
    ],
)
def test_follow_up(text: str, ordinals: list[int], asks: list[str]) -> None:
    earlier = [
        Listed("model-switch", "Switching gpt-4 to gpt-4o-mini"),
        Listed("prompt-cache", "Prompt caching on claude-sonnet-4-5 (ttl 1h)"),
        Listed("batch", "Batch processing"),
        Listed("prompt-cache", "Prompt caching on gpt-4o (ttl 10m)"),
    ]
    frame = parse_question(text, WORDS, NOW, "UTC", has_findings=True, earlier=earlier)
    assert (frame.kind, frame.ordinals, frame.asks) == ("follow_up", ordinals, asks)


@pytest.mark.parametrize(
    "text",
    [
        "How many calls by model yesterday?",
        "Top five cost drivers this month",
        "Why did spend jump last week?",
        "why is it so slow?",
        "Where can we cut our LLM spend without losing quality, and what should we do first?",
    ],
)
def test_a_new_subject_in_the_same_thread_is_no_follow_up(text: str) -> None:
    assert read(text, follow=True).kind != "follow_up"


def test_a_reference_without_an_earlier_answer_is_no_follow_up() -> None:
    assert read("the first of those: what do I change?").kind != "follow_up"


def test_a_short_follow_up_changes_one_thing_of_the_question_before() -> None:
    before = read("how many calls for support-chat by model last week?")
    after = continue_frame("and by provider?", before, read("and by provider?"))
    assert after is not None
    assert (after.kind, after.dimensions, after.measures) == ("usage", ["provider"], ["calls"])
    assert (after.filters, after.window) == ({"feature": "support-chat"}, before.window)
    slow = continue_frame("only calls over 10 s", before, read("only calls over 10 s"))
    assert slow is not None
    assert ([entry.said for entry in slow.conditions], slow.dimensions) == (["calls over 10 s"], ["model"])
    assert read("and by app?").conditions == []
    still = continue_frame("and by app?", slow, read("and by app?"))
    assert still is not None
    assert still.conditions == slow.conditions
    earlier = continue_frame("what about the week before?", before, read("what about the week before?"))
    assert earlier is not None
    assert earlier.window.until == before.window.since
    assert continue_frame("Top five cost drivers this month", before, read("Top five cost drivers")) is None


@pytest.mark.parametrize(
    ("first", "then", "kind", "changed"),
    [
        (
            "cut spend by 30 %",
            "What if quality may drop by 10 points?",
            "cost",
            {"quality_margin_points": 10},
        ),
        ("cut spend by 30 %", "And with p95 below 2 s?", "cost", {"p95_ms": 2000}),
        (
            "cut spend by 30 %",
            "suppose we accept 5 points lower quality",
            "cost",
            {"quality_margin_points": 5},
        ),
        ("cut spend by 30 %", "what about 50 %?", "cost", {"savings_pct": 50}),
        ("50 % more users next month", "and 80 %?", "capacity", {"growth_pct": 80}),
        ("meet a p99 target of 4 s", "what if p99 must be under 6 s?", "latency", {"p99_ms": 6000}),
        (
            "top five cost drivers",
            "what if quality may drop by 1 point?",
            "cost",
            {"quality_margin_points": 1},
        ),
    ],
)
def test_the_earlier_question_under_another_condition(
    first: str, then: str, kind: str, changed: dict[str, float]
) -> None:
    before = read(f"{first} for support-chat last week")
    after = continue_frame(then, before, read(then))
    assert after is not None
    assert (after.kind, after.filters, after.window) == (kind, before.filters, before.window)
    assert after.targets == before.targets.model_copy(update=changed)


def test_a_supposition_of_another_kind_is_a_question_of_its_own() -> None:
    before = read("cut spend by 30 %")
    for text in ("What if traffic doubles for support-chat?", "what if support-chat used gpt-4o-mini?"):
        assert continue_frame(text, before, read(text)) is None, text


def test_a_follow_up_asks_which_of_those_and_for_a_report() -> None:
    before = read("what did we spend by feature?")
    grown = continue_frame("which of those grew the most?", before, read("which of those grew the most?"))
    assert grown is not None
    assert (grown.kind, grown.dimensions) == ("change", ["feature"])
    written = continue_frame("make a report", before, read("make a report"))
    assert written is not None
    assert (written.kind, written.dimensions, written.wants_report) == ("usage", ["feature"], True)


@pytest.mark.parametrize(
    "then", ["and by feature?", "what if we want to save 20 %?", "make a report", "as a csv file please"]
)
def test_a_follow_up_does_not_bring_the_words_of_the_question_before(then: str) -> None:
    before = read("What did we spend last week?").model_copy(
        update={"said": "What did we spend last week", "unanswered": ["How slow are we?"]}
    )
    after = continue_frame(then, before, read(then))
    assert after is not None
    assert (after.said, after.unanswered) == ("", [])


def test_a_follow_up_asks_which_of_those_grew_past_a_threshold() -> None:
    before = read("how many calls by team last week?")
    grown = continue_frame(
        "which of those grew more than 5 %?", before, read("which of those grew more than 5 %?")
    )
    assert grown is not None
    assert grown.growth is not None
    assert (grown.growth.value, grown.measures, grown.dimensions) == ("5", ["calls"], ["team"])
    assert grown.window == before.window
    split = continue_frame("and by model?", grown, read("and by model?"))
    assert split is not None
    assert (split.growth, split.dimensions) == (grown.growth, ["model"])
    passed = read("on which day did we pass $50 this month?")
    other = continue_frame("and for support-chat?", passed, read("and for support-chat?"))
    assert other is not None
    assert (other.passing, other.filters) == (passed.passing, {"feature": "support-chat"})
    listed = continue_frame("and by feature?", passed, read("and by feature?"))
    assert listed is not None
    assert (listed.passing, listed.dimensions) == (None, ["feature"])


def test_a_follow_up_keeps_saying_what_was_left_unread() -> None:
    before = read("how many calls per day on 3/4 by model?")
    assert before.unread
    for then in ("and by provider?", "and why did spend rise?", "what if quality may drop by 10 points?"):
        after = continue_frame(then, before, read(then))
        assert after is not None, then
        assert {*before.unread} <= {*after.unread}, then
        assert len(after.unread) == len({*after.unread})
