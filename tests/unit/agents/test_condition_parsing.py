"""Budgets and thresholds of a question, and what an answer leaves out of it."""

import pytest

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
        "will we stay under $5k this month?",
        "which features cost less than $10 a day?",
        "keep the cost per session under $0.10",
        "cut the bill by $2k a month",
        "was the bill under $5k last month?",
    ],
)
def test_other_amounts_are_no_budget(text: str) -> None:
    assert read(text).targets.spend_usd is None


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
        ("which users spent over $100 last month?", ["users spent over $100"]),
        ("sessions that cost more than $2", ["sessions that cost more than $2"]),
        ("spend by model of calls over $5 a month", ["calls over $5"]),
        ("days on which calls cost over $50", ["calls cost over $50"]),
        ("spend by users over 30 days", []),
        ("spend by model on weekends", ["on weekends"]),
        ("top five cost drivers except support-chat", ["except support-chat"]),
    ],
)
def test_what_an_answer_leaves_out_is_said(text: str, unread: list[str]) -> None:
    assert read(text).unread == unread
