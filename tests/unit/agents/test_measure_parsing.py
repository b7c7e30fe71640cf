"""Which measures, shares and kinds of calls a question is read as."""

import pytest

from testkit.questions import read


@pytest.mark.parametrize(
    ("text", "measures", "dimensions"),
    [
        ("what does a million tokens cost us on average?", ["cost_per_mtok"], []),
        ("What is the cost per 1k tokens by model?", ["cost_per_mtok"], ["model"]),
        ("What is our cheapest model?", ["cost_per_mtok"], ["model"]),
        ("how long are our answers on average", ["output_tokens_per_call"], []),
        ("Which feature has the longest prompts?", ["input_tokens_per_call"], ["feature"]),
        ("average number of tokens per request by feature", ["tokens_per_call"], ["feature"]),
        ("What's the median number of tokens per call?", ["output_tokens_p50", "input_tokens_p50"], []),
        ("How many output tokens per second do we get?", ["output_tokens_per_s_p50"], []),
        ("How many tokens do we read from the cache per day?", ["cache_read_tokens"], ["day"]),
        ("What's the ratio of input to output tokens?", ["input_tokens", "output_tokens"], []),
        ("Which models time out the most?", ["timeouts"], ["model"]),
        ("what are the 5 slowest features", ["latency_p95_ms"], ["feature"]),
        ("Which day of the week is the most expensive?", ["cost_usd"], ["weekday"]),
        ("At which hour of the day do we have the most traffic?", ["calls"], ["hour_of_day"]),
        ("How much do streaming calls cost compared to non-streaming?", None, ["streaming"]),
        ("what % of calls failed by provider?", ["error_rate", "calls"], ["provider"]),
        ("ratio of output to input tokens by feature", ["input_tokens", "output_tokens"], ["feature"]),
        ("which model is used the most by each team?", ["calls"], ["model", "team"]),
        ("cost per 1000 calls by feature", ["cost_per_1k_calls"], ["feature"]),
        ("what do 1k calls of support-chat cost", ["cost_per_1k_calls"], []),
        ("cost per million requests", ["cost_per_1m_calls"], []),
        ("what share of calls fails by provider?", ["error_rate", "calls"], ["provider"]),
        ("Which sessions are the most expensive?", ["cost_usd", "calls"], ["session_id"]),
    ],
)
def test_sizes_rates_and_the_clock(text: str, measures: list[str] | None, dimensions: list[str]) -> None:
    frame = read(text)
    assert (frame.kind, frame.measures, frame.dimensions) == (
        "usage", measures if measures is not None else frame.measures, dimensions
    )  # fmt: skip
    assert frame.unread == []


@pytest.mark.parametrize(
    ("text", "measure", "dimensions"),
    [
        ("what share of spend is support-chat?", "cost_usd", []),
        ("how much of our spend goes to openai by feature?", "cost_usd", ["feature"]),
        ("What percent of our calls are interactive?", "calls", ["interactive"]),
        ("what percentage of tokens does the portal use?", "total_tokens", []),
        ("How much do we spend on weekends?", "cost_usd", ["weekday"]),
        ("what share of users' spend is support-chat?", "cost_usd", []),
    ],
)
def test_a_share_is_of_all_calls(text: str, measure: str, dimensions: list[str]) -> None:
    frame = read(text)
    assert (frame.kind, frame.share, frame.measures) == ("usage", True, [measure])
    assert frame.dimensions == dimensions


@pytest.mark.parametrize(
    "text",
    ["What percentage of users use support-chat?", "what % of our sessions are with gpt-4o?",
     "what share of the models does openai have?"],
)  # fmt: skip
def test_a_share_of_users_sessions_or_models_is_no_share_of_the_spend(text: str) -> None:
    assert not read(text).share


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Since when is Paris the capital of France?", False),
        ("When did they first land on the moon?", False),
        ("Since when do we have data?", True),
        ("When was the last import?", True),
        ("When did we start using gpt-4o?", True),
        ("How far back does the data go?", True),
    ],
)
def test_only_questions_about_the_calls_ask_for_their_span(text: str, asks: bool) -> None:
    frame = read(text)
    assert (frame.asks_span, frame.kind) == (asks, "usage" if asks else "outside")


@pytest.mark.parametrize(
    ("text", "filters", "excluded", "among"),
    [
        ("how much do failed calls cost", {}, {"status": ["ok"]}, {}),
        ("what did timeouts cost us by model", {"status": "timeout"}, {}, {}),
        ("how many calls failed yesterday and why?", {}, {"status": ["ok"]}, {}),
        ("what do retries cost per day", {}, {"retry_of": [""]}, {}),
        ("What did we spend on calls without a feature?", {}, {}, {"feature": [""]}),
        ("how many failed calls by model", {}, {}, {}),
        ("what is the cost per successful call", {}, {}, {}),
    ],
)
def test_kinds_of_calls_are_conditions(
    text: str, filters: dict[str, str], excluded: dict[str, list[str]], among: dict[str, list[str]]
) -> None:
    frame = read(text)
    assert frame.kind == "usage"
    assert (frame.filters, frame.excluded, frame.among) == (filters, excluded, among)
    assert frame.unread == []


def test_months_side_by_side_are_both_looked_at() -> None:
    frame = read("How much did anthropic cost us in October vs November?")
    assert (frame.kind, frame.dimensions, frame.window.label) == (
        "usage", ["month"], "October 2026 to November 2026"
    )  # fmt: skip
    assert read("tokens in and out in October").measures == ["input_tokens", "output_tokens"]
    assert read("cost per user by app last week").dimensions == ["app"]


def test_why_calls_failed_is_by_status_and_what_retries_waste_by_the_lever() -> None:
    assert read("how many calls failed yesterday and why?").dimensions == ["status"]
    assert read("how much do retries waste?").kind == "audit"


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("top five cost drivers", 5),
        ("the 3 biggest costs", 3),
        ("costs", 5),
        ("which two users cost most?", 2),
    ],
)
def test_top(text: str, top: int) -> None:
    assert read(text).top == top


def test_families_of_models_stand_for_their_stored_models() -> None:
    both = read("how much of our spend is gpt vs claude in october?")
    assert (both.kind, both.share) == ("usage", True)
    assert both.models == ["gpt-4o", "gpt-4o-mini", "gpt-4", "claude-sonnet-4-5"]
    assert read("spend on claude sonnet last week").models == ["claude-sonnet-4-5"]
    assert read("spend on gpt-4o last week").models == ["gpt-4o"]
    assert read("top five cost drivers of gpt").unread == ["gpt"]


def test_days_begin_in_the_zone_that_is_named() -> None:
    assert read("calls per day in new york time last week").zone == "America/New_York"
    plain = read("calls per day lst week")
    assert (plain.zone, plain.window.label) == (None, "last week")


def test_the_worst_of_what_is_better_the_more_is_the_least() -> None:
    assert read("which feature has the worst cache hit rate?").extreme == "least"
    assert read("which feature has the worst error rate?").extreme == "most"
