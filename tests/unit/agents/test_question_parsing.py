"""What a question is read as: a wide table of phrasings, with synonyms, typos and names of the data."""

from datetime import UTC, datetime

import pytest

from netra.agents.triage.parsing import parse_question
from testkit.questions import NOW, WORDS, read


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("greeting", "hi"),
        ("greeting", "Hello there!"),
        ("greeting", "thanks a lot"),
        ("capabilities", "what can you do?"),
        ("capabilities", "help"),
        ("capabilities", "What questions can I ask?"),
        ("cost", "cut spend by 30 % while quality stays above 80 and p95 below 2 s"),
        ("cost", "How can we reduce our LLM bill?"),
        ("cost", "Where can I save money?"),
        ("cost", "Make it 20% cheaper without losing more than 2 points of quality: reduce cost"),
        ("cost", "redcue our spendng by a third"),
        ("cost", "optimise our costs"),
        ("cost", "What savings are possible?"),
        ("cost", "Where can we cut our LLM spend without losing quality, and what should we do first?"),
        ("price", "What does gpt-4o cost per million tokens?"),
        ("price", "price of gpt-4o versus gpt-4"),
        ("usage", "Is everything ok?"),
        ("audit", "How much did we spend on reasoning tokens?"),
        ("model_choice", "What would we save if support-chat used gpt-4o-mini?"),
        ("change", "Why was Tuesday more expensive than Monday?"),
        ("change", "which feature grew the most last week"),
        ("drivers", "wich modle is teh most expensiv?"),
        ("drivers", "Top five cost drivers this month"),
        ("drivers", "What are our biggest costs?"),
        ("model_choice", "is gpt-4o overkill for support-chat?"),
        ("model_choice", "what if everything ran on gpt-4o-mini"),
        ("audit", "why is our cache hit rate low"),
        ("drivers", "where does the money go?"),
        ("drivers", "Which feature costs us the most?"),
        ("drivers", "what is the most expensive model"),
        ("change", "Why did spend jump last week?"),
        ("change", "why have our costs gone up since yesterday"),
        ("change", "What changed in our spend last week?"),
        ("change", "Explain the increase in cost last month"),
        ("change", "compare spend with last week versus the previous week"),
        ("latency", "Where is the time going?"),
        ("latency", "What would halve the p95?"),
        ("latency", "Meet a p99 target of 4 seconds at the least cost"),
        ("latency", "why is support-chat so slow?"),
        ("latency", "How do we make responses faster?"),
        ("latency", "our latecny is terrible, what can we do about it"),
        ("capacity", "We expect 50 % more users next month"),
        ("capacity", "Where do rate limits bite?"),
        ("capacity", "can we take a 10x spike in traffic?"),
        ("capacity", "What if traffic doubles?"),
        ("capacity", "steady load against 10x spikes: what holds?"),
        ("model_choice", "Which calls can use a cheaper model?"),
        ("model_choice", "Is gpt-4o-mini worth it for feature summarise?"),
        ("model_choice", "Should we switch from gpt-4 to mixtral-8x7b?"),
        ("model_choice", "replace gpt-4o with claude haiku 4.5"),
        ("model_choice", "gpt-4o vs gpt-4o-mini"),
        ("audit", "Audit our prompt caching"),
        ("audit", "how much do retries waste?"),
        ("audit", "Does context growth cost us?"),
        ("audit", "What work is batchable?"),
        ("audit", "Do we have unpriced models?"),
        ("audit", "are we wasting reasoning tokens"),
        ("audit", "Would response caching pay off?"),
        ("audit", "How much would prompt caching save us?"),
        ("audit", "is batch worth it?"),
        ("audit", "unused reasoning tokens"),
        ("audit", "Would lower reasoning effort save money?"),
        ("audit", "would provisioned throughput pay off?"),
        ("forecast", "what will next month cost, with 50 % more users?"),
        ("forecast", "forecast our spend for next week"),
        ("forecast", "what will we have spent by the end of this month?"),
        ("anomalies", "were there any anomalies in spend?"),
        ("anomalies", "anything unusual in the number of calls?"),
        ("change", "compare this week with last week"),
        ("change", "Is our spend growing?"),
        ("change", "Which feature had the biggest cost increase last week?"),
        ("usage", "How much did we spend on gpt-4o vs gpt-4 last week?"),
        ("usage", "Is openai slower than anthropic?"),
        ("usage", "Which provider is the most reliable?"),
        ("model_choice", "How accurate is gpt-4o-mini?"),
        ("usage", "how many answers were truncated?"),
        ("forecast", "What should I tell finance about next month?"),
        ("cost", "what should we do first?"),
        ("usage", "what share of input is read from cache?"),
        ("usage", "how many rate-limited calls per day last week?"),
        ("usage", "p95 time to first token by model"),
        ("usage", "cost per session by feature"),
        ("usage", "how are we doing?"),
        ("usage", "How many calls by model yesterday?"),
        ("usage", "how much did we spend last month"),
        ("usage", "What is the p95 latency of support-chat?"),
        ("usage", "show tokens per day for the last 7 days"),
        ("usage", "What was our error rate in October?"),
        ("usage", "number of requests by provider this week"),
        ("usage", "how many users were active yesterday"),
        ("cost", "Where can we cut?"),
        ("cost", "where could we cut back without hurting quality"),
        ("cost", "cut 30% keeping quality above 80"),
        ("cost", "Get us 25% off with p95 under 3s"),
        ("cost", "We're burning too much on OpenAI, help"),
        ("drivers", "What's eating our budget?"),
        ("drivers", "Who are the big spenders?"),
        ("drivers", "Why is the bill so high?"),
        ("change", "Our spend went up last week. Why?"),
        ("change", "how come we spent more last week?"),
        ("latency", "Where do we lose time?"),
        ("latency", "Users complain about waiting"),
        ("latency", "cut p95 by 20 %"),
        ("capacity", "Where are we throttled?"),
        ("capacity", "When will we hit our limits?"),
        ("model_choice", "which requests don't need gpt-4o?"),
        ("model_choice", "Is gpt-4o-mini good enough for summarise?"),
        ("model_choice", "Can we drop gpt-4o for gpt-4o-mini?"),
        ("model_choice", "where is gpt-4o overkill?"),
        ("audit", "Do we send the same prompt twice?"),
        ("audit", "Are our conversations getting too long?"),
        ("outside", "What is the capital of France?"),
        ("outside", "tell me a joke"),
        ("outside", "Write me a poem about the sea"),
        ("outside", "???"),
    ],
)  # fmt: skip
def test_kind_of_question(kind: str, text: str) -> None:
    assert read(text).kind == kind


