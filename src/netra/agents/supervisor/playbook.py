"""How the built-in analyst concludes: the answer in words, from what the specialists handed over."""

from __future__ import annotations

from netra.agents.actions.results import PlannedAction
from netra.agents.supervisor.follow_up_wording import follow_up_message, query_message
from netra.agents.supervisor.wording import joint_message, message_of, texts
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import Finish, JsonObject, PlaybookView
from netra.tools.optimization.recall import RecalledFinding
from netra.tools.usage.recall_query import RecalledQueries

_NOTHING_LISTED = (
    "The earlier answers in this thread list no such change to come back to. Ask first where you can save, "
    "then about one of the changes listed, for example: what exactly do I change for the first of those?"
)


def supervisor_playbook(view: PlaybookView) -> Finish:
    """The message to the user."""
    if "parts" in view.brief:
        return Finish({"message": joint_message(view.brief)})
    triage = TriageResult.model_validate(view.brief["triage"])
    if triage.frame.kind != "follow_up":
        return Finish({"message": message_of(view.brief)})
    return Finish({"message": _follow_up(view.brief, triage)})


def _follow_up(brief: JsonObject, triage: TriageResult) -> str:
    queries, recalled, actions = brief.get("queries"), brief.get("recalled"), brief.get("actions")
    if isinstance(queries, dict):
        return query_message(RecalledQueries.model_validate(queries))
    if not isinstance(recalled, list) or not recalled:
        reasons = [reason for reason in texts(brief, "failures") if "has no finding number" not in reason]
        return " ".join([_NOTHING_LISTED, *reasons])
    planned = actions if isinstance(actions, list) else []
    messages: list[str] = []
    for number, item in enumerate(recalled):
        action = PlannedAction.model_validate(planned[number]) if number < len(planned) else None
        messages.append(follow_up_message(triage.frame.asks, RecalledFinding.model_validate(item), action))
    return "\n\n".join(messages)
