"""Questions that go on to a list of single calls, or from one: "and the slowest calls?", "by model"."""

from __future__ import annotations

import re

from netra.agents.triage.behind import choosing
from netra.agents.triage.call_words import left_over
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.leaving_out import also_without
from netra.agents.triage.single_calls import CALLS_LISTED, ended_as_measured, find_single_calls

_GOES_ON = re.compile(r"^\W*(?:and|or|now|also|then|but|what about|how about)\b")
_OF_THEM = re.compile(r"\b(?:of|from|among|in) (?:those|these|them)\b")
_TOGETHER = re.compile(
    r"\b(?:they|those|these|them)\b.*\b(?:together|altogether|in total|in sum|all in all)\b|"
    r"\b(?:together|altogether|in total)\b.*\b(?:they|those|these|them)\b"
)
_COUNTED = re.compile(r"\bhow (?:many|often)\b|\b(?:number|count|share|percent\w*|rate|part)\b|%")
_OUTCOMES = frozenset({"errors", "timeouts", "rate_limited", "retries", "calls"})


def list_again(text: str, earlier: QuestionFrame, present: QuestionFrame) -> QuestionFrame | None:
    """The list of calls that a text makes of the question before, where it has no other reading: by another
    order ("and the slowest?"), of the calls just summed ("the dearest calls of those"), or once more for what
    they come to together.
    """
    said = " ".join(text.lower().strip(" ?!.").split())
    if present.calls_by is not None:
        window = present.window if present.window.since or present.window.until else earlier.window
        moved = earlier.model_copy(update={"window": window})
        return listed_on(said, earlier, present, moved) if _OF_THEM.search(said) else None
    if earlier.calls_by is None or present.dimensions or present.growth or present.passing:
        return None
    if _TOGETHER.search(said) and {*present.measures} <= {"cost_usd", "calls"} and not _names_some(present):
        return earlier
    single = find_single_calls(f"{said} calls", narrowed=False, columns=[]) if _GOES_ON.match(said) else None
    if single is None or _names_some(present) or left_over(_GOES_ON.sub(" ", said), single.used, present):
        return None
    top = earlier.top if single.top == CALLS_LISTED else single.top
    return earlier.model_copy(update={"calls_by": single.order, "top": top})


def listed_on(
    text: str, earlier: QuestionFrame, present: QuestionFrame, changed: QuestionFrame
) -> QuestionFrame:
    """The earlier question as `changed` by the present one, with its list of calls: a new one takes the place
    of sums; sums take the place of a list, whose number of calls they do not keep to.
    """
    if present.calls_by is not None:
        kept: dict[str, object] = {
            "kind": "usage", "calls_by": present.calls_by, "top": present.top, "dimensions": [],
            "measures": present.measures, "group_conditions": [], "growth": None, "before": None,
            "passing": None, "share": False, "asks_span": False, "extreme": None, "levers": None,
            "filters": {**earlier.filters, **present.filters},
            "excluded": also_without(earlier.excluded, present.excluded),
            "conditions": [*earlier.conditions, *present.conditions][:8],
            "unread": _once(changed.unread, present.unread, choosing(earlier)),
        }  # fmt: skip
        return changed.model_copy(update=kept)
    if earlier.calls_by is None:
        return changed
    counted = _COUNTED.search(text.lower()) is not None
    measured = {*present.measures} - {"calls"}
    if measured and measured <= _OUTCOMES and not (present.dimensions or counted):
        outcome = ended_as_measured(changed.model_copy(update={"measures": present.measures}))
        return changed.model_copy(update={**outcome, "measures": earlier.measures})
    if not (measured or present.dimensions or present.growth or present.passing or counted):
        return changed
    measures = present.measures if measured else ["cost_usd", "calls"]
    unread = _once(changed.unread, [f"only the {earlier.top} calls listed"])
    return changed.model_copy(update={"calls_by": None, "measures": measures, "unread": unread})


def _names_some(frame: QuestionFrame) -> bool:
    named = frame.filters or frame.models or frame.among or frame.excluded or frame.conditions
    return bool(named or frame.window.since or frame.window.until or frame.unknown)


def _once(*parts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for part in parts for text in part))