def test_conditions_of_a_cost_question() -> None:
    targets = read("cut spend by 30 % while quality stays above 80 and p95 below 2 s").targets
    assert (targets.savings_pct, targets.quality_min_pct, targets.p95_ms) == (30, 80, 2000)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("reduce cost by 12.5%", "savings_pct", 12.5),
        ("halve our bill", "savings_pct", 50),
        ("quality must stay above 0.85, cut cost", "quality_min_pct", 85),
        ("keep accuracy >= 90 % and cut cost", "quality_min_pct", 90),
        ("lose at most 2 points of quality", "quality_margin_points", 2),
        ("keep p95 under 800 ms", "p95_ms", 800),
        ("meet a p99 of 4 seconds", "p99_ms", 4000),
        ("what would halve the p95", "latency_cut_pct", 50),
        ("reduce latency by 20%", "latency_cut_pct", 20),
        ("50 % more users next month", "growth_pct", 50),
        ("traffic grows by 25 percent", "growth_pct", 25),
        ("if traffic doubles", "growth_pct", 100),
        ("a 10x spike", "spike", 10),
        ("save $100 a month", "savings_usd", 100),
        ("save $100,000 a year", "savings_usd", 100_000),
        ("save $1,250.50", "savings_usd", 1_250.5),
        ("cut 2k USD per year from the bill", "savings_usd", 2_000),
        ("cut the bill by two thirds", "savings_pct", 200 / 3),
    ],
)
def test_target(text: str, field: str, value: float) -> None:
    assert getattr(read(text).targets, field) == value


