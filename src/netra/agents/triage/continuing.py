"""Questions that change one thing of the question before: "and by feature?", "what about last week?"."""

from __future__ import annotations

import re
from typing import cast

from netra.agents.triage.behind import calls_behind
from netra.agents.triage.carrying import carried
from netra.agents.triage.frame import QuestionFrame, Window
from netra.agents.triage.growth import of_another_threshold
from netra.agents.triage.listing_on import list_again, listed_on
from netra.agents.triage.measures import find_measures
from netra.agents.triage.named_days import MONTH
from netra.agents.triage.passing import of_another_amount
from netra.agents.triage.unread_times import is_time

_OPENING = (
    r"^\W*(?:and|what about|how about|same|now|also|only|just|ok(?:ay)?|then|but|or|for|in|by|per|without|"
    r"exclud\w+|except|what if|if|suppose|assum(?:e|ing)|let's say|with|"
    r"(?:and )?(?:which|what|who|how much) of (?:those|these|them))\b"
)
_SUPPOSED = (
    r"^\W*(?:and |but |so |ok(?:ay)? )?"
    r"(?:what (?:if|about)|how about|if|suppose|assum(?:e|ing)|let's say|with)\b"
)
_BARE_SHARE = r"(?<![\d.])(\d{1,3}(?:\.\d{1,3})?)\s*(?:%|percent\b)"
_SHARE_OF = {"cost": "savings_pct", "capacity": "growth_pct"}
"""What a share that stands alone is, by the kind of the question before."""
_OF_THOSE = r"\bof (?:those|these|them)\b"
_TIME = frozenset({"hour", "day", "week", "month"})
_LONGEST = 14
_CONDITIONS = {
    "savings_pct", "savings_usd", "savings_per", "spend_usd", "spend_per", "quality_min_pct",
    "quality_margin_points", "p95_ms", "p99_ms",
}  # fmt: skip
_CONDITIONAL = frozenset({"cost", "latency", "model_choice", "capacity"})
_CARRIED = frozenset({"usage", "drivers", "change", "latency", "cost", "audit", "forecast", "anomalies"})


def continue_frame(text: str, earlier: QuestionFrame | None, present: QuestionFrame) -> QuestionFrame | None:
    """The earlier question with what the text changes; None when the text is a question of its own.

    A text that names a kind of its own keeps it, and takes over time range and filters that it leaves open.
    """
    if earlier is None or len(text.split()) > _LONGEST:
        return None
    # The words of the question before and what was left over of its text are not this one's.
    earlier = earlier.model_copy(update={"said": "", "unanswered": []})
    if present.window.since or present.window.until:
        left = [part for part in earlier.unread if not is_time(part)]
        earlier = earlier.model_copy(update={"unread": left})
    another = of_another_amount(text, earlier) or of_another_threshold(text, earlier)
    behind = another or _of_calls(text, earlier, present) or _under_condition(text.lower(), earlier, present)
    if behind is not None:
        return behind
    elsewhere = present.kind in {"greeting", "capabilities", "follow_up"}
    if earlier.kind not in _CARRIED or elsewhere or present.outside in {"sql", "language"}:
        return None
    if (present.wants_report or present.wants_file) and not _says_something(present):
        as_file = {"wants_report": present.wants_report, "wants_file": not present.wants_report}
        return earlier.model_copy(update=as_file)
    own = present.kind not in {"usage", "outside"} and re.search(_OF_THOSE, text.lower()) is not None
    says_something = own or _says_something(present) or moved_back(text, earlier.window) is not None
    if not re.match(_OPENING, text.lower()) or not says_something:
        return None
    if present.kind not in {*_CARRIED, "outside"} and re.match(_SUPPOSED, text.lower()):
        return None  # "what if traffic doubles for the chat?" is about capacity, whatever came before
    own_kind = present.kind not in {"usage", "outside"} and present.kind in _CARRIED
    window = present.window if present.window.since or present.window.until else earlier.window
    window = moved_back(text, earlier.window) or window
    filters = {**earlier.filters, **present.filters}
    if own_kind:
        return _of_own_kind(text, earlier, present, {"window": window, "filters": filters})
    changed = {
        "growth": present.growth or earlier.growth,
        "passing": present.passing or (None if present.dimensions or present.growth else earlier.passing),
        "zone": present.zone or earlier.zone,
        "window": window,
        "before": present.before or (earlier.before if window == earlier.window else None),
        "filters": {name: value for name, value in filters.items() if name not in present.dimensions},
        "dimensions": present.dimensions or earlier.dimensions,
        "measures": _measures(text, earlier, present),
        "models": present.models or earlier.models,
        "among": present.among or ({} if {*present.filters} & {*earlier.among} else earlier.among),
        "excluded": present.excluded or earlier.excluded,
        "conditions": present.conditions or earlier.conditions,
        "group_conditions": present.group_conditions or earlier.group_conditions,
        "unread": _together(earlier.unread, present.unread),
        "wants_file": present.wants_file,
        "wants_report": False,
        "unknown": present.unknown,
        "kind": "usage"
        if (present.measures or present.conditions) and earlier.kind != "usage"
        else earlier.kind,
    }
    return listed_on(text, earlier, present, earlier.model_copy(update=changed))


