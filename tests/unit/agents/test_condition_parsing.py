"""Budgets and thresholds of a question, and what an answer leaves out of it."""

import pytest

from netra.agents.data.scope import scope_of
from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "usd", "per"),
    [
        ("Get our bill under $5k a month", 5_000, "month"),
        ("stay below $200 a day with p95 under 3 s", 200, "day"),
        ("How can we keep our LLM spend within 3,000 dollars?", 3_000, "month"),
        ("cap our monthly costs at $2.5k", 2_500, "month"),
        ("cut the bill from $8k to $5k a month without losing quality", 5_000, "month"),
        ("We have a budget of 4k a month, what should we change?", 4_000, "month"),
        ("fit our usage into a $1,000 weekly budget", 1_000, "week"),
        ("what would it take to spend less than $40k per year?", 40_000, "year"),
    ],
)
def test_a_budget_is_a_target_for_the_spend(text: str, usd: float, per: str) -> None:
    frame = read(text)
    assert (frame.kind, frame.targets.spend_usd, frame.targets.spend_per) == ("cost", usd, per)
    assert frame.targets.savings_usd is None


@pytest.mark.parametrize(
    "text",
    [
        "save $300 a month",
        "how many days did we stay below $200?",
        "which features cost less than $10 a day?",
        "keep the cost per session under $0.10",
        "cut the bill by $2k a month",
        "was the bill under $5k last month?",
    ],
)
def test_other_amounts_are_no_budget(text: str) -> None:
    assert read(text).targets.spend_usd is None


def test_a_forecast_is_held_against_the_amount_named() -> None:
    for text in ("will we stay under $5k this month?", "When will we exceed $5,000 a month?"):
        frame = read(text)
        assert (frame.kind, frame.targets.spend_usd) == ("forecast", 5_000)


@pytest.mark.parametrize(
    ("text", "usd", "unread"),
    [
        ("Will we stay under $5,000 next month?", 5_000, []),
        ("Will we stay under $5,000 a month next month?", 5_000, []),
        ("Will we exceed $1,250.50 a week next week?", 1_250.5, []),
        ("Will we spend more than $90,000 over the next 90 days?", 90_000, []),
        ("Will we stay under $5,000 a week next month?", None, ["under $5,000 a week"]),
        ("Will we stay under 5,000 dollars per day next month?", None, ["under 5,000 dollars per day"]),
        ("Will we exceed $1,250.50/year next month?", None, ["exceed $1,250.50/year"]),
        ("Will our spend stay under $5,000 a month over the next 90 days?", None, ["under $5,000 a month"]),
        ("Will our spend stay under $5,000 a month next week?", None, ["under $5,000 a month"]),
        ("Will our weekly spend stay under $500 next month?", None, ["under $500 next month"]),
        ("Will our spend stay under $5,000 a quarter next month?", None, ["under $5,000 a quarter"]),
    ],
)
def test_a_forecast_is_held_against_an_amount_for_the_same_time_only(
    text: str, usd: float | None, unread: list[str]
) -> None:
    frame = read(text)
    assert (frame.kind, frame.targets.spend_usd, frame.unread) == ("forecast", usd, unread)


