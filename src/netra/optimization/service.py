"""OptimizationService: has the levers run over the stored calls, and keeps the answers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.service import EvaluationService
from netra.optimization.analysis.job import AnalysisJob, Tell
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.analysis.turns import AnalysisTurns, Work
from netra.optimization.drafts import Lever
from netra.optimization.params import params_by_lever
from netra.optimization.registry import chosen_levers
from netra.optimization.repository import OptimizationRepository, Question
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest, OptimizeResult
from netra.optimization.selection import selectable
from netra.optimization.solver.solve import params_within
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices, prices_in_force
from netra.usage.loading import Extent, extent_of
from netra.usage.service import UsageService

OnProgress = Callable[[OptimizeProgress], None]
_Key = tuple[str, Question]

ALGORITHM = "2"
"""Raised whenever the same data and prices would give other figures: older stored answers then lie idle."""


class _Audience:
    """Who listens to the progress of an analysis; who comes later hears the last word first."""

    def __init__(self) -> None:
        self._listeners: list[OnProgress] = []
        self._last: OptimizeProgress | None = None

    def join(self, listener: OnProgress | None) -> None:
        if listener is not None:
            self._listeners.append(listener)
            if self._last is not None:
                listener(self._last)

    def hear(self, progress: OptimizeProgress) -> None:
        self._last = progress
        for listener in self._listeners:
            listener(progress)


@dataclass(frozen=True, slots=True)
class _Running:
    """An analysis under way in this process."""

    task: asyncio.Task[OptimizeResult]
    audience: _Audience


class OptimizationService:
    """Answers what levers would save. Analyses of the same question at the same time are done once: large
    ones over all processes (`turns`), small ones in each.
    """

    def __init__(
        self,
        access: DataAccessFactory,
        usage: UsageService,
        evaluations: EvaluationService,
        prices: PriceCatalogue | WorkspacePrices,
        runner: AnalysisRunner | None = None,
        turns: AnalysisTurns | None = None,
    ) -> None:
        self._access = access
        self._usage = usage
        self._evaluations = evaluations
        self._prices = prices
        self._runner = runner or AnalysisRunner()
        self._turns = turns or AnalysisTurns()
        self._running: dict[_Key, _Running] = {}
        self._warming: set[str] = set()
        self._stale: set[str] = set()

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
        question = Question(digest, version, f"{catalogue.version};{ALGORITHM}")
        stored = await self._stored(context, question)
        if stored is not None:
            return stored
        key = (context.workspace_id, question)
        running = self._running.get(key)
        if running is None:
            job = AnalysisJob(
                workspace_id=context.workspace_id,
                request=asked,
                levers=tuple(lever.name for lever in levers),
                params=params,
                overrides=catalogue.overrides,
                timezone=context.timezone,
                data_version=version,
                seed="\0".join((context.workspace_id, str(version), digest)),
            )
            audience = _Audience()
            work = self._compute(context, job, question, catalogue, audience.hear)
            running = self._running[key] = _Running(asyncio.create_task(work), audience)
            running.task.add_done_callback(partial(self._finished, key))
        running.audience.join(on_progress)
        # One impatient caller must not take the answer from the others, nor from the store.
        return await asyncio.shield(running.task)

    async def warm(self, context: UserExecutionContext) -> None:
        """Compute and keep the answer to the question nobody narrowed, e.g. after an import. While that is
        under way further wishes of the workspace become one: many files in a row need not be answered each.
        """
        workspace = context.workspace_id
        if workspace in self._warming:
            self._stale.add(workspace)
            return
        self._warming.add(workspace)
        try:
            await self.optimize(context)
            while workspace in self._stale:
                self._stale.discard(workspace)
                await self.optimize(context)
        finally:
            self._warming.discard(workspace)
            self._stale.discard(workspace)

    @property
    def running(self) -> list[asyncio.Task[OptimizeResult]]:
        """The analyses under way; to cancel one ends it for everybody who waits for it."""
        return [running.task for running in self._running.values()]

    def _finished(self, key: _Key, task: asyncio.Task[OptimizeResult]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            # Read here too: where every caller has left, nobody else would, and asyncio would complain.
            task.exception()

    async def _stored(self, context: UserExecutionContext, question: Question) -> OptimizeResult | None:
        async with self._access.for_context(context).transaction() as transaction:
            found = await OptimizationRepository(transaction, context).find(question)
        return None if found is None else OptimizeResult.model_validate_json(found)

    async def _compute(
        self,
        context: UserExecutionContext,
        job: AnalysisJob,
        question: Question,
        catalogue: PriceCatalogue,
        hear: OnProgress,
    ) -> OptimizeResult:
        access = self._access.for_context(context)
        loop = asyncio.get_running_loop()

        def tell_here(progress: OptimizeProgress) -> None:
            loop.call_soon_threadsafe(hear, progress)

        async def carry_out(extent: Extent, tell: Tell) -> OptimizeResult:
            whole = replace(job, evaluations=await self._evaluations.load(context))
            result = await self._runner.run(whole, extent, access.analytics, catalogue, tell)
            async with access.transaction() as transaction:
                repository = OptimizationRepository(transaction, context)
                await repository.put(question, result.model_dump_json())
            return result

        async def in_turn(tell: Tell) -> OptimizeResult:
            # Counted again: others may have taken long, and calls come in meanwhile.
            return await carry_out(await extent_of(access.analytics, job.selection), tell)

        extent = await extent_of(access.analytics, job.selection)
        if self._runner.is_large(extent):
            return await self._turns.answer(access, Work(question, job.steps, in_turn), tell_here)
        return await carry_out(extent, tell_here)


def _digest(request: OptimizeRequest, levers: tuple[Lever, ...], timezone: str) -> str:
    text = request.model_dump_json(exclude={"levers"}) + repr([lever.name for lever in levers]) + timezone
    return sha256(text.encode()).hexdigest()
