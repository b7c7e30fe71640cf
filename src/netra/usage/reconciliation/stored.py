"""Usage lines that were imported, as the report they came from: JSON lines in the provider's own names."""

from typing import Any, Literal

import orjson

from netra.data_access.analytics import ScopedAnalytics
from netra.usage.errors import UnreadableInvoiceError
from netra.usage.money import money_text
from netra.usage.reconciliation.schemas import InvoiceFormat

_LINES = """SELECT toUnixTimestamp(ts) AS start_time,
toUnixTimestamp(until) AS end_time, model, line_item, requests, input_tokens,
cache_read_tokens, cache_write_tokens, output_tokens, input_audio_tokens, output_audio_tokens, cost, currency
FROM usage_lines WHERE workspace_id = {workspace:String}
AND isNotNull(cost) = {costs:Bool} AND (isNotNull(cost) OR line_item IN ('', 'completions'))
ORDER BY ts, model, line_item"""

_Kind = Literal["openai-costs", "openai-usage"]


async def stored_report(analytics: ScopedAnalytics, wanted: InvoiceFormat) -> bytes:
    """The imported costs where there are any (or `wanted` says so), else the imported usage.

    Raises UnreadableInvoiceError where nothing of the kind was imported.
    """
    kinds: tuple[_Kind, ...] = ("openai-costs", "openai-usage")
    for kind in kinds:
        if wanted not in ("auto", kind):
            continue
        rows = await analytics.query_rows(_LINES, {"costs": kind == "openai-costs"})
        if rows:
            return b"\n".join(orjson.dumps(_row(row, kind)) for row in rows)
    raise UnreadableInvoiceError(
        "There is no report to compare with: none was given and none was imported.",
        hint="Give the provider's invoice or usage report, or import it with --format openai-usage.",
    )


def _row(row: dict[str, Any], kind: _Kind) -> dict[str, Any]:
    times = {"start_time": int(row["start_time"])}
    if row["end_time"] > row["start_time"]:
        times["end_time"] = int(row["end_time"])
    if kind == "openai-costs":
        return {
            **times,
            "amount_value": money_text(row["cost"]),
            "amount_currency": row["currency"],
            "line_item": row["line_item"],
        }
    return {
        **times,
        "model": row["model"],
        "num_model_requests": int(row["requests"]),
        "input_tokens": int(row["input_tokens"]),
        "input_cached_tokens": int(row["cache_read_tokens"]),
        "input_cache_write_tokens": int(row["cache_write_tokens"]),
        "output_tokens": int(row["output_tokens"]),
        "input_audio_tokens": int(row["input_audio_tokens"]),
        "output_audio_tokens": int(row["output_audio_tokens"]),
    }
