"""How the built-in analyst looks at the data: which tools for which question."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from netra.agents.data.named_periods import compared_periods
from netra.agents.data.scope import MODEL_KINDS
from netra.agents.data.statements import statements_of
from netra.agents.triage.frame import Growth, QuestionFrame
from netra.agents.triage.named_days import is_one_day
from netra.agents.triage.results import DataFacts, TriageResult
from netra.llm.playbook import CallTools, Finish, JsonObject, PlaybookView
from netra.tools.usage.calls_tool import MOST_SHOWN
from netra.tools.usage.movers_tool import SHOWN as MOST_MOVED
from netra.usage.measures import MEASURES

_TIME = {"hour", "day", "week", "month"}
_OVERVIEW = ("cost_usd", "calls", "input_tokens", "output_tokens", "error_rate", "latency_p95_ms")
"""What "how are we doing?" is answered with."""


def data_playbook(view: PlaybookView) -> CallTools | Finish:
    """Call the tools the question needs, once, then state what they showed."""
    triage = TriageResult.model_validate(view.brief["triage"])
    if not view.answers:
        return CallTools(calls_for(triage.frame, triage.facts, str(view.brief.get("timezone") or "UTC")))
    shown = [
        (answer.tool, cast(dict[str, Any], cast(JsonObject, answer.content).get("data")))
        for answer in view.answers
        if answer.ok and isinstance(answer.content, dict) and isinstance(answer.content.get("data"), dict)
    ]
    reasons = [
        str(answer.content.get("error"))
        for answer in view.answers
        if isinstance(answer.content, dict) and answer.content.get("error")
    ]
    statements = list(dict.fromkeys(statements_of(triage.frame, shown)))
    return Finish({"statements": cast(JsonValue, statements or _nothing(reasons))})


def _nothing(reasons: list[str]) -> list[str]:
    return [f"The data could not be read: {reason}" for reason in reasons] or ["No calls match the question."]


def calls_for(
    frame: QuestionFrame, facts: DataFacts, zone: str = "UTC"
) -> tuple[tuple[str, JsonObject], ...]:
    """The tool calls of a question; months begin as they do in `zone`."""
    match frame.kind:
        case "price":
            return (("show_prices", {"models": cast(JsonValue, frame.models[:6])}),)
        case "model_choice":
            return (("price_on_model", {"model": frame.models[0], **_range(frame)}),)
        case "usage" if frame.growth is not None:
            return _movers(frame, frame.growth, facts, zone)
        case "usage" if frame.passing is not None:
            asked = frame.passing.model_dump(include={"measure", "amount", "reached", "each_month"})
            return (("find_passing", {**asked, **_in_zone(frame), **narrowed_by(frame), **_range(frame)}),)
        case "usage" if frame.calls_by is not None:
            asked_for: JsonObject = {"order_by": frame.calls_by, "limit": min(frame.top, MOST_SHOWN)}
            return (("list_calls", {**asked_for, **narrowed_by(frame), **_range(frame)}),)
        case "usage" if _is_overview(frame):
            return _overview(frame, facts)
        case "usage":
            return _usage(frame)
        case "change" if is_one_day(frame.window) and frame.measures and "cost_usd" not in frame.measures:
            measures = [name for name in frame.measures if name in MEASURES][:4]
            asked: JsonObject = {
                "measures": cast(JsonValue, measures or ["calls"]),
                "dimensions": _groups(frame, facts),
            }
            return (("find_anomalies", _anomalies(frame)), ("query_usage", {**asked, **_range(frame)}))
        case "change" if is_one_day(frame.window):
            return (("find_anomalies", _anomalies(frame)), *_change(frame, facts, zone))
        case "change":
            return _change(frame, facts, zone)
        case "latency":
            return _latency(frame, facts)
        case "capacity":
            return (("profile_load", _load(frame)),)
        case "forecast":
            return (("forecast_spend", _forecast(frame, facts, zone)),)
        case "anomalies":
            return (("find_anomalies", _anomalies(frame)),)
        case "audit" if "unpriced" in (frame.levers or []):
            query: JsonObject = {"measures": ["unpriced_calls"], "dimensions": ["model", "provider"]}
            return (("query_usage", {**query, **_range(frame)}),)
        case "audit" if frame.levers == ["prompt-cache"]:
            hits: JsonObject = {"measures": ["cache_hit_share", "input_tokens"]}
            return (("query_usage", {**hits, "dimensions": _groups(frame, facts), **_range(frame)}),)
        case "audit" if frame.levers == ["reasoning-effort"]:
            return (("profile_reasoning", {"by": _groups(frame, facts), **_range(frame)}),)
        case _:
            ranking: JsonObject = {"by": _groups(frame, facts), "top": frame.top, **_range(frame)}
            return (("rank_drivers", ranking),)


def _latency(frame: QuestionFrame, facts: DataFacts) -> tuple[tuple[str, JsonObject], ...]:
    """Where the time is, and what would bring a percentile to the target (half of it unless one is named)."""
    by = _groups(frame, facts)
    target = _target(frame)
    if target == {}:
        target = {"percentile": "p95", "cut_pct": frame.targets.latency_cut_pct or 50.0}
    profile: tuple[str, JsonObject] = ("profile_latency", {"by": by, **_range(frame)})
    plan: tuple[str, JsonObject] = ("plan_latency", {"by": by, **target, **_range(frame)})
    return (plan, profile) if frame.targets.p95_ms or frame.targets.p99_ms else (profile, plan)


def _target(frame: QuestionFrame) -> JsonObject:
    if frame.targets.p95_ms is not None:
        return {"percentile": "p95", "target_ms": frame.targets.p95_ms}
    if frame.targets.p99_ms is not None:
        return {"percentile": "p99", "target_ms": frame.targets.p99_ms}
    return {}


def _is_overview(frame: QuestionFrame) -> bool:
    named = (
        frame.among or frame.excluded or frame.conditions or frame.group_conditions or len(frame.models) > 1
    )
    return not (named or frame.dimensions or any(name in MEASURES for name in frame.measures))


def _overview(frame: QuestionFrame, facts: DataFacts) -> tuple[tuple[str, JsonObject], ...]:
    """How things stand: the main measures, what the spend goes to, and days out of the ordinary."""
    ranking: JsonObject = {"by": _groups(frame, facts), "top": 3, **_range(frame)}
    return (*_usage(frame), ("rank_drivers", ranking), ("find_anomalies", _anomalies(frame)))


def _usage(frame: QuestionFrame) -> tuple[tuple[str, JsonObject], ...]:
    measures = [name for name in frame.measures if name in MEASURES]
    main = ["calls", "cost_usd"] if frame.conditions else ["cost_usd", "calls"]
    measures = measures or (main if frame.dimensions or frame.conditions else [*_OVERVIEW])
    dimensions = [name for name in frame.dimensions if name not in _TIME and name not in frame.filters]
    grain = next((name for name in frame.dimensions if name in _TIME), None)
    if len(frame.models) > 1 and "model" not in dimensions:
        dimensions.append("model")
    dimensions += [name for name, values in frame.among.items() if name not in dimensions and values != [""]]
    # An average over users and the spend of each are two questions: one total, one list.
    per_user = measures == ["cost_per_user"] and dimensions in ([], ["user"])
    if per_user:
        measures, dimensions = ["cost_usd"], ["user"]
    limit = 40 if grain else max(frame.top, 20)
    arguments: JsonObject = {"measures": cast(JsonValue, measures), "dimensions": cast(JsonValue, dimensions)}
    if grain:
        arguments["grain"] = grain
    if grain and frame.extreme:
        # "Our most expensive day": the days in order of the amount, not of time.
        arguments |= {"dimensions": cast(JsonValue, [grain, *dimensions]), "ranked": True}
        arguments.pop("grain")
        limit = frame.top
    if frame.extreme == "least":
        arguments["ascending"] = True
    arguments |= {**narrowed_by(frame), **_in_zone(frame)}
    if frame.share:
        arguments["share"] = True
    if frame.group_conditions:
        arguments |= _of_groups(frame, measures)
        grain = None
        arguments.pop("grain", None)
    listed = ("query_usage", {**arguments, "limit": limit, **_range(frame)})
    if per_user:
        shown = ("query_usage", {**arguments, "limit": max(frame.top, 10), **_range(frame)})
        narrowing = ("among", "excluded", "conditions")
        kept = {name: arguments[name] for name in narrowing if name in arguments}
        return (("query_usage", {"measures": ["cost_per_user", "users"], **kept, **_range(frame)}), shown)
    return (listed,)


def _of_groups(frame: QuestionFrame, measures: list[str]) -> JsonObject:
    """Only the groups that keep to the conditions, those furthest beyond the first of them in front."""
    shown = list(dict.fromkeys([*measures, "calls"]))[:4]
    dimensions = [name for name in frame.dimensions if name not in frame.filters]
    return {
        "measures": cast(JsonValue, shown),
        "dimensions": cast(JsonValue, dimensions),
        "having": _having(frame),
        "ranked": True,
        "ascending": frame.group_conditions[0].operator in {"<", "<="},
    }


def _having(frame: QuestionFrame) -> JsonValue:
    kept = [entry.model_dump(exclude={"said", "dimension"}) for entry in frame.group_conditions]
    return cast(JsonValue, kept)


def _change(frame: QuestionFrame, facts: DataFacts, zone: str) -> tuple[tuple[str, JsonObject], ...]:
    periods = compared_periods(frame, facts, zone)
    if periods is None:
        return (("rank_drivers", {"by": _groups(frame, facts), **_range(frame)}),)
    (before_since, before_until), (after_since, after_until) = periods
    arguments: JsonObject = {
        "before_since": before_since.isoformat(),
        "before_until": before_until.isoformat(),
        "after_since": after_since.isoformat(),
        "after_until": after_until.isoformat(),
        "by": _groups(frame, facts),
    }
    if filters_of(frame):
        arguments["filters"] = cast(JsonValue, filters_of(frame))
    return (("compare_periods", arguments),)


def _movers(
    frame: QuestionFrame, growth: Growth, facts: DataFacts, zone: str
) -> tuple[tuple[str, JsonObject], ...]:
    """The groups that moved: none of a question about the whole, those of drivers for "what grew"."""
    periods = compared_periods(frame, facts, zone)
    if periods is None:
        return ()
    measure = next((name for name in frame.measures if name in MEASURES), "cost_usd")
    by = frame.dimensions or (_groups(frame, facts) if growth.of_anything else [])
    bounds = [moment.isoformat() for period in periods for moment in period]
    names = ("before_since", "before_until", "after_since", "after_until")
    asked: JsonObject = {
        **dict(zip(names, bounds, strict=True)),
        **narrowed_by(frame),
        **growth.model_dump(include={"direction", "operator", "value", "relative"}),
        "measure": measure,
        "by": cast(JsonValue, by[:3]),
    }
    if frame.group_conditions:
        asked["having"] = _having(frame)
    if growth.top is not None:
        asked["top"] = min(growth.top, MOST_MOVED)
    return (("find_movers", asked),)


def _in_zone(frame: QuestionFrame) -> JsonObject:
    return {"timezone": frame.zone} if frame.zone else {}


def narrowed_by(frame: QuestionFrame) -> JsonObject:
    """What narrows the calls beside the time range, as the query of measures takes it."""
    arguments: JsonObject = {"filters": cast(JsonValue, filters_of(frame))} if filters_of(frame) else {}
    if among := {**frame.among, **({"model": frame.models} if len(frame.models) > 1 else {})}:
        arguments["among"] = cast(JsonValue, among)
    if frame.excluded:
        arguments["excluded"] = cast(JsonValue, frame.excluded)
    if frame.conditions:
        conditions = [condition.model_dump(exclude={"said"}) for condition in frame.conditions]
        arguments["conditions"] = cast(JsonValue, conditions)
    return arguments


def _forecast(frame: QuestionFrame, facts: DataFacts, zone: str) -> JsonObject:
    """The days ahead: those named, or what is left of the running month, whose spend so far is added."""
    arguments: JsonObject = {"days": frame.horizon_days or 30}
    end = None if facts.until is None else facts.until.astimezone(ZoneInfo(zone))
    if frame.horizon_days is None and end is not None:
        # "Next month" is a calendar month: the days until then are forecast too, and left out of the sum.
        first = _first_of_next(end)
        arguments = {"days": (_first_of_next(first) - end).days + 2, "month": f"{first:%Y-%m}"}
    if frame.horizon_days == 0 and end is not None:
        first = end.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = _first_of_next(end)
        arguments = {"days": max((following - end).days, 1), "so_far_since": first.isoformat()}
    if frame.targets.growth_pct is not None:
        arguments["growth_pct"] = frame.targets.growth_pct
    if frame.targets.spend_usd is not None:
        arguments["limit_usd"] = frame.targets.spend_usd
    if filters_of(frame):
        arguments["filters"] = cast(JsonValue, filters_of(frame))
    return arguments


def _first_of_next(moment: datetime) -> datetime:
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _anomalies(frame: QuestionFrame) -> JsonObject:
    known = {"cost_usd", "calls", "input_tokens", "output_tokens", "errors"}
    measure = next((name for name in frame.measures if name in known), "cost_usd")
    return {"measure": measure, **_range(frame)}


def _load(frame: QuestionFrame) -> JsonObject:
    arguments: JsonObject = {}
    if frame.targets.growth_pct is not None:
        arguments["growth_pct"] = frame.targets.growth_pct
    if frame.targets.spike is not None:
        arguments["spike"] = frame.targets.spike
    return {**arguments, **_range(frame)}


def _groups(frame: QuestionFrame, facts: DataFacts) -> list[JsonValue]:
    """What a driver is: the dimensions asked for, else feature (or app) and model where the data has them."""
    asked = [name for name in frame.dimensions if name not in _TIME][:2]
    if asked:
        return [*asked]
    for name in ("feature", "app"):
        if facts.has(name) and name not in frame.filters:
            return [name, "model"]
    return ["model"]


def filters_of(frame: QuestionFrame) -> dict[str, str]:
    """Exact filters: named values, and the model when the question names just one that it asks about."""
    filters = dict(frame.filters)
    if len(frame.models) == 1 and frame.kind in MODEL_KINDS:
        filters["model"] = frame.models[0]
    return filters


def _range(frame: QuestionFrame) -> JsonObject:
    arguments: JsonObject = {}
    if frame.window.since is not None:
        arguments["since"] = frame.window.since.isoformat()
    if frame.window.until is not None:
        arguments["until"] = frame.window.until.isoformat()
    if filters_of(frame):
        arguments["filters"] = cast(JsonValue, filters_of(frame))
    return arguments
