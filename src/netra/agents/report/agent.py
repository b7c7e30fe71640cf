"""The report agent's blueprint, and the document it has stored."""

from __future__ import annotations

from netra.agents.blueprint import PROSE_RULE, AgentBlueprint
from netra.agents.report.playbook import report_playbook
from netra.agents.report.results import ReportAnswer
from netra.llm.playbook import JsonObject

INSTRUCTIONS = (
    "You word a report's title and executive summary from what the other agents handed over: the answer "
    "first, then "
    "what is recommended, refused and undecided. Light Markdown. " + PROSE_RULE
)
CREATE = "create_report"


def opening(brief: JsonObject) -> str:
    """What the report agent is about to do."""
    return "Writing the report with its charts, findings, actions and queries."


REPORT = AgentBlueprint(
    name="report",
    instructions=INSTRUCTIONS,
    output=ReportAnswer,
    tools=(CREATE,),
    playbook=report_playbook,
    opening=opening,
    timeout_s=60.0,
)
