"""Reading a question: its kind and everything it names, by rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from netra.agents.triage.carrying import MODEL_KINDS
from netra.agents.triage.conditions import find_conditions, unread_ranges
from netra.agents.triage.endings import by_ending
from netra.agents.triage.follow_ups import (
    Listed,
    find_asks,
    find_named,
    find_ordinals,
)
from netra.agents.triage.frame import (
    Condition,
    GroupCondition,
    Growth,
    QuestionFrame,
    QuestionKind,
    Unread,
    Vocabulary,
    Window,
)
from netra.agents.triage.group_conditions import find_group_conditions
from netra.agents.triage.growth import bare_growth, find_growth, grouped_by_growth, is_over
from netra.agents.triage.held_periods import against_named_period
from netra.agents.triage.kinds import classify, subject_of
from netra.agents.triage.languages import find_language, why_unread
from netra.agents.triage.leaving_out import leaving_out
from netra.agents.triage.lever_words import find_levers, find_ttl
from netra.agents.triage.lexicon import (
    correct_spelling,
    find_families,
    find_filters,
    find_models,
    find_several,
    from_and_to,
    pattern_of,
)
from netra.agents.triage.measures import find_dimensions, find_extreme, find_measures, find_top
from netra.agents.triage.named_days import find_zone, with_next_month
from netra.agents.triage.passing import find_passing, with_passing
from netra.agents.triage.refining import refined
from netra.agents.triage.requests import (
    unread_parts,
    wants_change,
    wants_file,
    wants_reconciliation,
    wants_report,
)
from netra.agents.triage.single_calls import listed_singly, single_calls
from netra.agents.triage.targets import find_targets
from netra.agents.triage.unknown_names import find_unknown, unknown_name
from netra.agents.triage.unread_times import with_unread_times
from netra.agents.triage.windows import find_horizon, find_side_by_side, find_window

LONGEST_READ = 4_000
"""Characters of a question that are read: its beginning and its end."""

_LEAVES = (
    r"\b(?:cheaper|smaller|better|another|other|different|faster)(?: model)?s? (?:than|for|instead "
    r"of)\b|\breplac\w*\b|"
    r"\bmov\w+ (?:away |off )|\b(?:get rid of|away from|off of|alternatives? (?:to|for)|instead of)\b|"
    r"\b(?:switch|migrat|mov)\w*\b.{0,20}\bfrom\b|\bneeds?\b|\bdowngrad\w*|\boverkill\b|"
    r"\btoo (?:big|large|powerful|strong|smart|good|expensive|dear)\b"
)
_WHY = r"\bwhy\b|\bhow come\b|\bwhat (?:keeps|prevents|stops|causes|caused|explains)\b|\breasons?\b"
_RISE = (
    r"\b(?:jump\w*|ris\w+|rose|increas\w+|grew|grow\w*|gone up|went up|go up|spik\w+|explod\w+|higher|up)\b"
)
_COMPARES = r"\b(?:slower|faster|compar\w+|versus|vs)\b"
_MOVED_BY = re.compile(
    r"\b(?:by )?(?:(?:more|less) than|over|above|below|at least|at most)"
    r" (?:\$ ?[\d,.]*\d|[\d,.]*\d ?(?:%|percent\b|x\b|times\b))"
)
_COMPARED = re.compile(
    r"\b(?:(?:more|less|fewer|greater|higher|lower) than|over|above|under|below|at least|at most|exceed\w*|"
    r"pass(?:ed)?|reach(?:ed)?|cross(?:ed)?|surpass(?:ed)?) "
    r"\$?\d[\d.,]*+(?!\s?(?:hour|day|week|month|quarter|year)s?\b)(?:\s?%)?(?:\s[a-z]+)?"
)
_DIGITS = re.compile(r"\d+")
_LISTING = frozenset({"usage", "drivers", "outside", "latency", "audit"})
"""Kinds of a question that may be a list of the groups that keep to a condition."""
_OF_CALLS = frozenset({"usage", "drivers", "change", "latency", "forecast", "anomalies", "audit", "outside"})
"""Kinds of a question that are about stored calls only, and of words that may go on with one."""
_GROWING = frozenset({"usage", "drivers", "change", "latency", "outside"})
_COUNTS_OF = {"session_id": "sessions", "user": "users", "api_key_id": "api_keys", "model": "models"}


def parse_question(
    text: str,
    vocabulary: Vocabulary,
    now: datetime,
    timezone: str,
    *,
    has_findings: bool = False,
    earlier: Sequence[Listed] = (),
) -> QuestionFrame:
    """Read a question. `has_findings`: there is an earlier answer to refer to, `earlier`: its findings."""
    original = " ".join(readable_part(text).split())
    clean = with_next_month(correct_spelling(original, vocabulary), now)
    growth, said = find_growth(clean)
    conditions, unconditional = find_conditions(said)
    of_groups, grains, unconditional = _of_groups(unconditional)
    included, left_out, excluded = leaving_out(unconditional, vocabulary)
    models, filters = find_models(included, vocabulary), find_filters(included, vocabulary)
    among = _named_together(included, vocabulary, filters)
    bare = _without(included, [*filters.values(), *(name for names in among.values() for name in names)])
    levers = find_levers(bare)
    measures = _measures(bare, of_groups)
    dimensions = list(dict.fromkeys([*grains, *find_dimensions(bare)]))
    unknown = find_unknown(clean, original, vocabulary, models)
    kind = classify(bare, models=models, levers=levers, has_findings=has_findings and not of_groups)
    window = find_window(clean, now, timezone) or Window()
    ours = window.since and re.search(r"\b(?:we|our)\b", bare) and not wants_file(clean)
    named = conditions or ((filters or models or unknown or ours) and (measures or dimensions))
    kind = _not_outside(clean, original, bool(named)) if kind == "outside" else kind
    kind = "usage" if of_groups or growth or (among and _compares_latency(kind, bare)) else kind
    narrowed = bool(conditions or filters or models or excluded)
    single = None if of_groups or dimensions else single_calls(clean, kind, conditions, narrowed=narrowed)
    kind, follows = "usage" if single else kind, kind == "follow_up"
    frame = QuestionFrame(
        kind=kind,
        window=window,
        among=among if kind == "usage" else {},
        excluded=excluded if kind in {"usage", "outside"} else {},
        conditions=conditions if kind == "usage" else [],
        group_conditions=of_groups,
        unread=_unread(
            said if kind != "usage" else unconditional, window, left_out, kind, excluded, among, conditions
        ),
        top=find_top(clean) or 5,
        measures=measures,
        dimensions=dimensions,
        filters=filters,
        targets=find_targets(clean),
        models=from_and_to(clean, models),
        levers=levers or None,
        ttl=find_ttl(clean),
        extreme=find_extreme(clean),
        horizon_days=find_horizon(clean) if kind == "forecast" else None,
        unknown=unknown,
        ordinals=(find_ordinals(clean) or find_named(clean, levers, models, earlier)) if follows else [],
        asks=find_asks(bare) if follows else [],
    ).model_copy(update=_manner(clean))
    frame = _of_families(frame, find_families(bare, vocabulary), vocabulary)
    frame = _asked(refined(_over_months(frame, clean, now, timezone), bare), growth, bare, said)
    frame = _in_periods(listed_singly(frame, single, bare), clean, now, timezone)
    return frame if frame.kind != "outside" else frame.model_copy(update=_why_unread(text, original, clean))


def _of_families(
    frame: QuestionFrame, families: dict[str, list[str]], vocabulary: Vocabulary
) -> QuestionFrame:
    """The frame about all stored models of the families named, where its kind can follow several. A family
    without any is a name that does not occur, or one left out of a question of what could be.
    """
    frame = _without_stored(frame, [name for name, members in families.items() if not members], vocabulary)
    families = {family: members for family, members in families.items() if members}
    named = list(dict.fromkeys(name for members in families.values() for name in members))
    if not named or frame.kind not in {*MODEL_KINDS, "outside"} or {*frame.models} & {*named}:
        return frame
    if frame.kind in {"usage", "outside"} or (len(named) == 1 and not frame.models):
        return frame.model_copy(update={"models": list(dict.fromkeys([*frame.models, *named]))})
    return frame.model_copy(update={"unread": [*frame.unread, *families]})


def _without_stored(frame: QuestionFrame, families: list[str], vocabulary: Vocabulary) -> QuestionFrame:
    said = {*(entry.name for entry in frame.unknown), *frame.models}
    absent = [name for name in families if not any(name.replace(" ", "-") in one for one in said)]
    if absent and frame.kind in _OF_CALLS:
        unknown = [unknown_name("model", name, vocabulary) for name in absent]
        return frame.model_copy(update={"unknown": [*frame.unknown, *unknown]})
    if absent and frame.kind in {"model_choice", "cost", "capacity"}:
        evaluated = " ".join(vocabulary.evaluated_models).lower()
        left = [name for name in absent if name not in evaluated]
        return frame.model_copy(update={"unread": [*frame.unread, *left]})
    return frame


def _asked(frame: QuestionFrame, growth: Growth | None, text: str, said: str) -> QuestionFrame:
    """The frame of groups that grew, with or without a threshold, of a sum that passed an amount, or of how
    answers ended, where it asks for them.
    """
    if frame.kind in _GROWING or frame.kind == "audit":
        frame = by_ending(frame, text)
    if frame.kind in _GROWING and not frame.group_conditions and (passing := find_passing(text)) is not None:
        return with_passing(frame, passing, text)
    if growth is None and (frame.kind in _GROWING or (frame.kind == "capacity" and is_over(text))):
        growth = bare_growth(text, in_words_of_change=frame.kind in {"change", "latency"})
    return grouped_by_growth(frame, growth, text, said) if growth else frame


def _compares_latency(kind: QuestionKind, text: str) -> bool:
    return kind == "latency" and re.search(_COMPARES, text) is not None


def _manner(text: str) -> dict[str, object]:
    """What a question of any kind says of itself."""
    return {
        "wants_file": wants_file(text),
        "wants_report": wants_report(text),
        "leaves_model": re.search(_LEAVES, text) is not None,
        "zone": find_zone(text),
        "explains": re.search(_WHY, text) is not None,
        "expects_rise": re.search(_RISE, text) is not None,
    }


def _over_months(frame: QuestionFrame, text: str, now: datetime, timezone: str) -> QuestionFrame:
    """A question that sets months or days side by side: over all of them, month by month."""
    beside = frame.kind in {"usage", "drivers", "model_choice"} and not frame.models[1:]
    span = find_side_by_side(text, now, timezone) if beside else None
    if span is None:
        return frame
    window, grain = span
    dimensions = [grain, *(name for name in frame.dimensions if name != grain)]
    return frame.model_copy(update={"kind": "usage", "window": window, "dimensions": dimensions})


def _in_periods(frame: QuestionFrame, text: str, now: datetime, timezone: str) -> QuestionFrame:
    """The frame with the period its own is set against, and with the times it does not follow as unread."""
    frame = against_named_period(frame, text, now, timezone)
    return with_unread_times(frame, text, now, timezone)


def _of_groups(text: str) -> tuple[list[GroupCondition], list[str], str]:
    """Conditions on groups, the groupings they imply and the rest of the text, where it asks for a list."""
    found, grains, rest = find_group_conditions(text)
    if not found or subject_of(rest, [], find_levers(rest)) not in _LISTING:
        return [], [], text
    return found, grains, rest


def _measures(text: str, of_groups: list[GroupCondition]) -> list[str]:
    """What is measured: of groups under conditions first what they are chosen by, not how many there are."""
    counted = {_COUNTS_OF.get(entry.dimension) for entry in of_groups}
    named = [name for name in find_measures(text) if name not in counted]
    return list(dict.fromkeys([*(entry.measure for entry in of_groups), *named]))


def _named_together(text: str, vocabulary: Vocabulary, filters: dict[str, str]) -> dict[str, list[str]]:
    """Columns of which several values are named, unless they are the words of a value read already."""
    return {
        column: names
        for column, names in find_several(text, vocabulary).items()
        if column not in filters and not {*names} & {*filters.values()}
    }


def _not_outside(clean: str, original: str, named: bool) -> QuestionKind:
    """The kind of a text that no rule took: one that names something measured is about usage."""
    if wants_change(clean) or wants_reconciliation(clean):
        return "outside"
    if named:
        return "usage"
    return "cost" if wants_report(clean) and not find_language(original) else "outside"


def _why_unread(text: str, original: str, clean: str) -> dict[str, object]:
    return {"outside": _why_outside(text, clean), "language": find_language(original)}


def _why_outside(text: str, clean: str) -> Unread:
    if wants_change(clean):
        return "command"
    if wants_reconciliation(clean):
        return "invoice"
    return "file" if wants_file(clean) else why_unread(text)


def _unread(
    clean: str,
    window: Window,
    left_out: str,
    kind: QuestionKind,
    excluded: dict[str, list[str]],
    among: dict[str, list[str]],
    conditions: list[Condition],
) -> list[str]:
    """What the reading leaves out: conditions on calls, and names that this kind of question cannot take."""
    found = unread_parts(clean, window)
    if kind in {"drivers", "change", "latency", "forecast", "anomalies"}:
        found += dict.fromkeys(one.said for one in conditions if one.said not in found)
    if kind == "usage":
        said = " ".join(found)
        found += [
            text
            for text in _COMPARED.findall(clean)
            if not {*_DIGITS.findall(text)} & {*_DIGITS.findall(said)}
        ]
    if kind not in {"cost", "outside", "follow_up"}:
        found += [text for text in unread_ranges(clean) if not any(text in part for part in found)]
    if kind == "change" and not re.search(_WHY, clean):
        # The movers are listed by size: none is left out for having moved too little.
        found += [text for text in _MOVED_BY.findall(clean) if not any(text in part for part in found)]
    if left_out and (not excluded or kind != "usage") and kind not in {"cost", "outside", "follow_up"}:
        found.append(left_out)
    if kind != "usage":
        found += [" and ".join(names) for names in among.values()]
    return found


def readable_part(text: str) -> str:
    """What is read of a text: all of it, or the beginning and the end of a long one."""
    if len(text) <= LONGEST_READ:
        return text
    half = LONGEST_READ // 2
    return f"{text[:half]} {text[-half:]}"


def _without(text: str, names: Iterable[str]) -> str:
    """The text without names of the data, whose words say nothing about the question's kind."""
    for name in names:
        text = pattern_of(name).sub("\u2026", text)
    return text
