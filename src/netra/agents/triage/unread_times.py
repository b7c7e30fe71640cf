"""Limits of time that a question names and its reading does not follow."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from netra.agents.triage.frame import QuestionFrame, Window
from netra.agents.triage.time_units import units_of
from netra.agents.triage.windows import read_window, units_named

_KINDS = frozenset({
    "usage", "drivers", "change", "latency", "anomalies", "audit", "cost", "model_choice", "capacity",
})  # fmt: skip
"""Kinds of a question that are about calls of a range of time."""
_SOME_DAY = datetime(2000, 6, 15, tzinfo=UTC)
_LIMITS = re.compile(
    r"\b(?:since|until|till) (?:\d[\w:.]*(?: ?(?:am|pm|h))?|(?:the|our|my|its) (?!beginning|start\b|present)"
    r"[\w\-]+(?: [\w\-]+)?)|"
    r"\b(?:the )?(?:\d{1,3}|two|three|four|five|six|seven|ten) "
    r"(?:hours|days|weeks|months) (?:before|earlier)\b|"
    r"\b(?:before|after|past) \d{1,2}(?::\d{2}(?: ?[ap]m)?| ?[ap]m| ?o'clock)(?![\w%])"
)


def with_unread_times(frame: QuestionFrame, text: str, now: datetime, timezone: str) -> QuestionFrame:
    """The frame whose unread parts name every unit and limit of time in lower-cased text that is not in its
    range.
    """
    if frame.kind not in _KINDS or frame.asks_span:
        return frame
    window, rest = read_window(text, now, timezone)
    ranges = [frame.window, *([frame.before] if frame.before else []), *([window] if window else [])]
    compares = frame.kind == "change" or frame.growth is not None
    found: list[str] = []
    for unit, said in units_named(rest, now, timezone):
        if unit.since is not None and any(_same(unit, one) for one in ranges):
            continue
        if window is not None and frame.window != window and _holds(frame.window, unit):
            continue
        if compares and (unit.until == frame.window.since or frame.before is not None):
            continue
        found.append(said)
    limits = [match.group(0) for match in _LIMITS.finditer(rest)]
    # The period before, of the same length, is what a change is against.
    limits = [part for part in limits if not (compares and part.endswith(("before", "earlier")))]
    found += [part for part in limits if not any(one in part for one in found)]
    known = " ".join(frame.unread)
    found = [part for part in dict.fromkeys(found) if part not in known]
    return frame.model_copy(update={"unread": [*frame.unread, *found]}) if found else frame


def is_time(part: str) -> bool:
    """Whether an unread part is a unit of time and nothing else but the words before it."""
    units = units_of(part, _SOME_DAY)[-1:]
    return any(one.end == len(part) and re.fullmatch(r"(?:[a-z]+ ){0,3}", part[: one.start]) for one in units)


def _same(one: Window, other: Window) -> bool:
    return (one.since, one.until) == (other.since, other.until)


def _holds(span: Window, unit: Window) -> bool:
    """Whether the unit is a part of the span, whose parts are told."""
    if span.since is None or span.until is None or unit.since is None or unit.until is None:
        return False
    return span.since <= unit.since and unit.until <= span.until
