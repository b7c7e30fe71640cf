"""`netra bench levers`: all levers with intervals at several sizes, on generated calls with prefix blocks.

Prints and keeps seconds by part, peak memory and cost per call at each size, and the seconds that
`prompt-cache` alone takes at a mean of 8 blocks. Each size runs in a process of its own, so that the peak
memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pyarrow

from benchmarks.record import ROOT, record
from netra.optimization.analysis import Surroundings, analyse, id_from_content
from netra.optimization.evaluated import with_canonical
from netra.optimization.params import params_by_lever
from netra.optimization.registry import chosen_levers
from netra.optimization.workload import Workload
from netra.pricing.catalogue import PriceCatalogue

BLOCK = 512
MODELS = ("gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini", "gemini-2.5-flash")
MONTH_US = 30 * 86_400 * 10**6
START_US = 1_770_000_000_000_000
CALLS_A_SESSION = 8


def generated_calls(n: int, mean_blocks: int) -> pl.DataFrame:
    """A month of sessions on four models: shared system prompts, growing conversations, some retries."""
    random = np.random.default_rng(1)
    session = np.sort(random.integers(0, max(n // CALLS_A_SESSION, 1), n))
    turn = np.arange(n) - np.searchsorted(session, session)
    begun = random.integers(0, MONTH_US, session[-1] + 1)
    ts = begun[session] + turn * 30_000_000
    order = np.argsort(ts, kind="stable")
    session, turn, ts = session[order], turn[order], ts[order]
    blocks = random.integers(0, 2 * mean_blocks + 1, n)
    starts = np.cumsum(blocks) - blocks
    place = np.arange(blocks.sum()) - np.repeat(starts, blocks)
    shared = np.repeat(session % 40, blocks) * 7_919 + place
    own = np.repeat(session, blocks) * 100_003 + place + 10**9
    hashes = np.where(place < 3, shared, own).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    offsets = np.concatenate([starts, [blocks.sum()]])
    lists = pl.from_arrow(pyarrow.LargeListArray.from_arrays(offsets, pyarrow.array(hashes)))
    again = random.random(n) < 0.03
    return pl.DataFrame(
        {
            "ts": pl.Series(ts + START_US).cast(pl.Datetime("us", "UTC")),
            "position": np.arange(n, dtype=np.uint64),
            "call_id": pl.Series(np.arange(n)).cast(pl.String),
            "retry_of": pl.Series(np.where(again, np.maximum(np.arange(n) - 3, 0), -1))
            .cast(pl.String)
            .replace("-1", ""),
            "model": np.array(MODELS)[session % len(MODELS)],
            "session_id": pl.Series(session).cast(pl.String),
            "feature": np.array(["chat", "search", "code"])[session % 3],
            "input_tokens": blocks * BLOCK + random.integers(1, BLOCK, n),
            "output_tokens": random.integers(10, 900, n),
            "interactive": random.random(n) < 0.8,
            "latency_ms": random.gamma(2, 500, n),
            "prefix_hashes": lists,
            "prefix_block_tokens": pl.repeat(BLOCK, n, eager=True, dtype=pl.Int64),
        }
    )


def generated_evaluations(items: int = 2_000) -> pl.DataFrame:
    """Paired scores of three models."""
    random = np.random.default_rng(2)
    parts = [
        pl.DataFrame(
            {
                "item_id": [f"i{number}" for number in range(items)],
                "model": [model] * items,
                "score": (random.random(items) < right).astype(np.float64),
                "input_tokens": [1_000] * items,
                "output_tokens": random.integers(50, 100, items),
            }
        )
        for model, right in (("gpt-4o", 0.9), ("gpt-4o-mini", 0.9), ("claude-sonnet-4-5", 0.95))
    ]
    return pl.concat(parts)


def measure(n: int, mean_blocks: int, levers: list[str] | None) -> dict[str, Any]:
    """Seconds by part of one analysis over n calls, the peak memory of this process, cost per call.

    `cpu_seconds` stays the same on a machine that is busy with other work, `seconds` does not.
    """
    frame = generated_calls(n, mean_blocks)
    catalogue = PriceCatalogue()
    evaluations = with_canonical(generated_evaluations(), catalogue)
    chosen = chosen_levers(levers)
    accepted = {lever.name: lever.parameters for lever in chosen}
    params = params_by_lever({}, list(accepted), accepted)
    before = _peak_gb()
    busy = os.getloadavg()[0]
    cpu = time.process_time()
    marks: list[tuple[str, float]] = [("prices", time.perf_counter())]
    around = Surroundings(
        lambda draft: ({}, ""),
        lambda key: id_from_content("fnd", key),
        lambda step, done, of: marks.append((step, time.perf_counter())),
    )
    analysis = analyse(Workload(frame, catalogue), evaluations, chosen, params, around)
    spans = pairwise(marks)
    seconds = {step: round(after - at, 3) for (step, at), (_, after) in spans}
    total = marks[-1][1] - marks[0][1]
    return {
        "calls": n,
        "mean_blocks": mean_blocks,
        "seconds": round(total, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "load_average_before": round(busy, 1),
        "seconds_by_part": seconds,
        "microseconds_per_call": round(total / n * 1e6, 3),
        "peak_gb": round(_peak_gb(), 2),
        "peak_gb_before_analysis": round(before, 2),
        "findings": len(analysis.findings),
        "joint_savings_pct": analysis.joint.savings_pct,
    }


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _in_own_process(n: int, blocks: int, levers: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.levers", "--one", str(n), "--blocks", str(blocks)]
    for lever in levers:
        command += ["--lever", lever]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure each size several times and keep the median run."""
    parser = argparse.ArgumentParser(prog="netra bench levers", description=__doc__)
    parser.add_argument("--sizes", default="100000,300000,1000000", help="numbers of calls, comma-separated")
    parser.add_argument("--blocks", type=int, default=5, help="mean prefix blocks a call, all levers")
    parser.add_argument("--runs", type=int, default=3, help="runs of each size")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lever", action="append", help="these levers only (default: all)")
    arguments = parser.parse_args()
    if arguments.one is not None:
        sys.stdout.write(json.dumps(measure(arguments.one, arguments.blocks, arguments.lever)))
        return
    sizes = [int(size) for size in arguments.sizes.split(",")]

    def median(n: int, blocks: int, levers: list[str]) -> dict[str, Any]:
        runs = [_in_own_process(n, blocks, levers) for _ in range(arguments.runs)]
        ordered = sorted(runs, key=lambda run: run["seconds"])
        return {**ordered[len(ordered) // 2], "seconds_of_runs": [run["seconds"] for run in runs]}

    everything = [median(n, arguments.blocks, arguments.lever or []) for n in sizes]
    cache = [median(n, 8, ["prompt-cache"]) for n in sizes]
    payload = {"all_levers": everything, "prompt_cache_at_8_blocks": cache}
    record("levers", payload, f"netra bench levers --sizes {arguments.sizes} --runs {arguments.runs}")


if __name__ == "__main__":
    main()
