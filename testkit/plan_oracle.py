"""Plans once more: every set of changes tried, by the joint replay done call by call.

What each set reaches is worked out from the definitions of `Constraints` and `Plan`; only latencies are those
of the product's replay, which tests of their own hold to its definition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from netra.optimization.findings import Degree, QualityEffect
from netra.optimization.latency_replay import LatencyReplay
from netra.optimization.solver.outcomes import Candidate
from testkit import lever_oracle as oracle
from testkit.optimization_bench import CATALOGUE, workload
from testkit.random_traffic import ordered, total

__all__ = ["DAYS", "EverySet", "Members", "Reached", "span_of"]

Members = tuple[int, ...]
DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "year": 365.0}
QUANTILES = {"max_p50_ms": 0.5, "max_p95_ms": 0.95, "max_p99_ms": 0.99}
NEVER_BINDING = ("max_risk", "max_effort", "spend_per")
_WEIGHT: dict[Degree, int] = {"low": 1, "medium": 2, "high": 3}
_NEAR = 1e-9
_ROUNDED = 5e-5


@dataclass(frozen=True)
class Reached:
    """What a set of changes comes to: femto-dollars left to pay, the bounds of quality and of the worst drop
    (shares; None without evaluations), percentiles in milliseconds (None where some are unknown).
    """

    after: int
    quality: float | None
    drop: float
    latency: dict[str, float] | None


def span_of(rows: Sequence[oracle.Call]) -> float:
    """Days between the first and the last call."""
    return (rows[-1]["ts"] - rows[0]["ts"]).total_seconds() / 86_400


class EverySet:
    """All sets of some changes over some calls, with what each reaches."""

    def __init__(
        self, frame: pl.DataFrame, evaluations: pl.DataFrame, candidates: Sequence[Candidate]
    ) -> None:
        self._rows = ordered(frame)
        self._candidates = candidates
        self._baseline = total([oracle.cost(row) for row in self._rows])
        self._latency = LatencyReplay(workload(frame))
        means = evaluations.group_by("canonical").agg(pl.col("score").mean())
        of_model: dict[str, float] = dict(means.iter_rows())
        names = [CATALOGUE.canonical(row["model"], row.get("provider") or None).model for row in self._rows]
        self._scores = [of_model[name] for name in names if name in of_model]
        numbers = range(len(candidates))
        sets = [members for size in range(len(numbers) + 1) for members in combinations(numbers, size)]
        self.reached = {members: self._reach(members) for members in sets}

    def _reach(self, members: Members) -> Reached:
        actions = [self._candidates[k].action for k in members]
        drafts = [self._candidates[k].draft for k in members]
        drops = [
            (draft.quality.upper_95 / 100, draft.rows)
            for draft in drafts
            if isinstance(draft.quality, QualityEffect)
        ]
        quality = None
        if self._scores:
            lost = sum(drop * rows for drop, rows in drops)
            quality = (sum(self._scores) - lost) / len(self._scores)
        after, unknown = self._latency.after(actions)
        latency = None
        if not unknown and after.known.any():
            values = after.ms[after.known]
            latency = {name: float(np.quantile(values, share)) for name, share in QUANTILES.items()}
        paid = sum(oracle.replayed_jointly(self._rows, actions))
        return Reached(paid, quality, max((drop for drop, _ in drops), default=0.0), latency)

    def meets(self, members: Members, asked: dict[str, Any]) -> bool:
        """Whether a set meets all constraints."""
        per = asked.get("spend_per", "month")
        return all(
            self._meets(self.reached[members], name, float(limit), per)
            for name, limit in asked.items()
            if name not in NEVER_BINDING
        )

    def _meets(self, reached: Reached, name: str, limit: float, per: str) -> bool:
        saved, days = (self._baseline - reached.after) * 1e-15, span_of(self._rows)
        if name in QUANTILES:
            return reached.latency is not None and reached.latency[name] <= limit * (1 + _NEAR)
        if name == "min_quality":
            # Scores are told in hundredths of a point.
            return reached.quality is not None and reached.quality >= limit - _ROUNDED
        if name == "max_quality_drop":
            return reached.drop <= limit + _NEAR
        if name == "min_savings_pct":
            return self._baseline > 0 and 100 * saved >= limit * self._baseline * 1e-15 * (1 - _NEAR)
        if name == "min_savings_usd":
            return saved >= limit * (1 - _NEAR)
        if days == 0:
            return False
        if name == "min_savings_usd_per_month":
            return saved / days * DAYS["month"] >= limit * (1 - _NEAR)
        return reached.after * 1e-15 / days * DAYS[per] <= limit * (1 + _NEAR)

    def rank(self, members: Members, asked: dict[str, Any]) -> tuple[int, int, int]:
        """What is wanted first of a set that holds, smallest best."""
        drafts = [self._candidates[k].draft for k in members]
        weight = sum(2 * _WEIGHT[draft.risk] + _WEIGHT[draft.effort] for draft in drafts)
        after = self.reached[members].after
        about_savings = any(name.startswith("min_savings") or name == "max_spend_usd" for name in asked)
        return (weight, len(members), after) if about_savings else (after, weight, len(members))

    def spend(self) -> Decimal:
        """Dollars that the calls cost as they are."""
        return Decimal(self._baseline).scaleb(-15)
