"""The sums the store keeps ready, and which questions they can answer.

A rollup is an aggregate projection of `llm_calls` (migrations/analytics): the store writes it with every part
of the table, merges it, and rewrites it when rows are changed or deleted, in the same step as the rows. So
it always says what the rows say, and needs no upkeep here. Which one a query reads is the store's decision;
this module only words a question so that the store can decide for one: with the hour (or day) of a call in
place of its instant. A question that does not fit is worded over the rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from netra.usage.dimensions import CLOCK_DIMENSIONS
from netra.usage.measures import MEASURES

SETTINGS: dict[str, int] = {
    # Rewriting count(x) to its null map hides the aggregate from the store's search for a fitting rollup.
    "optimize_functions_to_subcolumns": 0,
}
"""Settings of a query that is meant for a rollup."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """`ts`: the beginning of the span in SQL. `keys`: columns to group and filter by. `measures`: what it
    can sum, None for every additive measure.
    """

    name: str
    ts: str
    span: timedelta
    keys: frozenset[str]
    measures: frozenset[str] | None

    def holds(self, measures: Collection[str]) -> bool:
        """Whether it has all these measures."""
        known = self.measures
        return all(MEASURES[m].additive if known is None else m in known for m in measures)

    def bounds(self, moment: datetime | None) -> bool:
        """Whether a time limit lies between two spans."""
        if moment is None:
            return True
        since_epoch = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return since_epoch % self.span == timedelta(0)

    def tells(self, dimensions: Sequence[str], zone: str) -> bool:
        """Whether it can group by all these, read in a time zone."""
        clock = [name for name in dimensions if name in CLOCK_DIMENSIONS]
        if any(name not in self.keys for name in dimensions if name not in CLOCK_DIMENSIONS):
            return False
        if self.span > timedelta(hours=1):
            return not clock or (zone == "UTC" and not {"hour", "hour_of_day"} & set(clock))
        return not clock or whole_hours(zone)


ROLLUPS: tuple[Rollup, ...] = (
    Rollup(
        "calls_by_hour",
        "toStartOfHour(ts, 'UTC')",
        timedelta(hours=1),
        frozenset(
            [
                "provider",
                "model",
                "service_tier",
                "status",
                "app",
                "feature",
                "reasoning_effort",
                "interactive",
                "streaming",
                "price_source",
            ]
        ),
        None,
    ),
    Rollup(
        "people_by_day",
        "toStartOfDay(ts, 'UTC')",
        timedelta(days=1),
        frozenset(["user", "api_key_id"]),
        frozenset(
            [
                "calls",
                "input_tokens",
                "output_tokens",
                "total_tokens",
                "input_tokens_per_call",
                "output_tokens_per_call",
                "tokens_per_call",
                "cache_read_tokens",
                "cache_hit_share",
                "cost_usd",
                "cost_per_call",
                "cost_per_success",
                "priced_calls",
                "unpriced_calls",
                "unpriced_share",
                "errors",
                "error_rate",
            ]
        ),
    ),
)


@cache
def whole_hours(zone: str) -> bool:
    """Whether hours of a time zone begin where hours of UTC do (not so in India, Nepal, parts of Australia).

    Asked for every month since 1990, which covers every LLM call there can be.
    """
    here = ZoneInfo(zone)
    moments = (datetime(year, month, 1, tzinfo=UTC) for year in range(1990, 2038) for month in range(1, 13))
    offsets = (moment.astimezone(here).utcoffset() for moment in moments)
    return all(offset is not None and offset % timedelta(hours=1) == timedelta(0) for offset in offsets)
