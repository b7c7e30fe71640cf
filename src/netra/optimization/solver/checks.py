"""How a set of changes stands to each constraint."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from netra.optimization.findings import Percentile
from netra.optimization.intervals import Interval
from netra.optimization.solver.outcomes import Members, Outcomes
from netra.optimization.solver.schemas import (
    NOT_BINDING,
    ConstraintCheck,
    ConstraintName,
    Constraints,
    SpendPeriod,
)

_FEMTO = 1e-15
DAYS_OF: dict[SpendPeriod, float] = {"day": 1.0, "week": 7.0, "month": 365 / 12, "year": 365.0}
"""The length of each period in days."""
_MICROSECONDS_A_DAY = 86_400_000_000
_PERCENTILES: dict[ConstraintName, Percentile] = {
    "max_p50_ms": "p50",
    "max_p95_ms": "p95",
    "max_p99_ms": "p99",
}
SAVINGS: tuple[ConstraintName, ...] = (
    "min_savings_pct",
    "min_savings_usd",
    "min_savings_usd_per_month",
    "max_spend_usd",
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ends of the 95 % intervals of a set: its saving in dollars, its percentiles in milliseconds."""

    saving: Interval | None
    latency: dict[Percentile, float]


def asked_names(constraints: Constraints) -> list[ConstraintName]:
    """The constraints that bind, savings first, in a fixed order."""
    return [name for name, _ in _limits(constraints)]


def without(constraints: Constraints, dropped: ConstraintName) -> Constraints | None:
    """The same without one of them; None where nothing would be left."""
    left = constraints.model_dump(exclude={dropped}, exclude_none=True)
    return Constraints.model_validate(left) if set(left) - NOT_BINDING else None


def holds_cheaply(outcomes: Outcomes, members: Members, constraints: Constraints) -> bool:
    """Whether quality and savings could hold, without a replay: False is certain, True is not."""
    checks = _quality_checks(outcomes, members, constraints)
    if any(check.standing != "met" for check in checks):
        return False
    most = outcomes.most(members) * _FEMTO
    return all(most * scale >= limit * (1 - 1e-9) for limit, scale in _wanted(outcomes, constraints))


def holds(outcomes: Outcomes, members: Members, constraints: Constraints) -> bool:
    """Whether a set meets every constraint."""
    if not holds_cheaply(outcomes, members, constraints):
        return False
    if any(check.standing != "met" for check in _latency_checks(outcomes, members, constraints, None)):
        return False
    return all(check.standing == "met" for check in _saving_checks(outcomes, members, constraints, None))


def holds_but_savings(outcomes: Outcomes, members: Members, constraints: Constraints) -> bool:
    """Whether a set meets the constraints on quality and latency."""
    return all(
        check.standing == "met"
        for part in (
            _quality_checks(outcomes, members, constraints),
            _latency_checks(outcomes, members, constraints, None),
        )
        for check in part
    )


def checks_of(
    outcomes: Outcomes, members: Members, constraints: Constraints, bounds: Bounds
) -> list[ConstraintCheck]:
    """Every constraint with what the set reaches, in a fixed order."""
    return [
        *_saving_checks(outcomes, members, constraints, bounds),
        *_quality_checks(outcomes, members, constraints),
        *_latency_checks(outcomes, members, constraints, bounds),
    ]


def shortfall(outcomes: Outcomes, members: Members, constraints: Constraints) -> tuple[int, float]:
    """(constraints that cannot be judged, how far the set is from the others, each relative to its limit):
    what is known to be missed is nearer than what nobody knows, however far it is.
    """
    unknown, total = 0, 0.0
    for part in (
        _saving_checks(outcomes, members, constraints, None),
        _quality_checks(outcomes, members, constraints),
        _latency_checks(outcomes, members, constraints, None),
    ):
        for check in part:
            if check.standing == "unknown":
                unknown += 1
            elif check.short_by is not None:
                total += check.short_by / max(check.limit, 1e-9)
    return unknown, total


def _limits(constraints: Constraints) -> Iterator[tuple[ConstraintName, float]]:
    for name in (*SAVINGS, "min_quality", "max_quality_drop", *_PERCENTILES):
        limit: Decimal | float | None = getattr(constraints, name)
        if limit is not None:
            yield name, float(limit)


def _scales(outcomes: Outcomes, per: SpendPeriod) -> dict[ConstraintName, float | None]:
    """What dollars over the calls are multiplied by to be in each constraint's unit; None where unknown."""
    ts = outcomes.workload.ts
    span = int(ts[-1] - ts[0]) if len(ts) else 0
    spent = outcomes.baseline * _FEMTO
    return {
        "min_savings_pct": 100 / spent if spent else None,
        "min_savings_usd": 1.0,
        "min_savings_usd_per_month": DAYS_OF["month"] * _MICROSECONDS_A_DAY / span if span else None,
        "max_spend_usd": DAYS_OF[per] * _MICROSECONDS_A_DAY / span if span else None,
    }


