"""One analysis as something that can be handed to another process: what to load, what to ask of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from netra.data_access.analytics import ScopedAnalytics
from netra.optimization.analysis.analyse import Surroundings, analyse, id_from_content, with_instructions_of
from netra.optimization.drafts import Draft
from netra.optimization.evaluated import with_canonical
from netra.optimization.params import LeverParams
from netra.optimization.registry import chosen_levers, columns_for
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest, OptimizeResult
from netra.optimization.solver.solve import solve
from netra.optimization.workload import Workload
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.overrides import PriceOverrides
from netra.usage.loading import CallSelection, load_compact
from netra.usage.queries import Filter, UsageQuery, compile_query

Tell = Callable[[OptimizeProgress], None]

_LATENCY_COLUMNS = ("latency_ms", "ttft_ms", "status")
_MEASURES = ["calls", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls"]


@dataclass(frozen=True, slots=True)
class AnalysisJob:
    """A question over the stored calls of one workspace.

    `params` by lever, already checked. `overrides`: the local prices over the list. `seed` names the question
    and the data, and with them the findings' ids.
    """

    workspace_id: str
    request: OptimizeRequest
    levers: tuple[str, ...]
    params: Mapping[str, LeverParams]
    overrides: PriceOverrides
    timezone: str
    data_version: int
    seed: str
    evaluations: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def steps(self) -> int:
        """How many steps progress counts."""
        return len(self.levers) + 3

    @property
    def selection(self) -> CallSelection:
        """The calls that the levers read, in the order of time."""
        request = self.request
        timed = request.constraints is not None and request.constraints.about_latency
        columns = columns_for(chosen_levers(list(self.levers)))
        columns = [*columns, *(_LATENCY_COLUMNS if timed else ())]
        ordered_already = {"position"}
        return CallSelection(
            tuple(name for name in dict.fromkeys(columns) if name not in ordered_already),
            request.since,
            request.until,
            request.where,
        )


async def carry_out(
    job: AnalysisJob, analytics: ScopedAnalytics, catalogue: PriceCatalogue, tell: Tell
) -> OptimizeResult:
    """Load the calls and run the levers on a thread; `tell` is called on either."""
    tell(OptimizeProgress(step="load", done=0, of=job.steps))
    frame = await load_compact(analytics, job.selection)
    return await asyncio.to_thread(analysed, job, frame, catalogue, tell)


def analysed(job: AnalysisJob, frame: pl.DataFrame, catalogue: PriceCatalogue, tell: Tell) -> OptimizeResult:
    """The answer over calls that are loaded already, in the columns of `job.selection`."""

    def progress(step: str, done: int, of: int) -> None:
        tell(OptimizeProgress(step=step, done=done + 1, of=of + 1))

    around = Surroundings(
        describe=partial(_describe, job),
        new_id=lambda content: id_from_content("fnd", job.seed, content),
        progress=progress,
    )
    workload = Workload(frame, catalogue)
    del frame
    scored = with_canonical(job.evaluations, catalogue)
    analysis = analyse(workload, scored, chosen_levers(list(job.levers)), job.params, around)
    plan = None
    if job.request.constraints is not None:
        judged = list(zip(analysis.drafts, analysis.findings, strict=True))
        plan = solve(workload, scored, judged, job.request.constraints)
        analysis = with_instructions_of(plan.findings, analysis)
    return OptimizeResult(
        baseline=analysis.baseline,
        findings=analysis.findings,
        joint=analysis.joint,
        plan=plan,
        data_version=job.data_version,
        prices_version=catalogue.version,
    )


def _describe(job: AnalysisJob, draft: Draft) -> tuple[dict[str, Any], str]:
    """The usage query that shows the calls behind a draft, and its SQL."""
    request = job.request
    query = UsageQuery(
        measures=_MEASURES,
        dimensions=["model"],
        filters=[
            Filter(column=name, value=value) for name, value in {**request.where, **draft.filters}.items()
        ],
        since=request.since,
        until=request.until,
    )
    compiled = compile_query(query, default_timezone=job.timezone)
    return query.model_dump(mode="json", exclude_defaults=True), compiled.sql
