"""A plan in words: what it reaches, or which constraint cannot hold and by how much."""

from decimal import Decimal

from netra.optimization.solver.schemas import ConstraintCheck, ConstraintName, Plan

_NAMES: dict[ConstraintName, str] = {
    "min_savings_pct": "a saving of {limit:g} %",
    "min_savings_usd": "a saving of ${limit:,.2f}",
    "min_savings_usd_per_month": "a saving of ${limit:,.2f} a month",
    "max_spend_usd": "a spend of at most ${limit:,.2f} a {per}",
    "min_quality": "a quality of at least {limit:g}",
    "max_quality_drop": "a drop in quality of at most {limit:g}",
    "max_p50_ms": "a median latency of at most {limit:,.0f} ms",
    "max_p95_ms": "a p95 latency of at most {limit:,.0f} ms",
    "max_p99_ms": "a p99 latency of at most {limit:,.0f} ms",
}
_VALUES: dict[ConstraintName, str] = {
    "min_savings_pct": "{value:.2f} %",
    "min_savings_usd": "${value:,.2f}",
    "min_savings_usd_per_month": "${value:,.2f} a month",
    "max_spend_usd": "${value:,.2f}",
    "min_quality": "{value:.4f}",
    "max_quality_drop": "{value:.4f}",
    "max_p50_ms": "{value:,.0f} ms",
    "max_p95_ms": "{value:,.0f} ms",
    "max_p99_ms": "{value:,.0f} ms",
}
_CENT = Decimal("0.01")


def limit_in_words(check: ConstraintCheck) -> str:
    """What a constraint asks for."""
    return _NAMES[check.name].format(limit=check.limit, per=check.per)


def value_in_words(name: ConstraintName, value: float) -> str:
    """A figure in the unit of a constraint."""
    return _VALUES[name].format(value=value)


def reached_in_words(check: ConstraintCheck) -> str:
    """What is reached, with the bound that a quality is judged by; empty where it is unknown."""
    if check.value is None:
        return ""
    reached = value_in_words(check.name, check.value)
    if check.name != "min_quality" or check.bound is None or round(check.value - check.bound, 4) == 0:
        return reached
    return f"{reached}, with 95 % confidence at least {value_in_words(check.name, check.bound)}"


def lacking_in_words(check: ConstraintCheck) -> str:
    """By how much a constraint is missed; empty where it is met or unknown."""
    if not check.short_by:
        return ""
    if check.name == "min_savings_pct":
        return f"short by {check.short_by:.2f} points"
    word = "over by" if check.name.startswith("max_") else "short by"
    return f"{word} {value_in_words(check.name, check.short_by)}"


def plan_in_words(plan: Plan) -> str:
    """One or two sentences on the whole plan."""
    chosen = (", ".join(plan.levers) if plan.levers else "no change") + _cost(plan)
    if plan.feasible:
        held = "; ".join(_held(check) for check in plan.constraints)
        unsure = [_unsure(c) for c in plan.constraints if not c.certain]
        doubt = f" Not certain at 95 %: {', '.join(unsure)}." if unsure else ""
        uncounted = [c.missing for c in plan.constraints if c.missing is not None]
        doubt += f" Not counted without {'; '.join(uncounted)}." if uncounted else ""
        return f"All constraints hold with {chosen}: {held}.{doubt}"
    unmet = "; ".join(_unmet(check, plan) for check in plan.constraints if check.standing != "met")
    if not unmet:
        return "No set of changes was found in the replays allowed that holds to all constraints."
    loosened = [limit_in_words(c) for c in plan.constraints if c.others_hold_without]
    way_out = f" The others hold together without {' or without '.join(loosened)}." if loosened else ""
    together = "The constraints cannot hold together" if len(plan.constraints) > 1 else "It cannot hold"
    return f"{together}. The nearest is {chosen}: {unmet}.{way_out}"


def _cost(plan: Plan) -> str:
    """What a plan costs beyond what is spent now, where it does; empty where it saves."""
    more = -Decimal(plan.savings_usd)
    if more <= 0:
        return ""
    return (
        f" (${more:,.2f} more on these calls)" if more >= _CENT else " (less than $0.01 more on these calls)"
    )


def _held(check: ConstraintCheck) -> str:
    reached = reached_in_words(check)
    return limit_in_words(check) + (f" ({reached})" if reached else "")


def _unsure(check: ConstraintCheck) -> str:
    """A constraint that holds, with the end of the interval at which it does not."""
    if check.bound is None or check.missing is not None:
        return limit_in_words(check)
    return f"{limit_in_words(check)} (it may be {value_in_words(check.name, check.bound)})"


def _unmet(check: ConstraintCheck, plan: Plan) -> str:
    if check.standing == "unknown":
        return f"{limit_in_words(check)} cannot be judged without {check.missing}"
    reached, lacking = reached_in_words(check), lacking_in_words(check)
    said = limit_in_words(check) + (f", reached {reached}" if reached else "")
    said += f", {lacking}" if lacking else ""
    now = None if check.name != "min_quality" or plan.quality is None else plan.quality.before / 100
    return said + ("" if now is None or now >= check.limit else f" (as the calls are it is {now:.4f})")