@pytest.mark.parametrize(
    ("text", "measures", "dimensions", "conditions"),
    [
        ("how many calls took longer than 10 s yesterday?", ["calls"], [], ["latency_ms > 10000"]),
        ("calls that cost more than 5 cents by model", ["calls"], ["model"], ["cost_usd > 0.05"]),
        ("How much did we spend on prompts above 100k tokens?", ["cost_usd"], [], ["input_tokens > 100000"]),
        ("requests with a ttft of at least 1.5 seconds", ["calls"], [], ["ttft_ms >= 1500"]),
        ("how many responses over 2,000 tokens?", [], [], ["output_tokens > 2000"]),
        ("calls with more than 4k output tokens by app", ["calls"], ["app"], ["output_tokens > 4000"]),
        ("calls over 50k tokens by model", ["calls"], ["model"], ["total_tokens > 50000"]),
        ("show calls under 500 ms per day", ["calls"], ["day"], ["latency_ms < 500"]),
        (
            "How many requests by feature had a latency above 2 minutes and cost at most $1,000?",
            ["calls"],
            ["feature"],
            ["latency_ms > 120000", "cost_usd <= 1000"],
        ),
        ("how many calls not from gpt-4o over 2 s", ["calls"], [], ["latency_ms > 2000"]),
        ("calls over the last 30 days", ["calls"], [], []),
        ("calls in the last 10 minutes", ["calls"], [], []),
    ],
)
def test_thresholds_on_calls_are_conditions(
    text: str, measures: list[str], dimensions: list[str], conditions: list[str]
) -> None:
    frame = read(text)
    assert (frame.kind, frame.measures, frame.dimensions) == ("usage", measures, dimensions)
    assert [f"{entry.column} {entry.operator} {entry.value}" for entry in frame.conditions] == conditions
    assert frame.unread == []
    assert frame.excluded == ({"model": ["gpt-4o"]} if "not from" in text else {})


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("how many calls over 10 seconds did we have?", []),
        ("top five cost drivers for calls over 10 s", ["calls over 10 s"]),
        ("spend by model of calls over $5 a month", ["calls over $5"]),
        ("where can we save on users who spent over $100?", ["users who spent over $100"]),
        ("spend by users over 30 days", []),
        ("spend by model on weekends", ["on weekends"]),
        ("top five cost drivers except support-chat", ["except support-chat"]),
        ("Which sessions lasted longer than 10 minutes?", ["sessions lasted longer than 10 minutes"]),
        ("Which sessions ran for over 2 hours last week?", ["sessions ran for over 2 hours"]),
        ("spend of sessions that lasted at least 3 mins", ["sessions that lasted at least 3 mins"]),
        ("sessions with calls over 10 s", ["sessions with calls over 10 s"]),
        ("spend by session over 2 hours", []),
        ("which feature grew most over the last 7 days?", []),
        ("why did spend rise by more than 20 % last week?", []),
    ],
)
def test_what_an_answer_leaves_out_is_said(text: str, unread: list[str]) -> None:
    assert read(text).unread == unread


@pytest.mark.parametrize(
    ("text", "dimensions", "conditions"),
    [
        ("which users spent over $100 last month?", ["user"], ["cost_usd > 100"]),
        ("models with more than 5 % errors", ["model"], ["error_rate > 5"]),
        ("how many sessions cost more than $0.50?", ["session_id"], ["cost_usd > 0.5"]),
        ("Are there users with more than 1000 calls a day?", ["day", "user"], ["calls > 1000"]),
        ("Which teams are over $5 a day?", ["day", "team"], ["cost_usd > 5"]),
        ("features with a p95 above 10 s", ["feature"], ["latency_p95_ms > 10000"]),
        ("days on which calls cost over $50", ["day"], ["cost_usd > 50"]),
        ("apps with a cache hit rate below 20 %", ["app"], ["cache_hit_share < 20"]),
        ("keys using more than 1M tokens this week", ["api_key_id"], ["total_tokens > 1000000"]),
        ("features whose answers are longer than 500 tokens on average", ["feature"], None),
        ("features that cost more than 1 cent per call", ["feature"], ["cost_per_call > 0.01"]),
        ("which features spent more than $10 and have more than 1 % errors?", ["feature"], None),
        ("which features cost less than $10 a day?", ["day", "feature"], ["cost_usd < 10"]),
        (
            "Which users spent more than $3 last week and had more than 1 % errors?",
            ["user"],
            ["cost_usd > 3", "error_rate > 1"],
        ),
        ("how many users made fewer than 5 calls?", ["user"], ["calls < 5"]),
        ("sessions slower than 10 s", ["session_id"], ["latency_p50_ms > 10000"]),
        ("users whose average call took longer than 10 s", ["user"], ["latency_avg_ms > 10000"]),
        ("features that took longer than 5 seconds", ["feature"], ["latency_p50_ms > 5000"]),
        ("spend by users over 30 days", ["user"], []),
        ("keep the cost per session under $0.10", [], []),
    ],
)
def test_thresholds_on_groups_choose_between_them(
    text: str, dimensions: list[str], conditions: list[str] | None
) -> None:
    frame = read(text)
    found = [f"{entry.measure} {entry.operator} {entry.value}" for entry in frame.group_conditions]
    two = ["cost_usd > 10", "error_rate > 1"]
    assert found == (
        conditions if conditions is not None else two if "spent" in text else ["output_tokens_per_call > 500"]
    )
    assert frame.dimensions == dimensions
    assert frame.unread == (["under $0.10"] if text.startswith("keep") else [])
    if found:
        assert (frame.kind, frame.measures[0]) == ("usage", frame.group_conditions[0].measure)


