"""Two periods that a question of growth sets against each other: "November vs October", "since yesterday"."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.named_days import MONTH, find_zone, with_dates
from netra.agents.triage.windows import find_window

PERIOD_NAMED = (
    rf"(?:the day before yesterday|yesterday|today|(?:last|previous|prior|this|current) "
    rf"(?:week|month|quarter|year)|{MONTH}(?! \d{{1,2}}\b)(?: \d{{4}})?|q[1-4](?: \d{{4}})?|"
    rf"\d{{4}}-\d{{2}}-\d{{2}})"
)
"""A period with a beginning and an end, as a question names it."""
_LEAD = r"(?:(?:in|on|during|of|for|the) )*"
_AGAINST = (
    r"(?:vs\.?|versus|compared? (?:to|with)|comparison (?:to|with)|relative to|against|than|over|since)"
)
_ONE, _OTHER = rf"(?P<one>{PERIOD_NAMED})", rf"(?P<other>{PERIOD_NAMED})\b"
_TWO = (
    re.compile(rf"\b{_ONE}\b[^.?!;]{{0,40}}?\b{_AGAINST} {_LEAD}{_OTHER}"),
    re.compile(rf"\b(?:from|between) (?!\d){_LEAD}{_ONE} (?:and|to|until|till) {_LEAD}(?!\d){_OTHER}"),
    re.compile(rf"\bcompar(?:e|es|ed|ing) {_LEAD}{_ONE} (?:and|to|with) {_LEAD}{_OTHER}"),
)
_EARLIER = re.compile(rf"\b{_AGAINST} {_LEAD}{_OTHER}")
_ONLY_PERIODS = re.compile(
    rf"\b(?:{PERIOD_NAMED}|{_AGAINST}|from|between|and|to|until|till|in|on|during|of|for|the|compar\w+)\b"
)
_RUNNING = (
    ("today", r"yesterday|\d{4}-\d{2}-\d{2}"),
    ("this week", r"\w+ week"),
    ("this quarter", r"\w+ quarter|q[1-4].*"),
    ("this year", r"\w+ year"),
    ("this month", r".*"),
)  # fmt: skip
"""The running period of the kind of an earlier one."""


def against_named_period(frame: QuestionFrame, text: str, now: datetime, timezone: str) -> QuestionFrame:
    """The frame of growth or of a change with the two periods that lower-cased text sets against each other,
    the later as its window; as it is where it names no two that follow each other.
    """
    if frame.growth is None and frame.kind != "change":
        return frame
    zone = find_zone(text) or timezone
    two = _named(with_dates(text, now.astimezone(ZoneInfo(zone))))
    windows = [find_window(f"in {name}", now, zone) for name in two]
    bounded = [one for one in windows if one is not None and one.since and one.until]
    if len(bounded) < 2:
        return frame
    before, after = sorted(bounded, key=lambda one: one.since or now)
    if before.until is None or after.since is None or before.until > after.since:
        return frame
    unread = [part for part in frame.unread if re.search(r"\w", _ONLY_PERIODS.sub("", part))]
    return frame.model_copy(update={"window": after, "before": before, "unread": unread})


def _named(text: str) -> tuple[str, ...]:
    """The two periods in words; beside one that is over, the running one of its kind."""
    for pattern in _TWO:
        if (found := pattern.search(text)) is not None:
            return found["one"], found["other"]
    if (found := _EARLIER.search(text)) is None:
        return ()
    other = found["other"]
    return other, next(running for running, kinds in _RUNNING if re.fullmatch(kinds, other))
