"""What the next days will bring, with intervals measured on the past. Pure.

Two simple methods that do well on short business series compete on the series' own past: the seasonal naive
one (the median of the same weekday in the last four weeks) and Theta (Assimakopoulos and Nikolopoulos 2000;
Hyndman and Billah 2003: simple exponential smoothing with half the trend as drift, on weekday-adjusted
values). From every earlier day as origin, both forecast what is known by now; the one with the smaller mean
absolute error is taken. Its errors there are the interval: by split conformal prediction (Vovk et al.
2005), the ceil(0.95 (m + 1))-th smallest of m absolute errors at about that distance covers the truth in 95
% of cases if errors ahead are like errors behind, whatever their distribution. Sums of several days from
neighbouring origins share most of their days: m of them tell as much as m / days, so their margin is at least
Student's t with that many degrees of freedom times their root mean square. Under four weeks neither method
has enough to learn from: `short_history` says what can be said then.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.usage.insights.short_history import LEAST_DAYS, flat_forecast, student_t

Series = npt.NDArray[np.float64]
Method = Callable[[Series, int], Series]

WEEK = 7
WEEKLY_DAYS = 28
"""Four weeks are the least that shows a week's shape and its errors."""

_FIRST_ORIGIN = 14
_LEVEL = 0.95
_NEIGHBOURS = 3
_LEAST_FREEDOM = 2.0
"""Under two periods of its length a past says hardly more about a sum than that it is uncertain."""
_SMOOTHING = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class Forecast:
    """Point and interval a day, and for the sum of all; values are never under 0.

    `total_interval` is None where the past is too short to have tried the sum at least `tried` >= 19 times
    (from fewer than WEEKLY_DAYS: where more days are summed than the past has).
    `error_pct`: mean absolute error of the method on the past in percent of the mean.
    """

    method: str
    points: Series
    low: Series
    high: Series
    total: float
    total_interval: tuple[float, float] | None
    tried: int
    error_pct: float | None


def forecast(values: Sequence[float], days: int) -> Forecast:
    """The next `days` of a daily series without gaps. Raises ValueError under LEAST_DAYS values."""
    if len(values) < LEAST_DAYS:
        raise ValueError(f"{len(values)} days are fewer than {LEAST_DAYS}")
    series = np.asarray(values, dtype=np.float64)
    if len(series) < WEEKLY_DAYS:
        return _flat(series, days)
    errors = {name: backtest(method, series, days) for name, method in METHODS.items()}
    name = min(METHODS, key=lambda one: float(np.nanmean(np.abs(errors[one]))))
    points = np.maximum(METHODS[name](series, days), 0.0)
    reach = _reach(errors[name])
    total = float(points.sum())
    sums = errors[name].sum(axis=1)
    whole = sums[~np.isnan(sums)]
    margin = _margin_of_sum(whole, days) if len(whole) >= math.ceil(_LEVEL / (1 - _LEVEL)) else None
    mean = float(series.mean())
    return Forecast(
        method=name,
        points=points,
        low=np.maximum(points - reach, 0.0),
        high=points + reach,
        total=total,
        total_interval=None if margin is None else (max(total - margin, 0.0), total + margin),
        tried=len(whole),
        error_pct=None if mean == 0 else float(np.nanmean(np.abs(errors[name]))) / mean * 100,
    )


def _flat(series: Series, days: int) -> Forecast:
    """What two or three weeks can say: a level, and how far days lie from it."""
    told = flat_forecast(series, days)
    points = np.full(days, told.level)
    total, margin, mean = told.level * days, told.total_margin, float(series.mean())
    return Forecast(
        method=told.method,
        points=points,
        low=np.maximum(points - told.margin, 0.0),
        high=points + told.margin,
        total=total,
        total_interval=None if margin is None else (max(total - margin, 0.0), total + margin),
        tried=told.tried,
        error_pct=None if mean == 0 else told.off / mean * 100,
    )


def backtest(method: Method, series: Series, days: int) -> npt.NDArray[np.float64]:
    """Truth minus forecast from every origin, one row an origin, one column a day ahead; NaN where the
    truth is not known yet.
    """
    origins = range(_FIRST_ORIGIN, len(series))
    errors = np.full((len(origins), days), np.nan)
    for row, origin in enumerate(origins):
        known = series[origin : origin + days]
        errors[row, : len(known)] = known - np.maximum(method(series[:origin], days)[: len(known)], 0.0)
    return errors


def conformal(errors: Series) -> float:
    """The margin that covers a further error with 95 %; with under 19 errors the largest of them."""
    place = min(math.ceil(_LEVEL * (len(errors) + 1)), len(errors))
    return float(np.sort(errors)[place - 1])


def _margin_of_sum(errors: Series, days: int) -> float:
    """The margin of a sum of days, from the errors of overlapping sums; see the module."""
    spread = math.sqrt(float(np.mean(errors**2)))
    freedom = max(len(errors) / days, _LEAST_FREEDOM)
    return max(conformal(np.abs(errors)), student_t((1 + _LEVEL) / 2, freedom) * spread)


def seasonal_naive(series: Series, days: int) -> Series:
    """The median of the same weekday in the last four weeks."""
    found = np.empty(days)
    for ahead in range(days):
        place = len(series) + ahead % WEEK - WEEK
        found[ahead] = np.median(series[place::-WEEK][:4] if place >= 0 else series)
    return found


def theta(series: Series, days: int) -> Series:
    """Exponential smoothing with half the trend as drift, on weekday-adjusted values."""
    season = _season(series)
    plain = series - season[np.arange(len(series)) % WEEK]
    steps = np.arange(len(plain))
    slope = float(np.polyfit(steps, plain, 1)[0])
    level, smoothing = _smoothed(plain)
    n = len(plain)
    tail = (1 - (1 - smoothing) ** n) / smoothing
    ahead = np.arange(days)
    found = level + slope / 2 * (ahead + tail)
    return found + season[(n + ahead) % WEEK]


METHODS: dict[str, Method] = {"seasonal naive": seasonal_naive, "theta": theta}


def _season(series: Series) -> Series:
    """By how much each position in the week lies over the mean of its own weeks; sums to about 0."""
    steps = np.arange(len(series))
    # Within a week a trend looks like a season: it is taken out first.
    flat = series - np.polyval(np.polyfit(steps, series, 1), steps)
    weeks = len(series) // WEEK
    recent = flat[len(series) - weeks * WEEK :].reshape(weeks, WEEK)
    shape = np.median(recent - recent.mean(axis=1, keepdims=True), axis=0)
    return np.roll(shape, (len(series) - weeks * WEEK) % WEEK)


def _smoothed(values: Series) -> tuple[float, float]:
    """Last level and smoothing factor of simple exponential smoothing with the least squared error."""
    factors = np.array(_SMOOTHING)
    level = np.full(len(factors), values[0])
    squared = np.zeros(len(factors))
    for value in values[1:]:
        missed = value - level
        squared += missed**2
        level += factors * missed
    best = int(np.argmin(squared))
    return float(level[best]), float(factors[best])


def _reach(errors: npt.NDArray[np.float64]) -> Series:
    """Half the width of the interval by days ahead, never narrower further out."""
    days = errors.shape[1]
    reach = np.empty(days)
    for ahead in range(days):
        near = errors[:, max(ahead - _NEIGHBOURS, 0) : ahead + _NEIGHBOURS + 1]
        known = np.abs(near[~np.isnan(near)])
        reach[ahead] = conformal(known) if len(known) else reach[ahead - 1]
    return np.maximum.accumulate(reach)
