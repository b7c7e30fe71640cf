"""How the built-in analyst concludes: the answer in words, from what the specialists handed over."""

from __future__ import annotations

from netra.agents.actions.results import PlannedAction
from netra.agents.supervisor.follow_up_wording import follow_up_message
from netra.agents.supervisor.wording import message_of
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import Finish, PlaybookView
from netra.tools.optimization.recall import RecalledFinding


def supervisor_playbook(view: PlaybookView) -> Finish:
    """The message to the user."""
    triage = TriageResult.model_validate(view.brief["triage"])
    recalled = view.brief.get("recalled")
    if triage.frame.kind != "follow_up":
        return Finish({"message": message_of(view.brief)})
    if not isinstance(recalled, dict):
        failures = view.brief.get("failures")
        reasons = [str(reason) for reason in failures] if isinstance(failures, list) else []
        return Finish({"message": "I could not find what you refer to. " + " ".join(reasons)})
    finding = RecalledFinding.model_validate(recalled)
    actions = view.brief.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action = PlannedAction.model_validate(first) if first is not None else None
    return Finish({"message": follow_up_message(triage.frame.asks, finding, action)})
