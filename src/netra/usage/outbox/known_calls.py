"""What is stored already of the calls that a flush is about to write."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.number_lists import LIST_SETTINGS, number_list
from netra.usage.arrow import frame_of

AROUND = timedelta(seconds=15)
"""How much earlier than a flush's first call another layer's report of it may have begun."""

FETCHABLE = timedelta(days=30)
"""How long a provider keeps an answer that may be fetched again."""

_DAY_US = 86_400_000_000
_LAST_DAY = 65_535
"""The last day that the store's type of day can hold."""

_SQL = """SELECT call_id, id_hash, import_id, position, isNull(cost_usd) AS unpriced, trace_id, span_id,
parent_span_id AS ancestor_id, response_id, toUnixTimestamp64Micro(ts) AS at,
at + toInt64(ifNull(latency_ms, 0) * 1000) AS end, input_tokens, output_tokens
FROM llm_calls WHERE workspace_id = {{workspace:String}}
AND day IN ({days})
AND ts BETWEEN fromUnixTimestamp64Micro({{first:Int64}}) AND fromUnixTimestamp64Micro({{last:Int64}})
AND ({conditions})"""


async def stored_around(analytics: ScopedAnalytics, calls: pl.DataFrame) -> pl.DataFrame:
    """Stored rows in the time of these calls (id_hash, at, end, trace_id, response_id, fetched) that have the
    id, the trace or the provider's answer of one of them.

    A call's start belongs to what it is: the same report sent again starts when it started, so rows of other
    times need not be read, but for answers that were made some days before they were fetched.
    """
    conditions = [f"id_hash IN ({number_list(calls['id_hash'].to_list())})"]
    for column in ("trace_id", "response_id"):
        texts = calls.filter(pl.col(column) != "")[column].unique().to_list()
        if texts:
            conditions.append(f"{column} IN ({_text_list(texts)})")
    around = int(AROUND.total_seconds() * 1e6)
    moments = pl.concat([calls["at"] - around, calls["at"], calls["end"]])
    stored = await _between(analytics, moments, conditions)
    fetched = calls.filter(pl.col("fetched") & (pl.col("response_id") != ""))
    if not fetched.height:
        return stored
    answers = f"response_id IN ({_text_list(fetched['response_id'].unique().to_list())})"
    made = [fetched["at"] - day * _DAY_US for day in range(FETCHABLE.days + 1)]
    earlier = await _between(analytics, pl.concat(made), [answers])
    return pl.concat([stored, earlier]).unique(["id_hash", "import_id", "position"], maintain_order=True)


async def _between(analytics: ScopedAnalytics, moments: pl.Series, conditions: Sequence[str]) -> pl.DataFrame:
    """Stored rows that meet a condition, from the first to the last of these moments and only of their days,
    by which the rows are sorted.
    """
    days = sorted(day for day in (moments // _DAY_US).unique().to_list() if 0 <= day <= _LAST_DAY)
    sql = _SQL.format(conditions=" OR ".join(conditions), days=", ".join(f"toDate({day})" for day in days))
    first, last = moments.min(), moments.max()
    return frame_of(await analytics.query_arrow(sql, {"first": first, "last": last}, LIST_SETTINGS))


def _text_list(texts: Sequence[str]) -> str:
    """A sub-select of these texts, which hold no line breaks; base64 needs no quoting."""
    encoded = base64.b64encode("\n".join(texts).encode()).decode()
    return f"SELECT arrayJoin(splitByChar('\\n', base64Decode('{encoded}')))"
