"""What a lever hands over: figures and words, before intervals and verdict."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.actions import Action
from netra.optimization.findings import (
    CacheGroup,
    Degree,
    Instructions,
    LatencyEffect,
    Missing,
    QualityEffect,
    RoutingBounds,
)
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload
from netra.pricing.money import total_femto

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Effect:
    """A change in figures: femto-dollars before and after, and savings per block in dollars.

    `uncertainty`: dollars by which the saving could be smaller or larger for reasons other than which calls
    came (a ratio of tokens that was itself estimated); the interval is widened by them.
    """

    baseline: int
    counterfactual: int
    block_savings: Float64
    uncertainty: tuple[float, float] = (0.0, 0.0)

    @property
    def savings(self) -> int:
        """Femto-dollars saved; negative is a loss."""
        return self.baseline - self.counterfactual


@dataclass(frozen=True, slots=True)
class Draft:
    """One change a lever looked at.

    `effect` is None where it could not be computed; `missing` then says what lacks. `quality` is the gate's
    result where the change touches quality, else words. `filters` select the calls in the usage query.
    `goal_missing`: what lacks only because no goal of latency was named; a plan that binds latency names one.
    """

    lever: str
    params: dict[str, str]
    rows: int
    apply: Instructions
    effect: Effect | None = None
    action: Action | None = None
    quality: QualityEffect | str = "none"
    missing: list[Missing] = field(default_factory=list[Missing])
    assumptions: list[str] = field(default_factory=list[str])
    latency: LatencyEffect | str = "none"
    risk: Degree = "low"
    effort: Degree = "low"
    filters: dict[str, str] = field(default_factory=dict[str, str])
    bounds: RoutingBounds | None = None
    diagnosis: list[CacheGroup] | None = None
    goal_missing: list[Missing] = field(default_factory=list[Missing])

    @property
    def lacking(self) -> list[Missing]:
        """All that lacks for a verdict on this change alone."""
        return [*self.missing, *self.goal_missing]


class Lever(Protocol):
    """One way to spend less. Stateless."""

    @property
    def name(self) -> str:
        """What people call it: `prompt-cache`."""
        ...

    @property
    def summary(self) -> str:
        """What it does, in a few words."""
        ...

    @property
    def parameters(self) -> dict[str, str]:
        """Its parameters with their meaning."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of `llm_calls` it reads besides the ones every analysis reads."""
        ...

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """Everything this lever has to say about a workload."""
        ...


def effect_of(workload: Workload, rows: Rows | None, counterfactual: Int64) -> Effect:
    """The effect on the priced calls among `rows` (None: all) of their costing `counterfactual` (n)."""
    members = np.arange(workload.n) if rows is None else np.flatnonzero(rows)
    return effect_on(workload, members, counterfactual[members], workload.priced[members])


def effect_on(workload: Workload, members: Int64, counterfactual: Int64, priced: Rows) -> Effect:
    """The effect on the calls `members` (k) of those among them that are `priced` (k) costing
    `counterfactual` (k).
    """
    before = workload.cost[members]
    saved = np.where(priced, before - counterfactual, 0)
    baseline = total_femto(before)
    return Effect(baseline, baseline - total_femto(saved), workload.blocks.sums(saved, members))
