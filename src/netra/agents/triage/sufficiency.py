"""Whether the stored data can carry an answer: decided from what it holds, never from the wording."""

from __future__ import annotations

from collections.abc import Callable

from netra.agents.triage.frame import QuestionFrame, QuestionKind, UnknownName
from netra.agents.triage.results import DataFacts, Missing, Specialist, Sufficiency
from netra.tools.usage.naming import shown

IMPORT_CALLS = "netra import FILE --format calls"
IMPORT_EVALS = "netra import FILE --format evals"

_PLANS: dict[QuestionKind, tuple[Specialist, ...]] = {
    "usage": ("data",),
    "drivers": ("data", "report"),
    "change": ("data", "report"),
    "cost": ("data", "optimization", "actions", "report"),
    "model_choice": ("data", "optimization", "actions", "report"),
    "audit": ("data", "optimization", "actions", "report"),
    "latency": ("data", "actions", "report"),
    "capacity": ("data", "actions", "report"),
    "forecast": ("data", "report"),
    "anomalies": ("data", "report"),
    "price": ("data",),
}


def plan_for(frame: QuestionFrame) -> tuple[Specialist, ...]:
    """Which specialists a question needs, in order. One about named levers needs no look at all the
    spend; of models without a price and of reasoning the data agent has something of its own to say.
    """
    plan = _specialists_of(frame)
    return plan if "report" in plan or not (plan and frame.wants_report) else (*plan, "report")


def _specialists_of(frame: QuestionFrame) -> tuple[Specialist, ...]:
    plan = _PLANS.get(frame.kind, ())
    if frame.kind == "latency" and (frame.targets.p95_ms or frame.targets.p99_ms):
        return _PLANS["cost"]
    if frame.kind == "model_choice" and frame.reprices:
        return plan
    if frame.kind == "audit" and frame.explains and frame.levers == ["prompt-cache"]:
        return plan
    if frame.kind == "model_choice" or (frame.kind == "cost" and frame.levers):
        return tuple(specialist for specialist in plan if specialist != "data")
    if frame.kind == "audit" and frame.levers == ["unpriced"]:
        return ("data",)
    if (
        frame.kind == "audit"
        and frame.levers
        and not ("unpriced" in frame.levers or frame.levers == ["reasoning-effort"])
    ):
        return tuple(specialist for specialist in plan if specialist != "data")
    return plan


def column_missing(column: str, purpose: str) -> Missing:
    """A column of the calls that nothing carries, what it is needed for, and how to send it."""
    return Missing(
        what=f"`{column}` on the calls ({purpose})",
        how=f"send it with each call: `{IMPORT_CALLS} --map {column}=YOUR_COLUMN`",
    )


