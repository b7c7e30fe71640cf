"""The data agent's blueprint."""

from __future__ import annotations

from netra.agents.blueprint import PROSE_RULE, AgentBlueprint
from netra.agents.data.playbook import data_playbook
from netra.agents.data.results import DataAnswer
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import JsonObject

INSTRUCTIONS = (
    "You look at a team's LLM usage with typed tools and state what the stored calls show about the "
    "question. Use the "
    "frame of the brief: its window, filters, dimensions and conditions. For cost questions rank the "
    "drivers, for a "
    "change compare two periods of equal length, for latency profile it, for plain questions query the "
    "measures. "
    "Return short statements, the answer first. " + PROSE_RULE
)

_OPENINGS = {
    "usage": "Querying the measures the question names.",
    "drivers": "Ranking what the spend goes to.",
    "change": "Comparing the period with the one before: volume, mix, size and price.",
    "latency": "Measuring where the time goes.",
    "capacity": "Measuring the load and where it peaks.",
    "forecast": "Carrying the daily spend on, and trying that on the past.",
    "price": "Looking up the price list in force.",
    "anomalies": "Comparing each day with the same weekdays before it.",
}


def opening(brief: JsonObject) -> str:
    """What the data agent is about to do."""
    kind = TriageResult.model_validate(brief["triage"]).frame.kind
    return _OPENINGS.get(kind, "Establishing the baseline: what the spend goes to today.")


DATA = AgentBlueprint(
    name="data",
    instructions=INSTRUCTIONS,
    output=DataAnswer,
    tools=(
        "query_usage",
        "list_calls",
        "rank_drivers",
        "compare_periods",
        "find_movers",
        "find_passing",
        "profile_latency",
        "plan_latency",
        "profile_load",
        "profile_reasoning",
        "forecast_spend",
        "find_anomalies",
        "show_prices",
        "price_on_model",
    ),
    playbook=data_playbook,
    opening=opening,
)
