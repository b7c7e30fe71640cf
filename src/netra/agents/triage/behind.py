"""The calls an earlier answer summed: "show the calls behind that"."""

from __future__ import annotations

import re

from netra.agents.triage.call_words import CUT_OFF, UNPRICED
from netra.agents.triage.frame import QuestionFrame, Targets
from netra.agents.triage.single_calls import CALLS_LISTED, ended_as_measured, order_of

_BEHIND = re.compile(
    r"\b(?:calls|requests)\s+(?:are\s+)?(?:behind|underneath|under|that make up|making up|in)\s+"
    r"(?:that|this|it|them|these|those|the (?:figure|number|sum|amount|spend|total|answer))\b"
    r"(?! (?:week|month|day|year|quarter|feature|model|app|user))"
)
_FROM = frozenset({"usage", "drivers", "latency", "change", "cost", "audit"})
_COUNTED = frozenset({"calls", "output_limited"})
"""Measures that say only how many calls there are beside those measured."""
_OF_ALL = frozenset({"prompt-cache", "reasoning-effort"})
"""Levers whose question is a share in all the calls named."""
_CONDITIONS = {
    "unpriced_calls": UNPRICED,
    "unpriced_share": UNPRICED,
    "at_output_limit": CUT_OFF,
    "output_limit_rate": CUT_OFF,
}


def calls_behind(text: str, earlier: QuestionFrame) -> QuestionFrame | None:
    """The calls that the earlier answer summed, where the text asks for them. What chose among groups or
    among days chooses no calls and is left in `unread`.
    """
    if _BEHIND.search(text.lower()) is None or earlier.kind not in _FROM:
        return None
    by_time = earlier.kind == "latency" or any(name.startswith("latency") for name in earlier.measures)
    columns = [condition.column for condition in earlier.conditions]
    bare: dict[str, object] = dict.fromkeys(
        ("share", "asks_span", "explains", "expects_rise", "wants_file", "wants_report"), False
    )
    emptied: dict[str, object] = {
        "dimensions": [], "measures": [], "group_conditions": [], "extreme": None, "growth": None,
        "before": None, "passing": None, "levers": None, "targets": Targets(),
    }  # fmt: skip
    outcome = _measured(earlier)
    newest = "-ts" if outcome else None
    calls_by = order_of(columns) or newest or ("-latency_ms" if by_time else "-cost_usd")
    asked: dict[str, object] = {"kind": "usage", "calls_by": calls_by, "top": CALLS_LISTED}
    unread = list(dict.fromkeys([*earlier.unread, *choosing(earlier)]))
    return earlier.model_copy(update={**bare, **emptied, **asked, "unread": unread, **outcome})


def _measured(earlier: QuestionFrame) -> dict[str, object]:
    """What keeps to the calls that the answer's measure counts; nothing where it sums others beside them."""
    if "retry-waste" in (earlier.levers or []):
        return {"excluded": {**earlier.excluded, "retry_of": [""]}}
    counted = {*earlier.measures} - _COUNTED
    kept = {_CONDITIONS[name].said: _CONDITIONS[name] for name in counted if name in _CONDITIONS}
    if "unpriced" in (earlier.levers or []):
        kept = {UNPRICED.said: UNPRICED}
    elif len(kept) != 1 or not counted <= {*_CONDITIONS}:
        return ended_as_measured(earlier) if _is_one_outcome(counted) else {}
    return {"conditions": [*earlier.conditions, *kept.values()]}


def _is_one_outcome(counted: set[str]) -> bool:
    """Whether all measures are of the same calls: failed ones, one kind of failure, or retries."""
    kinds = ({"errors", "error_rate"}, {"timeouts"}, {"rate_limited"}, {"retries", "retry_rate"})
    failed = {"errors", "error_rate"}
    return any(counted <= kind or counted - failed == kind for kind in kinds)


def choosing(earlier: QuestionFrame) -> list[str]:
    """What chose groups, days or findings of the earlier answer, in words."""
    found = [entry.said for entry in earlier.group_conditions]
    found += [entry.said for entry in (earlier.growth, earlier.passing) if entry is not None]
    if earlier.extreme is not None and earlier.dimensions:
        group = earlier.dimensions[0].removesuffix("_id").replace("_", " ")
        found.append(f"the {group} with the {earlier.extreme}")
    if "weekday" in earlier.dimensions and earlier.share:
        found.append("on weekends")
    if earlier.kind in {"audit", "cost"}:
        found += [name for name in earlier.levers or [] if name not in {*_OF_ALL, "unpriced", "retry-waste"}]
    return [text for text in found if text]
