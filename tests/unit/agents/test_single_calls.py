"""Questions for single calls, told from those for sums, groups and advice."""

import pytest

from netra.agents.triage.continuing import continue_frame
from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "order", "top"),
    [
        ("the ten dearest calls of last week", "-cost_usd", 10),
        ("show me the 5 most expensive single requests", "-cost_usd", 5),
        ("which call cost the most?", "-cost_usd", 1),
        ("what did the ten dearest calls cost together?", "-cost_usd", 10),
        ("cheapest calls of gpt-4o", "cost_usd", 10),
        ("slowest calls of feature support-chat", "-latency_ms", 10),
        ("Which calls take longest?", "-latency_ms", 10),
        ("what were our longest running requests on 2026-11-02?", "-latency_ms", 10),
        ("the three slowest calls to first token", "-ttft_ms", 3),
        ("top 5 requests by latency", "-latency_ms", 5),
        ("the calls with the most output tokens", "-output_tokens", 10),
        ("10 biggest requests", "-total_tokens", 10),
        ("last 20 calls", "-ts", 20),
        ("list calls over 100 seconds", "-latency_ms", 10),
        ("which calls took longer than 30 seconds?", "-latency_ms", 10),
        ("list the calls of u-17 above $0.05", "-cost_usd", 10),
    ],
)
def test_single_calls_are_listed_in_the_order_named(text: str, order: str, top: int) -> None:
    frame = read(text)
    assert (frame.kind, frame.calls_by, frame.top, frame.unread) == ("usage", order, top, [])


@pytest.mark.parametrize(
    "text",
    [
        "how many calls took over 100 seconds?",
        "how many failed calls were there last week?",
        "show calls by model",
        "show me the calls per day",
        "show calls yesterday",
        "which feature has the most calls?",
        "which model has the slowest calls?",
        "most expensive calls by feature",
        "largest number of calls by user",
        "why are the slowest calls so slow?",
        "how can we make the slowest calls faster?",
        "average cost of the most expensive calls",
        "when was the latest call?",
        "cost of the calls",
        "what are our slowest features",
    ],
)
def test_sums_groups_and_advice_are_no_lists_of_calls(text: str) -> None:
    assert read(text).calls_by is None


def test_failed_calls_are_listed_newest_first_and_are_failed_ones() -> None:
    for text in ("show the last 5 failed calls", "list all failed requests", "which calls failed yesterday?"):
        frame = read(text)
        assert (frame.calls_by, frame.excluded) == ("-ts", {"status": ["ok"]}), text
    assert read("the dearest failed calls").calls_by == "-cost_usd"
    assert read("list calls that timed out").filters == {"status": "timeout"}


def test_the_calls_behind_an_answer_are_of_the_same_calls() -> None:
    text = "show the calls behind that"
    spend = read("what did support-chat cost last week by model?")
    frame = continue_frame(text, spend, read(text))
    assert frame is not None
    assert (frame.calls_by, frame.dimensions, frame.filters) == ("-cost_usd", [], {"feature": "support-chat"})
    assert frame.window == spend.window
    slow = read("what is the p95 latency of calls over 2000 input tokens?")
    behind = continue_frame("which requests are behind this number?", slow, read("x"))
    assert behind is not None
    assert behind.conditions == slow.conditions
    assert continue_frame(text, read("hello"), read(text)) is None


@pytest.mark.parametrize(
    ("earlier", "order", "kept"),
    [
        ("how many failed calls were there last week?", "-ts", {"excluded": {"status": ["ok"]}}),
        ("error rate of support-chat last week", "-ts", {"excluded": {"status": ["ok"]}}),
        ("how many timeouts yesterday?", "-ts", {"filters": {"status": "timeout"}}),
        ("how many retried calls last week?", "-ts", {"excluded": {"retry_of": [""]}}),
        ("how many unpriced calls are there?", "-ts", {"conditions": ["cost_usd is null 0"]}),
        ("how many answers were cut off by length?", "-ts", {"conditions": ["at_output_limit = 1"]}),
        ("cache hit rate of gpt-4o", "-cost_usd", {}),
        ("spend and errors of last week", "-cost_usd", {}),
        ("spend on weekends", "-cost_usd", {"unread": ["on weekends"]}),
        ("which feature cost the most last week?", "-cost_usd", {"unread": ["the feature with the most"]}),
        ("which features grew more than 20 % last week?", "-cost_usd", {"unread": ["grew more than 20 %"]}),
        ("on which day did we pass $50 this month?", "-cost_usd", {"unread": ["pass $50"]}),
        ("on which days did we spend over $1?", "-cost_usd", {"unread": ["that we spend over $1"]}),
        ("what do batch calls cost?", "-cost_usd", {"unread": ["batch"]}),
    ],
)
def test_the_calls_behind_a_count_are_those_counted_or_the_answer_says_what_it_leaves_out(
    earlier: str, order: str, kept: dict[str, object]
) -> None:
    text = "show the calls behind that"
    frame = continue_frame(text, read(earlier), read(text))
    assert frame is not None
    assert (frame.calls_by, frame.growth, frame.passing, frame.levers) == (order, None, None, None)
    conditions = [f"{entry.column} {entry.operator} {entry.value}" for entry in frame.conditions]
    assert conditions == kept.get("conditions", [])
    assert frame.excluded == kept.get("excluded", {})
    assert frame.filters.get("status") == (kept.get("filters") and "timeout")
    assert frame.unread == kept.get("unread", [])


