"""What a change does to latency, from the latencies recorded in the same traffic."""

import numpy as np
import polars as pl

from netra.optimization.actions import Rows
from netra.optimization.blocks import Blocks
from netra.optimization.findings import LatencyEffect
from netra.optimization.latency_intervals import latency_effect
from netra.optimization.latency_replay import ENOUGH, Int64, Latencies, same_ranks, standing_in
from netra.optimization.workload import Workload
from netra.pricing.coding import has_value

_LOOKED_AT = 200_000
"""Calls that are compared; of more, every k-th."""


def moved_latency(
    workload: Workload, moved: Rows, there: Rows, target: str, *, by_size: bool = True
) -> LatencyEffect | str:
    """Latency of all calls if those `moved` took as long as calls recorded `there`: the one of the same rank
    among answers of about the same length (`by_size`), else among all. Words where too few are recorded.
    """
    latency = workload.number("latency_ms")
    if latency is None:
        return "unknown: no latency is recorded"
    known = latency.is_not_null().to_numpy() & has_value(workload.coded("status"), ("ok", ""))
    if not known.any():
        return "unknown: no latency is recorded"
    some = np.arange(0, workload.n, -(-workload.n // _LOOKED_AT))
    if not _enough(known[some], moved[some], there[some]):
        some = np.arange(workload.n)
    known, moved, there = known[some], moved[some] & known[some], there[some] & known[some]
    if not _enough(known, moved, there):
        return f"unknown: fewer than {ENOUGH} calls with latency on one side ({target})"
    ms = latency.gather(pl.Series(some)).cast(pl.Float64).fill_null(0.0).to_numpy()
    sizes = np.ceil(np.log2(workload.tokens.output[some] + 1.0)).astype(np.int64)
    strata: Int64 = sizes if by_size else np.zeros_like(sizes)
    after = ms.copy()
    after[moved] = same_ranks(ms[moved], strata[moved], ms[there], strata[there])
    none, blocks = np.zeros(len(some)), workload.blocks
    effect = latency_effect(
        Blocks(blocks.kind, blocks.codes[some], blocks.count),
        Latencies(ms, none, known),
        Latencies(after, none, known),
        weights=standing_in(strata, known, moved, there),
    )
    return "unknown: no latency is recorded" if effect is None else effect


def _enough(known: Rows, moved: Rows, there: Rows) -> bool:
    return min(int((known & moved).sum()), int((known & there).sum())) >= ENOUGH


def saved_latency(workload: Workload, rows: Rows) -> str:
    """What calls that would be answered without a model took."""
    latency = workload.number("latency_ms")
    if latency is None:
        return "lower for the calls saved; no latency is recorded"
    taken = latency.filter(pl.Series(rows)).drop_nulls().cast(pl.Float64).to_numpy()
    if not len(taken):
        return "lower for the calls saved; their latency is not recorded"
    median, high = np.percentile(taken, [50, 95])
    return (
        f"{len(taken):,} calls would be answered at once instead of after a median of {median:,.0f} ms "
        f"(p95 {high:,.0f} ms)"
    )