def _of_own_kind(
    text: str, earlier: QuestionFrame, present: QuestionFrame, scope: dict[str, object]
) -> QuestionFrame:
    """The present question, of a kind of its own, about the calls of the earlier one as far as it can be."""
    dimensions = present.dimensions or [name for name in earlier.dimensions if name not in _TIME]
    names = carried(text, earlier, present)
    left = cast(list[str], names.pop("unread", present.unread))
    conditions = [entry.words for entry in earlier.conditions]
    unread = _together(earlier.unread, left, conditions)
    return present.model_copy(update={**names, **scope, "dimensions": dimensions, "unread": unread})


def _of_calls(text: str, earlier: QuestionFrame, present: QuestionFrame) -> QuestionFrame | None:
    """The list of calls that the text makes of the earlier question."""
    return calls_behind(text, earlier) or list_again(text, earlier, present)


def _measures(text: str, earlier: QuestionFrame, present: QuestionFrame) -> list[str]:
    """What the changed question measures: what it names, else what the one before did."""
    if present.growth and not find_measures(text.lower()):
        return earlier.measures[:1] or present.measures
    narrowed = bool(present.conditions) and present.measures == ["calls"]  # the word beside a threshold
    return (narrowed and earlier.measures) or present.measures or earlier.measures


def _under_condition(text: str, earlier: QuestionFrame, present: QuestionFrame) -> QuestionFrame | None:
    """The earlier question under another condition ("what if quality may drop by 10 points?", "and 50 %?");
    after a question that knows no conditions, the savings of what it was about.
    """
    if present.kind not in {"outside", "usage", "latency", "cost"} or not re.match(_OPENING, text):
        return None
    said = present.targets.model_dump(include=_CONDITIONS, exclude_none=True)
    share = re.search(_BARE_SHARE, text)
    if not said and share is not None and earlier.kind in _SHARE_OF and present.kind == "outside":
        said = {_SHARE_OF[earlier.kind]: float(share.group(1))}
    if not said or earlier.kind in {"greeting", "capabilities", "outside", "follow_up"}:
        return None
    if present.kind != "outside" and not re.match(_SUPPOSED, text):
        return None
    of_condition = present.kind if present.kind in {"latency", "cost"} else "cost"
    return earlier.model_copy(
        update={
            "kind": earlier.kind if earlier.kind in _CONDITIONAL else of_condition,
            "targets": earlier.targets.model_copy(update=said),
            "filters": {**earlier.filters, **present.filters},
            "window": present.window if present.window.since or present.window.until else earlier.window,
            "unknown": present.unknown,
            "unread": _together(earlier.unread, present.unread),
            "wants_file": False,
            "wants_report": present.wants_report,
        }
    )


def moved_back(text: str, window: Window) -> Window | None:
    """The period before the earlier one, for "the week before"; None where nothing like it is said."""
    named = re.search(
        rf"\b(?:day|week|month|quarter|year|period) before\b"
        rf"(?! (?:the )?(?:last|this|yesterday|today|q[1-4]|{MONTH}|\d)\b)",
        text.lower(),
    )
    if named is None or window.since is None or window.until is None:
        return None
    since = window.since - (window.until - window.since)
    return Window(since=since, until=window.since, label=f"the {named.group(0)} {window.label}")


def _together(*parts: list[str]) -> list[str]:
    """What is left out of the question before and of this one, each once."""
    return list(dict.fromkeys(text for part in parts for text in part))


def _says_something(frame: QuestionFrame) -> bool:
    named = frame.window.since or frame.window.until or frame.dimensions or frame.filters
    names = frame.models or frame.unknown or frame.among or frame.excluded
    return bool(named or names or frame.measures or frame.conditions)
