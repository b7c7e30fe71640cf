"""OptimizationService over stored calls: figures, keeping, isolation, progress."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest
from netra.optimization.selection import InvalidSelectionError
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from testkit.usage_bench import UsageBench, call_lines


def evaluations(models: list[str], n: int = 300) -> bytes:
    rows = [{"item_id": f"i{k}", "model": model, "score": 1} for k in range(n) for model in models]
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture
def service_of(
    data_access: DataAccessFactory, catalogue: PriceCatalogue
) -> Callable[[UsageBench], OptimizationService]:
    def make(bench: UsageBench) -> OptimizationService:
        return OptimizationService(data_access, bench.usage, bench.evaluations, catalogue)

    return make


async def test_findings_over_stored_calls(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(80))
    await bench.load(evaluations(["claude-sonnet-4-5", "claude-haiku-4-5"]), "evals")
    service = service_of(bench)
    result = await service.optimize(bench.context)
    found = {finding.lever: finding for finding in result.findings}
    assert found["prompt-cache"].verdict == "recommend"
    assert found["model-switch"].verdict == "recommend"
    assert found["batch"].savings_pct == 50.0
    assert found["retry-waste"].verdict == "insufficient_data"
    spent = await bench.ask("cost_usd")
    assert result.baseline.cost_usd == spent.rows[0]["cost_usd"]
    assert result.data_version == await bench.usage.data_version(bench.context)
    assert Decimal(result.joint.savings_usd) > max(
        Decimal(finding.savings_usd) for finding in result.findings if finding.savings_usd
    )


async def test_the_query_behind_a_finding_gives_its_baseline(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(120, request_hash="r", latency_ms=45_000, app="shop", reasoning_tokens=0))
    await bench.load(call_lines(60, model="gpt-4o", call_id=None))
    findings = (await service_of(bench).optimize(bench.context)).findings
    judged = {finding.lever for finding in findings if finding.baseline_usd is not None}
    assert judged >= {"response-cache", "duplicate-inflight", "provider-switch", "prompt-cache", "batch"}
    for finding in findings:
        if finding.baseline_usd is None:
            continue
        answer = await bench.ask(
            "cost_usd",
            "calls",
            filters=finding.query.get("filters", []),
            dimensions=finding.query["dimensions"],
        )
        assert sum(Decimal(row["cost_usd"]) for row in answer.rows) == Decimal(finding.baseline_usd)
        assert sum(row["calls"] for row in answer.rows) == finding.rows
        assert "llm_calls" in finding.sql
        assert "{workspace:String}" in finding.sql


async def test_answers_are_kept_until_the_data_changes(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(60))
    first = await service_of(bench).optimize(bench.context)
    steps: list[OptimizeProgress] = []
    again = await service_of(bench).optimize(bench.context, on_progress=steps.append)
    assert again == first
    assert steps == []
    await bench.load(call_lines(70))
    later = await service_of(bench).optimize(bench.context)
    assert later.baseline.calls == 70
    assert later.data_version > first.data_version


async def test_a_warm_workspace_answers_from_the_store(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(60))
    service = service_of(bench)
    await service.warm(bench.context)
    steps: list[OptimizeProgress] = []
    await service.optimize(bench.context, OptimizeRequest(), steps.append)
    assert steps == []


class _Held(AnalysisRunner):
    """Counts analyses and holds each until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0
        self.go = asyncio.Event()

    async def run(self, *order):  # type: ignore[no-untyped-def]
        self.runs += 1
        await self.go.wait()
        return await super().run(*order)


async def test_many_imports_in_a_row_are_warmed_once_more_and_not_each(
    bench: UsageBench, data_access: DataAccessFactory, catalogue: PriceCatalogue
) -> None:
    held = _Held()
    service = OptimizationService(data_access, bench.usage, bench.evaluations, catalogue, held)
    await bench.load(call_lines(55))
    first = asyncio.create_task(service.warm(bench.context))
    while not held.runs:  # noqa: ASYNC110 - until the analysis has begun
        await asyncio.sleep(0)
    for more in (56, 57, 58):
        await bench.load(call_lines(more))
        await service.warm(bench.context)
    held.go.set()
    await first
    assert held.runs == 2
    assert (await service.optimize(bench.context)).baseline.calls == 58
    assert held.runs == 2


