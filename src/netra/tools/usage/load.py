"""Load by the minute and what it would become: peaks, where rate limits bit, growth and spikes.

Limits of providers hold per model and minute, so the minute is the unit. The onset of a model is the lowest
load at which a minute had refused calls; without refusals the highest load seen is known to be safe and
nothing above it is. Calls in flight follow Little's law: arrivals per second times mean latency in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One model's minutes. Loads are calls and tokens (input and output) per minute."""

    model: str
    calls: int
    minutes: int
    mean_calls: float
    peak_calls: int
    p99_calls: float
    peak_tokens: int
    refused: int
    refused_minutes: int
    onset_calls: int | None
    carried_calls: int
    bound: bool
    calls_a_day: float
    grown_peak_calls: float
    grown_peak_tokens: float
    spike_calls: float | None
    minutes_at_risk: int
    in_flight: float | None
    grown_in_flight: float | None


def load_of(frame: pl.DataFrame, growth: float, spike: float | None) -> list[ModelLoad]:
    """The load of each model, busiest first, and with every minute `growth` times as busy.

    `frame` has ts, model, status, input_tokens, output_tokens, latency_ms. `spike` multiplies the mean
    minute.
    """
    minutes = (
        frame.with_columns(pl.col("ts").dt.truncate("1m").alias("minute"))
        .group_by("model", "minute")
        .agg(
            pl.len().alias("calls"),
            (pl.col("input_tokens") + pl.col("output_tokens")).sum().alias("tokens"),
            (pl.col("status") == "rate_limited").sum().alias("refused"),
        )
    )
    latency = {
        model: (mean, calls)
        for model, mean, calls in frame.group_by("model")
        .agg(pl.col("latency_ms").mean().alias("mean"), pl.len().alias("calls"))
        .iter_rows()
    }
    span_s = _seconds(frame)
    hours = frame.group_by("model", pl.col("ts").dt.truncate("1h").alias("hour")).len()
    busiest = dict(hours.group_by("model").agg(pl.col("len").max()).iter_rows())
    loads = [
        _model(str(key[0]), part, growth, spike, (*latency[key[0]], span_s), busiest[key[0]] / 60)
        for key, part in minutes.partition_by("model", as_dict=True).items()
    ]
    return sorted(loads, key=lambda load: (-load.peak_tokens, load.model))


def _seconds(frame: pl.DataFrame) -> float:
    stamps = frame["ts"].dt.epoch("us")
    first, last = stamps.min(), stamps.max()
    if not isinstance(first, int) or not isinstance(last, int):
        return 60.0
    return max((last - first) / 1_000_000, 60.0)


def _model(
    model: str,
    minutes: pl.DataFrame,
    growth: float,
    spike: float | None,
    timing: tuple[float | None, int, float],
    busy_minute: float,
) -> ModelLoad:
    mean_ms, calls, span_s = timing
    refused, carried = minutes.filter(pl.col("refused") > 0), minutes.filter(pl.col("refused") == 0)
    peak_calls, peak_tokens = _whole(minutes, "calls", "max"), _whole(minutes, "tokens", "max")
    onset = _whole(refused, "calls", "min") if refused.height else None
    carried_calls = _whole(carried, "calls", "max")
    bound = onset is not None and onset > carried_calls
    at_risk = minutes.filter(pl.col("calls") * growth > carried_calls).height
    mean_calls = calls / (span_s / 60)
    in_flight = calls / span_s * mean_ms / 1000 if mean_ms is not None else None
    return ModelLoad(
        model=model,
        calls=calls,
        minutes=minutes.height,
        mean_calls=round(mean_calls, 2),
        peak_calls=peak_calls,
        p99_calls=float(minutes["calls"].quantile(0.99, interpolation="linear") or 0),
        peak_tokens=peak_tokens,
        refused=int(minutes["refused"].sum()),
        refused_minutes=refused.height,
        onset_calls=onset,
        carried_calls=carried_calls,
        bound=bound,
        calls_a_day=round(calls / (span_s / 86_400), 1),
        grown_peak_calls=round(peak_calls * growth, 1),
        grown_peak_tokens=round(peak_tokens * growth, 1),
        spike_calls=round(busy_minute * spike, 1) if spike is not None else None,
        minutes_at_risk=at_risk,
        in_flight=round(in_flight, 2) if in_flight is not None else None,
        grown_in_flight=round(in_flight * growth, 2) if in_flight is not None else None,
    )


def _whole(frame: pl.DataFrame, column: str, how: str) -> int:
    value = frame[column].max() if how == "max" else frame[column].min()
    return int(value) if isinstance(value, int) else 0
