"""The answers of the typed query, counted again: one call after the other, in fractions, from the rows of a
file as they were written. Knows neither the store nor its SQL nor the catalogue, only the definitions; prices
are the providers' public lists. Slow and plain on purpose.
"""

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, cast
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Rows = Sequence[Row]
Value = Fraction | float | None

_CHANGE_OF_O3 = datetime(2025, 6, 10, tzinfo=UTC)
_CHANGE_OF_DEEPSEEK = datetime(2025, 9, 29, tzinfo=UTC)
_CHANGE_OF_GEMINI = datetime(2025, 9, 25, tzinfo=UTC)
_LISTED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...] | None]] = {
    "gpt-4o": ("openai", ("2.5", "1.25", "2.5", "2.5", "10"), None),
    "gpt-4o-mini": ("openai", ("0.15", "0.075", "0.15", "0.15", "0.6"), None),
    "claude-sonnet-4-5": (
        "anthropic",
        ("3", "0.3", "3.75", "6", "15"),
        ("6", "0.6", "7.5", "12", "22.5"),
    ),
    "gemini-2.5-pro": (
        "google",
        ("1.25", "0.125", "1.25", "1.25", "10"),
        ("2.5", "0.25", "2.5", "2.5", "15"),
    ),
}
"""Model: who bills it, and USD per million tokens in, read from cache, written to it (5 min, 1 h), out; the
same of calls with more than `_LONG` tokens in.
"""
_LONG = 200_000
CACHING = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "deepseek-chat")
WRITING = ("claude-sonnet-4-5",)
WITH_BATCH = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")
MODELS = (*_LISTED, "o3", "deepseek-chat", "in-house-7b", "gpt-4o-2024-08-06")


def instant(row: Row) -> datetime:
    """When a call was made."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=row["ts"])


def text(row: Row, name: str) -> str:
    """A text column; what nobody gave is empty, but every call has a status, a tier and a biller."""
    if name == "provider":
        return row.get("provider") or provider_of(row["model"])
    usual = {"status": "ok", "service_tier": "standard"}
    return row.get(name) or usual.get(name, "")


def provider_of(model: str) -> str:
    """Who bills a model that names nobody."""
    others = {"o3": "openai", "deepseek-chat": "deepseek", "gpt-4o-2024-08-06": "openai"}
    return _LISTED[model][0] if model in _LISTED else others.get(model, "")


def count(row: Row, name: str) -> int:
    """Tokens; unknown ones are none."""
    return row.get(name) or 0


def _rates(row: Row) -> tuple[Fraction, ...] | None:
    model = row["model"].removesuffix("-2024-08-06")
    at = instant(row)
    if model == "o3":
        low = at >= _CHANGE_OF_O3
        rates = ("2", "0", "0", "0", "8") if low else ("10", "0", "0", "0", "40")
    elif model == "deepseek-chat" and at >= _CHANGE_OF_DEEPSEEK:
        rates = ("0.28", "0.028", "0", "0", "0.42")
    elif model == "deepseek-chat":
        day = (at.hour, at.minute) >= (0, 30) and (at.hour, at.minute) < (16, 30)
        rates = ("0.27", "0.07", "0", "0", "1.1") if day else ("0.135", "0.035", "0", "0", "0.55")
    elif model in _LISTED:
        _, usual, long = _LISTED[model]
        is_long = bool(long) and count(row, "input_tokens") > _LONG
        rates = long if long and is_long else usual
        if model == "gemini-2.5-pro" and at < _CHANGE_OF_GEMINI:
            rates = (rates[0], "0.625" if is_long else "0.31", *rates[2:])
    else:
        return None
    if text(row, "service_tier") != "batch":
        return tuple(Fraction(rate) / 1_000_000 for rate in rates)
    if model in ("gpt-4o", "gpt-4o-mini"):
        # Half of everything, and a cached token of these models is no cheaper in a batch.
        rates = (rates[0], rates[0], *rates[2:])
    return tuple(Fraction(rate) / 2_000_000 for rate in rates)


def cost(row: Row) -> Fraction | None:
    """USD of a call, None where nobody publishes a price."""
    rates = _rates(row)
    if rates is None:
        return None
    caches = [count(row, f"cache_{kind}_tokens") for kind in ("read", "write", "write_1h")]
    tokens = [count(row, "input_tokens") - sum(caches), *caches, count(row, "output_tokens")]
    return sum((rate * n for rate, n in zip(rates, tokens, strict=True)), Fraction(0))


# --- measures ---------------------------------------------------------------------------------------------


def _sum(rows: Rows, *names: str) -> Fraction:
    return Fraction(sum(count(row, name) for row in rows for name in names))


def _costs(rows: Iterable[Row]) -> list[Fraction]:
    return [amount for row in rows if (amount := cost(row)) is not None]


def spend(rows: Rows) -> Fraction | None:
    """The sum of what is priced; nothing priced is no spend, not none."""
    amounts = _costs(rows)
    return sum(amounts, Fraction(0)) if amounts else None


def _over(above: Fraction | None, below: int | Fraction) -> Fraction | None:
    return None if above is None or not below else above / below


def _known(rows: Rows, name: str) -> list[Fraction]:
    return [Fraction(row[name]) for row in rows if row.get(name) is not None]


def percentile(values: Sequence[Fraction], share: Fraction) -> Fraction | None:
    """Linear between the two nearest ranks, both ends included."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _distinct(rows: Rows, name: str, *, priced: bool = False) -> int:
    return len({text(r, name) for r in rows if text(r, name) and (not priced or cost(r) is not None)})


