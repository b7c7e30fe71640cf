"""Intervals hold what they say: of forecasts, and of the bootstrap where there is no difference."""

import numpy as np
import polars as pl
import pytest

from netra.optimization.blocks import blocks_of
from netra.optimization.intervals import bootstrap_totals
from netra.usage.insights.anomalies import LEAST_DAYS as LEAST_PAST
from netra.usage.insights.anomalies import find_anomalies
from netra.usage.insights.forecasting import forecast


def synthetic(seed: int, days: int) -> np.ndarray:
    """A product's spend: a level, a week's shape, some growth, noise with heavy tails."""
    random = np.random.default_rng(seed)
    level, growth = random.uniform(50, 500), random.uniform(-0.2, 0.6)
    week = np.array([1.1, 1.15, 1.1, 1.05, 1.0, 0.5, 0.4]) ** random.uniform(0, 1)
    steps = np.arange(days)
    noise = random.standard_t(5, days) * level * 0.06
    return np.maximum((level + growth * steps) * week[steps % 7] + noise, 0)


def test_intervals_cover_95_percent_of_what_came() -> None:
    inside = days_inside = days = 0
    runs = 150
    for seed in range(runs):
        series = synthetic(seed, 84 + 14)
        told = forecast(series[:84].tolist(), 14)
        truth = series[84:]
        assert told.total_interval is not None
        inside += told.total_interval[0] <= truth.sum() <= told.total_interval[1]
        days_inside += int(((told.low <= truth) & (truth <= told.high)).sum())
        days += 14
    assert 0.93 <= days_inside / days <= 0.99
    assert 0.90 <= inside / runs <= 1.0


def months(kind: str, seed: int, days: int) -> np.ndarray:
    """A week's shape and multiplied noise, and what makes months differ from that."""
    random = np.random.default_rng(seed * 7 + 1)
    steps = np.arange(days)
    week = np.array([1.0, 1.05, 1.05, 1.0, 0.9, 0.25, 0.15])[steps % 7]
    noise = random.lognormal(0, 0.12, days)
    if kind == "growing":
        return week * noise * (1 + steps / 90)
    if kind == "bursts":
        return week * noise * np.where(random.random(days) < 0.06, random.uniform(2, 4, days), 1)
    if kind == "a new feature":
        return week * noise * np.where(steps < random.integers(20, 36), 1, 1.6)
    if kind == "missing days":
        return week * noise * (random.random(days) > 0.04)
    if kind == "days like the day before":
        wander = np.zeros(days)
        for day in range(1, days):
            wander[day] = 0.6 * wander[day - 1] + random.normal(0, 0.1)
        return week * np.exp(wander)
    return week * noise


@pytest.mark.parametrize(
    "kind",
    ["ordinary", "growing", "bursts", "a new feature", "missing days", "days like the day before"],
)
def test_intervals_hold_in_months_of_every_kind(kind: str) -> None:
    inside = days_inside = 0
    runs, known, ahead = 120, 52, 7
    for seed in range(runs):
        series = months(kind, seed, known + ahead)
        told = forecast(series[:known].tolist(), ahead)
        truth = series[known:]
        assert told.total_interval is not None
        inside += told.total_interval[0] <= truth.sum() <= told.total_interval[1]
        days_inside += int(((told.low <= truth) & (truth <= told.high)).sum())
    # Where traffic and its noise double within three months, errors ahead are larger than errors behind.
    assert days_inside / (runs * ahead) >= (0.90 if kind == "growing" else 0.93)
    assert inside / runs >= 0.90


@pytest.mark.parametrize("known", [14, 20, 27])
def test_intervals_from_two_to_four_weeks_are_wider_and_hold(known: int) -> None:
    inside = days_inside = days = 0
    runs = 300
    for seed in range(runs):
        series = synthetic(seed, known + 14)
        told = forecast(series[:known].tolist(), 14)
        truth = series[known:]
        assert told.total_interval is not None
        inside += told.total_interval[0] <= truth.sum() <= told.total_interval[1]
        days_inside += int(((told.low <= truth) & (truth <= told.high)).sum())
        days += 14
    assert days_inside / days >= 0.94
    assert inside / runs >= 0.94


def test_few_ordinary_days_are_taken_for_odd_ones() -> None:
    judged, odd = {False: 0, True: 0}, {False: 0, True: 0}
    for seed in range(300):
        series = synthetic(seed, 70).tolist()
        flagged = {found.day for found in find_anomalies(series, {})}
        for day in range(LEAST_PAST, 70):
            judged[day >= 56] += 1
            odd[day >= 56] += day in flagged
    assert odd[False] / judged[False] <= 0.02
    assert odd[True] / judged[True] <= 0.015


def test_no_difference_is_found_in_about_nineteen_of_twenty_splits() -> None:
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        sessions = np.repeat(np.arange(300), generator.integers(1, 12, 300))
        femto = np.rint(generator.lognormal(0, 0.6, len(sessions)) * 1e12).astype(np.int64)
        side = np.where(generator.random(300) < 0.5, 1, -1)[sessions]
        blocks = blocks_of(np.arange(len(sessions), dtype=np.int64), pl.Series(sessions + 1))
        interval = bootstrap_totals([blocks.sums(femto * side)])[0]
        covered += interval.low <= 0 <= interval.high
    assert 186 <= covered <= 194
