"""Questions to a workspace whose names are known, read at a known moment."""

from datetime import UTC, datetime, timedelta

from netra.agents.triage.frame import QuestionFrame, Vocabulary
from netra.agents.triage.parsing import parse_question
from netra.agents.triage.playbook import read_frames
from netra.agents.triage.results import DataFacts
from netra.llm.playbook import JsonObject

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)  # a Saturday
WORDS = Vocabulary(
    models=["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gpt-4"],
    providers=["openai", "anthropic"],
    features=["support-chat", "summarise", "code-review"],
    apps=["helpdesk", "portal"],
    users=["u-17"],
    evaluated_models=["mixtral-8x7b"],
)


def read(text: str, *, follow: bool = False) -> QuestionFrame:
    """What a question is read as; `follow`: whether an earlier answer of the thread named changes."""
    return parse_question(text, WORDS, NOW, "UTC", has_findings=follow)


def read_all(text: str) -> list[QuestionFrame]:
    """What a text that may hold several questions is read as, in order."""
    brief: JsonObject = {"question": text, "now": NOW.isoformat(), "timezone": "UTC"}
    facts = DataFacts(calls=10, since=NOW - timedelta(days=60), until=NOW, vocabulary=WORDS)
    return read_frames(brief, facts)
