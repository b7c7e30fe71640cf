"""The actions agent's blueprint."""

from __future__ import annotations

from netra.agents.actions.playbook import RECALL, RECALL_QUERY, actions_playbook
from netra.agents.actions.results import ActionsAnswer
from netra.agents.blueprint import PROSE_RULE, AgentBlueprint
from netra.llm.playbook import JsonObject

INSTRUCTIONS = (
    "You turn recommended findings into a plan: one action a finding, the largest saving first, with "
    "steps taken from "
    "the finding's own instructions, how to verify it and how to undo it. Set saving_figure to the "
    "finding's savings "
    "figure id. For a follow-up call recall_finding with each of the positions of the brief and plan those "
    "findings; where asks is query, call recall_query and plan nothing. Never plan "
    "what was refused. " + PROSE_RULE
)


def opening(brief: JsonObject) -> str:
    """What the actions agent is about to do."""
    if brief.get("asks") == ["query"]:
        return "Recalling the queries behind the last answer."
    if "positions" in brief:
        return "Recalling the finding of the earlier answer and its steps."
    return "Turning the recommended findings into steps."


ACTIONS = AgentBlueprint(
    name="actions",
    instructions=INSTRUCTIONS,
    output=ActionsAnswer,
    tools=(RECALL, RECALL_QUERY),
    playbook=actions_playbook,
    opening=opening,
    timeout_s=60.0,
)
