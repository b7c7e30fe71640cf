"""How answers ended, as questions put it: cut off by length, by finish reason. No finish reason is stored
with a call: what is, is whether it failed, and whether its output reached the limit it was sent with.
"""

from __future__ import annotations

import re

from netra.agents.triage.frame import QuestionFrame

_CUT_OFF = re.compile(
    r"\b(?:answers?|responses?|outputs?|completions?|calls?|requests?)\b(?:\s+\w+){0,4}\s+"
    r"(?:cut (?:off|short)|truncated|stopped (?:by|at|because of) (?:the )?(?:length|limit))\b|"
    r"\b(?:truncated|cut[- ]off) (?:answers|responses|outputs|completions|calls|requests)\b|"
    r"\btruncation rate\b|"
    r"\b(?:hit(?:s|ting)?|reach(?:es|ed|ing)?|ran? into|stopped at|at) (?:the |their |our |its )?"
    r"(?:max[ _-]?(?:imum )?(?:output[ _-]?)?tokens|(?:output|length|token) (?:limits?|caps?))\b|"
    r"\b(?:run|ran) out of (?:output )?tokens\b"
)
_REASON = re.compile(
    r"\b(?:finish|stop)(?:ed|ing)?[ _-]?reasons?\b|\bcontent[ _-]?filter\w*|"
    r"\b(?:answers|responses) end(?:ed)?\b"
)
_COUNTS = re.compile(
    r"\b(?:how (?:many|often)|number of|count|share|percent\w*|fraction|which|list|show|by|per|rate|"
    r"are there|any)\b|%"
)
_SHARE = re.compile(r"\b(?:share|percent\w*|fraction|rate|how often)\b|%")
_ADVICE = re.compile(r"\b(?:should|could|would|if|sav\w+|cap|lower|reduc\w+|cost\w*|spen[dt]\w*|pay)\b|\$")
ENDED = frozenset({"at_output_limit", "output_limit_rate", "output_limited"})
"""Measures of how answers ended."""
NOTE = (
    "No finish reason is stored with a call. What is stored is its status (ok, error, timeout, rate_limited) "
    "and the limit of output tokens it was sent with: counted as cut off is a call whose output reached that "
    "limit."
)


def by_ending(frame: QuestionFrame, text: str) -> QuestionFrame:
    """The frame of a question for how answers ended, where lower-cased text counts them."""
    if not _COUNTS.search(text) or _ADVICE.search(text):
        return frame
    cut_off = _CUT_OFF.search(text) is not None
    if not cut_off and not _REASON.search(text):
        return frame
    changed: dict[str, object] = {"kind": "usage", "levers": None, "share": False, "extreme": frame.extreme}
    if cut_off or re.search(r"\blength\b", text):
        first = "output_limit_rate" if _SHARE.search(text) else "at_output_limit"
        changed["measures"] = list(dict.fromkeys([first, "at_output_limit", "output_limited"]))
    else:
        changed["measures"] = ["calls", "at_output_limit"]
        changed["dimensions"] = list(dict.fromkeys([*frame.dimensions, "status"]))
    return frame.model_copy(update=changed)