def _per_name(name: str) -> Callable[[Rows, ZoneInfo], Value]:
    def measure(rows: Rows, _: ZoneInfo) -> Value:
        named = [row for row in rows if text(row, name)]
        return _over(spend(named), _distinct(rows, name, priced=True))

    return measure


def _speeds(rows: Rows) -> list[Fraction]:
    return [
        1000 * count(row, "output_tokens") / Fraction(row["latency_ms"])
        for row in rows
        if text(row, "status") == "ok" and (row.get("latency_ms") or 0) > 0
    ]


def _failed(rows: Rows) -> int:
    return sum(text(row, "status") != "ok" for row in rows)


def _uncached(rows: Rows) -> Fraction:
    caches = _sum(rows, "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    return _sum(rows, "input_tokens") - caches


def _reported(rows: Rows, _: ZoneInfo) -> Value:
    amounts = [Fraction(row["reported_cost_usd"]) for row in rows if "reported_cost_usd" in row]
    return sum(amounts, Fraction(0)) if amounts else None


def _priced(rows: Rows) -> list[Row]:
    return [row for row in rows if cost(row) is not None]


_ALL = ("input_tokens", "output_tokens")

MEASURES: dict[str, Callable[[Rows, ZoneInfo], Value]] = {
    "calls": lambda rows, _: Fraction(len(rows)),
    "uncached_input_tokens": lambda rows, _: _uncached(rows),
    "cache_write_tokens": lambda rows, _: _sum(rows, "cache_write_tokens", "cache_write_1h_tokens"),
    "cache_write_5m_tokens": lambda rows, _: _sum(rows, "cache_write_tokens"),
    "cache_write_1h_tokens": lambda rows, _: _sum(rows, "cache_write_1h_tokens"),
    "reasoning_tokens": lambda rows, _: _sum(rows, "reasoning_tokens"),
    "total_tokens": lambda rows, _: _sum(rows, *_ALL),
    "tokens_per_call": lambda rows, _: _over(_sum(rows, *_ALL), len(rows)),
    "cost_usd": lambda rows, _: spend(rows),
    "reported_cost_usd": _reported,
    "reported_calls": lambda rows, _: Fraction(sum("reported_cost_usd" in row for row in rows)),
    "priced_calls": lambda rows, _: Fraction(len(_priced(rows))),
    "unpriced_calls": lambda rows, _: Fraction(len(rows) - len(_priced(rows))),
    "unpriced_share": lambda rows, _: _over(Fraction(100 * (len(rows) - len(_priced(rows)))), len(rows)),
    "priced_tokens": lambda rows, _: _sum(_priced(rows), *_ALL),
    "cost_per_call": lambda rows, _: _over(spend(rows), len(_priced(rows))),
    "cost_per_success": lambda rows, _: _over(spend(rows), len(rows) - _failed(rows)),
    "cost_per_mtok": lambda rows, _: _over(
        None if (whole := spend(rows)) is None else whole * 1_000_000, _sum(_priced(rows), *_ALL)
    ),
    "cost_per_session": _per_name("session_id"),
    "cost_per_user": _per_name("user"),
    "cost_per_key": _per_name("api_key_id"),
    "errors": lambda rows, _: Fraction(_failed(rows)),
    "error_rate": lambda rows, _: _over(Fraction(100 * _failed(rows)), len(rows)),
    "rate_limited": lambda rows, _: Fraction(sum(text(row, "status") == "rate_limited" for row in rows)),
    "timeouts": lambda rows, _: Fraction(sum(text(row, "status") == "timeout" for row in rows)),
    "retries": lambda rows, _: Fraction(sum(bool(row.get("retry_of")) for row in rows)),
    "retry_rate": lambda rows, _: _over(
        Fraction(100 * sum(bool(row.get("retry_of")) for row in rows)), len(rows)
    ),
    "cache_hit_share": lambda rows, _: _over(
        100 * _sum(rows, "cache_read_tokens"), _sum(rows, "input_tokens")
    ),
    "sessions": lambda rows, _: Fraction(_distinct(rows, "session_id")),
    "users": lambda rows, _: Fraction(_distinct(rows, "user")),
    "api_keys": lambda rows, _: Fraction(_distinct(rows, "api_key_id")),
    "models": lambda rows, _: Fraction(_distinct(rows, "model")),
    "active_days": lambda rows, zone: Fraction(len({instant(row).astimezone(zone).date() for row in rows})),
    "calls_per_session": lambda rows, _: _over(
        Fraction(sum(bool(text(row, "session_id")) for row in rows)), _distinct(rows, "session_id")
    ),
    "output_tokens_per_s_p50": lambda rows, _: percentile(_speeds(rows), Fraction(1, 2)),
    "output_tokens_per_s_p5": lambda rows, _: percentile(_speeds(rows), Fraction(5, 100)),
}


def _add_tokens(name: str, percents: Sequence[int]) -> None:
    MEASURES[name] = lambda rows, _: _sum(rows, name)
    MEASURES[f"{name}_per_call"] = lambda rows, _: _over(_sum(rows, name), len(rows))
    for percent in percents:
        _add_percentile(f"{name}_p{percent}", name, percent)


def _add_percentile(measure: str, name: str, percent: int) -> None:
    MEASURES[measure] = lambda rows, _: percentile(_known(rows, name), Fraction(percent, 100))


for _column, _percents in (
    ("input_tokens", (50, 95)),
    ("output_tokens", (50, 95, 99)),
    ("cache_read_tokens", ()),
):
    _add_tokens(_column, _percents)


def _add_timing(name: str) -> None:
    for percent in (50, 90, 95, 99):
        _add_percentile(f"{name}_p{percent}_ms", f"{name}_ms", percent)
    column = f"{name}_ms"
    MEASURES[f"{name}_avg_ms"] = lambda rows, _: _over(
        sum(_known(rows, column), Fraction(0)), len(_known(rows, column))
    )
    MEASURES[f"{name}_max_ms"] = lambda rows, _: max(_known(rows, column), default=None)
    MEASURES[f"{name}_known"] = lambda rows, _: Fraction(len(_known(rows, column)))


_add_timing("latency")
_add_timing("ttft")


# --- dimensions and filters -------------------------------------------------------------------------------

_CLOCK: dict[str, Callable[[datetime], str]] = {
    "hour": lambda at: at.strftime("%Y-%m-%dT%H:00"),
    "day": lambda at: at.strftime("%Y-%m-%d"),
    "week": lambda at: (at.date() - timedelta(days=at.weekday())).isoformat(),
    "month": lambda at: at.strftime("%Y-%m"),
    "weekday": lambda at: str(at.isoweekday()),
    "hour_of_day": lambda at: at.strftime("%H"),
}


def label(row: Row, dimension: str, zone: ZoneInfo) -> str:
    """The group of a call in one dimension."""
    if dimension in _CLOCK:
        return _CLOCK[dimension](instant(row).astimezone(zone))
    if dimension in ("interactive", "streaming"):
        return {None: "", True: "yes", False: "no"}[row.get(dimension)]
    if dimension == "team" or dimension.startswith("tag:"):
        tags: Mapping[str, str] = row.get("tags") or {}
        return tags.get("team" if dimension == "team" else dimension[4:], "")
    return text(row, dimension)


def _value(row: Row, column: str) -> Any:
    if column == "cost_usd":
        return cost(row)
    if column == "total_tokens":
        return Fraction(count(row, "input_tokens") + count(row, "output_tokens"))
    if column in ("latency_ms", "ttft_ms", "reasoning_tokens"):
        return None if row.get(column) is None else Fraction(row[column])
    if column.endswith("_tokens"):
        return Fraction(count(row, column))
    return row.get(column)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def keeps(row: Row, entry: Mapping[str, Any], zone: ZoneInfo) -> bool:
    """Whether a filter lets a call through; a call without the number is on no side of any."""
    column, how = entry["column"], entry["operator"]
    wanted: Any = entry.get("value")
    numeric = column.endswith(("_ms", "_tokens", "_usd"))
    flag = column in ("interactive", "streaming")
    have = _value(row, column) if numeric or flag else label(row, column, zone)
    if how in ("is null", "is not null"):
        return (have in (None, "")) == (how == "is null")
    if have is None:
        return False
    if how == "contains":
        return str(wanted).lower() in have.lower()
    if how == "prefix":
        return have.startswith(str(wanted))
    if isinstance(wanted, list):
        several: list[Any] = [Fraction(one) if numeric else one for one in cast("list[Any]", wanted)]
        if how == "between":
            return bool(several[0] <= have <= several[1])
        return (have in several) == (how == "in")
    return bool(_COMPARE[how](have, Fraction(wanted) if numeric else wanted))


def selected(rows: Rows, question: Mapping[str, Any]) -> list[Row]:
    """The calls a question is about."""
    zone = ZoneInfo(question.get("timezone") or "UTC")
    since, until = question.get("since"), question.get("until")
    return [
        row
        for row in rows
        if (since is None or instant(row) >= since)
        and (until is None or instant(row) < until)
        and all(keeps(row, entry, zone) for entry in question.get("filters", []))
    ]


def recount(rows: Rows, question: Mapping[str, Any]) -> dict[tuple[str, ...], dict[str, Value]]:
    """Every group of a question with its measures."""
    zone = ZoneInfo(question.get("timezone") or "UTC")
    dimensions = ([question["grain"]] if question.get("grain") else []) + question.get("dimensions", [])
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    if not dimensions:
        groups[()] = []
    for row in selected(rows, question):
        groups[tuple(label(row, name, zone) for name in dimensions)].append(row)
    return {
        key: {name: MEASURES[name](members, zone) for name in question["measures"]}
        for key, members in groups.items()
    }
