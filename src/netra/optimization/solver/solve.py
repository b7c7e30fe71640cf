"""Constraint solving: which set of changes holds to what was asked for, by joint replay.

Candidates are the recommended findings, and changes of latency that certainly lower a percentile where
latency is bound; at most 12, those that save or gain most. All their sets are ranked by what is wanted (least
risk and effort, fewest, largest saving; or largest saving first where no saving is asked for) and tried in
that order, so that the first that holds is the best: branch and bound over sets. A set is left out without a
replay when its measured drops in quality, or the most it can save, cannot hold; the most a set can save is
what a replayed subset saves plus what the rest saves alone (changes of the same calls take from each other;
`Outcomes.most` says which do not).
Replays are limited by the number of calls, never by a clock, so the answer is the same every time. Where the
limit ends the search, a greedy set stands in, and the plan says so. Source of the method: Land and Doig, An
automatic method of solving discrete programming problems, Econometrica 28, 1960.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from netra.optimization.actions import SwitchModel
from netra.optimization.analysis.analyse import money_interval, percent
from netra.optimization.drafts import Draft
from netra.optimization.findings import Degree, Finding, LatencyEffect, Missing, Percentile
from netra.optimization.intervals import MIN_CALLS, Interval, Resamples
from netra.optimization.latency_intervals import latency_effect, upper_bounds
from netra.optimization.latency_replay import ENOUGH
from netra.optimization.params import LeverParams
from netra.optimization.solver.checks import (
    Bounds,
    asked_names,
    checks_of,
    holds,
    holds_but_savings,
    holds_cheaply,
    shortfall,
    without,
)
from netra.optimization.solver.outcomes import Candidate, Members, Outcomes, gains_latency
from netra.optimization.solver.schemas import ConstraintCheck, Constraints, Plan
from netra.optimization.solver.words import plan_in_words
from netra.optimization.workload import Workload
from netra.pricing.money import femto_string

MOST_CANDIDATES = 12
_DEGREES: tuple[Degree, ...] = ("low", "medium", "high")
_CALLS_REPLAYED = 20_000_000
_FEWEST_REPLAYS = 12
_MOST_REPLAYS = 128


@dataclass(frozen=True)
class _Search:
    """The outcomes and how many replays may be made in all."""

    outcomes: Outcomes
    sets: list[Members]
    limit: int

    @property
    def spent(self) -> bool:
        """Whether the replays are used up."""
        return self.outcomes.replays >= self.limit


@dataclass(frozen=True)
class _Found:
    """The best set, None where none holds; `exact`: no better one was left untried."""

    members: Members | None
    exact: bool


def solve(
    workload: Workload,
    evaluations: pl.DataFrame,
    judged: Sequence[tuple[Draft, Finding]],
    constraints: Constraints,
) -> Plan:
    """The set of changes that holds to the constraints, or what comes nearest and what lacks.

    `judged`: every draft of the analysis with its finding.
    """
    candidates = candidates_of(judged, constraints)
    outcomes = Outcomes(workload, evaluations, candidates)
    numbers = range(len(candidates))
    sets = [frozenset(c) for size in range(len(candidates) + 1) for c in combinations(numbers, size)]
    limit = max(_FEWEST_REPLAYS, min(_MOST_REPLAYS, _CALLS_REPLAYED // max(workload.n, 1)))
    search = _Search(outcomes, sets, limit)
    found = _best(search, constraints)
    members = found.members
    if members is None:
        nearest = _nearest(search, constraints)
        members, found = nearest.members or frozenset(), _Found(None, found.exact and nearest.exact)
    plan = _plan(outcomes, members, constraints, found)
    if found.members is None:
        plan = _with_culprits(search, plan, constraints)
    return plan.model_copy(update={"summary": plan_in_words(plan), "tried": outcomes.replays})


def params_within(
    constraints: Constraints,
    params: Mapping[str, LeverParams],
    accepted: Mapping[str, Mapping[str, str]],
) -> dict[str, LeverParams]:
    """The parameters with what the constraints say where nothing was given: margins and latency targets."""
    implied: dict[str, str] = {}
    if constraints.max_quality_drop is not None:
        implied["margin"] = f"{constraints.max_quality_drop:.6f}"
    if constraints.max_p95_ms is not None:
        implied["target_p95_ms"] = str(max(int(constraints.max_p95_ms), 1))
    elif constraints.max_p99_ms is not None:
        implied["target_p99_ms"] = str(max(int(constraints.max_p99_ms), 1))
    return {
        lever: LeverParams(
            lever, {**{k: v for k, v in implied.items() if k in accepted[lever]}, **given.values}
        )
        for lever, given in params.items()
    }


def candidates_of(judged: Sequence[tuple[Draft, Finding]], constraints: Constraints) -> list[Candidate]:
    """The changes a plan may be made of, by what they save, most first."""
    found: list[Candidate] = []
    for draft, finding in judged:
        if draft.action is None or draft.effect is None or draft.missing:
            continue  # a goal of latency that nobody named is no gap here: the plan names one
        lowers = constraints.about_latency and _only_latency(draft) and gains_latency(draft)
        if finding.verdict != "recommend" and not lowers:
            continue
        if _beyond(draft.risk, constraints.max_risk) or _beyond(draft.effort, constraints.max_effort):
            continue
        found.append(Candidate(draft, draft.action, finding.id))
    found.sort(key=lambda c: (not gains_latency(c.draft), -c.savings, c.finding_id))
    kept = found[:MOST_CANDIDATES]
    return sorted(kept, key=lambda c: (-c.savings, c.finding_id))


def _only_latency(draft: Draft) -> bool:
    """A change made for latency: what it costs is no reason to refuse it where latency is asked for."""
    return isinstance(draft.latency, LatencyEffect) and isinstance(draft.quality, str)


def _beyond(degree: Degree, most: Degree | None) -> bool:
    return most is not None and _DEGREES.index(degree) > _DEGREES.index(most)


def _best(search: _Search, constraints: Constraints) -> _Found:
    """The first set that holds, in the order of what is wanted."""
    outcomes = search.outcomes
    if not constraints.about_savings:
        return _most_saving(search, lambda members: holds_but_savings(outcomes, members, constraints))
    ranked = sorted(search.sets, key=lambda s: (outcomes.weight(s), len(s), -outcomes.most(s), sorted(s)))
    best: Members | None = None
    for members in ranked:
        if best is not None and (outcomes.weight(members), len(members)) > (
            outcomes.weight(best),
            len(best),
        ):
            return _Found(best, True)
        if not holds_cheaply(outcomes, members, constraints):
            continue
        if search.spent:
            return _Found(best or _greedy(search, constraints), False)
        if holds(outcomes, members, constraints) and (
            best is None or outcomes.saving(members).after < outcomes.saving(best).after
        ):
            best = members
    return _Found(best, True)


def _most_saving(search: _Search, allowed: Callable[[Members], bool]) -> _Found:
    """The allowed set that saves most; among equals the one of least risk and effort, then the smallest."""
    outcomes = search.outcomes
    ranked = sorted(search.sets, key=lambda s: (-outcomes.most(s), outcomes.weight(s), len(s), sorted(s)))
    best: Members | None = None
    for members in ranked:
        saved = None if best is None else outcomes.baseline - outcomes.saving(best).after
        most = outcomes.most(members)
        if saved is not None and most < saved:
            continue
        if search.spent:
            return _Found(best, False)
        if not allowed(members):
            continue
        if best is None or _better(outcomes, members, best):
            best = members
    return _Found(best, True)


def _better(outcomes: Outcomes, one: Members, other: Members) -> bool:
    def key(members: Members) -> tuple[int, int, int]:
        return outcomes.saving(members).after, outcomes.weight(members), len(members)

    return key(one) < key(other)


def _greedy(search: _Search, constraints: Constraints) -> Members | None:
    """Add the change with the most saving for its risk and effort until the set holds; None if none does."""
    outcomes = search.outcomes
    order = sorted(
        range(len(outcomes.candidates)),
        key=lambda k: (-outcomes.candidates[k].savings / outcomes.candidates[k].weight, k),
    )
    members: Members = frozenset()
    for number in order:
        larger = members | {number}
        if holds_but_savings(outcomes, larger, constraints):
            members = larger
            if holds(outcomes, members, constraints):
                return members
    return None


def _nearest(search: _Search, constraints: Constraints) -> _Found:
    """Where no set holds: the most saving under quality and latency; where none holds to those either, the
    least shortfall of all constraints together, among all that save and each change for latency, with
    every further change that brings it nearer, the largest saving first.
    """
    outcomes = search.outcomes
    found = _most_saving(search, lambda members: holds_but_savings(outcomes, members, constraints))
    if found.members is not None:
        return found
    numbers = range(len(outcomes.candidates))
    savers: Members = frozenset(k for k in numbers if outcomes.candidates[k].savings > 0)
    faster = [k for k in numbers if k not in savers]
    tried: list[Members] = [frozenset(), savers, *(savers | {k} for k in faster)]
    tried += [frozenset({k}) for k in numbers]
    best, least = tried[0], shortfall(outcomes, tried[0], constraints)
    for members in tried[1:]:
        if search.spent:
            break
        lacks = shortfall(outcomes, members, constraints)
        if lacks < least:
            best, least = members, lacks
    for number in sorted(savers - best, key=lambda k: (-outcomes.candidates[k].savings, k)):
        lacks = least if search.spent else shortfall(outcomes, best | {number}, constraints)
        if lacks < least:
            best, least = best | {number}, lacks
    return _Found(best, False)


def _plan(outcomes: Outcomes, members: Members, constraints: Constraints, found: _Found) -> Plan:
    chosen = [outcomes.candidates[k] for k in sorted(members)]
    saving = outcomes.saving(members)
    interval = _interval(outcomes, members)
    effect, bounds = _latency(outcomes, members, constraints)
    return Plan(
        feasible=found.members is not None,
        findings=[candidate.finding_id for candidate in chosen],
        levers=list(dict.fromkeys(candidate.draft.lever for candidate in chosen)),
        baseline_usd=femto_string(outcomes.baseline),
        counterfactual_usd=femto_string(saving.after),
        savings_usd=femto_string(outcomes.baseline - saving.after),
        savings_pct=percent(outcomes.baseline - saving.after, outcomes.baseline),
        interval_95=None if interval is None else money_interval(interval),
        quality=outcomes.quality(members),
        latency=effect,
        risk=_highest([candidate.draft.risk for candidate in chosen]),
        effort=_highest([candidate.draft.effort for candidate in chosen]),
        constraints=checks_of(outcomes, members, constraints, Bounds(interval, bounds)),
        summary="",
        candidates=len(outcomes.candidates),
        tried=outcomes.replays,
        exact=found.exact,
        left_out=_left_out(outcomes) if constraints.about_latency else [],
    )


def _left_out(outcomes: Outcomes) -> list[Missing]:
    """Changes that make the latency of some calls unknown."""
    found: dict[str, Missing] = {}
    for number, candidate in enumerate(outcomes.candidates):
        action = candidate.action
        if not isinstance(action, SwitchModel) or not outcomes.latencies(frozenset({number}))[1]:
            continue
        what = f"how long {action.model} takes, for {candidate.draft.lever}"
        if action.escalated:
            what = f"which calls are answered twice by {candidate.draft.lever}, and how long they take"
        how = f"send at least {ENOUGH} calls to {action.model} and record latency_ms"
        found[what] = Missing(what=what, how=how)
    return list(found.values())


def _interval(outcomes: Outcomes, members: Members) -> Interval | None:
    if outcomes.workload.n < MIN_CALLS:
        return None
    sums = outcomes.saving(members).block_savings
    effects = [outcomes.candidates[k].draft.effect for k in sorted(members)]
    below, above = (sum(e.uncertainty[side] for e in effects if e is not None) for side in (0, 1))
    return Resamples(outcomes.workload.blocks.count).intervals([sums])[0].widened(below, above)


def _latency(
    outcomes: Outcomes, members: Members, constraints: Constraints
) -> tuple[LatencyEffect | None, dict[Percentile, float]]:
    """Latency before and after, and its bounds where it is bound."""
    if outcomes.percentiles(members) is None:
        return None, {}
    after, _ = outcomes.latencies(members)
    blocks = outcomes.workload.blocks
    bounds = upper_bounds(blocks, after) if constraints.about_latency else {}
    return latency_effect(blocks, outcomes.recorded, after), bounds


def _with_culprits(search: _Search, plan: Plan, constraints: Constraints) -> Plan:
    """Say of each constraint whether the others could hold without it."""
    checks: list[ConstraintCheck] = []
    for check in plan.constraints:
        rest = without(constraints, check.name) if len(asked_names(constraints)) > 1 else None
        alone = None if rest is None else _best(search, rest).members is not None
        checks.append(check.model_copy(update={"others_hold_without": alone}))
    return plan.model_copy(update={"constraints": checks})


def _highest(degrees: list[Degree]) -> Degree | None:
    return max(degrees, key=_DEGREES.index) if degrees else None
