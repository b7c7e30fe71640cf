"""What the data of a workspace can carry: counts over all its calls, as far as possible from kept sums."""

import asyncio
from decimal import Decimal
from typing import Any

import polars as pl

from netra.data_access.analytics import ScopedAnalytics
from netra.usage.arrow import frame_of
from netra.usage.money import money_text
from netra.usage.rollups import SETTINGS

NAMED = 50
"""Models, features and apps that are listed by name, the most frequent first."""

_SUMS = """SELECT model, feature, app, interactive, count() AS calls, min(ts) AS since, max(ts) AS until,
count() - count(cost_usd) AS unpriced_calls, sum(cost_usd) AS spend, countIf(status != 'ok') AS errors,
count(latency_ms) AS latency, count(ttft_ms) AS ttft, countIf(notEmpty(retry_of)) AS retries
FROM llm_calls WHERE workspace_id = {workspace:String} GROUP BY model, feature, app, interactive"""

# Of texts and lists only the lengths are read.
_COUNTS = """SELECT countIf(notEmpty(session_id)) AS session, countIf(notEmpty(prefix_hashes)) AS prefix,
countIf(notEmpty(user)) AS user, countIf(notEmpty(request_hash)) AS request_hash,
count(max_output_tokens) AS output_cap, countIf(reasoning_tokens > 0) AS reasoning,
countIf(cache_read_tokens > 0) AS cache_reads FROM llm_calls WHERE workspace_id = {workspace:String}"""


async def overview_of(analytics: ScopedAnalytics) -> dict[str, Any]:
    """The fields of `UsageOverview` that the calls give."""
    sums, counts = await asyncio.gather(
        analytics.query_arrow(_SUMS, settings=SETTINGS), analytics.query_arrow(_COUNTS)
    )
    groups, carried = frame_of(sums), frame_of(counts).row(0, named=True)
    known = groups.filter(pl.col("interactive").is_not_null())
    models = _frequent(groups, "model")
    amounts = [amount for amount in groups["spend"].to_list() if amount is not None]
    return {
        "calls": int(groups["calls"].sum()),
        "since": groups["since"].min(),
        "until": groups["until"].max(),
        "cost_usd": money_text(sum(amounts, Decimal(0)) if amounts else None),
        "unpriced_calls": int(groups["unpriced_calls"].sum()),
        "models": models[:NAMED],
        "model_count": groups["model"].n_unique(),
        "features": _frequent(groups, "feature")[:NAMED],
        "apps": _frequent(groups, "app")[:NAMED],
        "errors": int(groups["errors"].sum()),
        "calls_with": {
            **carried,
            **{name: int(groups[name].sum()) for name in ("latency", "ttft", "retries")},
            "interactive_flag": int(known["calls"].sum()),
            "non_interactive": int(known.filter(~pl.col("interactive"))["calls"].sum()),
        },
    }


def _frequent(groups: pl.DataFrame, column: str) -> list[str]:
    """Values that are not empty, the most frequent first."""
    named = groups.filter(pl.col(column) != "").group_by(column).agg(pl.col("calls").sum())
    return named.sort(["calls", column], descending=[True, False])[column].to_list()
