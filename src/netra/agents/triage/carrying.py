"""What a later question takes from an earlier one of the names that narrow its calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.leaving_out import statuses_left_out

MODEL_KINDS = frozenset(
    {"usage", "drivers", "change", "latency", "cost", "audit", "capacity", "forecast", "anomalies"}
)
"""Kinds of question in which a single named model narrows the calls; elsewhere it is what they might move
to.
"""
OUTCOMES = frozenset({"status", "retry_of", "session_id"})
"""Columns that stand for kinds of calls (failed ones, retries), which no name of the data is."""
_MEANT = re.compile(r"\b(?:it|they|them|those|these|that(?=\W*$))\b")
_OVERALL = re.compile(
    r"\b(?:overall|altogether|all together|in total|total(?! (?:number|count|amount|\w*\s?tokens?)\b))\b|"
    r"\bin all(?=\W*$)"
)


def is_meant(said: str) -> bool:
    """Whether words point at what was asked before ("what did they cost?")."""
    return _MEANT.search(said.lower()) is not None


def unnarrowed(said: str, earlier: QuestionFrame) -> QuestionFrame:
    """The earlier question, about all calls of its time range where the words ask for the whole and point
    at none of what it was about ("which model costs the most overall?").
    """
    if is_meant(said) or not _OVERALL.search(said.lower()):
        return earlier
    return earlier.model_copy(
        update={"filters": {}, "models": [], "among": {}, "excluded": {}, "conditions": []}
    )


def names_some(frame: QuestionFrame) -> bool:
    """Whether a question names models or values of its own; the outcome of calls is none."""
    columns = {*frame.filters, *frame.among, *frame.excluded} - OUTCOMES
    return bool(frame.models or frame.unknown or columns)


def carried(said: str, earlier: QuestionFrame, present: QuestionFrame) -> dict[str, object]:
    """What a question that names nothing itself takes over: models, sets of values and what is left out, as
    far as its kind can follow them. The rest goes to `unread`, in words.
    """
    if names_some(present) or present.kind in {"greeting", "capabilities", "follow_up", "outside"}:
        return {}
    models = _models(said, earlier, present)
    if present.kind == "price":
        return {"models": models}
    changed: dict[str, object] = {}
    unread = [*earlier.unread]
    if _follows_models(present, models):
        changed["models"] = models
    elif models:
        unread.append(" and ".join(models))
    among = _without(earlier.among, present.dimensions)
    excluded = earlier.excluded if is_meant(said) else _without(earlier.excluded, OUTCOMES)
    if present.kind == "usage":
        changed["among"] = {**among, **present.among}
        changed["excluded"] = {**excluded, **present.excluded}
    else:
        unread += [_among(column, values) for column, values in among.items()]
        unread += [_left_out(column, values) for column, values in excluded.items()]
    if new := [words for words in unread if words not in present.unread]:
        changed["unread"] = [*present.unread, *new]
    return changed


def _models(said: str, earlier: QuestionFrame, present: QuestionFrame) -> list[str]:
    """The models whose calls the earlier question was about, unless the present one compares models."""
    about = earlier.kind in MODEL_KINDS or (earlier.kind == "price" and is_meant(said))
    return earlier.models if about and "model" not in present.dimensions else []


def _follows_models(present: QuestionFrame, models: list[str]) -> bool:
    return bool(models) and (present.kind == "usage" or (len(models) == 1 and present.kind in MODEL_KINDS))


def _without(named: Mapping[str, list[str]], columns: Iterable[str]) -> dict[str, list[str]]:
    left = {*columns}
    return {column: values for column, values in named.items() if column not in left}


def _among(column: str, values: list[str]) -> str:
    return " and ".join(values) if values != [""] else f"without a {_plain(column)}"


def _left_out(column: str, values: list[str]) -> str:
    if column == "status" and values != ["ok"]:
        return " ".join([*(["failed calls"] if "ok" in values else []), statuses_left_out(values)])
    if column in OUTCOMES:
        return {"status": "failed calls", "retry_of": "retries", "session_id": "in sessions"}[column]
    return f"without {' and '.join(values)}" if values != [""] else f"with a {_plain(column)}"


def _plain(column: str) -> str:
    return column.removesuffix("_id").replace("_", " ")