def test_time_that_is_spent_is_no_money() -> None:
    frame = read("Where is the time spent, and what would halve the p95?")
    assert (frame.kind, frame.measures, frame.unanswered) == ("latency", ["latency_p95_ms"], [])


def test_a_latency_cut_is_not_read_as_a_saving() -> None:
    assert read("reduce latency by 20%").targets.savings_pct is None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("calls yesterday", (2026, 11, 20), (2026, 11, 21)),
        ("calls today", (2026, 11, 21), (2026, 11, 22)),
        ("calls last week", (2026, 11, 9), (2026, 11, 16)),
        ("calls this month", (2026, 11, 1), (2026, 12, 1)),
        ("calls last month", (2026, 10, 1), (2026, 11, 1)),
        ("calls in October", (2026, 10, 1), (2026, 11, 1)),
        ("calls in December", (2025, 12, 1), (2026, 1, 1)),
        ("calls in March 2025", (2025, 3, 1), (2025, 4, 1)),
        ("calls on 2026-11-02", (2026, 11, 2), (2026, 11, 3)),
        ("calls between 2026-11-02 and 2026-11-05", (2026, 11, 2), (2026, 11, 6)),
        ("calls last quarter", (2026, 7, 1), (2026, 10, 1)),
        ("calls this year", (2026, 1, 1), (2027, 1, 1)),
        ("calls last tuesday", (2026, 11, 17), (2026, 11, 18)),
        ("calls on Saturday", (2026, 11, 21), (2026, 11, 22)),
        ("calls last Saturday", (2026, 11, 14), (2026, 11, 15)),
        ("calls last weekend", (2026, 11, 14), (2026, 11, 16)),
        ("calls from November 3rd to 5 Nov 2026", (2026, 11, 3), (2026, 11, 6)),
        ("spend between 3 and 10 november", (2026, 11, 3), (2026, 11, 11)),
        ("spend nov 3-10 2025 by model", (2025, 11, 3), (2025, 11, 11)),
        ("calls from the 3rd to the 10th of november", (2026, 11, 3), (2026, 11, 11)),
        ("spend in the first week of october", (2026, 10, 1), (2026, 10, 8)),
        ("spend in the second half of Oktober", (2026, 10, 16), (2026, 11, 1)),
        ("what did we spend on 2026-10-31 and 2026-11-01?", (2026, 10, 31), (2026, 11, 2)),
        ("spend in q3", (2026, 7, 1), (2026, 10, 1)),
        ("why was the 18th so expensive?", (2026, 11, 18), (2026, 11, 19)),
        ("calls on December 24", (2025, 12, 24), (2025, 12, 25)),
        ("why did cost spike on the 12th?", (2026, 11, 12), (2026, 11, 13)),
        ("what happened on the 25th", (2026, 10, 25), (2026, 10, 26)),
        ("calls 3 days ago", (2026, 11, 18), (2026, 11, 19)),
    ],
)
def test_window(text: str, since: tuple[int, int, int], until: tuple[int, int, int]) -> None:
    window = read(text).window
    assert window.since == datetime(*since, tzinfo=UTC)
    assert window.until == datetime(*until, tzinfo=UTC)


