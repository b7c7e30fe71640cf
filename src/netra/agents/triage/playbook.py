"""How the built-in analyst triages: look at the data first, then read the question with its names."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from pydantic import JsonValue

from netra.agents.triage.continuing import continue_frame
from netra.agents.triage.follow_ups import Listed
from netra.agents.triage.frame import QuestionFrame, Vocabulary
from netra.agents.triage.parsing import parse_question, readable_part
from netra.agents.triage.results import DataFacts
from netra.agents.triage.several import read_several
from netra.llm.playbook import CallTools, Finish, JsonObject, PlaybookView

INSPECT = "inspect_data"


def triage_playbook(view: PlaybookView) -> CallTools | Finish:
    """Inspect the data once, then read the question."""
    brief = view.brief
    question = str(brief["question"])
    if needs_no_data(question, brief):
        return Finish({"frame": read_frame(brief, Vocabulary(), None).model_dump(mode="json")})
    if not view.of(INSPECT):
        return CallTools(((INSPECT, {}),))
    facts = facts_of(view.of(INSPECT)[-1].content)
    frames = [frame.model_dump(mode="json") for frame in read_frames(brief, facts)]
    return Finish({"frame": frames[0], "further": cast(JsonValue, frames[1:])})


def facts_of(content: object) -> DataFacts:
    """The facts in an answer of `inspect_data`; empty facts when it failed."""
    data = cast(JsonObject, content).get("data") if isinstance(content, dict) else None
    return (
        DataFacts.model_validate(cast(JsonObject, data)["facts"]) if isinstance(data, dict) else DataFacts()
    )


def needs_no_data(question: str, brief: JsonObject) -> bool:
    """Greetings and questions about ourselves need no look at the data."""
    return read_frame({**brief, "question": question}, Vocabulary(), None).kind in {
        "greeting",
        "capabilities",
    }


def read_frames(brief: JsonObject, facts: DataFacts) -> list[QuestionFrame]:
    """The frames of a text that may hold several questions, in order."""
    alone: JsonObject = {"earlier_frame": None, "has_findings": False}

    def read(text: str) -> QuestionFrame:
        return read_frame({**brief, **alone, "question": text}, facts.vocabulary, facts)

    earlier = brief.get("earlier_frame")
    before = QuestionFrame.model_validate(earlier) if isinstance(earlier, dict) else None
    text = " ".join(readable_part(str(brief["question"])).split())
    return read_several(text, read_frame(brief, facts.vocabulary, facts), read, before)


def read_frame(brief: JsonObject, vocabulary: Vocabulary, facts: DataFacts | None) -> QuestionFrame:
    """The frame; a relative window beyond the end of the data is read from that end."""
    frame = _read(brief, vocabulary, datetime.fromisoformat(str(brief["now"])))
    if facts is None or facts.until is None or not window_is_past_the_data(frame, facts):
        return frame
    moved = _read(brief, vocabulary, facts.until)
    if moved.window.since == frame.window.since:
        return frame
    moved.window.label += f" (counted back from {facts.until:%Y-%m-%d}, where the data ends)"
    return moved


def _read(brief: JsonObject, vocabulary: Vocabulary, now: datetime) -> QuestionFrame:
    """The question as of `now`, as one of its own or as a change of the one before."""
    question, zone = str(brief["question"]), str(brief["timezone"])
    earlier = brief.get("earlier_frame")
    levers, titles = (cast(list[str], brief.get(name) or []) for name in ("earlier_levers", "earlier"))
    listed = [Listed(lever, title) for lever, title in zip(levers, titles, strict=False)]
    refers = bool(brief.get("has_findings"))
    present = parse_question(question, vocabulary, now, zone, has_findings=refers, earlier=listed)
    before = QuestionFrame.model_validate(earlier) if isinstance(earlier, dict) else None
    if before is None or (present.kind == "follow_up" and (present.ordinals or present.asks != ["detail"])):
        return present
    fresh = parse_question(question, vocabulary, now, zone)
    return continue_frame(question, before, fresh) or present


def window_is_past_the_data(frame: QuestionFrame, facts: DataFacts) -> bool:
    """Whether the whole window lies after the last call."""
    return facts.until is not None and frame.window.since is not None and frame.window.since > facts.until
