"""Forecasts: a series' parts are found, and too little gives none."""

import numpy as np
import pytest

from netra.usage.insights.forecasting import conformal, forecast, seasonal_naive, theta
from netra.usage.insights.short_history import LEAST_DAYS, flat_forecast, student_t


def test_a_week_that_repeats_is_forecast_exactly() -> None:
    week = [10.0, 20, 30, 40, 50, 5, 1]
    told = forecast(week * 6 + week[:3], 8)
    assert told.points.tolist() == pytest.approx([*week[3:], *week[:3], week[3]])
    assert told.error_pct == pytest.approx(0, abs=1e-9)


def test_a_trend_goes_on_at_half_its_slope_or_more() -> None:
    told = theta(np.arange(60.0), 7)
    assert all(told[step + 1] > told[step] for step in range(6))
    assert told[0] == pytest.approx(60, abs=1.5)


def test_seasonal_naive_is_the_median_of_four_weekdays() -> None:
    series = np.array([1.0] * 7 + [2.0] * 7 + [3.0] * 7 + [100.0] * 7)
    assert seasonal_naive(series, 9).tolist() == [2.5] * 9


def test_too_little_is_no_forecast() -> None:
    with pytest.raises(ValueError, match="14"):
        forecast([1.0] * (LEAST_DAYS - 1), 7)


def test_two_weeks_give_a_level_and_their_scatter() -> None:
    week = [100.0, 100, 100, 100, 100, 30, 30]
    told = forecast(week * 2, 10)
    assert told.points.tolist() == pytest.approx([80.0] * 10)
    assert told.low[0] <= 30
    assert told.high[0] >= 100
    assert told.total_interval is not None
    assert told.total_interval[0] < 800 < told.total_interval[1]
    assert forecast(week * 2, 15).total_interval is None
    grown = flat_forecast(np.array([10.0] * 14 + [20.0] * 7), 7)
    assert (grown.method, grown.level) == ("mean of a week", 20.0)
    assert forecast([0.0] * 14, 3).error_pct is None
    # Tables of the t distribution: 2.1604 with 13, 2.0555 with 26 degrees of freedom.
    assert [round(student_t(0.975, n), 3) for n in (13, 26)] == [2.160, 2.056]


def test_a_sum_tried_too_seldom_has_no_interval() -> None:
    told = forecast([1.0] * 40, 30)
    assert told.total == pytest.approx(30)
    assert (told.tried, told.total_interval) == (0, None)


def test_nothing_spent_is_nothing_expected() -> None:
    told = forecast([0.0] * 60, 5)
    assert (told.total, told.error_pct) == (0, None)
    assert conformal(np.array([1.0, 3.0, 2.0])) == 3.0