def _wanted(outcomes: Outcomes, constraints: Constraints) -> Iterator[tuple[float, float]]:
    """(limit, scale) of each saving asked for; a scale of 0 can never reach its limit.

    A spend that may not be passed asks to save what the recorded one is above it.
    """
    scales = _scales(outcomes, constraints.spend_per)
    for name, limit in _limits(constraints):
        scale = scales.get(name)
        if name == "max_spend_usd" and scale is not None:
            yield outcomes.baseline * _FEMTO * scale - limit * (1 + 1e-9), scale
        elif name in SAVINGS:
            yield limit, scale or 0.0


def _saving_checks(
    outcomes: Outcomes, members: Members, constraints: Constraints, bounds: Bounds | None
) -> Iterator[ConstraintCheck]:
    scales = _scales(outcomes, constraints.spend_per)
    for name, limit in _limits(constraints):
        if name not in SAVINGS:
            continue
        scale = scales[name]
        interval = None if bounds is None else bounds.saving
        if name == "max_spend_usd":
            yield _spend_check(outcomes, members, constraints.spend_per, limit, scale, interval)
            continue
        if scale is None:
            what = "priced calls" if name == "min_savings_pct" else "calls over some time"
            yield ConstraintCheck(name=name, limit=limit, value=None, standing="unknown", missing=what)
            continue
        value = (outcomes.baseline - outcomes.saving(members).after) * _FEMTO * scale
        bound = None if interval is None else interval.low * scale
        yield _at_least(name, limit, value, bound)


def _spend_check(
    outcomes: Outcomes,
    members: Members,
    per: SpendPeriod,
    limit: float,
    scale: float | None,
    interval: Interval | None,
) -> ConstraintCheck:
    """What is left to pay in each period; its bound is that of the smallest saving likely."""
    unpriced = int((~outcomes.workload.priced).sum())
    if scale is None or unpriced == outcomes.workload.n:
        return ConstraintCheck(
            name="max_spend_usd",
            per=per,
            limit=limit,
            value=None,
            standing="unknown",
            missing="calls over some time" if scale is None else "prices of the calls",
        )
    value = outcomes.saving(members).after * _FEMTO * scale
    bound = None if interval is None else (outcomes.baseline * _FEMTO - interval.low) * scale
    check = _at_most("max_spend_usd", limit, value, bound).model_copy(update={"per": per})
    if not unpriced:
        return check
    lacking = f"prices of {unpriced:,} of {outcomes.workload.n:,} calls, whose spend comes on top"
    return check.model_copy(update={"certain": False, "missing": lacking})


def _quality_checks(
    outcomes: Outcomes, members: Members, constraints: Constraints
) -> Iterator[ConstraintCheck]:
    if constraints.min_quality is not None:
        quality = outcomes.quality(members)
        if quality is None:
            yield ConstraintCheck(
                name="min_quality",
                limit=constraints.min_quality,
                value=None,
                standing="unknown",
                missing="evaluations of the models in use (netra import FILE --format evals)",
            )
        else:
            low = quality.low / 100
            check = _at_least("min_quality", constraints.min_quality, low, low)
            yield check.model_copy(update={"value": round(quality.after / 100, 6)})
    if constraints.max_quality_drop is not None:
        worst = outcomes.worst_drop(members) / 100
        yield _at_most("max_quality_drop", constraints.max_quality_drop, worst, worst)


def _latency_checks(
    outcomes: Outcomes, members: Members, constraints: Constraints, bounds: Bounds | None
) -> Iterator[ConstraintCheck]:
    for name, limit in _limits(constraints):
        if name not in _PERCENTILES:
            continue
        reached = outcomes.percentiles(members)
        if reached is None:
            recorded = outcomes.recorded.known.any()
            what = (
                "latencies of the model that calls would move to"
                if recorded
                else "latencies of successful calls (latency_ms)"
            )
            yield ConstraintCheck(name=name, limit=limit, value=None, standing="unknown", missing=what)
            continue
        percentile = _PERCENTILES[name]
        bound = None if bounds is None else bounds.latency.get(percentile)
        yield _at_most(name, limit, reached[percentile], bound)


def _at_least(name: ConstraintName, limit: float, value: float, bound: float | None) -> ConstraintCheck:
    met = value >= limit * (1 - 1e-9)
    return ConstraintCheck(
        name=name,
        limit=limit,
        value=round(value, 6),
        bound=None if bound is None else round(bound, 6),
        standing="met" if met else "unmet",
        certain=met and bound is not None and bound >= limit * (1 - 1e-9),
        short_by=None if met else round(limit - value, 6),
    )


def _at_most(name: ConstraintName, limit: float, value: float, bound: float | None) -> ConstraintCheck:
    met = value <= limit * (1 + 1e-9)
    return ConstraintCheck(
        name=name,
        limit=limit,
        value=round(value, 6),
        bound=None if bound is None else round(bound, 6),
        standing="met" if met else "unmet",
        certain=met and bound is not None and bound <= limit * (1 + 1e-9),
        short_by=None if met else round(value - limit, 6),
    )
