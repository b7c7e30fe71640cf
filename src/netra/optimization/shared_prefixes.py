"""Which leading blocks of prompts never vary: the ones that most calls of a group carry.

A prefix hash stands for everything up to the end of its block, so that a hash in two calls means that their
prompts begin alike that far, and a hash carried by at least half of a group's calls has only such hashes
before it. Candidates come from a sample of each group; every one is then counted over all calls, so that the
sample decides nothing but where to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.optimization.prefix_replay import PrefixBlocks

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.int32]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_STEP = np.uint64(2)
_SAMPLE = 400
_CALLS_AT_ONCE = 1 << 19
_SLOTS_BITS = 22
_MOST_CANDIDATES = 20_000
_SEEDS = 64
MIN_CALLS = 20
"""Fewer calls with blocks say nothing about what never varies."""


@dataclass(frozen=True, slots=True)
class _Index:
    """Candidate keys in a table without collisions: a key's product with `factor` says where it is."""

    keys: UInt64
    slots: Slots
    factor: np.uint64

    def find(self, keys: UInt64) -> Slots:
        """The number of the candidate that each key is, the number of candidates where it is none."""
        with np.errstate(over="ignore"):
            place = (keys * self.factor) >> np.uint64(64 - _SLOTS_BITS)
        number = self.slots[place.astype(np.int64)]
        return np.where(self.keys[number] == keys, number, len(self.keys) - 1).astype(np.int32)


def shared_leading_blocks(blocks: PrefixBlocks, group: Int64, share: float) -> Int64:
    """Leading blocks of each call (n) that at least `share` of its group's calls with blocks carry too.

    `group`: a number per call (n), 0..g-1. `share`: 0.5 to 1. Groups of fewer than MIN_CALLS have none.
    """
    shared = np.zeros(len(blocks.counts), dtype=np.int64)
    members = np.bincount(group[blocks.counts > 0], minlength=int(group.max(initial=0)) + 1)
    index = _candidates(blocks, group, members, share)
    if index is None:
        return shared
    counted = np.zeros(len(index.keys), dtype=np.int64)
    owners = np.zeros(len(index.keys), dtype=np.int64)
    for _, keys, owner in _slices(blocks, group):
        found = index.find(keys)
        counted += np.bincount(found, minlength=len(counted))
        owners[found] = owner
    static = counted >= np.ceil(share * members[owners])
    static[-1] = False
    for first, keys, _ in _slices(blocks, group):
        flags = np.append(0, np.cumsum(static[index.find(keys)]))
        last = min(first + _CALLS_AT_ONCE, len(shared))
        ends = np.cumsum(blocks.counts[first:last])
        shared[first:last] = flags[ends] - flags[ends - blocks.counts[first:last]]
    return shared


def _slices(blocks: PrefixBlocks, group: Int64) -> Iterator[tuple[int, UInt64, Int64]]:
    """(first call, key per block, group per block) of consecutive calls; a key is a hash within its group."""
    n = len(blocks.counts)
    for first in range(0, n, _CALLS_AT_ONCE):
        last = min(first + _CALLS_AT_ONCE, n)
        begin = int(blocks.starts[first])
        counts = blocks.counts[first:last]
        owner = np.repeat(group[first:last], counts)
        hashes = blocks.hashes[begin : begin + int(counts.sum())]
        yield first, _keys(hashes, owner), owner


def _keys(hashes: UInt64, owner: Int64) -> UInt64:
    with np.errstate(over="ignore"):
        return (hashes * _GOLDEN) ^ ((owner + 1).astype(np.uint64) * _MIX)


def _candidates(blocks: PrefixBlocks, group: Int64, members: Int64, share: float) -> _Index | None:
    """Keys carried by about that share of a sample of their group."""
    stride = np.maximum(members // _SAMPLE, 1)[group].astype(np.uint64)
    with np.errstate(over="ignore"):
        drawn = (np.arange(len(group), dtype=np.uint64) * _GOLDEN) >> np.uint64(32)
    sample = np.flatnonzero((drawn % stride == 0) & (blocks.counts > 0))
    counts = blocks.counts[sample]
    if not counts.sum():
        return None
    begins = np.repeat(blocks.starts[sample] - (np.cumsum(counts) - counts), counts)
    owner = np.repeat(group[sample], counts)
    keys = _keys(blocks.hashes[begins + np.arange(int(counts.sum()))], owner)
    distinct, places, seen = np.unique(keys, return_index=True, return_counts=True)
    drawn_of_group = np.bincount(group[sample], minlength=len(members))
    whose = owner[places]
    often = (seen >= share * drawn_of_group[whose] / 2) & (members[whose] >= MIN_CALLS)
    distinct, seen = distinct[often], seen[often]
    if len(distinct) > _MOST_CANDIDATES:
        distinct = distinct[np.argsort(-seen, kind="stable")[:_MOST_CANDIDATES]]
    return _index_of(distinct)


def _index_of(keys: UInt64) -> _Index:
    """A table for a few keys; factors are tried until no two keys share a slot, else the later one goes."""
    best: tuple[UInt64, npt.NDArray[np.int64], np.uint64] | None = None
    factor = _GOLDEN
    for _ in range(_SEEDS):
        with np.errstate(over="ignore"):
            place = ((keys * factor) >> np.uint64(64 - _SLOTS_BITS)).astype(np.int64)
        _, first = np.unique(place, return_index=True)
        if best is None or len(first) > len(best[0]):
            best = (keys[first], place[first], factor)
        if len(first) == len(keys):
            break
        with np.errstate(over="ignore"):
            factor = factor * _GOLDEN + _STEP
    kept, places, factor = best if best is not None else (keys, np.zeros(0, np.int64), factor)
    slots = np.full(1 << _SLOTS_BITS, len(kept), dtype=np.int32)
    slots[places] = np.arange(len(kept), dtype=np.int32)
    return _Index(np.append(kept, np.uint64(0)), slots, factor)