def test_hours_and_time_zones_narrow_a_day() -> None:
    window = read("spend on 2026-11-03 between 9:00 and 5 pm New York time").window
    assert window.since == datetime(2026, 11, 3, 14, tzinfo=UTC)
    assert window.until == datetime(2026, 11, 3, 22, tzinfo=UTC)
    assert read("spend last week between 9:00 and 17:00").unread == ["between 9:00 and 17:00"]


def test_rolling_window_ends_now() -> None:
    window = read("tokens over the last 7 days").window
    assert window.until == NOW
    assert window.since == datetime(2026, 11, 14, 15, 30, tzinfo=UTC)


def test_days_are_those_of_the_display_time_zone() -> None:
    frame = parse_question("calls yesterday", WORDS, NOW, "America/New_York", has_findings=False)
    assert frame.window.since == datetime(2026, 11, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "measures", "dimensions"),
    [
        ("How many calls by model yesterday?", ["calls"], ["model"]),
        ("how much did each user spend", ["cost_usd"], ["user"]),
        ("tokens per day by feature", ["input_tokens", "output_tokens"], ["feature", "day"]),
        ("output tokens by provider", ["output_tokens"], ["provider"]),
        ("what was the daily error rate", ["error_rate"], ["day"]),
        ("p95 latency per model", ["latency_p95_ms"], ["model"]),
        ("which app has the most errors", ["errors"], ["app"]),
    ],
)
def test_measures_and_dimensions(text: str, measures: list[str], dimensions: list[str]) -> None:
    frame = read(text)
    assert [m for m in frame.measures if m != "errors" or "errors" in measures] == measures
    assert frame.dimensions == dimensions


@pytest.mark.parametrize(
    ("text", "filters", "models"),
    [
        ("calls of the support chat feature", {"feature": "support-chat"}, []),
        ("spend of gpt-4o yesterday", {}, ["gpt-4o"]),
        ("spend of GPT-4o-mini yesterday", {}, ["gpt-4o-mini"]),
        ("switch from gpt-4 to mixtral-8x7b", {}, ["gpt-4", "mixtral-8x7b"]),
        ("is claude sonnet 4.5 worth it for code_review", {"feature": "code-review"}, ["claude-sonnet-4-5"]),
        ("replace gpt-4o with claude haiku 4.5", {}, ["gpt-4o", "claude-haiku-4.5"]),
        ("calls by anthropic in helpdesk", {"app": "helpdesk", "provider": "anthropic"}, []),
        ("how much did user u-17 spend", {"user": "u-17"}, []),
    ],
)
def test_names_of_the_data(text: str, filters: dict[str, str], models: list[str]) -> None:
    frame = read(text)
    assert (frame.filters, frame.models) == (filters, models)


@pytest.mark.parametrize(
    ("text", "levers"),
    [
        ("audit prompt caching and retries", ["prompt-cache", "retry-waste"]),
        ("would response caching pay off", ["response-cache"]),
        ("which work could be batched", ["batch"]),
        ("audit everything", None),
    ],
)
def test_levers(text: str, levers: list[str] | None) -> None:
    assert read(text).levers == levers


def test_a_question_of_a_hundred_kilobytes_is_read_at_once() -> None:
    assert read("reduce our spend by 30 % " + "x" * 100_000).targets.savings_pct == 30


@pytest.mark.parametrize(
    "text",
    [
        "1" * 100_000,
        "calls " * 20_000,
        "calls over 999999999999 million tokens",
        "1," * 50_000,
        "by " * 30_000,
        "gpt-" * 20_000,
    ],
)
def test_degenerate_text_is_read_without_harm(text: str) -> None:
    assert read(text).targets == read("").targets


@pytest.mark.parametrize(
    "text",
    [
        "switch from gpt-4o to gpt-4o-mini",
        "replace gpt-4o with gpt-4o-mini",
        "Is gpt-4o-mini good enough instead of gpt-4o?",
        "Instead of gpt-4o, can we use gpt-4o-mini?",
        "use gpt-4o-mini rather than gpt-4o",
        "switch to gpt-4o-mini from gpt-4o",
        "is gpt-4o-mini as good as gpt-4o?",
    ],
)
def test_the_model_in_use_comes_first(text: str) -> None:
    assert read(text).models == ["gpt-4o", "gpt-4o-mini"]


