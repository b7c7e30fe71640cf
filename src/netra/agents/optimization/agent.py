"""The optimization agent's blueprint."""

from __future__ import annotations

from netra.agents.blueprint import PROSE_RULE, AgentBlueprint
from netra.agents.optimization.playbook import FIND, optimization_playbook
from netra.agents.optimization.results import OptimizationAnswer
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import JsonObject

INSTRUCTIONS = (
    "You find savings by replaying a team's own calls. Call find_savings once with the levers, models, "
    "range and "
    "filters of the frame. Say first whether the goal is reached: use the joint figure, because single "
    "savings do not "
    "add up. List what is recommended in the order given, each with its 95 % interval, then what is "
    "refused and why, "
    "then what cannot be judged and how to send what is missing. A refusal is as valuable as a "
    "recommendation. " + PROSE_RULE
)


def opening(brief: JsonObject) -> str:
    """What the optimization agent is about to do."""
    frame = TriageResult.model_validate(brief["triage"]).frame
    if frame.kind == "model_choice":
        return "Replaying the calls on other models, through the quality gate."
    if frame.levers:
        return f"Replaying the calls with {', '.join(frame.levers)}."
    return "Replaying every call under each lever, with intervals and the quality gate."


OPTIMIZATION = AgentBlueprint(
    name="optimization",
    instructions=INSTRUCTIONS,
    output=OptimizationAnswer,
    tools=(FIND,),
    playbook=optimization_playbook,
    opening=opening,
    timeout_s=260.0,
)
