"""Actions that follow from what the data tools showed, where no lever is concerned: latency and load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netra.agents.actions.results import PlannedAction
from netra.reports.citations import cite
from netra.tools.usage.outputs import LoadedModel, LoadOutput, TailOutput


def options_of(tools: Mapping[str, Any], kind: str) -> list[PlannedAction]:
    """Actions for a latency or capacity question from the results of its data tools; none for other kinds."""
    tail, load = tools.get("plan_latency"), tools.get("profile_load")
    if kind == "latency" and tail and tail["calls"]:
        return _latency(TailOutput.model_validate(tail))
    if kind == "capacity" and load and load["calls"]:
        return _load(LoadOutput.model_validate(load))
    return []


def _latency(output: TailOutput) -> list[PlannedAction]:
    if output.met_now:
        return []
    actions = [
        PlannedAction(
            title=f"Shorten the answers of {group.name}",
            lever="output-cap",
            why=f"{cite(group.over)} of its calls are over the target of {cite(output.target)}.",
            steps=[
                f"Set the output limit of these calls (max_tokens or max_completion_tokens) to "
                f"{cite(group.cap)}.",
                "Ask in the prompt for the length wanted, so that answers end by themselves and are not "
                "cut off.",
                "Score the shorter answers on evaluated items and import the scores before rolling out.",
            ],
            effort="low",
            risk="medium",
            verify=f"Ask for the {output.percentile} of these calls after a day.",
            roll_back="Raise or remove the limit.",
        )
        for group in (output.groups if output.reachable else [])
    ]
    if output.first_token is not None:
        actions.append(
            PlannedAction(
                title="Stream the answers that people wait for",
                why=f"The first words then appear after {cite(output.first_token)} at the "
                f"{output.percentile}.",
                steps=["Set stream to true for interactive calls and show the text as it arrives."],
                effort="low",
                risk="none",
                verify="Compare the time to the first token with what users see.",
                roll_back="Set stream back to false.",
            )
        )
    return actions


def _load(output: LoadOutput) -> list[PlannedAction]:
    actions = [_refused(model) for model in output.models if model.refused_any]
    unknown = [model for model in output.models if model.at_risk and not model.refused_any]
    if unknown:
        actions.append(
            PlannedAction(
                title="Check the limits of the models that were never refused",
                why="Their busiest minutes would be busier than any carried so far; the data holds no "
                "limit of theirs.",
                steps=[
                    f"{model.name}: have room for calls {cite(model.grown_peak_calls)} and tokens "
                    f"{cite(model.grown_peak_tokens)} in the account's rate limits."
                    for model in unknown
                ],
                effort="low",
                risk="none",
                verify="Ask where rate limits bite after the busiest day.",
                roll_back="Nothing to undo: a higher limit is not spend.",
            )
        )
    return actions


def _refused(model: LoadedModel) -> PlannedAction:
    carried = f"Up to {cite(model.carried_calls)} of calls were carried without a refusal."
    limit = (
        f"Ask the provider for a limit of at least calls {cite(model.grown_peak_calls)} and tokens "
        f"{cite(model.grown_peak_tokens)} for {model.name}."
        if model.bound
        else "Find out who else uses this key or project, and give this traffic a key of its own."
    )
    return PlannedAction(
        title=f"Stop the refusals of {model.name}",
        lever="retry-waste",
        why=f"{cite(model.refused)} of its calls were refused by a rate limit. {carried}",
        steps=[
            limit,
            "Queue calls that nobody waits for outside the busiest minutes, or send them as batches.",
            "Retry refused calls with growing, jittered pauses that honour retry-after, and cap the "
            "attempts.",
        ],
        effort="low",
        risk="low",
        verify="Ask where rate limits bite after the busiest day.",
        roll_back="Restore the former retry settings.",
    )
