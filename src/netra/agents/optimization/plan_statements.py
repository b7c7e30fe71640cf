"""What the built-in analyst says about conditions: a set of changes holds to them, or which cannot hold."""

from __future__ import annotations

from collections.abc import Sequence

from netra.agents.data.scope import scope_of
from netra.agents.optimization.savings_words import interval_in_words
from netra.agents.triage.frame import QuestionFrame, Targets
from netra.agents.triage.targets import budget_in_words, dollars_in_words
from netra.reports.citations import cite
from netra.tools.optimization.outputs import CheckView, PlanView

_ALL = "everything recommended together"
_SAVINGS = frozenset({"min_savings_pct", "min_savings_usd", "min_savings_usd_per_month"})


def plan_statements(
    frame: QuestionFrame,
    plan: PlanView,
    everything: Sequence[str],
    failed: PlanView | None = None,
    *,
    undecided: bool = False,
) -> list[str]:
    """Yes or no first, then each condition with what is reached and by how much it is missed.

    `everything` are the titles of all recommended changes, which need not be named twice. `failed` is the
    plan for everything asked, where that cannot hold; `plan` then leaves out what cannot.
    `undecided`: some change cannot be judged for lack of data.
    """
    if len(plan.titles) > 1 and set(plan.titles) == set(everything):
        plan = plan.model_copy(update={"titles": [_ALL]})
    if failed is not None:
        left_out = {check.name for check in failed.checks} - {check.name for check in plan.checks}
        missed = [check for check in failed.checks if check.name in left_out]
        lines = [_cannot(frame, missed, failed), _without_them(frame, plan)]
    else:
        lines = [_verdict(frame, plan, undecided=undecided)]
    lines += _paces(frame.targets, failed or plan)
    if len(plan.checks) > 1 or (not plan.feasible and plan.titles):
        lines += [f"- {_check_line(frame.targets, check)}" for check in plan.checks]
    if not plan.exact:
        lines.append("Not every set of changes was tried; a better one may exist.")
    return lines


def _paces(targets: Targets, plan: PlanView) -> list[str]:
    """How a condition in dollars per period is measured: the pace of the calls, and the share it asks for."""
    lines: list[str] = []
    for check in plan.checks:
        pace = check.pace
        if pace is None:
            continue
        condition = _condition(targets, check.name)
        asks = (
            f"; {condition} is a cut of {cite(pace.share)}"
            if pace.share
            else f", which is within {budget_in_words(targets)}"
        )
        lines.append(
            f"The calls looked at cost {cite(plan.figures.baseline or '')} in {cite(pace.observed)}, "
            f"{cite(pace.spend)} a {pace.per} at that pace{asks}."
        )
    return lines


def _cannot(frame: QuestionFrame, missed: list[CheckView], failed: PlanView) -> str:
    """Which conditions cannot hold, where they stand, and the nearest that anything proved brings them."""
    named = " and ".join(_condition(frame.targets, check.name) for check in missed)
    lines = [f"**No: {named} cannot hold{scope_of(frame)} with what is proved on these calls.**"]
    for check in missed:
        if check.standing == "unknown":
            lines.append(f"It cannot be judged without {check.missing}.")
            continue
        now = f"It is {cite(check.before)} now; the" if check.before else "The"
        cost = "" if not failed.figures.loss else f", for {cite(failed.figures.loss)} more"
        nearest = (
            f"{_changes(failed)}, reaches {cite(check.value or '')}{cost}" if failed.titles else "no change"
        )
        lines.append(
            f"{now} nearest, {nearest}, {cite(check.short_by or '')} short."
            if failed.titles
            else f"{now} target is {cite(check.short_by or '')} away, and no change brings it nearer."
        )
    return " ".join(lines)


def _without_them(frame: QuestionFrame, plan: PlanView) -> str:
    held = [_condition(frame.targets, check.name) for check in plan.checks]
    named = ", ".join(held[:-1]) + " and " + held[-1] if len(held) > 1 else held[0]
    if not plan.feasible:
        return f"Without that, {_changes(plan)} {_does(plan, _saving(plan))}."
    holds = "hold" if len(held) > 1 else "is within reach"
    by = f" with {_changes(plan)}: it {_does(plan, _saving(plan))}" if plan.titles else " without any change"
    return f"Without that, {named} {holds}{by}."


