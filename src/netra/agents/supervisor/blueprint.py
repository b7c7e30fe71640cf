"""The supervisor's blueprint: how it concludes."""

from __future__ import annotations

from netra.agents.blueprint import PROSE_RULE, AgentBlueprint
from netra.agents.supervisor.playbook import supervisor_playbook
from netra.agents.supervisor.results import Conclusion
from netra.llm.playbook import JsonObject

INSTRUCTIONS = (
    "You conclude for a team of specialists. From their statements write the answer to the user's "
    "question: the "
    "verdict first, then the named findings in their order, what is refused, what cannot be judged, what "
    "is missing "
    "and how to send it. Keep the numbering of the findings, because the user will refer to it. For a "
    "greeting or a "
    "question about yourself, say what you can do. For a question outside LLM usage say so. If a "
    "specialist failed, "
    "label the answer as partial. Where the brief has parts, each is a question of its own: answer them in "
    "order, each under its question in bold. Light Markdown, no tables. " + PROSE_RULE
)


def opening(brief: JsonObject) -> str:
    """What the supervisor is about to do."""
    return "Putting the answer together."


SUPERVISOR = AgentBlueprint(
    name="supervisor",
    instructions=INSTRUCTIONS,
    output=Conclusion,
    tools=(),
    playbook=supervisor_playbook,
    opening=opening,
    timeout_s=120.0,
)
