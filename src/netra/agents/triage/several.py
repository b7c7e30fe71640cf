"""Several questions in one text: which pieces are one, and what a later one takes from an earlier."""

from __future__ import annotations

import re
from collections.abc import Callable

from netra.agents.triage.carrying import OUTCOMES, carried, is_meant, unnarrowed
from netra.agents.triage.continuing import continue_frame, moved_back
from netra.agents.triage.frame import QuestionFrame, Targets
from netra.agents.triage.pieces import is_regrouping, pieces_of

MOST_QUESTIONS = 6
"""Questions of one text that one run answers."""

Reading = Callable[[str], QuestionFrame]

_ALONE = frozenset({"greeting", "capabilities", "follow_up"})
_ONE_WITH = {
    **{kind: frozenset({kind}) for kind in ("latency", "drivers", "usage", "cost", "audit", "capacity")},
    "change": frozenset({"change", "drivers"}),
}
"""Kinds whose question is one with another right behind it, where they are about the same calls."""
_PRONOUN = re.compile(
    r"\b(?:it|they|them|(?:this|that|these|those)(?=\W*$|\s+(?:by|to|in|on|for|with|per|over)\b))\b"
)
_ADVISED = frozenset({"cost", "audit", "latency", "model_choice"})
_ADVICE = re.compile(
    r"\W*(?:so|and|then)?\s*(?:what|which \w+|how|where)\s+(?:should|would|could|can|do|to)\s+"
    r"(?:we\s+|you\s+|i\s+)?(?:change|do|start|begin|recommend|suggest|advise|propose|prioriti[sz]e)\b(?:\s+\w+){0,2}\W*$",
    re.I,
)
"""What one would do: no question of its own behind one about savings or latency."""
_BARE = re.compile(r"\W*(?:and |by )*how (?:much|many)\W*", re.I)
_NOUNS = {"errors": "the errors", "error_rate": "the error rate", "calls": "the calls"}
_WORDS = {"said", "unread"}
"""Fields of a frame that hold words of the text."""


def read_several(
    text: str, whole: QuestionFrame, read: Reading, earlier: QuestionFrame | None = None
) -> list[QuestionFrame]:
    """The questions of a text in order, each with its words in `said`; just `whole` where it is one.

    `read` reads a text as a question of its own, `earlier` is the last one of the thread. A later question
    that names no time range or filter of its own is about the calls of the one before it.
    """
    pieces = pieces_of(text)
    if len(pieces) < 2 or whole.kind in _ALONE or whole.outside in {"language", "sql"}:
        return [whole]
    frames: list[QuestionFrame] = []
    begins: list[int] = []
    for start, end in pieces:
        before = frames[-1] if frames else None
        said = text[start:end]
        frame = _following(said, before, read) if before else _first(said, earlier, read)
        if frame.kind in _ALONE or (before is not None and _BARE.fullmatch(said)):
            continue
        if before is not None and _asks_of_it(before, frame):
            frames[-1] = before.model_copy(update={"said": _trimmed(text[begins[-1] : end])})
            continue
        if before is not None and (
            frame.kind == "outside" or (unnarrowed(said, before) == before and _is_one(before, frame))
        ):
            said = text[begins[-1] : end]
            joined = _following(said, frames[-2], read) if len(frames) > 1 else _first(said, earlier, read)
            if _covers(joined, before, frame) or _asks_for_advice(
                said[-(end - start) :], joined, before, frame
            ):
                frames[-1] = joined
                continue
        if before is not None and is_regrouping(said) and not (before.window.since or before.window.until):
            # "Calls by model and then by provider last week" is about last week throughout.
            frames[-1] = before.model_copy(update={"window": frame.window})
        frames.append(frame)
        begins.append(start)
    if len(frames) < 2 or all(frame.kind == "outside" for frame in frames):
        return [whole]
    kept = frames[:MOST_QUESTIONS]
    if left := [frame.said for frame in frames[MOST_QUESTIONS:]]:
        kept[-1] = kept[-1].model_copy(update={"unanswered": left})
    return kept


def _asks_of_it(before: QuestionFrame, frame: QuestionFrame) -> bool:
    """Whether a piece asks what a change would save whose verdict says so ("and what would that save?")."""
    if before.kind not in {"audit", "model_choice"} or frame.kind != "cost" or frame.levers or frame.models:
        return False
    return frame.targets == Targets() and re.search(r"\b(?:that|this|it)\b", frame.said.lower()) is not None