def assess(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    """Sufficiency and what is missing. A list with `sufficient` names only what would make the answer
    better.
    """
    if frame.kind in {"greeting", "capabilities", "outside", "follow_up", "price"}:
        return "sufficient", []
    if facts.calls == 0:
        how = f"import calls: `{IMPORT_CALLS}` (or azure-llm, mooncake, aider-analytics)"
        return "insufficient", [Missing(what="usage data: this workspace holds no calls yet", how=how)]
    what_if = frame.kind == "model_choice" or frame.levers == ["prompt-cache"]
    absent = [entry for entry in frame.unknown if entry.column != "model" or not what_if]
    if absent:
        return "insufficient", [_not_in_the_data(entry, facts) for entry in absent]
    if _window_is_empty(frame, facts):
        return "insufficient", [
            Missing(
                what=f"calls in {frame.window.label}: the data covers {facts.since:%Y-%m-%d %H:%M} to "
                f"{facts.until:%Y-%m-%d %H:%M} UTC",
                how=f"ask about that range, or import the missing period: `{IMPORT_CALLS}`",
            )
        ]
    check = _CHECKS.get(frame.kind)
    return check(frame, facts) if check else ("sufficient", [])


def _not_in_the_data(entry: UnknownName, facts: DataFacts) -> Missing:
    """A name that no call carries, the names that occur, and how to send calls that carry it."""
    what = f"calls of {entry.column} `{entry.name}`: it does not occur in the {facts.calls:,} calls stored"
    if entry.nearest:
        listed = ", ".join(f"`{shown(name)}`" for name in entry.nearest)
        return Missing(what=what, how=f"ask about a {entry.column} that does: {listed}")
    column = "tags" if entry.column == "team" else entry.column
    return Missing(
        what=f"{what}, and none of them names a {entry.column}",
        how=f"send `{column}` with each call: `{IMPORT_CALLS} --map {column}=YOUR_COLUMN`",
    )


def _window_is_empty(frame: QuestionFrame, facts: DataFacts) -> bool:
    window = frame.window
    if facts.since is None or facts.until is None:
        return False
    starts_after = window.since is not None and window.since > facts.until
    ends_before = window.until is not None and window.until <= facts.since
    return starts_after or ends_before


SHORTEST_FORECAST = 3
"""Days of data below which nothing is said about the days to come."""

SMALL_SHARE = 0.05
"""Below this share of calls without a price an answer about cost is whole, and names the share."""


def _much_is_unpriced(facts: DataFacts) -> bool:
    return facts.unpriced_calls > SMALL_SHARE * facts.calls


def _unpriced(facts: DataFacts) -> list[Missing]:
    names = ", ".join(map(shown, facts.unpriced_models[:5])) or "the models used"
    return [
        Missing(
            what=f"prices of {names}",
            how="add them to a price file and name it in NETRA_PRICE_OVERRIDES, or import with "
            "`--set model=NAME --set provider=NAME` if the calls are of a known model",
        )
    ]


def _cost(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    if facts.unpriced_calls >= facts.calls:
        return "insufficient", _unpriced(facts)
    missing: list[Missing] = _unpriced(facts) if _much_is_unpriced(facts) else []
    targets = frame.targets
    if targets.quality_min_pct is not None or targets.quality_margin_points is not None:
        missing += _no_evaluations(facts)
    if (targets.p95_ms is not None or targets.p99_ms is not None) and not facts.has("latency_ms"):
        missing.append(column_missing("latency_ms", "to check the latency condition"))
    return ("partial" if missing else "sufficient"), missing


def _no_evaluations(facts: DataFacts) -> list[Missing]:
    if len(facts.vocabulary.evaluated_models) >= 2:
        return []
    return [
        Missing(
            what="quality scores of at least two models on the same items",
            how=f"`{IMPORT_EVALS}` with item_id, model, score (0..1)",
        )
    ]


def _needs_prices(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    if facts.unpriced_calls >= facts.calls:
        return "insufficient", _unpriced(facts)
    missing = _unpriced(facts) if _much_is_unpriced(facts) else []
    missing += [
        column_missing(column, "to group by it")
        for column in frame.dimensions
        if column in {"feature", "app", "user", "session_id", "api_key_id"} and not facts.has(column)
    ]
    return ("partial" if missing else "sufficient"), missing


def _usage(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    absent = [
        column_missing(column, "to group by it")
        for column in frame.dimensions
        if column in {"feature", "app", "user", "session_id", "api_key_id"} and not facts.has(column)
    ]
    for prefix, column, purpose in _TIMED:
        if any(measure.startswith(prefix) for measure in frame.measures) and not facts.has(column):
            absent.append(column_missing(column, purpose))
            if all(measure.startswith(("latency", "ttft")) for measure in frame.measures):
                return "insufficient", absent
    for condition in frame.conditions:
        if condition.column in _NOT_ALWAYS and not facts.has(condition.column):
            return "insufficient", [*absent, column_missing(condition.column, f"to find {condition.words}")]
        if condition.column == "cost_usd" and facts.unpriced_calls >= facts.calls:
            return "insufficient", [*absent, *_unpriced(facts)]
    for measure, column, purpose in _PER:
        if measure in frame.measures and not facts.has(column):
            return "insufficient", [*absent, column_missing(column, purpose)]
    if frame.measures == ["cost_usd"] and facts.unpriced_calls >= facts.calls:
        return "insufficient", [*absent, *_unpriced(facts)]
    return ("partial" if absent else "sufficient"), absent


_NOT_ALWAYS = frozenset({"latency_ms", "ttft_ms", "reasoning_tokens"})
_TIMED = (
    ("latency", "latency_ms", "to measure latency"),
    ("ttft", "ttft_ms", "to measure the time to the first token"),
)
_PER = (
    ("cost_per_session", "session_id", "to know which calls belong together"),
    ("cost_per_user", "user", "to know whose calls they are"),
    ("reasoning_tokens", "reasoning_tokens", "to count reasoning"),
    ("output_limited", "max_output_tokens", "to see which answers reached their limit"),
    ("retry_rate", "retry_of", "to know which attempt repeats which"),
)


def _latency(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    if not facts.has("latency_ms"):
        return "insufficient", [column_missing("latency_ms", "to measure where the time is")]
    missing = [] if facts.has("ttft_ms") else [column_missing("ttft_ms", "to part waiting from writing")]
    return "sufficient", missing


def _capacity(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    return "sufficient", []


def _forecast(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    if facts.unpriced_calls >= facts.calls:
        return "insufficient", _unpriced(facts)
    missing = _unpriced(facts) if _much_is_unpriced(facts) else []
    if facts.observed_days < SHORTEST_FORECAST:
        return "insufficient", [
            *missing,
            Missing(
                what=f"at least {SHORTEST_FORECAST} days of calls: the data covers {_span(facts)}",
                how=f"import more of the past: `{IMPORT_CALLS}`",
            ),
        ]
    return ("partial" if missing else "sufficient"), missing


def _span(facts: DataFacts) -> str:
    days = facts.observed_days
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours"


def _model_choice(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    if facts.unpriced_calls >= facts.calls:
        return "insufficient", _unpriced(facts)
    missing = _no_evaluations(facts)
    return ("partial" if missing else "sufficient"), missing


_LEVER_COLUMNS = {
    "prompt-cache": (
        "prefix_hashes",
        "to replay prompt caching; hash each full block of the prompt from the start",
    ),
    "response-cache": ("request_hash", "to find identical requests"),
    "duplicate-inflight": ("request_hash", "to find identical requests at the same time"),
    "retry-waste": ("retry_of", "to find repeated attempts"),
    "context-growth": ("session_id", "to see what each session sends again"),
    "batch": ("interactive", "to know which calls nobody waits for"),
    "reasoning-effort": ("reasoning_tokens", "to see what reasoning costs"),
}


def _audit(frame: QuestionFrame, facts: DataFacts) -> tuple[Sufficiency, list[Missing]]:
    asked = frame.levers or []
    if asked == ["unpriced"]:
        return "sufficient", []
    known = facts.vocabulary.levers
    if asked and known and not {*asked} & {*known}:
        named = " or ".join(lever.replace("-", " ") for lever in asked)
        how = f"ask about one of those there are: {', '.join(known)}"
        return "insufficient", [Missing(what=f"a lever that replays {named}: there is none", how=how)]
    if facts.unpriced_calls >= facts.calls:
        return "insufficient", _unpriced(facts)
    absent = [
        column_missing(*_LEVER_COLUMNS[lever])
        for lever in (asked or _LEVER_COLUMNS)
        if lever in _LEVER_COLUMNS and not facts.has(_LEVER_COLUMNS[lever][0])
    ]
    if asked and len(absent) == len(asked):
        return "insufficient", absent
    return ("partial" if absent and asked else "sufficient"), absent


_Check = Callable[[QuestionFrame, DataFacts], tuple[Sufficiency, list[Missing]]]
_CHECKS: dict[QuestionKind, _Check] = {
    "cost": _cost,
    "drivers": _needs_prices,
    "change": _needs_prices,
    "usage": _usage,
    "latency": _latency,
    "capacity": _capacity,
    "forecast": _forecast,
    "anomalies": _needs_prices,
    "model_choice": _model_choice,
    "audit": _audit,
}
