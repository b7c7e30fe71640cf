"""Days that are out of the ordinary, and the segment that made them so. Pure.

A day is compared with the same weekdays before it, so that weekends are no anomaly: expected is their median;
of two, the middle one of both and of the median of the last fortnight, so that one odd day does not halve the
next. What is ordinary is the median absolute deviation of past days from what was expected of them; a day is
out of the ordinary from 3.5 modified z-scores on (Iglewicz and Hoaglin 1993: z = 0.6745 * distance / MAD).
Medians keep an earlier anomaly from hiding a later one. Of ordinary days with heavy-tailed noise about 12 in
1000 are taken for odd ones with the fewest days, 8 after eight weeks (tests/statistics). The cause is the
segment whose own change against the same weekdays is the largest part of the day's, over all the dimensions
looked at, fewer segments before more (as in Adtributor, Bhagwan et al. 2014); further causes are of the same
dimension, so that no call is named twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

WEEK = 7
LEAST_DAYS = 14
"""Days before the first that can be judged: two of its weekday, and a week of deviations from them."""

THRESHOLD = 3.5
_LOOK_BACK = 8 * WEEK
_MAD_TO_Z = 0.6745
_LEAST_SHARE = 0.05
"""Deviations under 5 % of what is expected are ordinary however steady the past was."""

SURE_DAYS = 28
"""A day with fewer days before it is judged on a short past, and that is said."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """A segment of a dimension on a day: what it was, what was expected, and its part of the day's change."""

    dimension: str
    segment: str
    value: float
    expected: float
    share: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A day (its place in the series) out of the ordinary; `causes` the largest part first."""

    day: int
    value: float
    expected: float
    low: float
    high: float
    score: float
    causes: list[Contribution]


def find_anomalies(
    values: Sequence[float], segments: Mapping[str, Mapping[str, Sequence[float]]]
) -> list[Anomaly]:
    """Anomalies of a daily series without gaps, the latest last. `segments`: dimension to segment to its
    own series, of the same days.
    """
    series = np.asarray(values, dtype=np.float64)
    expectations = np.array([expected_of(series, day) for day in range(len(series))])
    found: list[Anomaly] = []
    for day in range(LEAST_DAYS, len(series)):
        expected = float(expectations[day])
        past = slice(max(WEEK, day - _LOOK_BACK), day)
        spread = float(np.median(np.abs(series[past] - expectations[past])))
        spread = max(spread, _LEAST_SHARE * abs(expected) * _MAD_TO_Z, 1e-12)
        score = _MAD_TO_Z * (float(series[day]) - expected) / spread
        if abs(score) >= THRESHOLD:
            margin = THRESHOLD * spread / _MAD_TO_Z
            causes = contributions(segments, day, float(series[day]) - expected)
            found.append(
                Anomaly(
                    day,
                    float(series[day]),
                    expected,
                    max(expected - margin, 0.0),
                    expected + margin,
                    score,
                    causes,
                )
            )
    return found


def expected_of(series: Series, day: int) -> float:
    """The median of the same weekdays in the eight weeks before; in the first week of all days before."""
    before = series[max(0, day - 2 * WEEK) : day]
    if day < WEEK:
        return float(np.median(before)) if len(before) else float(series[day])
    same = series[max(day % WEEK, day - _LOOK_BACK) : day : WEEK]
    if len(same) == 2:
        same = np.append(same, np.median(before))
    return float(np.median(same))


def contributions(
    segments: Mapping[str, Mapping[str, Sequence[float]]], day: int, change: float, most: int = 3
) -> list[Contribution]:
    """The segments that carry at least a tenth of a change, the largest part first, all of the dimension that
    tells most: segments of two dimensions would be the same calls twice.
    """
    found: list[Contribution] = []
    for dimension, members in segments.items():
        for name, values in members.items():
            series = np.asarray(values, dtype=np.float64)
            expected = expected_of(series, day)
            share = (float(series[day]) - expected) / change if change else 0.0
            if share >= 0.1:
                found.append(Contribution(dimension, name, float(series[day]), expected, share))
    # A dimension with one segment explains everything and says nothing.
    told = [one for one in found if len(segments[one.dimension]) > 1]
    order = {name: len(members) for name, members in segments.items()}
    ranked = sorted(
        told, key=lambda one: (-round(one.share, 2), order[one.dimension], one.dimension, one.segment)
    )
    return [one for one in ranked if one.dimension == ranked[0].dimension][:most]
