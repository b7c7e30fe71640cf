"""Anomalies: weekends are none, an outlier is one, and its cause is the segment that changed."""

import numpy as np
import pytest

from netra.usage.insights.anomalies import expected_of, find_anomalies


def product(days: int = 56) -> np.ndarray:
    random = np.random.default_rng(1)
    week = np.array([100.0, 105, 110, 105, 100, 30, 20])
    return week[np.arange(days) % 7] * random.normal(1, 0.03, days)


def test_an_ordinary_product_has_none() -> None:
    assert find_anomalies(product().tolist(), {}) == []


def test_a_spike_is_found_once_with_the_segment_that_made_it() -> None:
    whole = product()
    chat, search = whole * 0.6, whole * 0.4
    search[44] += 150
    cheap, dear = (chat + search) * 0.3, (chat + search) * 0.7
    total = chat + search
    segments = {
        "model": {"cheap": cheap.tolist(), "dear": dear.tolist()},
        "feature": {"chat": chat.tolist(), "search": search.tolist()},
        "provider": {"openai": total.tolist()},
    }
    (found,) = find_anomalies(total.tolist(), segments)
    assert found.day == 44
    assert found.score > 3.5
    assert found.value > found.high > found.expected > found.low
    cause = found.causes[0]
    assert (cause.dimension, cause.segment) == ("feature", "search")
    assert cause.share == pytest.approx(1, abs=0.1)
    assert {one.dimension for one in found.causes} == {"feature"}, "a model's calls are the feature's again"


def test_further_causes_are_other_calls() -> None:
    steady = [10.0] * 30
    chat, search, other = [*steady, 40.0], [*steady, 22.0], [*steady, 10.0]
    total = [sum(day) for day in zip(chat, search, other, strict=True)]
    segments = {
        "feature": {"chat": chat, "search": search, "other": other},
        "model": {"cheap": [a + b for a, b in zip(search, other, strict=True)], "dear": chat},
    }
    (found,) = find_anomalies(total, segments)
    assert [(one.dimension, one.segment) for one in found.causes] == [("model", "dear"), ("model", "cheap")]
    assert sum(one.share for one in found.causes) == pytest.approx(1)


def test_a_drop_is_one_too_and_a_weekend_is_none() -> None:
    series = product()
    series[50] = 3.0
    (found,) = find_anomalies(series.tolist(), {"app": {"a": series.tolist(), "b": [0.0] * 56}})
    assert (found.day, found.score < -3.5) == (50, True)
    assert found.causes[0].segment == "a"


def test_a_constant_series_bears_small_changes() -> None:
    steady = [100.0] * 40
    assert find_anomalies([*steady, 104.0], {}) == []
    assert [one.day for one in find_anomalies([*steady, 160.0], {})] == [40]


def test_what_is_expected_of_a_day() -> None:
    series = np.arange(30.0)
    assert expected_of(series, 29) == np.median([1, 8, 15, 22])
    assert expected_of(series, 10) == 3
    assert expected_of(series, 5) == np.median(series[0:5])
    assert expected_of(series, 0) == 0
    # Of two weekdays, one of them odd, the one like the other days.
    odd = np.array([100.0] * 7 + [900.0] + [100.0] * 7)
    assert expected_of(odd, 14) == 100


def test_the_third_week_is_judged() -> None:
    series = product(20)
    series[17] *= 3
    (found,) = find_anomalies(series.tolist(), {})
    assert found.day == 17
