"""What a set of changes would come to: saving, quality and latency, each computed once.

Quality: the call-weighted mean score of the models in use, from the evaluations; each change with a measured
drop lowers it by the drop times its share of the evaluated calls, and its lower bound by the one-sided 95 %
bound of the drop. Adding up the bounds of several changes is cautious: they need not all be true at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import Action, BuyCapacity, CachePrefixes, Int64, SwitchModel
from netra.optimization.drafts import Draft
from netra.optimization.findings import Degree, LatencyEffect, Percentile, QualityEffect
from netra.optimization.latency_intervals import QUANTILES
from netra.optimization.latency_replay import Latencies, LatencyReplay
from netra.optimization.replay import independent, replay_jointly
from netra.optimization.solver.schemas import PlanQuality
from netra.optimization.workload import Workload
from netra.pricing.money import total_femto
from netra.pricing.vectorised import Tokens

Float64 = npt.NDArray[np.float64]
Members = frozenset[int]

_FLUID = (CachePrefixes, BuyCapacity)
_WEIGHT: dict[Degree, int] = {"low": 1, "medium": 2, "high": 3}


@dataclass(frozen=True)
class Candidate:
    """A change that may be part of a plan, with what it does alone."""

    draft: Draft
    action: Action
    finding_id: str

    @property
    def savings(self) -> int:
        """Femto-dollars saved alone."""
        return 0 if self.draft.effect is None else self.draft.effect.savings

    @property
    def weight(self) -> int:
        """Risk and effort as one number: a risk is borne for good and counts twice."""
        return 2 * _WEIGHT[self.draft.risk] + _WEIGHT[self.draft.effort]

    @property
    def quality(self) -> QualityEffect | None:
        """The measured effect on quality, None where the change does not touch it."""
        return self.draft.quality if isinstance(self.draft.quality, QualityEffect) else None


@dataclass(frozen=True)
class Saving:
    """A set's joint saving: femto-dollars after it, and savings per block in dollars."""

    after: int
    block_savings: Float64


class _Reach:
    """All that caches and capacity could ever save, whatever else changes (femto-dollars, remembered)."""

    def __init__(self, workload: Workload, candidates: Sequence[Candidate]) -> None:
        self._workload = workload
        acts = [candidate.action for candidate in candidates]
        self._actions = {k: act for k, act in enumerate(acts) if isinstance(act, _FLUID)}
        self._switches = {k: act for k, act in enumerate(acts) if isinstance(act, SwitchModel)}
        self._found: dict[tuple[int, bool], int] = {}
        self._met: dict[tuple[int, int], bool] = {}

    def of(self, number: int, others: Members) -> int:
        """A cache: every prompt of its calls read, where none of them may go to another model; otherwise, and
        of capacity, all that the calls cost.
        """
        action = self._actions[number]
        stays = isinstance(action, CachePrefixes) and not any(self._meet(number, other) for other in others)
        if (number, stays) not in self._found:
            spend = self._workload.cost if not stays else self._saved_by_reading()
            self._found[number, stays] = total_femto(spend[action.rows])
        return self._found[number, stays]

    def _meet(self, number: int, other: int) -> bool:
        if other not in self._switches:
            return False
        if (number, other) not in self._met:
            both = self._actions[number].rows & self._switches[other].rows
            self._met[number, other] = bool(both.any())
        return self._met[number, other]

    def _saved_by_reading(self) -> Int64:
        """Femto-dollars that each call would cost less were its whole prompt read from the cache (n)."""
        tokens, before = self._workload.tokens, self._workload.cost
        none = np.zeros(self._workload.n, dtype=np.int64)
        read = Tokens(tokens.input, tokens.input, none, none, tokens.output, tokens.reasoning)
        after, priced = self._workload.prices.cost(read)
        return np.where(priced, np.maximum(before - after, 0), before)


