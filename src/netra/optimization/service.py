"""OptimizationService: loads the frames, runs the levers off the event loop, keeps the answers."""

import asyncio
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.service import EvaluationService
from netra.optimization.analysis import Analysis, Surroundings, analyse, id_from_content
from netra.optimization.drafts import Draft, Lever
from netra.optimization.evaluated import with_canonical
from netra.optimization.params import LeverParams, params_by_lever
from netra.optimization.registry import chosen_levers, columns_for
from netra.optimization.repository import OptimizationRepository
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest, OptimizeResult
from netra.optimization.selection import matching, selectable
from netra.optimization.solver import params_within, solve
from netra.optimization.solver_schemas import Constraints, Plan
from netra.optimization.workload import Workload
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices, prices_in_force
from netra.usage.queries import Filter, UsageQuery, compile_query
from netra.usage.service import UsageService

OnProgress = Callable[[OptimizeProgress], None]
_Key = tuple[str, str, int, str]

ALGORITHM = "1"
"""Raised whenever the same data and prices would give other figures: older stored answers then lie idle."""

_LATENCY_COLUMNS = ("latency_ms", "ttft_ms", "status")
_MEASURES = ["calls", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls"]


class OptimizationService:
    """Answers what levers would save. Analyses of the same question at the same time are done once."""

    def __init__(
        self,
        access: DataAccessFactory,
        usage: UsageService,
        evaluations: EvaluationService,
        prices: PriceCatalogue | WorkspacePrices,
    ) -> None:
        self._access = access
        self._usage = usage
        self._evaluations = evaluations
        self._prices = prices
        self._running: dict[_Key, asyncio.Task[OptimizeResult]] = {}

    async def catalogue_of(self, context: UserExecutionContext) -> PriceCatalogue:
        """The prices that replays of this workspace use."""
        return await prices_in_force(self._prices, context)

    async def optimize(
        self,
        context: UserExecutionContext,
        request: OptimizeRequest | None = None,
        on_progress: OnProgress | None = None,
    ) -> OptimizeResult:
        """Findings with verdicts and the joint replay; from the store where nothing has changed since.

        `on_progress` is called in the event loop. Raises UnknownLeverError, InvalidLeverParamError.
        """
        asked = request or OptimizeRequest()
        levers = chosen_levers(asked.levers)
        accepted = {lever.name: lever.parameters for lever in levers}
        params = params_by_lever(asked.params, [lever.name for lever in levers], accepted)
        if asked.constraints is not None:
            params = params_within(asked.constraints, params, accepted)
        selectable(asked.where)
        version = await self._usage.data_version(context)
        digest = _digest(asked, levers, context.timezone)
        catalogue = await prices_in_force(self._prices, context)
        stored = await self._stored(context, digest, version, catalogue)
        if stored is not None:
            return stored
        key = (context.workspace_id, digest, version, catalogue.version)
        task = self._running.get(key)
        if task is None:
            work = self._compute(
                context, asked, (levers, params), (digest, version), catalogue, on_progress
            )
            task = asyncio.create_task(work)
            self._running[key] = task
            task.add_done_callback(partial(self._finished, key))
        # One impatient caller must not take the answer from the others, nor from the store.
        return await asyncio.shield(task)

    async def warm(self, context: UserExecutionContext) -> None:
        """Compute and keep the answer to the question nobody narrowed, e.g. after an import."""
        await self.optimize(context)

    def _finished(self, key: _Key, task: asyncio.Task[OptimizeResult]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            # Read here too: where every caller has left, nobody else would, and asyncio would complain.
            task.exception()

    async def _stored(
        self, context: UserExecutionContext, digest: str, version: int, catalogue: PriceCatalogue
    ) -> OptimizeResult | None:
        async with self._access.for_context(context).transaction() as transaction:
            repository = OptimizationRepository(transaction, context)
            found = await repository.find(digest, version, _prices_version(catalogue))
        return None if found is None else OptimizeResult.model_validate_json(found)

    async def _compute(
        self,
        context: UserExecutionContext,
        request: OptimizeRequest,
        chosen: tuple[tuple[Lever, ...], dict[str, LeverParams]],
        identity: tuple[str, int],
        catalogue: PriceCatalogue,
        on_progress: OnProgress | None,
    ) -> OptimizeResult:
        levers, params = chosen
        digest, version = identity
        loop = asyncio.get_running_loop()

        def tell(step: str, done: int, of: int) -> None:
            if on_progress is not None:
                loop.call_soon_threadsafe(on_progress, OptimizeProgress(step=step, done=done, of=of))

        tell("load", 0, len(levers) + 2)
        frame = await self._frame(context, request, levers)
        evaluations = await self._evaluations.load(context)
        around = Surroundings(
            describe=partial(_describe, request, context.timezone),
            new_id=lambda content: id_from_content(
                "fnd", context.workspace_id, str(version), digest, content
            ),
            progress=tell,
        )
        analysis, plan = await asyncio.to_thread(
            _analyse, (frame, evaluations), (levers, params), catalogue, around, request.constraints
        )
        result = OptimizeResult(
            baseline=analysis.baseline,
            findings=analysis.findings,
            joint=analysis.joint,
            plan=plan,
            data_version=version,
            prices_version=catalogue.version,
        )
        async with self._access.for_context(context).transaction() as transaction:
            repository = OptimizationRepository(transaction, context)
            await repository.put(digest, version, _prices_version(catalogue), result.model_dump_json())
        return result

    async def _frame(
        self, context: UserExecutionContext, request: OptimizeRequest, levers: tuple[Lever, ...]
    ) -> pl.DataFrame:
        timed = request.constraints is not None and request.constraints.about_latency
        more = _LATENCY_COLUMNS if timed else ()
        columns = list(dict.fromkeys([*columns_for(levers), *more, *request.where]))
        frame = await self._usage.load_calls(
            context, columns=columns, since=request.since, until=request.until
        )
        return matching(frame, request.where)


def _prices_version(catalogue: PriceCatalogue) -> str:
    return f"{catalogue.version};{ALGORITHM}"


def _analyse(
    data: tuple[pl.DataFrame, pl.DataFrame],
    chosen: tuple[tuple[Lever, ...], dict[str, LeverParams]],
    catalogue: PriceCatalogue,
    around: Surroundings,
    constraints: Constraints | None,
) -> tuple[Analysis, Plan | None]:
    levers, params = chosen
    frame, evaluations = data
    workload = Workload(frame, catalogue)
    scored = with_canonical(evaluations, catalogue)
    analysis = analyse(workload, scored, levers, params, around)
    if constraints is None:
        return analysis, None
    judged = list(zip(analysis.drafts, analysis.findings, strict=True))
    return analysis, solve(workload, scored, judged, constraints)


def _describe(request: OptimizeRequest, timezone: str, draft: Draft) -> tuple[dict[str, Any], str]:
    """The usage query that shows the calls behind a draft, and its SQL."""
    filters = {**request.where, **draft.filters}
    query = UsageQuery(
        measures=_MEASURES,
        dimensions=["model"],
        filters=[Filter(column=name, value=value) for name, value in filters.items()],
        since=request.since,
        until=request.until,
    )
    compiled = compile_query(query, default_timezone=timezone)
    return query.model_dump(mode="json", exclude_defaults=True), compiled.sql


def _digest(request: OptimizeRequest, levers: tuple[Lever, ...], timezone: str) -> str:
    text = request.model_dump_json(exclude={"levers"}) + repr([lever.name for lever in levers]) + timezone
    return sha256(text.encode()).hexdigest()
