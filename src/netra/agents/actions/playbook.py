"""How the built-in analyst turns findings into steps, and answers "what exactly do I change?"."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from netra.agents.actions.results import PlannedAction
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import CallTools, Finish, PlaybookView
from netra.reports.citations import cite
from netra.tools.optimization.outputs import FindingView, SavingsOutput

RECALL = "recall_finding"
RECALL_QUERY = "recall_query"

_VERIFY = {
    "prompt-cache": "Ask for the cached input tokens by day after the change: their share should rise, "
    "the spend fall.",
    "model-switch": "Send quality scores of the calls that were switched and ask again: the gate then "
    "uses them.",
    "batch": "Ask for the spend by service tier: the calls moved should appear as batch.",
    "output-cap": "Ask for output tokens by feature and for the share of answers that were cut off.",
    "retry-waste": "Ask for the retry rate by model after the change.",
    "context-growth": "Ask for input tokens per call of these sessions, and check a sample of long "
    "conversations.",
}
_ROLL_BACK = {
    "prompt-cache": "Remove the cache marks; nothing else depends on them.",
    "model-switch": "Set the model name back.",
    "batch": "Send the calls to the synchronous endpoint again.",
    "output-cap": "Raise or remove the limit.",
    "retry-waste": "Restore the former retry settings.",
    "context-growth": "Send the whole conversation again.",
}


def actions_playbook(view: PlaybookView) -> CallTools | Finish:
    """One action a recommended finding; for a follow-up, the finding it refers to."""
    triage = TriageResult.model_validate(view.brief["triage"])
    if triage.frame.kind == "follow_up":
        return _follow_up(view)
    savings = view.brief.get("savings")
    views = SavingsOutput.model_validate(savings).findings if isinstance(savings, dict) else []
    actions = [action_for(finding) for finding in views if _to_apply(finding)]
    levels = view.brief.get("options")
    if isinstance(levels, list):
        actions += [PlannedAction.model_validate(option) for option in levels]
    return Finish({"actions": cast(JsonValue, [action.model_dump() for action in actions])})


def _to_apply(finding: FindingView) -> bool:
    return finding.verdict == "recommend" and finding.alternative_to is None


def _follow_up(view: PlaybookView) -> CallTools | Finish:
    asks = view.brief.get("asks")
    if asks == ["query"]:
        return CallTools(((RECALL_QUERY, {}),)) if not view.answers else Finish({"actions": []})
    answers = view.of(RECALL)
    positions = cast(list[JsonValue], view.brief.get("positions") or [1])
    if not answers:
        return CallTools(tuple((RECALL, {"position": position}) for position in positions))
    actions: list[PlannedAction] = []
    for answer in answers:
        content = answer.content
        data = content.get("data") if isinstance(content, dict) else None
        finding = data.get("finding") if isinstance(data, dict) else None
        if isinstance(finding, dict):
            actions.append(action_for(FindingView.model_validate(finding)))
    return Finish({"actions": cast(JsonValue, [action.model_dump() for action in actions])})


def action_for(finding: FindingView) -> PlannedAction:
    """The steps of one finding, in its own words."""
    steps = list(finding.apply.steps)
    if finding.apply.snippet is not None:
        steps.append(f"For example:\n```{finding.apply.snippet.language}\n{finding.apply.snippet.text}\n```")
    saving = (
        f"saves {cite(finding.figures.savings)}" if finding.figures.savings else "the saving is not known"
    )
    year = f", {cite(finding.figures.year)} in a year" if finding.figures.year else ""
    return PlannedAction(
        finding=finding.id,
        lever=finding.lever,
        title=finding.title,
        why=f"{finding.apply.summary} It {saving}{year}.",
        steps=steps,
        effort=finding.effort,
        risk=finding.risk,
        saving_figure=finding.figures.savings,
        verify=_VERIFY.get(
            finding.lever, "Ask again after a week: the spend of these calls should have fallen."
        ),
        roll_back=_ROLL_BACK.get(finding.lever, "Undo the change; nothing else depends on it."),
    )