@pytest.mark.parametrize(
    ("text", "order", "kept"),
    [
        ("slowest successful calls", "-latency_ms", {"filters": {"status": "ok"}}),
        ("show retried calls", "-cost_usd", {"excluded": {"retry_of": [""]}}),
        ("priority tier calls by cost", "-cost_usd", {"filters": {"service_tier": "priority"}}),
        ("dearest streaming calls", "-cost_usd", {"filters": {"streaming": "yes"}}),
        ("cheapest non-zero calls", "cost_usd", {"conditions": ["cost_usd > 0"]}),
        ("dearest calls with cached tokens", "-cost_usd", {"conditions": ["cache_read_tokens > 0"]}),
        ("list calls without a price", "-ts", {"conditions": ["cost_usd is null 0"]}),
        ("the first 5 calls of november", "ts", {}),
        ("the slowest claude calls", "-latency_ms", {}),
        ("list the calls without a user", "-cost_usd", {}),
    ],
)
def test_words_that_choose_calls_keep_the_list_to_them(
    text: str, order: str, kept: dict[str, object]
) -> None:
    frame = read(text)
    conditions = [f"{entry.column} {entry.operator} {entry.value}" for entry in frame.conditions]
    assert (frame.kind, frame.calls_by, frame.levers, frame.unread) == ("usage", order, None, [])
    assert conditions == kept.get("conditions", [])
    assert (frame.filters, frame.excluded) == (kept.get("filters", {}), kept.get("excluded", {}))


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("second most expensive call", ["second"]),
        ("the two dearest calls and the two slowest calls", ["two slowest"]),
        ("how many of the ten dearest calls are from gpt-4o?", ["how many"]),
        ("dearest calls of session s-12", ["session s-12"]),
        ("dearest calls between 9 and 17", ["between 9 and 17"]),
        ("the 200 dearest calls", ["more than 50 calls"]),
        ('list all calls with "refund" in the prompt', ["refund"]),
        ("hey, could you list our ten slowest calls in october please?", []),
    ],
)
def test_words_of_a_list_that_nobody_follows_are_said(text: str, unread: list[str]) -> None:
    frame = read(text)
    assert frame.calls_by is not None
    assert (frame.unread, frame.top <= 50) == (unread, True)


_LIST = "the ten dearest calls of last week"


@pytest.mark.parametrize(
    ("earlier", "text", "order", "dimensions"),
    [
        ("spend by feature last week", "and the slowest calls?", "-latency_ms", []),
        ("spend by feature last week", "the dearest calls of those", "-cost_usd", []),
        (_LIST, "and the slowest?", "-latency_ms", []),
        (_LIST, "only failed ones", "-cost_usd", []),
        (_LIST, "what did they cost together?", "-cost_usd", []),
        (_LIST, "and of support-chat?", "-cost_usd", []),
        (_LIST, "by model", None, ["model"]),
        (_LIST, "and how many failed?", None, []),
    ],
)
def test_a_follow_up_makes_a_list_of_calls_or_goes_on_from_one(
    earlier: str, text: str, order: str | None, dimensions: list[str]
) -> None:
    before = read(earlier)
    frame = continue_frame(text, before, read(text))
    assert frame is not None
    assert (frame.kind, frame.calls_by, frame.dimensions) == ("usage", order, dimensions)
    assert (frame.window, frame.growth) == (before.window, None)
    assert frame.unread == ([] if order else ["only the 10 calls listed"])
    assert frame.excluded == ({"status": ["ok"]} if text == "only failed ones" else {})


def test_a_list_after_growth_says_that_it_is_of_all_groups() -> None:
    grew = read("which features grew more than 20 % last week?")
    frame = continue_frame("and the slowest calls?", grew, read("and the slowest calls?"))
    assert frame is not None
    assert (frame.calls_by, frame.growth, frame.unread) == ("-latency_ms", None, ["grew more than 20 %"])


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("how many successful calls last week?", {"status": "ok"}),
        ("latency of successful calls", {"status": "ok"}),
        ("spend of priority tier calls by model", {"service_tier": "priority"}),
        ("what share of calls are successful calls?", {}),
    ],
)
def test_sums_keep_to_the_calls_a_word_before_them_chooses(text: str, filters: dict[str, str]) -> None:
    frame = read(text)
    assert (frame.filters, frame.calls_by) == (filters, None)
