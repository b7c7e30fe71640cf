"""Small random files of calls and random questions about them, for `testkit.usage_recount`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from testkit.usage_recount import (
    CACHING,
    MEASURES,
    MODELS,
    WITH_BATCH,
    WRITING,
    instant,
    label,
    provider_of,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
"""With and without summer time; of whole, half and quarter hours; Lord Howe moves by half an hour."""

_STARTS = (
    datetime(2025, 3, 7, 12, tzinfo=UTC),  # New York and St John's go to summer time
    datetime(2025, 3, 28, tzinfo=UTC),  # Berlin does
    datetime(2025, 4, 4, tzinfo=UTC),  # Lord Howe leaves it
    datetime(2025, 6, 8, tzinfo=UTC),  # o3 becomes cheaper on the tenth
    datetime(2025, 10, 24, tzinfo=UTC),  # Berlin leaves summer time; New York a week later
    datetime(2024, 12, 29, tzinfo=UTC),  # the year ends within a week
)
_DIMENSIONS = (
    *("model", "provider", "app", "feature", "user", "api_key_id", "session_id", "status", "service_tier"),
    *(
        "reasoning_effort",
        "team",
        "tag:env",
        "interactive",
        "streaming",
        "weekday",
        "hour_of_day",
        "trace_id",
    ),
)
_TEXT = ("model", "provider", "app", "user", "session_id", "status", "service_tier", "team", "tag:env")
_NUMBERS = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "total_tokens", "reasoning_tokens"),
    *("latency_ms", "ttft_ms", "cost_usd"),
)


def random_calls(random: Random, most: int = 90) -> list[dict[str, Any]]:
    """Rows of a file of format `calls`: some columns are lacking in all, some in a part of them."""
    start = random.choice(_STARTS)
    span = random.choice([3_600_000, 86_400_000, 12 * 86_400_000])
    lacking = {name for name in ("session_id", "ttft_ms", "user", "tags", "app") if random.random() < 0.15}
    first = int(start.timestamp() * 1000)
    rows = [_call(random, number, first, span) for number in range(random.randint(1, most))]
    return [{name: value for name, value in row.items() if name not in lacking} for row in rows]


def _call(random: Random, number: int, first: int, span: int) -> dict[str, Any]:
    model = random.choice(MODELS)
    size = random.choice([0, 1, 900, 60_000, 200_000, 200_001, 260_000])
    # Whole and half hours are where zones and prices change.
    at = first + random.choice([random.randrange(span), random.randrange(span) // 1_800_000 * 1_800_000])
    row: dict[str, Any] = {
        "call_id": f"c{number}",
        "ts": at,
        "model": model,
        "input_tokens": size,
        "output_tokens": random.choice([0, 1, 7, 300, 4_001]),
        "status": random.choice(["ok", "ok", "ok", "error", "timeout", "rate_limited"]),
    }
    if model in CACHING and size:
        row["cache_read_tokens"] = random.randrange(size + 1)
        left = size - row["cache_read_tokens"]
        if model in WRITING and left:
            row["cache_write_tokens"] = random.randrange(left)
            row["cache_write_1h_tokens"] = random.randrange(left - row["cache_write_tokens"])
    if model in WITH_BATCH and random.random() < 0.3:
        row["service_tier"] = "batch"
    maybe: dict[str, Any] = {
        "provider": provider_of(model),
        "reasoning_tokens": random.randrange(row["output_tokens"] + 1),
        "latency_ms": random.choice([0.0, 12.5, 800.0, random.random() * 9_000 + 100]),
        "app": random.choice(["chat", "Büro", "it's `odd`; -- {p0:String}"]),
        "feature": random.choice(["search", "summary"]),
        "user": f"u{random.randrange(4)}",
        "api_key_id": f"k{random.randrange(3)}",
        "session_id": f"s{random.randrange(9)}",
        "trace_id": f"t{number // 3}",
        "interactive": random.random() < 0.5,
        "streaming": random.random() < 0.5,
        "reasoning_effort": random.choice(["low", "high"]),
        "retry_of": f"c{max(number - 1, 0)}",
        "reported_cost_usd": f"{random.randrange(10**6)}e-{random.randrange(4, 10)}",
        "tags": {"team": random.choice(["red", "blau", "größer"]), "env": random.choice(["prod", "dev"])},
    }
    row |= {name: value for name, value in maybe.items() if random.random() < 0.75}
    if row.get("latency_ms") is not None and random.random() < 0.7:
        row["ttft_ms"] = round(row["latency_ms"] * random.random(), 3)
    return row


def random_question(random: Random, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A question in the words of `UsageQuery`, all of whose names exist."""
    wanted = random.sample(sorted(MEASURES), random.choice([1, 3, 12, 30]))
    zone = random.choice(ZONES)
    question: dict[str, Any] = {"measures": wanted, "timezone": zone}
    if random.random() < 0.5:
        question["grain"] = random.choice(["hour", "day", "week", "month"])
    if random.random() < 0.7:
        question["dimensions"] = random.sample(_DIMENSIONS, random.choice([1, 1, 2, 3]))
    if random.random() < 0.6:
        question["filters"] = [_filter(random, rows) for _ in range(random.choice([1, 1, 2]))]
    if random.random() < 0.4:
        edges = sorted(instant(random.choice(rows)) for _ in range(2))
        coarse = random.choice([timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)])
        question["since"], question["until"] = (_floored(edge, coarse) for edge in edges)
        if question["since"] >= question["until"]:
            del question[random.choice(["since", "until"])]
    return question


def _floored(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - datetime(2020, 1, 1, tzinfo=UTC)) % step if step else moment


def _filter(random: Random, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kind = random.random()
    if kind < 0.15:
        flag = random.choice(["interactive", "streaming"])
        return {"column": flag, "operator": random.choice(["=", "!="]), "value": random.random() < 0.5}
    if kind < 0.55:
        return _about_text(random, random.choice(_TEXT), rows)
    column = random.choice(_NUMBERS)
    if column == "cost_usd":
        return {"column": column, "operator": random.choice([">", "<="]), "value": "0.0012"}
    operator = random.choice(["=", "!=", ">", ">=", "<", "<=", "between", "in", "not in", "is null"])
    values = [_number(row, column) for row in rows if _number(row, column) is not None] or [1]
    two = sorted(random.choice(values) for _ in range(2))
    if operator == "is null":
        return {"column": random.choice(["latency_ms", "ttft_ms", "reasoning_tokens"]), "operator": operator}
    return {"column": column, "operator": operator, "value": two if operator in _LISTS else two[0]}


_LISTS = ("between", "in", "not in")


def _number(row: Mapping[str, Any], column: str) -> Any:
    if column == "total_tokens":
        return row["input_tokens"] + row["output_tokens"]
    return row.get(column)


def _about_text(random: Random, column: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    operator = random.choice(["=", "!=", "in", "not in", "contains", "prefix", "is null", "is not null"])
    values = sorted({label(row, column, ZoneInfo("UTC")) for row in rows})
    given = random.choice(values)
    if operator.startswith("is "):
        return {"column": column, "operator": operator}
    if operator in ("in", "not in"):
        return {
            "column": column,
            "operator": operator,
            "value": random.sample(values, len(values) // 2) or [given],
        }
    if operator in ("contains", "prefix"):
        given = given[: random.randrange(1, 4)]
        given = given.upper() if operator == "contains" else given
    return {"column": column, "operator": operator, "value": given or "a"}