@pytest.mark.parametrize(
    ("text", "excluded", "measures"),
    [
        ("spend by model without errors", {"status": ["error", "timeout", "rate_limited"]}, ["cost_usd"]),
        ("how many calls with no timeouts?", {"status": ["timeout"]}, ["calls"]),
        ("error rate excluding timeouts", {"status": ["timeout"]}, ["error_rate"]),
        ("cost of failed calls except timeouts", {"status": ["timeout", "ok"]}, ["cost_usd", "calls"]),
        ("spend excluding claude", {"model": ["claude-sonnet-4-5"]}, ["cost_usd"]),
        ("how many calls other than retries?", {}, ["calls"]),
    ],
)
def test_what_is_left_out_is_not_what_is_asked_for(
    text: str, excluded: dict[str, list[str]], measures: list[str]
) -> None:
    frame = read(text)
    assert (frame.kind, frame.excluded, frame.measures) == ("usage", excluded, measures)
    assert frame.unread == ([] if excluded else ["other than retries"])


def test_lists_and_growth_leave_out_how_calls_ended() -> None:
    assert (read("calls with no price").levers, read("calls with no price").unread) == (["unpriced"], [])
    slow = read("slowest calls without errors")
    assert (slow.calls_by, slow.excluded) == ("-latency_ms", {"status": ["error", "timeout", "rate_limited"]})
    failed = read("list calls with errors excluding timeouts")
    assert (failed.calls_by, failed.excluded, failed.filters) == ("-ts", {"status": ["timeout", "ok"]}, {})
    assert scope_of(slow) == " without failed calls"
    assert scope_of(failed) == " of failed calls without timeouts"
    grew = read("features that grew more than 20 % excluding errors")
    assert grew.growth is not None
    assert (grew.measures, grew.excluded) == (["cost_usd"], slow.excluded)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("how many calls cost between $0.01 and $0.02?", ["cost_usd >= 0.01", "cost_usd <= 0.02"]),
        ("calls between 1 and 5 cents by model", ["cost_usd >= 0.01", "cost_usd <= 0.05"]),
        ("requests that took 5 to 10 seconds", ["latency_ms >= 5000", "latency_ms <= 10000"]),
        ("which calls took between 500 ms and 2 s?", ["latency_ms >= 500", "latency_ms <= 2000"]),
        ("prompts of 10,000-20,000 tokens by app", ["input_tokens >= 10000", "input_tokens <= 20000"]),
        ("spend excluding calls over 10 s", ["latency_ms <= 10000"]),
        ("how many requests other than those over 50k tokens?", ["total_tokens <= 50000"]),
        ("calls between 3 and 10 november", []),
    ],
)
def test_ranges_and_exclusions_are_thresholds_on_calls(text: str, conditions: list[str]) -> None:
    frame = read(text)
    assert [f"{one.column} {one.operator} {one.value}" for one in frame.conditions] == conditions
    assert (frame.kind, frame.unread) == ("usage", [])


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("how many calls between 9 and 17?", "between 9 and 17"),
        ("which feature cost the most between 9 and 17?", "between 9 and 17"),
        ("spend of calls between $1 and $2 a day", "between $1 and $2"),
        ("which features cost between $10 and $20?", "between $10 and $20"),
        ("users with between 10 and 20 calls", "between 10 and 20 calls"),
    ],
)
def test_a_range_that_is_not_followed_is_said(text: str, unread: str) -> None:
    assert read(text).unread == [unread]


def test_groups_left_out_are_those_beyond_the_threshold() -> None:
    condition = read("users excluding those who spent over $100").group_conditions[0]
    assert (condition.operator, condition.value) == ("<=", "100")
    assert "users who spent over $100" in read("spend by model excluding users who spent over $100").unread
    said = scope_of(read("how many calls cost between $0.01 and $0.02?"))
    assert said == " (only calls that cost between $0.01 and $0.02)"
