"""What can be asked about calls: measures, dimensions, filter columns, each with its SQL. The only SQL of
queries.

Every expression here is a constant of the program; values of a question travel as bound parameters.
"""

from dataclasses import dataclass
from typing import Literal

MeasureKind = Literal["count", "money", "percent", "number"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One computed column.

    `sql` is an aggregate. kind: count is a whole number; money is exact decimal USD, given out as text;
    percent is 0..100 (5.24 means 5.24 %); number is a float in `unit`. `per` divides an exact amount by a
    count afterwards.
    """

    name: str
    kind: MeasureKind
    unit: str
    label: str
    sql: str
    per: str | None = None


def _percentile(column: str, share: str) -> str:
    return f"quantileExactInclusiveOrNull({share})({column})"


def _timing(column: str, label: str) -> list[Measure]:
    short = column.removesuffix("_ms")
    return [
        Measure(f"{short}_p50_ms", "number", "ms", f"Median {label}", _percentile(column, "0.5")),
        Measure(f"{short}_p90_ms", "number", "ms", f"90th percentile {label}", _percentile(column, "0.9")),
        Measure(f"{short}_p95_ms", "number", "ms", f"95th percentile {label}", _percentile(column, "0.95")),
        Measure(f"{short}_p99_ms", "number", "ms", f"99th percentile {label}", _percentile(column, "0.99")),
        Measure(f"{short}_avg_ms", "number", "ms", f"Mean {label}", f"avgOrNull({column})"),
        Measure(f"{short}_max_ms", "number", "ms", f"Highest {label}", f"maxOrNull({column})"),
        Measure(f"{short}_known", "count", "calls", f"Calls with known {label}", f"count({column})"),
    ]


def _tokens(name: str, label: str) -> list[Measure]:
    return [
        Measure(name, "count", "tokens", label, f"sum({name})"),
        Measure(f"{name}_per_call", "number", "tokens", f"{label} per call", f"avgOrNull({name})"),
    ]


_MEASURES: tuple[Measure, ...] = (
    Measure("calls", "count", "calls", "Calls", "count()"),
    *_tokens("input_tokens", "Input tokens"),
    Measure(
        "input_tokens_p50", "number", "tokens", "Median input tokens", _percentile("input_tokens", "0.5")
    ),
    Measure(
        "input_tokens_p95",
        "number",
        "tokens",
        "95th percentile input tokens",
        _percentile("input_tokens", "0.95"),
    ),
    *_tokens("output_tokens", "Output tokens"),
    Measure(
        "output_tokens_p50", "number", "tokens", "Median output tokens", _percentile("output_tokens", "0.5")
    ),
    Measure(
        "output_tokens_p95",
        "number",
        "tokens",
        "95th percentile output tokens",
        _percentile("output_tokens", "0.95"),
    ),
    Measure(
        "output_tokens_p99",
        "number",
        "tokens",
        "99th percentile output tokens",
        _percentile("output_tokens", "0.99"),
    ),
    *_tokens("cache_read_tokens", "Tokens read from cache"),
    Measure(
        "cache_write_tokens",
        "count",
        "tokens",
        "Tokens written to cache",
        "sum(cache_write_tokens + cache_write_1h_tokens)",
    ),
    Measure("reasoning_tokens", "count", "tokens", "Reasoning tokens", "sum(ifNull(reasoning_tokens, 0))"),
    Measure("total_tokens", "count", "tokens", "Tokens", "sum(input_tokens + output_tokens)"),
    Measure(
        "tokens_per_call", "number", "tokens", "Tokens per call", "avgOrNull(input_tokens + output_tokens)"
    ),
    Measure("cost_usd", "money", "USD", "Spend", "sumOrNull(cost_usd)"),
    Measure("reported_cost_usd", "money", "USD", "Spend as reported", "sumOrNull(reported_cost_usd)"),
    Measure("reported_calls", "count", "calls", "Calls with a reported cost", "count(reported_cost_usd)"),
    Measure("unpriced_calls", "count", "calls", "Calls without a known price", "countIf(isNull(cost_usd))"),
    Measure("priced_calls", "count", "calls", "Calls with a known price", "count(cost_usd)"),
    Measure(
        "priced_tokens",
        "count",
        "tokens",
        "Tokens of calls with a known price",
        "sumIf(input_tokens + output_tokens, isNotNull(cost_usd))",
    ),
    Measure(
        "cost_per_call", "money", "USD", "Spend per priced call", "sumOrNull(cost_usd)", per="count(cost_usd)"
    ),
    Measure(
        "cost_per_session",
        "money",
        "USD",
        "Spend per session",
        "sumOrNullIf(cost_usd, session_id != '')",
        per="uniqExactIf(session_id, session_id != '' AND isNotNull(cost_usd))",
    ),
    Measure(
        "cost_per_user",
        "money",
        "USD",
        "Spend per user",
        "sumOrNullIf(cost_usd, user != '')",
        per="uniqExactIf(user, user != '' AND isNotNull(cost_usd))",
    ),
    Measure("errors", "count", "calls", "Failed calls", "countIf(status != 'ok')"),
    Measure(
        "error_rate",
        "percent",
        "%",
        "Failed calls",
        "if(count() = 0, NULL, 100 * countIf(status != 'ok') / count())",
    ),
    Measure(
        "rate_limited", "count", "calls", "Calls refused by a rate limit", "countIf(status = 'rate_limited')"
    ),
    Measure("timeouts", "count", "calls", "Calls that timed out", "countIf(status = 'timeout')"),
    Measure("retries", "count", "calls", "Retried attempts", "countIf(retry_of != '')"),
    Measure(
        "retry_rate",
        "percent",
        "%",
        "Retried attempts",
        "if(count() = 0, NULL, 100 * countIf(retry_of != '') / count())",
    ),
    Measure(
        "cache_hit_share",
        "percent",
        "%",
        "Input tokens read from cache",
        "if(sum(input_tokens) = 0, NULL, 100 * sum(cache_read_tokens) / sum(input_tokens))",
    ),
    Measure("sessions", "count", "sessions", "Sessions", "uniqExactIf(session_id, session_id != '')"),
    Measure("users", "count", "users", "Users", "uniqExactIf(user, user != '')"),
    Measure("models", "count", "models", "Models", "uniqExact(model)"),
    Measure("active_days", "count", "days", "Days with calls", "uniqExact(toDate(ts, {zone}))"),
    Measure(
        "calls_per_session",
        "number",
        "calls",
        "Calls per session",
        "countIf(session_id != '') / nullIf(uniqExactIf(session_id, session_id != ''), 0)",
    ),
    *_timing("latency_ms", "latency"),
    *_timing("ttft_ms", "time to first token"),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _MEASURES}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group by; `time` dimensions follow the display time zone, as ISO text."""

    name: str
    sql: str
    label: str
    time: bool = False


_TEXT_DIMENSIONS = {
    "model": "Model",
    "provider": "Provider",
    "app": "App",
    "feature": "Feature",
    "user": "User",
    "api_key_id": "API key",
    "session_id": "Session",
    "trace_id": "Trace",
    "status": "Status",
    "service_tier": "Service tier",
    "reasoning_effort": "Reasoning effort",
    "price_source": "Price source",
    "import_id": "Import",
}

_YES_NO = "multiIf(isNull({0}), '', {0}, 'yes', 'no')"

DIMENSIONS: dict[str, Dimension] = {
    **{name: Dimension(name, f"`{name}`", label) for name, label in _TEXT_DIMENSIONS.items()},
    "interactive": Dimension("interactive", _YES_NO.format("interactive"), "Interactive"),
    "streaming": Dimension("streaming", _YES_NO.format("streaming"), "Streaming"),
    "hour": Dimension("hour", "formatDateTime(ts, '%Y-%m-%dT%H:00', {zone})", "Hour", time=True),
    "day": Dimension("day", "toString(toDate(ts, {zone}))", "Day", time=True),
    "week": Dimension("week", "toString(toStartOfWeek(ts, 1, {zone}))", "Week", time=True),
    "month": Dimension("month", "formatDateTime(ts, '%Y-%m', {zone})", "Month", time=True),
    "weekday": Dimension("weekday", "toString(toDayOfWeek(ts, 0, {zone}))", "Weekday (1 Monday)"),
    "hour_of_day": Dimension("hour_of_day", "formatDateTime(ts, '%H', {zone})", "Hour of day"),
}
"""`{zone}` is replaced by a bound parameter, never by text of the question."""

FilterType = Literal["String", "Int64", "Float64", "Decimal(38, 15)", "Bool"]

FILTER_COLUMNS: dict[str, FilterType] = {
    **dict.fromkeys(_TEXT_DIMENSIONS, "String"),
    **dict.fromkeys(("call_id", "retry_of", "request_hash", "span_id", "parent_span_id"), "String"),
    **dict.fromkeys(
        (
            "input_tokens",
            "output_tokens",
            "cache_read_tokens",
            "cache_write_tokens",
            "cache_write_1h_tokens",
            "reasoning_tokens",
            "max_output_tokens",
        ),
        "Int64",
    ),
    **dict.fromkeys(("latency_ms", "ttft_ms", "temperature"), "Float64"),
    **dict.fromkeys(("cost_usd", "reported_cost_usd"), "Decimal(38, 15)"),
    **dict.fromkeys(("interactive", "streaming"), "Bool"),
}
"""Columns a question may filter on, with the type their values are bound as."""
