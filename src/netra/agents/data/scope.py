"""The window and filters of a question in words."""

from __future__ import annotations

from netra.agents.triage.carrying import MODEL_KINDS
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.leaving_out import statuses_left_out
from netra.tools.usage.naming import shown

_KINDS = {"status": " of failed calls", "retry_of": " of retried attempts", "session_id": " of sessions"}


def scope_of(frame: QuestionFrame, *, window: bool = True) -> str:
    """The window and filters in words, e.g. ` in last week for feature support-chat`."""
    parts: list[str] = []
    if window and (frame.window.since is not None or frame.window.until is not None):
        label = frame.window.label
        bare = label.startswith(("since", "before", "yesterday", "today", "the day", "this", "last"))
        day = len(label) == 10 and label[:4].isdigit()
        parts.append(f" {label}" if bare else f" {'on' if day else 'in'} {label}")
    one_model = len(frame.models) == 1 and frame.kind in MODEL_KINDS
    filters = [f"{column} {shown(value)}" for column, value in frame.filters.items()]
    filters += [f"model {shown(frame.models[0])}"] if one_model and "model" not in frame.filters else []
    for column, values in frame.among.items():
        if values == [""]:
            parts.append(f" without a {column.removesuffix('_id').replace('_', ' ')}")
            continue
        filters.append(f"{column}s {_listed(values)}")
    if len(frame.models) > 1 and frame.kind == "usage":
        filters.append(f"models {_listed(frame.models)}")
    if filters:
        parts.append(f" for {' and '.join(filters)}")
    parts[:0] = [
        words
        for column, words in _KINDS.items()
        if ("ok" if column == "status" else "") in frame.excluded.get(column, [])
    ]
    if said := statuses_left_out(frame.excluded.get("status", [])):
        parts.append(f" {said}")
    out = [
        f"{column} {_listed(values)}"
        for column, values in frame.excluded.items()
        if column != "status" and not (column in _KINDS and values == [""])
    ]
    if out:
        parts.append(f" without {' and '.join(out)}")
    if frame.conditions:
        said = dict.fromkeys(shown(condition.words) for condition in frame.conditions)
        parts.append(f" (only {' and '.join(said)})")
    return "".join(parts)


def _listed(values: list[str]) -> str:
    names = [shown(value) for value in values]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
