"""A forecast from two to four weeks: too few for the shape of a week, enough for a mean and its scatter.

Every day ahead is given the mean of the last two weeks or of the last one, whichever was off less on the
past; whole weeks hold each weekday equally often. Half an interval is the larger of two margins: the
prediction interval of one further value around a mean of k (Hahn and Meeker, Statistical Intervals, 1991:
t * s * sqrt(1 + 1/k)), in which differences between weekdays count as scatter, and the largest error on the
past (split conformal prediction with so few errors, Vovk et al. 2005). Days that resemble their neighbours
tell less than their number says: the variance of a mean is multiplied by (1 + r) / (1 - r), r the correlation
with the day before (Bartlett 1946), corrected for its bias in short series (Kendall 1954: r + (1 + 4 r) / n).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

LEAST_DAYS = 14
_FIRST_ORIGIN = 7
_WINDOWS = {"mean of two weeks": 14, "mean of a week": 7}
_STRONGEST = 0.9
"""Correlation beyond this cannot be told from a trend in so few days."""


@dataclass(frozen=True, slots=True)
class FlatForecast:
    """`level`: what each day is given. `margin`: half the 95 % interval of a day; `total_margin`: of the sum,
    None for more days than the past has. `off`: mean absolute error on the past, from `tried` days on.
    """

    method: str
    level: float
    margin: float
    total_margin: float | None
    off: float
    tried: int


def flat_forecast(series: Series, days: int) -> FlatForecast:
    """The next days of at least LEAST_DAYS values."""
    errors = {name: _errors(series, days, window) for name, window in _WINDOWS.items()}
    name = min(errors, key=lambda one: float(errors[one].mean()))
    window, length = _WINDOWS[name], len(series)
    scatter = student_t(0.975, length - 1) * float(series.std(ddof=1))
    alike = _inflation(series)
    margin = max(float(errors[name].max()), scatter * math.sqrt(1 + alike / window))
    whole = scatter * math.sqrt(alike * (days + days * days / window))
    return FlatForecast(
        method=name,
        level=float(series[-window:].mean()),
        margin=margin,
        total_margin=whole if days <= length else None,
        off=float(errors[name].mean()),
        tried=length - _FIRST_ORIGIN,
    )


def student_t(level: float, freedom: float) -> float:
    """The quantile of Student's t, to four digits from 10 degrees of freedom on, to 3 % from 2 on (Abramowitz
    and Stegun 1964, 26.7.5).
    """
    x = NormalDist().inv_cdf(level)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def _errors(series: Series, days: int, window: int) -> Series:
    """How far the mean was off, for each day that could have been forecast from, and each day it reached."""
    found = [
        np.abs(series[origin : origin + days] - series[max(origin - window, 0) : origin].mean())
        for origin in range(_FIRST_ORIGIN, len(series))
    ]
    return np.concatenate(found)


def _inflation(series: Series) -> float:
    """By how much the variance of a mean is larger than of unrelated days."""
    around = series - series.mean()
    squared = float((around * around).sum())
    alike = float((around[1:] * around[:-1]).sum()) / squared if squared else 0.0
    alike = min(max(alike + (1 + 4 * alike) / len(series), 0.0), _STRONGEST)
    return (1 + alike) / (1 - alike)
