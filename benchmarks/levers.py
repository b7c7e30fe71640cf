"""`netra bench levers`: all levers with intervals over calls in the store, at several sizes, beside pandas.

At each size an analysis runs as the product runs a large one: a process of its own loads the calls from the
store and answers. Kept are wall seconds from the question to the answer by step, its processor seconds and
its peak memory. Every size is asked in a process of its own, several times.

The peer is `peers/savings_with_pandas.py`, a script as a FinOps analyst would write it, in an environment of
its own with pandas. It answers four of the levers and what the recommended changes save together; both sides
answer these over the same calls, alternating, and their figures are compared. Two ratios are kept, each by
wall and by processor seconds: of the whole (ours from the question on, with the start of its process and
loading from the store; the script from the start of its process, reading its Parquet file), and of computing
alone, on frames in memory. Ours also says why prompts miss the cache and what each change adds to the others.
Beyond a few million calls the script takes a quarter of an hour: there is one round of it then.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.lever_data import (
    MODELS,
    generated_calls,
    generated_evaluations,
    running_engine,
    store_calls,
    write_peer_files,
)
from benchmarks.record import ROOT, record
from netra.data_access.analytics import ScopedAnalytics
from netra.optimization.analysis.job import AnalysisJob, analysed
from netra.optimization.analysis.process import NICENESS
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.params import params_by_lever
from netra.optimization.registry import chosen_levers
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest, OptimizeResult
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import Rates, UsageType
from netra.storage.clickhouse.store import AnalyticsStore
from netra.usage.loading import extent_of, load_compact

IN_A_PROCESS = -1
PEER_LEVERS = ["prompt-cache", "batch", "retry-waste", "model-switch"]
PEER_PACKAGES = ("pandas", "pyarrow")
PRICED_AT = datetime(2026, 3, 1, tzinfo=UTC)
LARGEST_DIFFERENCE = 1e-6
ONCE_FROM = 5_000_000
"""Calls from which on there is one round beside the script."""
"""Of two savings, as a share: the peer counts in floating point."""


def job_of(workspace: str, levers: list[str], catalogue: PriceCatalogue) -> AnalysisJob:
    """The question that both forms of asking have."""
    accepted = {lever.name: lever.parameters for lever in chosen_levers(levers or None)}
    return AnalysisJob(
        workspace_id=workspace,
        request=OptimizeRequest(),
        levers=tuple(accepted),
        params=params_by_lever({}, list(accepted), accepted),
        overrides=catalogue.overrides,
        timezone="UTC",
        data_version=1,
        seed=workspace,
        evaluations=generated_evaluations(),
    )


async def answer(
    url: str, workspace: str, levers: list[str]
) -> tuple[OptimizeResult, list[tuple[str, float]]]:
    """Ask in a process of its own; the answer, and when each step began."""
    catalogue = PriceCatalogue()
    job = job_of(workspace, levers, catalogue)
    store = AnalyticsStore(url)
    marks = [("start", time.perf_counter())]

    def note(progress: OptimizeProgress) -> None:
        marks.append((progress.step, time.perf_counter()))

    runner = AnalysisRunner(url, small=IN_A_PROCESS)
    analytics = ScopedAnalytics(store, workspace)
    extent = await extent_of(analytics, job.selection)
    result = await runner.run(job, extent, analytics, catalogue, note)
    marks.append(("answer", time.perf_counter()))
    await store.close()
    return result, marks


def measure(url: str, workspace: str, levers: list[str]) -> dict[str, Any]:
    """One analysis: seconds, processor seconds and peak memory of its process.

    Two levers work at a time, so the seconds of single levers say when the next one began.
    """
    busy = os.getloadavg()[0]
    result, marks = asyncio.run(answer(url, workspace, levers))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = marks[-1][1] - marks[0][1]
    calls = result.baseline.calls
    return {
        "calls": calls,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "peak_gb": round(used.ru_maxrss / 2**20, 2),
        "load_average_before": round(busy, 1),
        "microseconds_per_call": round(1e6 * seconds / calls, 3),
        "cpu_microseconds_per_call": round(1e6 * (used.ru_utime + used.ru_stime) / calls, 3),
        "seconds_by_step": {step: round(after - at, 3) for (step, at), (_, after) in pairwise(marks)},
        "findings": len(result.findings),
        "joint": result.joint.model_dump(exclude={"findings", "steps"}),
        "found": _found(result),
    }


def measure_computing(url: str, workspace: str, levers: list[str]) -> dict[str, float]:
    """Wall and processor seconds of an analysis in this process, from the loaded frame to the answer."""
    catalogue = PriceCatalogue()
    job = job_of(workspace, levers, catalogue)

    async def loaded() -> pl.DataFrame:
        store = AnalyticsStore(url)
        frame = await load_compact(ScopedAnalytics(store, workspace), job.selection)
        await store.close()
        return frame

    frame = asyncio.run(loaded())
    started, processor = time.perf_counter(), time.process_time()
    analysed(job, frame, catalogue, lambda _: None)
    return {
        "computing": round(time.perf_counter() - started, 3),
        "computing_cpu": round(time.process_time() - processor, 3),
    }


def _found(result: OptimizeResult) -> dict[str, list[str | None]]:
    """Savings with their interval by lever and parameters."""
    found: dict[str, list[str | None]] = {}
    for finding in result.findings:
        about = [finding.params[key] for key in ("model", "from", "to") if key in finding.params]
        name = " ".join([finding.lever, *about])
        if finding.savings_usd is not None and finding.interval_95 is not None:
            found.setdefault(name, [finding.savings_usd, *finding.interval_95])
    if result.joint.interval_95 is not None:
        found["together"] = [result.joint.savings_usd, *result.joint.interval_95]
    return found


def asked_apart(url: str, workspace: str, levers: list[str], *further: str) -> dict[str, Any]:
    """`measure` in a process of its own, so that its children are only the analysis. `further`: options."""
    command = [sys.executable, "-m", "benchmarks.levers", "--url", url, "--workspace", workspace]
    for lever in levers:
        command += ["--lever", lever]
    command += further
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    surroundings = {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def median_run(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle, with the seconds of all."""
    ordered = sorted(runs, key=lambda run: run["seconds"])
    middle = {key: value for key, value in ordered[len(ordered) // 2].items() if key != "found"}
    return {
        **middle,
        "seconds_of_runs": [run["seconds"] for run in runs],
        "cpu_seconds_of_runs": [run["cpu_seconds"] for run in runs],
        "load_average_of_runs": [run["load_average_before"] for run in runs],
    }


def peer_rates() -> list[dict[str, object]]:
    """What an analyst would copy from price lists: dollars per million tokens and the terms of caching."""
    catalogue = PriceCatalogue()
    rows: list[dict[str, object]] = []
    for model in MODELS:
        price, half = (catalogue.resolve(model, at=PRICED_AT, tier=tier) for tier in ("standard", "batch"))
        terms = catalogue.cache_terms(model)
        if price is None or terms is None:
            raise RuntimeError(f"{model} has no price")
        rates = _per_million(price.bands[0].rates, terms.default_ttl.write)
        cheap = rates if half is None else _per_million(half.bands[0].rates, terms.default_ttl.write)
        rows.append(
            {
                "model": model,
                **rates,
                "batch": cheap,
                "min_tokens": terms.min_tokens,
                "ttl_seconds": terms.default_ttl.seconds,
            }
        )
    return rows


def _per_million(rates: Rates, write: UsageType) -> dict[str, float]:
    """Dollars per million tokens; `write`: the kind of cache write that the model's default retention is."""
    femto = {"input": rates.input, "output": rates.output, "cache_read": rates.cache_read}
    return {kind: rate * 1e-9 for kind, rate in {**femto, "cache_write": getattr(rates, write)}.items()}


def peer_environment(folder: Path) -> Path:
    """The Python of an environment with pandas."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *PEER_PACKAGES]
    subprocess.run(pip, check=True)
    return folder / "bin" / "python"


def peer_run(python: Path, files: Path) -> dict[str, Any]:
    """The script over the files, at the priority of an analysis; wall seconds count from its process's
    start.
    """
    script = str(Path(__file__).parent / "peers" / "savings_with_pandas.py")
    command = ["nice", "-n", str(NICENESS), str(python), script, str(files)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(done.stdout), "seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3)}


def side_by_side(
    ours: dict[str, list[str]], theirs: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Every answer of the peer with ours, and those whose savings differ."""
    both: dict[str, Any] = {}
    wrong: list[str] = []
    for name, found in theirs.items():
        mine = ours.get(name.removesuffix(" passes").removesuffix(" fails"))
        both[name] = {"ours": mine, "peer": [found["savings"], *found["interval"]]}
        saved = float(found["savings"])
        if mine is None or abs(float(mine[0]) - saved) > LARGEST_DIFFERENCE * max(abs(saved), 1.0):
            wrong.append(name)
    return both, wrong


def beside_peer(url: str, workspace: str, peer: tuple[Path, Path], rounds: int) -> dict[str, Any]:
    """Both sides over the same calls, alternating."""
    python, files = peer
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(rounds):
        whole = asked_apart(url, workspace, PEER_LEVERS)
        ours.append({**whole, **asked_apart(url, workspace, PEER_LEVERS, "--computing")})
        theirs.append(peer_run(python, files))
    both, wrong = side_by_side(ours[0]["found"], theirs[0]["found"])
    kinds = ("seconds", "cpu_seconds", "computing", "computing_cpu")
    return {
        "calls": ours[0]["calls"],
        "levers": PEER_LEVERS,
        "pandas": theirs[0]["pandas"],
        **{f"ratio_{kind}": _ratio(ours, theirs, kind) for kind in kinds},
        **{f"ours_{kind}": [run[kind] for run in ours] for kind in kinds},
        **{f"peer_{kind}": [round(run[kind], 3) for run in theirs] for kind in kinds},
        "ours_peak_gb": [run["peak_gb"] for run in ours],
        "peer_peak_gb": [run["peak_gb"] for run in theirs],
        "answers": both,
        "answers_that_differ": wrong,
        "load_average_of_rounds": [run["load_average_before"] for run in ours],
    }


def _ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], kind: str) -> dict[str, float]:
    """How many times as long the script takes: the median of the rounds, and the range."""
    ratios = [b[kind] / a[kind] for a, b in zip(ours, theirs, strict=True)]
    ends = {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    return {name: round(value, 1) for name, value in ends.items()}


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(prog="netra bench levers", description=__doc__)
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="numbers of calls")
    parser.add_argument("--blocks", type=int, default=5, help="mean prefix blocks a call")
    parser.add_argument("--runs", type=int, default=3, help="runs of each size")
    parser.add_argument("--peer-sizes", default="100000,1000000", help="sizes beside pandas; empty for none")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--workspace", help=argparse.SUPPRESS)
    parser.add_argument("--computing", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--lever", action="append", help="these levers only (default: all)")
    options = parser.parse_args()
    if options.workspace:
        asked = measure_computing if options.computing else measure
        sys.stdout.write(json.dumps(asked(options.url, options.workspace, options.lever or [])))
        return
    sizes = [int(size) for size in options.sizes.split(",")]
    peer_sizes = [int(size) for size in options.peer_sizes.split(",") if size]
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        payload = run(Path(name), (sizes, peer_sizes), options)
    record("levers", payload, f"netra bench levers {' '.join(sys.argv[1:])}".strip())


def run(folder: Path, sizes: tuple[list[int], list[int]], options: argparse.Namespace) -> dict[str, Any]:
    """All sizes, each stored once."""
    everything: list[dict[str, Any]] = []
    compared: list[dict[str, Any]] = []
    python = peer_environment(folder / "peer") if sizes[1] else None
    with running_engine(folder / "data") as engine:
        for size in sorted({*sizes[0], *sizes[1]}):
            frame = generated_calls(size, options.blocks)
            workspace = asyncio.run(store_calls(engine.url, frame))
            files = folder / f"files-{size}"
            if size in sizes[1]:
                write_peer_files(files, frame, peer_rates())
            del frame
            if size in sizes[0]:
                runs = [asked_apart(engine.url, workspace, options.lever or []) for _ in range(options.runs)]
                everything.append({**median_run(runs), "mean_blocks": options.blocks})
            if python is not None and size in sizes[1]:
                rounds = options.runs if size < ONCE_FROM else 1
                compared.append(beside_peer(engine.url, workspace, (python, files), rounds))
        return {"all_levers": everything, "beside_pandas": compared, "engine_gb": round(engine.memory_gb, 2)}


if __name__ == "__main__":
    main()
