"""When calls happen: days of a week, hours of a day, gaps between the turns of a session."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from netra.generator.company import SURGE_DAYS, Hours

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


def start_of(until: datetime, days: int) -> datetime:
    """Midnight UTC `days` days before the midnight of `until`."""
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days)


def moments(random: Random, count: int, start: datetime, days: int, hours: Hours, surge: float) -> Integers:
    """`count` sorted instants as epoch ms over `days` days from `start`; weekends are quiet, except at
    night.
    """
    weekday = (start.weekday() + np.arange(days)) % 7
    weights = np.ones(days) if hours == "night" else _WEEKDAY[weekday].copy()
    weights[-SURGE_DAYS:] *= surge
    day = random.choice(days, size=count, p=weights / weights.sum())
    middle, spread, earliest, latest = _HOURS[hours]
    hour = random.normal(middle, spread, size=count)
    outside = (hour < earliest) | (hour > latest)
    hour[outside] = random.uniform(earliest, latest, size=int(outside.sum()))
    begin = int(start.timestamp() * 1000)
    return np.sort(begin + day * DAY_MS + (hour * 3_600_000).astype(np.int64))
