"""What can be asked about calls: the measures, each with its SQL.

Every expression here is a constant of the program; values of a question travel as bound parameters. Sums are
written with the aggregates that the rollups keep (`usage.rollups`), so that one expression serves both.
"""

from dataclasses import dataclass
from typing import Literal

MeasureKind = Literal["count", "money", "percent", "number"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One computed column.

    `sql` is an aggregate. kind: count is a whole number; money is exact decimal USD, given out as text;
    percent is 0..100 (5.24 means 5.24 %); number is a float in `unit`. `per` divides an exact amount by a
    count afterwards, times `times`. `percentile` (column or expression, share) stands instead of `sql`:
    percentiles of one column are computed together. `additive`: made of sums alone, which the rollups hold.
    """

    name: str
    kind: MeasureKind
    unit: str
    label: str
    sql: str
    per: str | None = None
    times: int = 1
    percentile: tuple[str, float] | None = None
    additive: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the values of disjoint groups sum to the value of them together."""
        return self.additive and self.per is None and self.kind in ("count", "money")


def _sum(name: str, kind: MeasureKind, unit: str, label: str, sql: str) -> Measure:
    return Measure(name, kind, unit, label, sql, additive=True)


def _money(name: str, label: str, sql: str, per: str, *, times: int = 1, additive: bool = False) -> Measure:
    return Measure(name, "money", "USD", label, sql, per=per, times=times, additive=additive)


def _percentile(name: str, unit: str, label: str, column: str, share: float) -> Measure:
    return Measure(name, "number", unit, label, "", percentile=(column, share))


def _share(name: str, label: str, part: str, whole: str) -> Measure:
    sql = f"if({whole} = 0, NULL, 100 * {part} / {whole})"
    return Measure(name, "percent", "%", label, sql, additive=True)


def _ratio(name: str, unit: str, label: str, above: str, below: str) -> Measure:
    return Measure(name, "number", unit, label, f"({above}) / nullIf({below}, 0)", additive=True)


def _timing(column: str, label: str) -> list[Measure]:
    short = column.removesuffix("_ms")
    return [
        _percentile(f"{short}_p50_ms", "ms", f"Median {label}", column, 0.5),
        _percentile(f"{short}_p90_ms", "ms", f"90th percentile {label}", column, 0.9),
        _percentile(f"{short}_p95_ms", "ms", f"95th percentile {label}", column, 0.95),
        _percentile(f"{short}_p99_ms", "ms", f"99th percentile {label}", column, 0.99),
        _ratio(f"{short}_avg_ms", "ms", f"Mean {label}", f"sum({column})", f"count({column})"),
        _sum(f"{short}_max_ms", "number", "ms", f"Highest {label}", f"max({column})"),
        _sum(f"{short}_known", "count", "calls", f"Calls with known {label}", f"count({column})"),
    ]


def _tokens(name: str, label: str) -> list[Measure]:
    return [
        _sum(name, "count", "tokens", label, f"sum({name})"),
        _ratio(f"{name}_per_call", "tokens", f"{label} per call", f"sum({name})", "count()"),
    ]


_COST = "sum(cost_usd)"
_PRICED = "count(cost_usd)"
_FAILED = "countIf(status != 'ok')"
_ALL_TOKENS = "sum(input_tokens) + sum(output_tokens)"
PRICED_TOKENS = "sumIf(input_tokens + output_tokens, isNotNull(cost_usd))"
RETRIES = "countIf(notEmpty(retry_of))"
_SESSIONS = "uniqExactIf(session_id, session_id != '')"
_SPEED = "if(latency_ms > 0 AND status = 'ok', 1000 * output_tokens / latency_ms, NULL)"

_MEASURES: tuple[Measure, ...] = (
    _sum("calls", "count", "calls", "Calls", "count()"),
    *_tokens("input_tokens", "Input tokens"),
    _percentile("input_tokens_p50", "tokens", "Median input tokens", "input_tokens", 0.5),
    _percentile("input_tokens_p95", "tokens", "95th percentile input tokens", "input_tokens", 0.95),
    *_tokens("output_tokens", "Output tokens"),
    _percentile("output_tokens_p50", "tokens", "Median output tokens", "output_tokens", 0.5),
    _percentile("output_tokens_p95", "tokens", "95th percentile output tokens", "output_tokens", 0.95),
    _percentile("output_tokens_p99", "tokens", "99th percentile output tokens", "output_tokens", 0.99),
    *_tokens("cache_read_tokens", "Tokens read from cache"),
    _sum(
        "cache_write_tokens",
        "count",
        "tokens",
        "Tokens written to cache",
        "sum(cache_write_tokens) + sum(cache_write_1h_tokens)",
    ),
    _sum("cache_write_5m_tokens", "count", "tokens", "Tokens cached for 5 min", "sum(cache_write_tokens)"),
    _sum("cache_write_1h_tokens", "count", "tokens", "Tokens cached for 1 h", "sum(cache_write_1h_tokens)"),
    _sum(
        "uncached_input_tokens",
        "count",
        "tokens",
        "Input tokens neither read from nor written to cache",
        "sum(input_tokens) - sum(cache_read_tokens) - sum(cache_write_tokens) - sum(cache_write_1h_tokens)",
    ),
    _sum("reasoning_tokens", "count", "tokens", "Reasoning tokens", "ifNull(sum(reasoning_tokens), 0)"),
    _sum("total_tokens", "count", "tokens", "Tokens", _ALL_TOKENS),
    _ratio("tokens_per_call", "tokens", "Tokens per call", _ALL_TOKENS, "count()"),
    _sum("cost_usd", "money", "USD", "Spend", _COST),
    _sum("reported_cost_usd", "money", "USD", "Spend as reported", "sum(reported_cost_usd)"),
    _sum("reported_calls", "count", "calls", "Calls with a reported cost", "count(reported_cost_usd)"),
    _sum("unpriced_calls", "count", "calls", "Calls without a known price", f"count() - {_PRICED}"),
    _sum("priced_calls", "count", "calls", "Calls with a known price", _PRICED),
    _sum("priced_tokens", "count", "tokens", "Tokens of calls with a known price", PRICED_TOKENS),
    _share("unpriced_share", "Calls without a known price", f"(count() - {_PRICED})", "count()"),
    _money("cost_per_call", "Spend per priced call", _COST, _PRICED, additive=True),
    _money("cost_per_1k_calls", "Spend per 1,000 priced calls", _COST, _PRICED, times=1_000, additive=True),
    _money(
        "cost_per_1m_calls", "Spend per million priced calls", _COST, _PRICED, times=1_000_000, additive=True
    ),
    _money("cost_per_success", "Spend per call that succeeded", _COST, f"count() - {_FAILED}", additive=True),
    _money("cost_per_mtok", "Spend per million tokens", _COST, PRICED_TOKENS, times=1_000_000, additive=True),
    _money(
        "cost_per_session",
        "Spend per session",
        "sumIf(cost_usd, session_id != '')",
        "uniqExactIf(session_id, session_id != '' AND isNotNull(cost_usd))",
    ),
    _money(
        "cost_per_user",
        "Spend per user",
        "sumIf(cost_usd, user != '')",
        "uniqExactIf(user, user != '' AND isNotNull(cost_usd))",
    ),
    _money(
        "cost_per_key",
        "Spend per API key",
        "sumIf(cost_usd, api_key_id != '')",
        "uniqExactIf(api_key_id, api_key_id != '' AND isNotNull(cost_usd))",
    ),
    _sum("errors", "count", "calls", "Failed calls", _FAILED),
    _share("error_rate", "Failed calls", _FAILED, "count()"),
    _sum(
        "rate_limited", "count", "calls", "Calls refused by a rate limit", "countIf(status = 'rate_limited')"
    ),
    Measure(
        "output_limited", "count", "calls", "Calls with a limit of output tokens", "count(max_output_tokens)"
    ),
    Measure(
        "at_output_limit",
        "count",
        "calls",
        "Calls whose output reached its limit",
        "countIf(output_tokens >= max_output_tokens)",
    ),
    Measure(
        "output_limit_rate",
        "percent",
        "%",
        "Calls whose output reached its limit, of those with one",
        "if(count(max_output_tokens) = 0, NULL, "
        "100 * countIf(output_tokens >= max_output_tokens) / count(max_output_tokens))",
    ),
    _sum("timeouts", "count", "calls", "Calls that timed out", "countIf(status = 'timeout')"),
    _sum("retries", "count", "calls", "Retried attempts", RETRIES),
    _share("retry_rate", "Retried attempts", RETRIES, "count()"),
    _share("cache_hit_share", "Input tokens read from cache", "sum(cache_read_tokens)", "sum(input_tokens)"),
    Measure("sessions", "count", "sessions", "Sessions", _SESSIONS),
    Measure("users", "count", "users", "Users", "uniqExactIf(user, user != '')"),
    Measure("api_keys", "count", "keys", "API keys", "uniqExactIf(api_key_id, api_key_id != '')"),
    Measure("models", "count", "models", "Models", "uniqExact(model)"),
    Measure("active_days", "count", "days", "Days with calls", "uniqExact(toDate(ts, {zone}))"),
    Measure(
        "calls_per_session",
        "number",
        "calls",
        "Calls per session",
        f"countIf(session_id != '') / nullIf({_SESSIONS}, 0)",
    ),
    _percentile("output_tokens_per_s_p50", "tokens/s", "Median output tokens per second", _SPEED, 0.5),
    # A slow call has few tokens per second: the slow end is the low percentile.
    _percentile("output_tokens_per_s_p5", "tokens/s", "5th percentile tokens per second", _SPEED, 0.05),
    *_timing("latency_ms", "latency"),
    *_timing("ttft_ms", "time to first token"),
)

MEASURES: dict[str, Measure] = {measure.name: measure for measure in _MEASURES}
