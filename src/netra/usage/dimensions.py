"""What calls can be grouped and filtered by, each with its SQL. Constants of the program only."""

import re
from dataclasses import dataclass
from typing import Literal

FilterType = Literal["String", "Int64", "Float64", "Decimal(38, 15)", "Bool"]

TAG = re.compile(r"tag:(?P<key>[A-Za-z0-9_.\-]{1,60})\Z")
"""`tag:NAME` groups or filters by an entry of a call's tags."""

TAG_SQL = "if(JSONType(tags, {key}) = 'String', JSONExtractString(tags, {key}), JSONExtractRaw(tags, {key}))"
"""`{key}` is replaced by a bound parameter; a call without that tag has an empty one."""

TEAM_TAG = "tag:team"
"""What the dimension `team` stands for."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group by; `time` dimensions follow the display time zone, as ISO text.

    `{ts}` in `sql` is the instant of the call (or the beginning of its hour, in a rollup), `{zone}` a bound
    parameter.
    """

    name: str
    sql: str
    label: str
    time: bool = False


TEXT_DIMENSIONS = {
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

_TIMES = (
    Dimension("hour", "formatDateTime({ts}, '%Y-%m-%dT%H:00', {zone})", "Hour", time=True),
    Dimension("day", "toString(toDate({ts}, {zone}))", "Day", time=True),
    Dimension("week", "toString(toStartOfWeek({ts}, 1, {zone}))", "Week", time=True),
    Dimension("month", "formatDateTime({ts}, '%Y-%m', {zone})", "Month", time=True),
    Dimension("weekday", "toString(toDayOfWeek({ts}, 0, {zone}))", "Weekday (1 Monday)"),
    Dimension("hour_of_day", "formatDateTime({ts}, '%H', {zone})", "Hour of day"),
)

CLOCK_DIMENSIONS: frozenset[str] = frozenset(dimension.name for dimension in _TIMES)
"""Dimensions that are read off the instant of a call."""

DIMENSIONS: dict[str, Dimension] = {
    **{name: Dimension(name, f"`{name}`", label) for name, label in TEXT_DIMENSIONS.items()},
    "team": Dimension("team", "", "Team (tag)"),
    "interactive": Dimension("interactive", _YES_NO.format("interactive"), "Interactive"),
    "streaming": Dimension("streaming", _YES_NO.format("streaming"), "Streaming"),
    **{dimension.name: dimension for dimension in _TIMES},
}

FILTER_COLUMNS: dict[str, FilterType] = {
    **dict.fromkeys(TEXT_DIMENSIONS, "String"),
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
            "total_tokens",
        ),
        "Int64",
    ),
    **dict.fromkeys(("latency_ms", "ttft_ms", "temperature"), "Float64"),
    **dict.fromkeys(("cost_usd", "reported_cost_usd"), "Decimal(38, 15)"),
    **dict.fromkeys(("interactive", "streaming", "at_output_limit"), "Bool"),
}
"""Columns a question may filter on, with the type their values are bound as. `team` and `tag:NAME` too."""

FILTER_SQL: dict[str, str] = {
    "total_tokens": "(llm_calls.input_tokens + llm_calls.output_tokens)",
    "at_output_limit": "ifNull(llm_calls.output_tokens >= llm_calls.max_output_tokens, false)",
}
"""What a question may filter on that no column holds; `at_output_limit` is false without a limit."""


def tag_of(name: str) -> str | None:
    """The key of the tag that a dimension or filter names, None where it names none."""
    match = TAG.match(TEAM_TAG if name == "team" else name)
    return None if match is None else match["key"]