def _verdict(frame: QuestionFrame, plan: PlanView, *, undecided: bool) -> str:
    scope = scope_of(frame)
    if plan.feasible:
        wanted = _asked(frame.targets)
        opening = f"**Yes: {wanted} {'is' if len(plan.checks) == 1 else 'are'} within reach{scope}.**"
        if not plan.titles:
            return f"{opening} That holds already, without any change."
        changes = _changes(plan)
        does = _does(plan, _reached(frame.targets, plan), several=len(plan.titles) > 1)
        return f"{opening} {changes[0].upper()}{changes[1:]} {does}."
    failing = [check for check in plan.checks if check.standing != "met"]
    named = " and ".join(_condition(frame.targets, check.name) for check in failing)
    if all(check.standing == "unknown" for check in failing):
        opening = f"**It cannot be judged{scope}: {named}.**"
        return f"{opening} Leaving that open, {_changes(plan)} {_does(plan, _saving(plan))}."
    if not plan.titles and undecided:
        return (
            f"**It is not shown that {named} can be reached{scope}:** none of the changes is proved on "
            f"these calls, "
            "and for some the data is missing."
        )
    opening = f"**No: {named} cannot hold{scope} with what is proved on these calls.**"
    if not plan.titles:
        return f"{opening} No change helps."
    return f"{opening} The nearest is {_changes(plan)}, which {_does(plan, _reached(frame.targets, plan))}."


def _changes(plan: PlanView) -> str:
    names = [f"**{title}**" for title in plan.titles]
    if plan.titles == [_ALL]:
        return _ALL
    if not names:
        return "no change"
    return names[0] + " alone" if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"


def _does(plan: PlanView, saved: str, *, several: bool = False) -> str:
    """What the plan saves, in the words `saved`, or what it costs where it loses."""
    ending = "" if several else "s"
    return f"cost{ending} {cite(plan.figures.loss)} more" if plan.figures.loss else f"save{ending} {saved}"


def _reached(targets: Targets, plan: PlanView) -> str:
    """The saving, and in a month or a year where that was asked for."""
    if targets.savings_per == "year" and plan.figures.year:
        return f"{cite(plan.figures.year)} a year ({_saving(plan)})"
    monthly = next((check for check in plan.checks if check.name == "min_savings_usd_per_month"), None)
    if monthly is not None and monthly.value:
        return f"{cite(monthly.value)} a month ({_saving(plan)})"
    return _saving(plan)


def _saving(plan: PlanView) -> str:
    figures = plan.figures
    return (
        f"{cite(figures.savings or '')} of {cite(figures.baseline or '')}, {cite(figures.percent or '')}, "
        f"{interval_in_words(figures)}"
    )


def _asked(targets: Targets) -> str:
    """Everything asked for in a few words."""
    parts = [_condition(targets, "min_savings_pct")] if targets.any_saving else []
    parts += [_condition(targets, "max_spend_usd")] if targets.spend_usd is not None else []
    parts += [_condition(targets, "min_quality")] if targets.quality_min_pct is not None else []
    parts += [_condition(targets, "max_quality_drop")] if targets.quality_margin_points is not None else []
    parts += [_condition(targets, "max_p95_ms")] if targets.p95_ms is not None else []
    parts += [_condition(targets, "max_p99_ms")] if targets.p99_ms is not None else []
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]


def _condition(targets: Targets, name: str) -> str:
    """A condition as the question set it."""
    if name in _SAVINGS:
        if targets.savings_said:
            return f"saving {targets.savings_said}"
        if targets.savings_pct is not None:
            return f"saving {targets.savings_pct:g} %"
        return f"saving {dollars_in_words(targets)}"
    if name == "max_spend_usd":
        return f"a spend of at most {budget_in_words(targets)}"
    if name == "min_quality":
        return f"quality above {targets.quality_min_pct:g}"
    if name == "max_quality_drop":
        points = targets.quality_margin_points or 0
        return f"a drop of at most {points:g} point{'' if points == 1 else 's'}"
    limit = targets.p95_ms if name == "max_p95_ms" else targets.p99_ms
    return f"a {name[4:7]} below {_duration(limit or 0)}"


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"


def _check_line(targets: Targets, check: CheckView) -> str:
    """What is reached of one condition, by how much it is missed, and whether that is certain."""
    name = _condition(targets, check.name)
    name = name[0].upper() + name[1:]
    if check.standing == "unknown":
        return f"{name}: cannot be judged without {check.missing}"
    before = f", from {cite(check.before)} now" if check.before else ""
    before = ", as it is now" if check.unchanged else before
    per = f" a {check.pace.per}" if check.pace is not None else ""
    value = f"{cite(check.value or '')}{per}{before}"
    if check.standing == "unmet":
        return f"{name}: missed by {cite(check.short_by or '')}{per}; reaches {value}"
    doubt = f"; not certain, its 95 % interval ends at {cite(check.bound)}" if check.bound else ""
    return f"{name}: holds with {value}{'' if check.certain else doubt}"