def test_shares_in_words() -> None:
    assert read("cut our bill by half").targets.savings_pct == 50
    assert read("reduce our costs by a quarter").targets.savings_pct == 25


def test_dollars_keep_their_period_and_shares_their_words() -> None:
    assert read("save $5000 a year").targets.savings_per == "year"
    assert read("save $50").targets.savings_per is None
    assert read("cut our costs by a third").targets.savings_said == "a third"


@pytest.mark.parametrize(
    ("text", "column", "name"),
    [
        ("how much does feature checkout cost?", "feature", "checkout"),
        ("what does the billing app cost?", "app", "billing"),
        ("what does team growth spend?", "team", "growth"),
        ("spend of user bob@nowhere.example", "user", "bob@nowhere.example"),
        ('calls of feature "semantic search"', "feature", "semantic search"),
        ("how much did we spend on gpt-9?", "model", "gpt-9"),
    ],
)
def test_names_that_do_not_occur_are_said(text: str, column: str, name: str) -> None:
    assert [(entry.column, entry.name) for entry in read(text).unknown] == [(column, name)]


@pytest.mark.parametrize(
    "text",
    [
        "how much does feature support-chat cost?",
        "which feature costs us the most?",
        "cost per user by feature",
        "which model should I use?",
        "how many users were active yesterday",
        "what does user u-17 spend?",
        "error rate by provider and model",
        "does the helpdesk app retry?",
        "which users waited more than 10 seconds?",
        "which users took longer than 30 seconds?",
    ],
)
def test_plain_words_are_no_unknown_names(text: str) -> None:
    assert read(text).unknown == []


@pytest.mark.parametrize(
    ("text", "why", "language"),
    [
        ("Wie viel geben wir pro Modell aus?", "language", "de"),
        ("Combien co\u00fbte chaque mod\u00e8le ?", "language", "fr"),
        ("\u3069\u306e\u30e2\u30c7\u30eb\u304c\u4e00\u756a\u9ad8\u3044\u3067\u3059\u304b", "language", "ja"),
        ("\u6211\u4eec\u4e0a\u4e2a\u6708\u82b1\u4e86\u591a\u5c11\u94b1", "language", "zh"),
        ("SELECT * FROM llm_calls; DROP TABLE llm_calls", "sql", None),
        ("asdf qwer zxcv", "nonsense", None),
        ("???", "empty", None),
        ("What is the capital of France?", "subject", None),
        ("Delete all my data", "command", None),
        ("Why does our number not match the invoice from OpenAI?", "invoice", None),
        ("export it", "file", None),
    ],
)
def test_what_is_not_read_says_why(text: str, why: str, language: str | None) -> None:
    frame = read(text)
    assert (frame.kind, frame.outside, frame.language) == ("outside", why, language)


def test_a_long_text_is_read_at_both_ends() -> None:
    frame = read("log line\n" * 4_000 + "how many calls by model yesterday?")
    assert (frame.kind, frame.dimensions) == ("usage", ["model"])


def test_the_word_beside_a_name_says_its_column() -> None:
    words = WORDS.model_copy(update={"teams": ["portal"]})
    frame = parse_question("what did the portal team spend?", words, NOW, "UTC")
    assert frame.filters == {"team": "portal"}


def test_names_together_and_names_left_out() -> None:
    assert read("cost of support-chat and summarise").among == {"feature": ["support-chat", "summarise"]}
    without = read("Spend excluding support-chat by model")
    assert (without.excluded, without.filters) == ({"feature": ["support-chat"]}, {})
    # A goal is no exclusion.
    assert read("cut spend by 20 % without losing quality").unread == []
