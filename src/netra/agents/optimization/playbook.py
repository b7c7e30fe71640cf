"""How the built-in analyst looks for savings: which levers for which question, and what it says of them."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from netra.agents.optimization.statements import savings_statements
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import CallTools, Finish, JsonObject, PlaybookView
from netra.tools.optimization.outputs import SavingsOutput
from netra.tools.usage.outputs import TailOutput

FIND = "find_savings"
KNOWN_LEVERS = (
    "prompt-cache", "model-switch", "batch", "output-cap", "retry-waste", "context-growth",
)  # fmt: skip


def optimization_playbook(view: PlaybookView) -> CallTools | Finish:
    """Search once, then state the verdicts."""
    triage = TriageResult.model_validate(view.brief["triage"])
    answers = view.of(FIND)
    if not answers:
        return CallTools(((FIND, search_for(triage.frame)),))
    content = answers[-1].content
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        reason = content.get("error") if isinstance(content, dict) else content
        return Finish({"statements": [f"Savings could not be computed: {reason}"]})
    output = SavingsOutput.model_validate(data)
    floor = triage.frame.targets.quality_min_pct
    if floor is not None and len(answers) == 1 and below_floor(output, floor):
        without = [lever for lever in KNOWN_LEVERS if lever != "model-switch"]
        narrowed = {**search_for(triage.frame), "levers": cast(JsonValue, without)}
        narrowed.pop("params", None)
        return CallTools(((FIND, narrowed),))
    lines = savings_statements(triage.frame, output, _tail(view.brief), narrowed=len(answers) > 1)
    return Finish({"statements": cast(JsonValue, lines)})


def below_floor(output: SavingsOutput, floor: float) -> bool:
    """Whether a recommended switch ends at a quality below the one that must be kept."""
    return any(
        finding.verdict == "recommend" and finding.to_score is not None and finding.to_score < floor
        for finding in output.findings
    )


def _tail(brief: JsonObject) -> TailOutput | None:
    latency = brief.get("latency")
    return TailOutput.model_validate(latency) if isinstance(latency, dict) and latency.get("calls") else None


def search_for(frame: QuestionFrame) -> JsonObject:
    """Arguments of `find_savings`: the levers asked for (or all that a kind concerns), models, range and
    filters.
    """
    arguments: JsonObject = {}
    params: dict[str, str] = {}
    levers = [lever for lever in frame.levers or [] if lever in KNOWN_LEVERS]
    if frame.kind == "model_choice":
        levers = ["model-switch"]
        if len(frame.models) >= 2:
            params = {"from": frame.models[0], "to": frame.models[1]}
        elif len(frame.models) == 1:
            params = {"to": frame.models[0]}
    margin = frame.targets.quality_margin_points
    if margin is not None and (not levers or "model-switch" in levers):
        params["model-switch.margin" if levers != ["model-switch"] else "margin"] = f"{margin / 100:g}"
    if levers:
        arguments["levers"] = cast(JsonValue, levers)
    if params:
        arguments["params"] = cast(JsonValue, params)
    if frame.filters:
        arguments["where"] = cast(JsonValue, frame.filters)
    if frame.window.since is not None:
        arguments["since"] = frame.window.since.isoformat()
    if frame.window.until is not None:
        arguments["until"] = frame.window.until.isoformat()
    return arguments
