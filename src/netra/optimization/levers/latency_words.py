"""Latency effects in words, from the latencies recorded in the same traffic."""

import numpy as np
import polars as pl

from netra.optimization.actions import Rows
from netra.optimization.workload import Workload

_ENOUGH = 50


def compare_latency(workload: Workload, before: Rows, after: Rows, target: str) -> str:
    """Median and p95 of the calls that would move against those already on the target."""
    latency = workload.number("latency_ms")
    if latency is None:
        return "unknown: no latency is recorded"
    old, new = (_quantiles(latency, rows) for rows in (before, after))
    if old is None or new is None:
        return f"unknown: fewer than {_ENOUGH} calls with latency on one side ({target})"
    return (
        f"calls on {target} in your traffic: median {new[0]:,.0f} ms, p95 {new[1]:,.0f} ms; "
        f"the calls that would move: median {old[0]:,.0f} ms, p95 {old[1]:,.0f} ms"
    )


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


def _quantiles(latency: pl.Series, rows: Rows) -> tuple[float, float] | None:
    values = latency.filter(pl.Series(rows)).drop_nulls().cast(pl.Float64).to_numpy()
    if len(values) < _ENOUGH:
        return None
    median, high = np.percentile(values, [50, 95])
    return float(median), float(high)