class Outcomes:
    """Outcomes of sets of candidates over one workload, remembered. `replays` counts the joint replays."""

    def __init__(
        self, workload: Workload, evaluations: pl.DataFrame, candidates: Sequence[Candidate]
    ) -> None:
        self.workload = workload
        self.candidates = candidates
        self.baseline = total_femto(workload.cost)
        self.replays = 0
        self._scores = _mean_scores(evaluations)
        self._savings: dict[Members, Saving] = {}
        self._latency = LatencyReplay(workload)
        self._reach = _Reach(workload, candidates)
        self._percentiles: dict[Members, dict[Percentile, float] | None] = {}

    def saving(self, members: Members) -> Saving:
        """The joint saving of a set."""
        found = self._savings.get(members)
        if found is None:
            found = self._replayed(members)
            self._savings[members] = found
        return found

    def most(self, members: Members) -> int:
        """The most a set can save in femto-dollars, as far as its replayed subsets tell.

        A change saves no more beside others than alone, with two exceptions. What costs alone (a hedge)
        costs less where calls cost less, and counts as nothing. What caches and capacity save depends on
        which calls there are and where: beside other changes of calls they count with all they ever could.
        """
        fluid = frozenset(k for k in members if isinstance(self.candidates[k].action, _FLUID))
        if fluid and (len(fluid) < len(members) or self._capacity_in(fluid)):
            settled = members - fluid
            room = sum(self._reach.of(k, settled) for k in fluid)
            return min(self.baseline, self._most_alone(settled) + room)
        return self._most_alone(members)

    def _most_alone(self, members: Members) -> int:
        alone = {k: max(self.candidates[k].savings, 0) for k in members}
        known = [
            self.baseline - saving.after + sum(alone[k] for k in members - part)
            for part, saving in self._savings.items()
            if part <= members
        ]
        return min([sum(alone.values()), *known])

    def _capacity_in(self, fluid: Members) -> bool:
        return len(fluid) > 1 and any(isinstance(self.candidates[k].action, BuyCapacity) for k in fluid)

    def latencies(self, members: Members) -> tuple[Latencies, int]:
        """Latencies with a set applied, and the calls whose latency it would make unknown."""
        return self._latency.after(self._actions(members))

    @property
    def recorded(self) -> Latencies:
        """Latencies as recorded."""
        return self._latency.recorded

    def percentiles(self, members: Members) -> dict[Percentile, float] | None:
        """Percentiles of latency with a set applied; None where none is recorded or some become unknown."""
        if members not in self._percentiles:
            latencies, unknown = self.latencies(members)
            if unknown or not latencies.known.any():
                self._percentiles[members] = None
            else:
                reached = np.quantile(latencies.values, list(QUANTILES.values()))
                self._percentiles[members] = dict(zip(QUANTILES, reached.tolist(), strict=True))
        return self._percentiles[members]

    def quality(self, members: Members) -> PlanQuality | None:
        """Quality before and after a set; None where no model in use is evaluated."""
        scored = [
            (self._scores[used.canonical.model], used.rows)
            for used in self.workload.models
            if used.canonical.model in self._scores
        ]
        calls = sum(rows for _, rows in scored)
        if not calls:
            return None
        before = 100 * sum(score * rows for score, rows in scored) / calls
        drop, worst = 0.0, 0.0
        for effect, rows in self._drops(members):
            drop += effect.drop_points * rows / calls
            worst += effect.upper_95 * rows / calls
        return PlanQuality(
            before=round(before, 2),
            after=round(before - drop, 2),
            low=round(before - worst, 2),
            evaluated_calls=calls,
        )

    def worst_drop(self, members: Members) -> float:
        """The largest one-sided bound of a drop in quality among the changes, in points."""
        return max([effect.upper_95 for effect, _ in self._drops(members)], default=0.0)

    def weight(self, members: Members) -> int:
        """Risk and effort of a set."""
        return sum(self.candidates[k].weight for k in members)

    def _drops(self, members: Members) -> list[tuple[QualityEffect, int]]:
        chosen = [self.candidates[k] for k in sorted(members)]
        return [(c.quality, c.draft.rows) for c in chosen if c.quality is not None]

    def _actions(self, members: Members) -> list[Action]:
        return [self.candidates[k].action for k in sorted(members)]

    def _replayed(self, members: Members) -> Saving:
        workload, actions = self.workload, self._actions(members)
        if not actions:
            return Saving(self.baseline, np.zeros(workload.blocks.count))
        if independent(actions):
            effects = [self.candidates[k].draft.effect for k in sorted(members)]
            sums = [effect.block_savings for effect in effects if effect is not None]
            saved = sum(self.candidates[k].savings for k in members)
            return Saving(self.baseline - saved, np.sum(sums, axis=0))
        self.replays += 1
        after = replay_jointly(workload, actions)
        return Saving(total_femto(after), workload.blocks.sums(workload.cost - after))


def _mean_scores(evaluations: pl.DataFrame) -> dict[str, float]:
    """Mean score (0..1) of each evaluated model by its canonical name."""
    if not evaluations.height:
        return {}
    means = evaluations.drop_nulls(["canonical", "score"]).group_by("canonical").agg(pl.col("score").mean())
    return {str(name): float(score) for name, score in means.iter_rows()}


def gains_latency(draft: Draft) -> bool:
    """Whether a change makes some percentile of latency certainly lower."""
    effect = draft.latency
    if not isinstance(effect, LatencyEffect):
        return False
    return any(change.interval_95[0] > 0 for change in (effect.p50, effect.p95, effect.p99))
