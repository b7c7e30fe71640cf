"""Blocks and intervals: the definition, coverage, recovery."""

import numpy as np
import polars as pl
import pytest

from netra.optimization import intervals
from netra.optimization.blocks import blocks_of
from netra.optimization.interval_doubts import doubts_about
from netra.optimization.intervals import Resamples, bootstrap_totals, likely_interval

DAY = 86_400_000_000


def test_sessions_where_there_are_thirty() -> None:
    sessions = pl.Series([f"s{n % 30:02}" for n in range(90)])
    blocks = blocks_of(np.arange(90), sessions)
    assert (blocks.kind, blocks.count) == ("sessions", 30)
    assert blocks.codes.tolist() == [n % 30 for n in range(90)]


def test_days_where_sessions_are_few() -> None:
    sessions = pl.Series([f"s{n % 29}" for n in range(90)])
    blocks = blocks_of(np.arange(90, dtype=np.int64) * DAY // 2, sessions)
    assert (blocks.kind, blocks.count) == ("days", 45)


def test_fifty_contiguous_blocks_of_equal_count_otherwise() -> None:
    blocks = blocks_of(np.arange(1_000, dtype=np.int64), None)
    assert (blocks.kind, blocks.count) == ("contiguous", 50)
    assert set(np.bincount(blocks.codes).tolist()) == {20}
    assert np.all(np.diff(blocks.codes) >= 0)


def test_calls_without_session_form_blocks_of_their_own() -> None:
    names = [f"s{n}" for n in range(30) for _ in range(4)] + [""] * 40
    blocks = blocks_of(np.arange(160, dtype=np.int64), pl.Series(names))
    assert blocks.count == 40
    assert set(np.bincount(blocks.codes).tolist()) == {4}


def test_interval_is_the_percentile_bootstrap_as_defined() -> None:
    sums = np.random.default_rng(3).normal(1, 2, 40)
    generator = np.random.Generator(np.random.PCG64(0))
    totals = [sums[generator.integers(0, 40, 40)].sum() for _ in range(2_000)]
    expected = np.percentile(totals, [2.5, 97.5])
    found = bootstrap_totals([sums])[0]
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_resamples_are_the_same_each_time_and_for_any_company() -> None:
    generator = np.random.default_rng(4)
    resamples = Resamples(500)
    sums, other = generator.normal(0, 1, 500), generator.normal(0, 1, 500)
    alone, joined = resamples.intervals([sums])[0], resamples.intervals([other, sums])[1]
    assert (alone.low, alone.high) == pytest.approx((joined.low, joined.high))


def test_drawing_in_two_steps_is_the_same_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = np.random.default_rng(6).gamma(0.5, 4, 1_000)
    direct = Resamples(1_000, 8_000).intervals([sums])[0]
    monkeypatch.setattr(intervals, "DRAWN_AT_ONCE", 100)
    monkeypatch.setattr(intervals, "_GROUP", 128)
    monkeypatch.setattr(intervals, "_CELLS_AT_ONCE", 10_000)
    grouped = Resamples(1_000, 8_000).intervals([sums, sums * 2])
    again = Resamples(1_000, 8_000).intervals([sums])[0]
    reach = direct.high - direct.low
    # A bound of 8,000 resamples is itself uncertain by about a hundredth of the interval's length.
    assert abs(grouped[0].low - direct.low) < 0.04 * reach
    assert abs(grouped[0].high - direct.high) < 0.04 * reach
    assert (again.low, again.high) == pytest.approx((grouped[0].low, grouped[0].high))
    assert grouped[1].low == pytest.approx(2 * grouped[0].low)


def test_every_draw_of_two_steps_falls_on_some_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "DRAWN_AT_ONCE", 100)
    monkeypatch.setattr(intervals, "_GROUP", 64)
    interval = Resamples(1_000, 50).intervals([np.ones(1_000)])[0]
    assert (interval.low, interval.high) == (1_000.0, 1_000.0)


def test_the_likely_interval_is_near_the_bootstrap() -> None:
    sums = np.random.default_rng(8).lognormal(0, 1, 400)
    likely, found = likely_interval(sums), bootstrap_totals([sums])[0]
    reach = found.high - found.low
    assert abs(likely.low - found.low) < 0.08 * reach
    assert abs(likely.high - found.high) < 0.08 * reach


def test_an_injected_saving_of_ten_percent_is_recovered() -> None:
    generator = np.random.default_rng(12)
    hits = 0
    for _ in range(60):
        spend = generator.lognormal(0, 0.5, 300)
        saved = spend * np.clip(generator.normal(0.1, 0.05, 300), -0.2, 0.4)
        interval = bootstrap_totals([saved], resamples=500)[0]
        truth = 0.1 * 300 * float(np.exp(0.125))
        hits += interval.low <= truth <= interval.high
        assert interval.low > 0
    assert hits >= 53


def test_doubts_about_an_interval_are_said_where_one_block_decides_or_neighbours_go_together() -> None:
    even = np.random.default_rng(1).normal(5, 1, 60)
    assert doubts_about(even, "sessions") == []
    assert doubts_about(np.zeros(60), "days") == doubts_about(np.ones(60), "days") == []
    (one,) = doubts_about(np.append(np.ones(60), 40.0), "sessions")
    assert "one session of 61 makes 40 % of the difference" in one
    (drift,) = doubts_about(np.repeat([1.0, 2.0, 1.0, 2.0], 15), "days")
    # Of 59 pairs of neighbours 56 are alike, 3 are not: (56 - 3) / 60, and sqrt(1.88 / 0.12) as wide.
    assert "days that follow each other go together (correlation 0.88)" in drift
    assert "about 4.0 times as wide" in drift
