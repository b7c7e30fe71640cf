"""Large analyses in a process of their own: the same answer, clear failures, nothing left behind."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from netra.data_access.factory import DataAccessFactory
from netra.optimization.analysis import runner
from netra.optimization.analysis.process import write_job
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.analysis.turns import WAITING
from netra.optimization.errors import (
    AnalysisDeadlineError,
    AnalysisEndedError,
    AnalysisTooLargeError,
    InvalidLeverParamError,
)
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.embedded.child_process import python_environment
from netra.storage.embedded.engines import EngineUrls
from testkit.usage_bench import UsageBench, call_lines

OWNER = Path(__file__).with_name("analysis_owner.py")
MODULE = "netra.optimization.analysis.process"
Make = Callable[[AnalysisRunner], OptimizationService]


def lines(n: int = 80) -> bytes:
    return call_lines(
        n,
        lambda k: {
            "ts": 1_770_000_000_000 + 3_600_000 * k,
            "output_tokens": 100 + k,
            "session_id": f"s{k % 40}",
            "retry_of": "c3" if k == 5 else "",
        },
    )


def analysing() -> list[psutil.Process]:
    """Our children that carry out an analysis."""
    return [child for child in psutil.Process().children() if MODULE in child.cmdline()]


@pytest.fixture
def make(bench: UsageBench, data_access: DataAccessFactory, catalogue: PriceCatalogue) -> Make:
    def service(runner: AnalysisRunner) -> OptimizationService:
        return OptimizationService(data_access, bench.usage, bench.evaluations, catalogue, runner)

    return service


@pytest.fixture
def apart(migrated: EngineUrls) -> AnalysisRunner:
    """Runs every analysis in a process."""
    return AnalysisRunner(migrated.clickhouse_url, small=-1)


async def test_a_process_answers_what_we_would_and_fails_as_we_would(
    bench: UsageBench, make: Make, apart: AnalysisRunner
) -> None:
    await bench.load(lines())
    here = await make(AnalysisRunner()).optimize(bench.context, OptimizeRequest(where={"feature": "chat"}))
    await bench.load(lines(81))
    steps: list[OptimizeProgress] = []
    request = OptimizeRequest(where={"feature": "chat"})
    there = await make(apart).optimize(bench.context, request, steps.append)
    newer = {"data_version": there.data_version}
    same = [f.model_dump(exclude={"id"}) for f in there.findings]
    assert same == [f.model_dump(exclude={"id"}) for f in here.findings]
    assert there.baseline == here.model_copy(update=newer).baseline
    assert there.joint.savings_usd == here.joint.savings_usd
    assert steps[0].step == "load"
    assert {"prompt-cache", "joint", "intervals", "done"} <= {step.step for step in steps}
    assert all(0 <= step.done <= step.of for step in steps)
    wrong = OptimizeRequest(levers=["prompt-cache"], params={"ttl": "30h"})
    with pytest.raises(InvalidLeverParamError, match="longer than") as failure:
        await make(apart).optimize(bench.context, wrong)
    assert failure.value.hint is not None
    assert analysing() == []


async def test_a_process_that_is_killed_is_a_clear_failure_and_the_next_one_answers(
    bench: UsageBench, make: Make, apart: AnalysisRunner
) -> None:
    await bench.load(lines())
    service = make(apart)

    def kill(step: OptimizeProgress) -> None:
        for child in analysing():
            child.kill()

    with pytest.raises(AnalysisEndedError, match="SIGKILL") as failure:
        await service.optimize(bench.context, on_progress=kill)
    assert failure.value.status == 503
    assert (await service.optimize(bench.context)).baseline.calls == 80


async def test_one_at_a_time_and_the_next_is_told_that_it_waits(
    bench: UsageBench, make: Make, apart: AnalysisRunner
) -> None:
    await bench.load(lines())
    service = make(apart)
    told: dict[str, list[str]] = {"first": [], "second": []}

    async def ask(who: str, feature: str) -> int:
        request = OptimizeRequest(where={"feature": feature}, levers=["batch"])
        answer = await service.optimize(bench.context, request, lambda step: told[who].append(step.step))
        return answer.baseline.calls

    assert await asyncio.gather(ask("first", "chat"), ask("second", "search")) == [40, 40]
    waited = [who for who, steps in told.items() if WAITING in steps]
    assert len(waited) == 1
    assert told[waited[0]][-1] == "done"


async def test_a_killed_owner_leaves_its_question_to_who_waits(
    bench: UsageBench, make: Make, apart: AnalysisRunner, migrated: EngineUrls
) -> None:
    await bench.load(lines())
    order = {"urls": asdict(migrated), "context": bench.context.to_dict()}
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, str(OWNER), json.dumps(order, default=str)),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": f"src:{Path.cwd()}", "PATH": os.environ["PATH"]},
    )
    assert owner.stdout is not None
    held = psutil.Process(int(await owner.stdout.readline()))
    told = asyncio.Event()
    steps: list[OptimizeProgress] = []

    def hear(progress: OptimizeProgress) -> None:
        steps.append(progress)
        if progress.step == "load":
            told.set()

    try:
        waiting = asyncio.create_task(make(apart).optimize(bench.context, on_progress=hear))
        await told.wait()
        assert analysing() == []
        owner.kill()
        await owner.wait()
        assert (await waiting).baseline.calls == 80
        assert steps[-1].step == "done"
    finally:
        held.kill()


async def test_a_caller_that_leaves_and_a_deadline_end_the_process(
    bench: UsageBench, make: Make, apart: AnalysisRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.load(lines())
    started = asyncio.Event()
    service = make(apart)
    asking = asyncio.create_task(service.optimize(bench.context, on_progress=lambda _: started.set()))
    await started.wait()
    [working] = service.running
    working.cancel()
    await asyncio.gather(working, asking, return_exceptions=True)
    assert analysing() == []
    monkeypatch.setattr(runner, "DEADLINE_S", 0.01)
    with pytest.raises(AnalysisDeadlineError, match="80 calls"):
        await service.optimize(bench.context)
    assert analysing() == []


async def test_too_large_is_refused_with_the_period_that_fits(
    bench: UsageBench, make: Make, apart: AnalysisRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.load(lines())
    room = runner.BYTES_AT_LEAST
    half = room + 50 * (runner.BYTES_PER_CALL + 4 * runner.BYTES_PER_BLOCK)
    monkeypatch.setattr(runner, "available_bytes", lambda: half)
    with pytest.raises(AnalysisTooLargeError, match="80 calls") as failure:
        await make(apart).optimize(bench.context)
    since = datetime.fromisoformat(str(failure.value.details["since"]))
    assert f"--since {since:%Y-%m-%d} fits" in str(failure.value.hint)
    fitting = await make(apart).optimize(bench.context, OptimizeRequest(since=since, levers=["batch"]))
    assert 24 <= fitting.baseline.calls <= 50
    monkeypatch.setattr(runner, "available_bytes", lambda: room)
    with pytest.raises(AnalysisTooLargeError) as failure:
        await make(apart).optimize(bench.context)
    assert "since" not in failure.value.details


async def test_the_process_ends_with_its_parent(bench: UsageBench, catalogue: PriceCatalogue) -> None:
    silent = await asyncio.start_server(_read_and_say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    job = runner.AnalysisJob(
        workspace_id=bench.context.workspace_id,
        request=OptimizeRequest(until=datetime(2027, 1, 1, tzinfo=UTC)),
        levers=("batch",),
        params={},
        overrides=catalogue.overrides,
        timezone="UTC",
        data_version=1,
        seed="",
    )
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=python_environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(write_job(f"http://u:p@127.0.0.1:{port}/default", job))
    assert b'"load"' in await child.stdout.readline()
    child.stdin.close()  # what the kernel does when a parent dies
    assert await child.wait() == 1
    silent.close()


async def _read_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await reader.read()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
