"""How the built-in analyst looks for savings: which levers for which question, and what it says of them."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from netra.agents.optimization.statements import savings_statements
from netra.agents.triage.frame import Period, QuestionFrame, Targets
from netra.agents.triage.results import DataFacts, TriageResult
from netra.llm.playbook import CallTools, Finish, JsonObject, PlaybookView
from netra.tools.optimization.outputs import SavingsOutput

FIND = "find_savings"
_MONTHS: dict[Period, float] = {"day": 12 / 365, "week": 7 * 12 / 365, "month": 1.0, "year": 12.0}
"""Each period in months of 365 / 12 days."""
_WHOLE_CATALOGUE = frozenset({"cost", "audit"})


def optimization_playbook(view: PlaybookView) -> CallTools | Finish:
    """Search once, then state the verdicts."""
    triage = TriageResult.model_validate(view.brief["triage"])
    answers = view.of(FIND)
    if not answers:
        return CallTools(((FIND, search_for(triage.frame, triage.facts)),))
    outputs = [_output(answer.content) for answer in answers]
    output, first = outputs[-1], outputs[0]
    if output is None or first is None:
        content = answers[-1].content
        reason = content.get("error") if isinstance(content, dict) else content
        return Finish({"statements": [f"Savings could not be computed: {reason}"]})
    search = search_for(triage.frame, triage.facts)
    loosened = _loosened(search, first)
    if loosened is not None and len(answers) == 1:
        return CallTools(((FIND, loosened),))
    failed = first.plan if len(answers) > 1 else None
    lines = savings_statements(triage.frame, output, failed)
    return Finish({"statements": cast(JsonValue, lines)})


def _output(content: object) -> SavingsOutput | None:
    data = cast(JsonObject, content).get("data") if isinstance(content, dict) else None
    return SavingsOutput.model_validate(data) if isinstance(data, dict) else None


def _loosened(search: JsonObject, output: SavingsOutput) -> JsonObject | None:
    """The same search without the conditions that cannot hold, where the others hold without them."""
    plan, constraints = output.plan, search.get("constraints")
    if plan is None or plan.feasible or not isinstance(constraints, dict):
        return None
    out = [check.name for check in plan.checks if check.others_hold_without and check.standing != "met"]
    kept = {name: limit for name, limit in constraints.items() if name not in out}
    return {**search, "constraints": kept} if out and kept else None


def search_for(frame: QuestionFrame, facts: DataFacts) -> JsonObject:
    """Arguments of `find_savings`: the levers asked for (or all that a kind concerns), models, conditions,
    range and filters.
    """
    levers = [lever for lever in frame.levers or [] if lever != "unpriced"]
    params: dict[str, str] = {}
    where = dict(frame.filters)
    if frame.kind == "model_choice":
        levers = [lever for lever in levers if lever in {"routing", "cascade", "provider-switch"}]
        levers = levers or ["model-switch"]
        params = _switch(frame, facts) if levers == ["model-switch"] else {}
    elif len(frame.models) == 1 and frame.kind in _WHOLE_CATALOGUE:
        if frame.models[0] in facts.vocabulary.models:
            where["model"] = frame.models[0]
        elif levers == ["prompt-cache"]:
            params["model"] = frame.models[0]
    if frame.ttl is not None and (not levers or "prompt-cache" in levers):
        params["ttl"] = frame.ttl
    margin = frame.targets.quality_margin_points
    if margin is not None and levers == ["model-switch"]:
        params["margin"] = f"{margin / 100:g}"
    if levers != ["model-switch"]:
        params = {name if len(levers) == 1 else _prefixed(name): value for name, value in params.items()}
    arguments: JsonObject = {
        "levers": cast(JsonValue, levers),
        "params": cast(JsonValue, params),
        "where": cast(JsonValue, where),
        "since": frame.window.since.isoformat() if frame.window.since else None,
        "until": frame.window.until.isoformat() if frame.window.until else None,
        "constraints": cast(JsonValue, _conditions(frame)),
    }
    return {name: value for name, value in arguments.items() if value}


def _prefixed(name: str) -> str:
    """A parameter's name where several levers are asked: it belongs to the cache."""
    return f"prompt-cache.{name}"


def _switch(frame: QuestionFrame, facts: DataFacts) -> dict[str, str]:
    """From and to of a switch: two models as the question orders them; one is what calls might move to,
    unless it is in use and is to be left.
    """
    if len(frame.models) >= 2:
        return {"from": frame.models[0], "to": frame.models[1]}
    if len(frame.models) == 1:
        in_use = frame.models[0] in facts.vocabulary.models
        return {"from" if in_use and frame.leaves_model else "to": frame.models[0]}
    return {}


def _conditions(frame: QuestionFrame) -> dict[str, float | str]:
    """A choice between models is judged by the gate alone; other questions by a plan."""
    return {} if frame.kind == "model_choice" else constraints_of(frame.targets)


def constraints_of(targets: Targets) -> dict[str, float | str]:
    """The conditions of a question in the units of the solver: shares of 1, milliseconds, dollars a month."""
    per = targets.savings_per
    usd = targets.savings_usd
    limits: dict[str, float | str | None] = {
        "min_savings_pct": targets.savings_pct,
        "min_savings_usd": usd if per is None else None,
        "min_savings_usd_per_month": round(usd / _MONTHS[per], 6) if usd is not None and per else None,
        "max_spend_usd": targets.spend_usd,
        "spend_per": targets.spend_per if targets.spend_usd is not None else None,
        "min_quality": _share(targets.quality_min_pct),
        "max_quality_drop": _share(targets.quality_margin_points),
        "max_p95_ms": targets.p95_ms,
        "max_p99_ms": targets.p99_ms,
    }
    return {name: limit for name, limit in limits.items() if limit is not None}


def _share(percent: float | None) -> float | None:
    return None if percent is None else min(percent, 100.0) / 100
