"""The replay of prompt caching against a plain reading of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization import prefix_gaps, prefix_replay
from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import (
    PrefixBlocks,
    blocks_of,
    cached_tokens,
    live_prefix,
)
from testkit.optimization_bench import calls
from testkit.properties import examples

CALL = st.tuples(st.integers(0, 40), st.integers(0, 2), st.lists(st.integers(0, 6), max_size=6))


def plain_runs(trace: list[tuple[int, int, list[int]]], ttl: int) -> list[int]:
    """Leading blocks last used at most `ttl` ago, one call after the other."""
    used: dict[tuple[int, int], int] = {}
    runs: list[int] = []
    for ts, scope, hashes in trace:
        run = 0
        while run < len(hashes) and (scope, hashes[run]) in used and ts - used[scope, hashes[run]] <= ttl:
            run += 1
        runs.append(run)
        used.update({(scope, block): ts for block in hashes})
    return runs


def as_blocks(trace: list[tuple[int, int, list[int]]]) -> PrefixBlocks:
    return PrefixBlocks(
        np.array([len(hashes) for _, _, hashes in trace], dtype=np.int32),
        np.full(len(trace), 512, dtype=np.int64),
        np.array([block for _, _, hashes in trace for block in hashes], dtype=np.uint64),
    )


def replayed(trace: list[tuple[int, int, list[int]]], ttl: int, unit: int = 1_000) -> list[int]:
    """`unit`: microseconds that one step of time and TTL stands for."""
    blocks = as_blocks(trace)
    scope = np.array([scope for _, scope, _ in trace], dtype=np.int64)
    when = np.array([ts for ts, _, _ in trace], dtype=np.int64) * unit
    return live_prefix(blocks, gaps_since_last_use(blocks, scope, when), ttl * unit).tolist()


@settings(max_examples=examples(300))
@given(st.lists(CALL, min_size=1, max_size=25), st.integers(0, 20))
def test_replay_equals_the_definition(trace: list[tuple[int, int, list[int]]], ttl: int) -> None:
    trace = sorted(trace, key=lambda call: call[0])
    assert replayed(trace, ttl) == plain_runs(trace, ttl)


@pytest.mark.parametrize("blocks_at_once", [100, 10_000])
def test_replay_in_slices_equals_the_definition(monkeypatch, blocks_at_once: int) -> None:
    monkeypatch.setattr(prefix_gaps, "_SLICED_AT", 64)
    monkeypatch.setattr(prefix_gaps, "_BLOCKS_AT_ONCE", blocks_at_once)
    monkeypatch.setattr(prefix_replay, "_BLOCKS_AT_ONCE", 40)
    monkeypatch.setattr(prefix_replay, "_CALLS_AT_ONCE", 7)
    generator = np.random.default_rng(5)
    trace = [
        (t, int(generator.integers(3)), generator.integers(0, 50, generator.integers(0, 9)).tolist())
        for t in range(400)
    ]
    assert replayed(trace, 30) == plain_runs(trace, 30)


def test_hashes_that_agree_in_their_sorted_bits_are_told_apart() -> None:
    golden = 0x9E3779B97F4A7C15
    inverse = pow(golden, -1, 2**64)
    # After mixing these differ in the lowest bits only, which the sort gives up to the block's index.
    near = [(value * inverse) % 2**64 for value in (8, 9, 8, 9)]
    trace = [(t, 0, [block]) for t, block in enumerate(near)]
    assert replayed(trace, 10) == [0, 0, 1, 1]


def test_ttl_is_inclusive_and_every_use_refreshes() -> None:
    trace = [(0, 0, [1, 2]), (5, 0, [1, 2]), (10, 0, [1, 2]), (16, 0, [1, 2])]
    assert replayed(trace, 5) == [0, 2, 2, 0]


def test_a_retention_is_exceeded_by_a_microsecond() -> None:
    for late, run in ((0, 1), (1, 0)):
        trace = [(0, 0, [1]), (5_000 + late, 0, [1])]
        assert replayed(trace, 5_000, unit=1) == [0, run]


def test_more_than_seven_weeks_are_as_long_as_forever() -> None:
    weeks = 7 * 86_400_000
    trace = [(0, 0, [1]), (60 * weeks, 0, [1])]
    assert replayed(trace, weeks) == [0, 0]
    assert replayed(trace, 61 * weeks) == [0, 1]


def test_only_full_blocks_count() -> None:
    frame = calls([{"input_tokens": 1_535, "prefix_hashes": [1, 2, 3], "prefix_block_tokens": 512}])
    blocks = blocks_of(frame)
    assert blocks.counts.tolist() == [2]
    assert blocks.hashes.tolist() == [1, 2]


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(CALL, st.integers(0, 9)), min_size=1, max_size=25), st.integers(0, 20))
def test_cut_prompts_replay_as_if_they_had_been_short(
    trace: list[tuple[tuple[int, int, list[int]], int]], ttl: int
) -> None:
    trace = sorted(trace, key=lambda cut: cut[0][0])
    blocks = as_blocks([call for call, _ in trace])
    cut = blocks.fewer(np.array([512 * kept for _, kept in trace]))
    when, scope = (np.array([call[part] for call, _ in trace], dtype=np.int64) for part in (0, 1))
    short = [(ts, scope, hashes[:kept]) for (ts, scope, hashes), kept in trace]
    for left in (cut, cut.packed()):
        gaps = gaps_since_last_use(left, scope, when * 1_000)
        assert live_prefix(left, gaps, ttl * 1_000).tolist() == plain_runs(short, ttl)
    assert cut.packed().hashes.tolist() == [block for _, _, hashes in short for block in hashes]


def test_calls_without_blocks_are_left_out_but_stay_in_line() -> None:
    frame = calls(
        [
            {"prefix_hashes": None, "prefix_block_tokens": None},
            {"input_tokens": 2_000, "prefix_hashes": [7, 8], "prefix_block_tokens": 512},
            {"input_tokens": 2_000, "prefix_hashes": [9], "prefix_block_tokens": 0},
            {"input_tokens": 2_000, "prefix_hashes": [7], "prefix_block_tokens": 512},
        ]
    )
    blocks = blocks_of(frame)
    assert blocks.counts.tolist() == [0, 2, 0, 1]
    assert blocks.starts.tolist() == [0, 0, 2, 2]


def test_minimum_decides_reading_and_writing() -> None:
    blocks = PrefixBlocks(np.array([1, 3, 3, 3]), np.full(4, 512), np.arange(10, dtype=np.uint64))
    cached = cached_tokens(blocks, np.array([1, 0, 1, 2]), 1_024)
    # One block: too short to be cached. Prefix of one block: too short to be read. Two blocks: read.
    assert cached.read.tolist() == [0, 0, 0, 1_024]
    assert cached.written.tolist() == [0, 1_536, 1_536, 512]