async def test_the_same_question_at_once_is_computed_once(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(60))
    service = service_of(bench)
    told: list[list[OptimizeProgress]] = [[] for _ in range(5)]
    answers = await asyncio.gather(
        *(service.optimize(bench.context, on_progress=steps.append) for steps in told)
    )
    assert all(answer == answers[0] for answer in answers)
    whole = max(told, key=len)
    assert sum(step.step == "joint" for step in whole) == 1
    # Who asks a moment later hears the rest.
    assert all(steps == whole[len(whole) - len(steps) :] for steps in told)


async def test_an_impatient_caller_takes_nothing_from_the_others(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(60))
    service = service_of(bench)
    hasty = asyncio.create_task(service.optimize(bench.context))
    patient = asyncio.create_task(service.optimize(bench.context))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).baseline.calls == 60


async def test_where_since_and_until_choose_the_calls(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    await bench.load(call_lines(120))
    service = service_of(bench)
    chat = await service.optimize(bench.context, OptimizeRequest(where={"feature": "chat"}))
    assert chat.baseline.calls == 60
    assert chat.baseline.until is not None
    half = await service.optimize(bench.context, OptimizeRequest(until=chat.baseline.until))
    assert half.baseline.calls == 119
    nobody = await service.optimize(bench.context, OptimizeRequest(where={"interactive": "true"}))
    assert nobody.baseline.calls == 0
    with pytest.raises(InvalidSelectionError):
        await service.optimize(bench.context, OptimizeRequest(where={"secret": "x"}))
    with pytest.raises(InvalidLeverParamError):
        await service.optimize(bench.context, OptimizeRequest(levers=["batch"], params={"ttl": "5m"}))


async def test_nobody_sees_the_answers_of_another_workspace(
    new_bench: Callable[[], UsageBench], service_of: Callable[[UsageBench], OptimizationService]
) -> None:
    ours, theirs = new_bench(), new_bench()
    await ours.load(call_lines(60))
    await theirs.load(call_lines(90))
    service = service_of(ours)
    assert (await service.optimize(ours.context)).baseline.calls == 60
    assert (await service.optimize(theirs.context)).baseline.calls == 90
    ids = [f.id for b in (ours, theirs) for f in (await service.optimize(b.context)).findings]
    assert len(set(ids)) == len(ids)


async def test_golden_figures_through_import_and_store(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService], real_data: Path
) -> None:
    trace = (real_data / "mooncake_synthetic.jsonl").read_bytes()
    await bench.load(trace, "mooncake", values={"model": "claude-sonnet-4-5"})
    service = service_of(bench)
    for params, after in [
        ({"model": "claude-sonnet-4-5", "ttl": "5m"}, "112.27"),
        ({"model": "claude-sonnet-4-5", "ttl": "1h"}, "146.58"),
        ({"model": "gpt-4o", "ttl": "10m"}, "109.63"),
    ]:
        result = await service.optimize(
            bench.context, OptimizeRequest(levers=["prompt-cache"], params=params)
        )
        assert str(round(Decimal(result.findings[0].counterfactual_usd), 2)) == after


async def test_quality_gate_through_import_and_store(
    bench: UsageBench, service_of: Callable[[UsageBench], OptimizationService], real_data: Path
) -> None:
    import polars as pl

    table = pl.read_csv(real_data / "routellm_mmlu_paired.csv")
    both = ["gpt_4_1106_preview", "mixtral_8x7b_instruct"]
    evals = table.unpivot(both, index=["item_id", "subject"], variable_name="model", value_name="score")
    await bench.load(evals.rename({"subject": "group"}).write_csv().encode(), "evals")
    await bench.load(call_lines(60, model="gpt_4_1106_preview"))
    request = OptimizeRequest(levers=["model-switch"], params={"from": both[0], "to": both[1]})
    finding = (await service_of(bench).optimize(bench.context, request)).findings[0]
    assert finding.verdict == "refuse"
    assert not isinstance(finding.quality_effect, str)
    assert finding.quality_effect.interval_95 == (11.74, 13.27)
