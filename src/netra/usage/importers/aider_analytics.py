"""Format `aider-analytics`: the event log of the Aider coding assistant.

Only `message_send` events are LLM calls; every other event is ignored and counted. Aider writes the time in
epoch seconds and reports its own cost.
"""

from typing import Any, cast

from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS


def _adapt(row: dict[str, Any]) -> dict[str, Any] | None:
    if row.get("event") != "message_send":
        return None
    raw = row.get("properties")
    properties = cast(dict[str, Any], raw) if isinstance(raw, dict) else {}
    time = row.get("time")
    return {
        "ts": time * 1000 if isinstance(time, int | float) and not isinstance(time, bool) else time,
        "model": properties.get("main_model"),
        "input_tokens": properties.get("prompt_tokens"),
        "output_tokens": properties.get("completion_tokens"),
        "reported_cost_usd": properties.get("cost"),
        "user": row.get("user_id"),
        "feature": properties.get("edit_format"),
    }


AIDER_ANALYTICS = ImportFormat(
    name="aider-analytics",
    sink="calls",
    columns=CALL_COLUMNS,
    constants={"app": "aider"},
    adapter=_adapt,
)
