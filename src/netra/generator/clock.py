"""When calls happen: days of a week, hours of a day, gaps between the turns of a session."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from netra.generator.company import Hours, Workload

Random = np.random.Generator
Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

DAY_MS = 86_400_000

_WEEKDAY = np.array([1.0, 1.05, 1.05, 1.0, 0.9, 0.25, 0.15])
_HOURS: dict[Hours, tuple[float, float, float, float]] = {
    # Hour of the middle, its spread, earliest and latest hour.
    "office": (13.0, 2.6, 7.0, 20.0),
    "extended": (13.5, 3.6, 5.0, 23.0),
    "night": (2.0, 0.8, 0.5, 4.5),
}


_BURST_MS = 600_000
_BURST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Period:
    """The drawn period: `days` days from the midnight `start` (UTC).

    Surges fill its last `surge_days` days; traffic grows by `trend` from its first day to its last.
    """

    start: datetime
    days: int
    surge_days: int = 7
    trend: float = 0.0

    def weights(self, hours: Hours, surge: float) -> Floats:
        """How busy each day is, relative to the others; weekends are quiet, except at night."""
        weekday = (self.start.weekday() + np.arange(self.days)) % 7
        weights = np.ones(self.days) if hours == "night" else _WEEKDAY[weekday].copy()
        weights[-self.surge_days :] *= surge
        return weights * np.linspace(1.0, 1.0 + self.trend, self.days)


def start_of(until: datetime, days: int) -> datetime:
    """Midnight UTC `days` days before the midnight of `until`."""
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days)


def moments(random: Random, count: int, period: Period, workload: Workload) -> Integers:
    """`count` sorted instants as epoch ms; where there are bursts, half of them within ten minutes of one."""
    instants = _spread_out(random, count, period, workload)
    if workload.bursts:
        centres = _spread_out(random, workload.bursts, period, workload)
        bursting = random.random(count) < _BURST_SHARE
        within = random.integers(0, _BURST_MS, size=count)
        instants = np.where(bursting, random.choice(centres, size=count) + within, instants)
    return np.sort(instants)


def _spread_out(random: Random, count: int, period: Period, workload: Workload) -> Integers:
    weights = period.weights(workload.hours, workload.surge)
    day = random.choice(period.days, size=count, p=weights / weights.sum())
    middle, spread, earliest, latest = _HOURS[workload.hours]
    hour = random.normal(middle, spread, size=count)
    outside = (hour < earliest) | (hour > latest)
    hour[outside] = random.uniform(earliest, latest, size=int(outside.sum()))
    begin = int(period.start.timestamp() * 1000)
    return begin + day * DAY_MS + (hour * 3_600_000).astype(np.int64)