def _first(said: str, earlier: QuestionFrame | None, read: Reading) -> QuestionFrame:
    """The first piece, which may change one thing of the thread's last question."""
    fresh = read(said)
    return (continue_frame(said, earlier, fresh) or fresh).model_copy(update={"said": _trimmed(said)})


def _following(said: str, before: QuestionFrame, read: Reading) -> QuestionFrame:
    """A piece as a question about the calls of the one before."""
    changed: dict[str, object] = {"said": _trimmed(said)}
    before = unnarrowed(said, before)
    fresh = read(_with_noun(said, before))
    continued = continue_frame(said, before, fresh)
    if continued is not None:
        return continued.model_copy(update=changed)
    if not (fresh.window.since or fresh.window.until):
        changed["window"] = moved_back(said, before.window) or before.window
    if not ({*fresh.filters} - OUTCOMES or fresh.among or fresh.unknown):
        kept = {name: value for name, value in before.filters.items() if name not in fresh.dimensions}
        changed["filters"] = {**kept, **fresh.filters}
    changed |= carried(said, before, fresh)
    if fresh.kind == before.kind == "usage" and is_meant(said):
        changed["conditions"] = fresh.conditions or before.conditions
    if re.search(r"\beach\b", said.lower()) and not fresh.dimensions:
        changed["dimensions"] = before.dimensions
    if fresh.kind in {"forecast", "capacity"} and fresh.targets == Targets():
        changed["targets"] = Targets(growth_pct=before.targets.growth_pct)
    return fresh.model_copy(update=changed)


def _trimmed(said: str) -> str:
    return said.strip(" ,.;:")


def _with_noun(said: str, before: QuestionFrame) -> str:
    """The piece with what "it" stands for put in: the latency after a question about time, else the spend."""
    measure = before.measures[0] if before.measures else "cost_usd"
    noun = "the spend"
    if before.kind == "latency" or measure.startswith(("latency", "ttft")):
        noun = "the latency"
    elif before.kind == "usage" and "cost_usd" not in (before.measures or [measure]):
        noun = _NOUNS.get(measure, "")
    return _PRONOUN.sub(noun, said, count=1) if noun else said


def _is_one(first: QuestionFrame, then: QuestionFrame) -> bool:
    """Whether two pieces side by side are one question: of one kind, about the same calls and groups."""
    if then.kind not in _ONE_WITH.get(first.kind, frozenset()):
        return False
    same_calls = (first.window.since, first.window.until) == (then.window.since, then.window.until)
    names = (first.filters, first.among, first.excluded, first.conditions, first.group_conditions)
    if not same_calls or names != (
        then.filters,
        then.among,
        then.excluded,
        then.conditions,
        then.group_conditions,
    ):
        return False
    if first.unknown != then.unknown:
        return False
    if then.models not in ([], first.models) or (first.extreme != then.extreme and first.kind == "usage"):
        return False
    if first.kind == "audit":
        return first.levers is not None and then.levers is not None
    grouped = first.kind in {"usage", "drivers"}
    return first.dimensions == then.dimensions if grouped else then.dimensions in ([], first.dimensions)


def _asks_for_advice(piece: str, joined: QuestionFrame, first: QuestionFrame, then: QuestionFrame) -> bool:
    """Whether a piece asks what to do about the one before it, which its answer says anyway."""
    advised = first.kind in _ADVISED and then.kind == "outside" and joined.kind == first.kind
    return advised and _ADVICE.match(piece) is not None


def _covers(joined: QuestionFrame, first: QuestionFrame, then: QuestionFrame) -> bool:
    """Whether reading two pieces together loses nothing that each asks for. One that is no question of its
    own must have changed the reading of the first.
    """
    if joined.kind != first.kind:
        return False
    if then.kind == "outside":
        return joined.model_dump(exclude=_WORDS) != first.model_dump(exclude=_WORDS)
    both = (first, then)
    conditions = [frame.targets.model_dump(exclude_none=True).keys() for frame in (*both, joined)]
    return (
        {name for frame in both for name in frame.measures} <= {*joined.measures}
        and {name for frame in both for name in frame.levers or ()} <= {*(joined.levers or ())}
        and conditions[0] | conditions[1] <= conditions[2]
    )
