"""Large analyses over several processes: the same question is answered once, different ones wait in turn.

Services with runners and turns of their own stand for the processes; the real ones, and one that is killed,
are in tests/recovery.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.optimization.analysis import turns
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.analysis.turns import WAITING, AnalysisTurns
from netra.optimization.errors import AnalysisDeadlineError, AnalysisEndedError
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest, OptimizeResult
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.valkey.errors import HotStoreUnavailableError
from testkit.usage_bench import UsageBench, call_lines


class Held(AnalysisRunner):
    """Takes every analysis for a large one, and holds it until it is let go or told to fail."""

    def __init__(self) -> None:
        super().__init__(small=-1)
        self.runs = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.failure: AnalysisEndedError | None = None

    async def run(self, job: Any, extent: Any, analytics: Any, catalogue: Any, tell: Any) -> OptimizeResult:
        self.runs += 1
        tell(OptimizeProgress(step="held", done=0, of=job.steps))
        self.begun.set()
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return await super().run(job, extent, analytics, catalogue, tell)


class Lost:
    """A hot store that cannot be reached."""

    async def get(self, key: str) -> bytes | None:
        raise HotStoreUnavailableError("Valkey does not answer")

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        raise HotStoreUnavailableError("Valkey does not answer")

    async def delete(self, key: str) -> None:
        raise HotStoreUnavailableError("Valkey does not answer")


class Told:
    """What one who asks has been told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, progress: OptimizeProgress) -> None:
        self.steps.append(progress.step)
        self._news.set()

    async def until(self, step: str, times: int = 1) -> None:
        while self.steps.count(step) < times:
            self._news.clear()
            await self._news.wait()


class Process:
    """A service that shares nothing but the engines."""

    def __init__(self, make: Callable[..., OptimizationService], turns: AnalysisTurns) -> None:
        self.runner = Held()
        self.told = Told()
        self.service = make(self.runner, turns)


@pytest.fixture
def start(
    bench: UsageBench,
    data_access: DataAccessFactory,
    catalogue: PriceCatalogue,
    ids: UnifiedIDManager,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Process]:
    """Starts processes of one machine that nobody else is on."""
    monkeypatch.setattr(turns, "POLL_S", 0.01)
    machine = ids.new("run")

    def process(at_once: int = 1, access: DataAccessFactory = data_access) -> Process:
        def make(runner: AnalysisRunner, turns: AnalysisTurns) -> OptimizationService:
            return OptimizationService(access, bench.usage, bench.evaluations, catalogue, runner, turns)

        return Process(make, AnalysisTurns(at_once, machine))

    return process


async def test_two_processes_do_the_same_large_analysis_once_and_hear_the_same(
    bench: UsageBench, start: Callable[..., Process]
) -> None:
    await bench.load(call_lines(60))
    first, second, third = start(), start(), start()
    one = asyncio.create_task(first.service.optimize(bench.context, on_progress=first.told))
    await first.runner.begun.wait()
    two = asyncio.create_task(second.service.optimize(bench.context, on_progress=second.told))
    await second.told.until("held")
    first.runner.go.set()
    assert await one == await two
    assert (first.runner.runs, second.runner.runs) == (1, 0)

    request = OptimizeRequest(levers=["batch"])
    first.runner.go.clear()
    first.runner.begun.clear()
    first.runner.failure = AnalysisEndedError("memory ran out", hint="ask again", details={"exit_code": 1})
    one = asyncio.create_task(first.service.optimize(bench.context, request))
    await first.runner.begun.wait()
    two = asyncio.create_task(second.service.optimize(bench.context, request, second.told))
    await second.told.until("held", times=2)
    first.runner.go.set()
    for waiting in (one, two):
        with pytest.raises(AnalysisEndedError, match="memory ran out") as failure:
            await waiting
        assert (failure.value.hint, failure.value.details) == ("ask again", {"exit_code": 1})
    third.runner.go.set()
    assert (await third.service.optimize(bench.context, request)).baseline.calls == 60
    assert (first.runner.runs, second.runner.runs, third.runner.runs) == (2, 0, 1)


async def test_different_large_analyses_wait_for_a_place_and_go_on_where_one_is_cancelled(
    bench: UsageBench, start: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.load(call_lines(60))
    first, second, roomy = start(), start(), start(at_once=2)
    one = asyncio.create_task(first.service.optimize(bench.context, OptimizeRequest(levers=["batch"])))
    await first.runner.begun.wait()
    other = OptimizeRequest(levers=["prompt-cache"])
    two = asyncio.create_task(second.service.optimize(bench.context, other, second.told))
    await second.told.until(WAITING)
    assert second.runner.runs == 0
    roomy.runner.go.set()
    third = OptimizeRequest(levers=["output-cap"])
    assert (await roomy.service.optimize(bench.context, third)).baseline.calls == 60
    monkeypatch.setattr(turns, "PATIENCE_S", 0.02)
    with pytest.raises(AnalysisDeadlineError, match="did not end"):
        await start().service.optimize(bench.context, OptimizeRequest(levers=["retry-waste"]))
    [working] = first.service.running
    working.cancel()
    await asyncio.gather(one, return_exceptions=True)
    second.runner.go.set()
    assert (await two).baseline.calls == 60
    assert second.runner.runs == 1


async def test_without_valkey_an_analysis_is_still_done_once_but_nothing_is_told_of_it(
    bench: UsageBench,
    start: Callable[..., Process],
    sessions: DatabaseSessionManager,
    analytics: AnalyticsStore,
) -> None:
    await bench.load(call_lines(60))
    access = DataAccessFactory(sessions, analytics, Lost())
    first, second = start(access=access), start(access=access)
    one = asyncio.create_task(first.service.optimize(bench.context))
    await first.runner.begun.wait()
    two = asyncio.create_task(second.service.optimize(bench.context, on_progress=second.told))
    await second.told.until(WAITING)
    first.runner.go.set()
    assert await one == await two
    assert (first.runner.runs, second.runner.runs, second.told.steps) == (1, 0, [WAITING])
