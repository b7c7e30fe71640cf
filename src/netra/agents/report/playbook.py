"""How the built-in analyst words a report: its title and executive summary."""

from __future__ import annotations

from netra.agents.supervisor.wording import body_of, briefs_of, sections_of
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import Finish, PlaybookView

_TITLES = {
    "cost": "Where spend can be cut",
    "drivers": "What drives the spend",
    "change": "Why spend changed",
    "latency": "Where the time goes",
    "capacity": "What the load allows",
    "model_choice": "Which model for which calls",
    "audit": "Audit of LLM usage",
    "forecast": "What the spend will come to",
    "anomalies": "Days out of the ordinary",
}


def report_playbook(view: PlaybookView) -> Finish:
    """The same findings as the answer, as a summary."""
    briefs = briefs_of(view.brief)
    if len(briefs) > 1:
        return Finish({"title": "Answers to several questions", "summary": sections_of(briefs, body_of)})
    triage = TriageResult.model_validate(view.brief["triage"])
    title = _TITLES.get(triage.frame.kind, "What the data shows")
    return Finish({"title": title, "summary": body_of(view.brief)})
