"""Which leading blocks of prompts never vary: the ones that most calls of a group carry.

A prefix hash stands for everything up to the end of its block, so that a hash in two calls means that their
prompts begin alike that far, and a hash carried by at least half of a group's calls has only such hashes
before it. Candidates come from a sample of each group; every one is then counted over all calls, so that the
sample decides nothing but where to look.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.optimization.prefix_replay import PrefixBlocks

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.uint16]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_STEP = np.uint64(2)
_SAMPLE = 400
_MOST_SLOTS = 22
"""Bits of the largest table."""
_MOST_CANDIDATES = 20_000
_SEEDS = 64
MIN_CALLS = 20
"""Fewer calls with blocks say nothing about what never varies."""


@dataclass(frozen=True, slots=True)
class _Index:
    """Candidate keys in a table without collisions: a key's product with `factor` says where it is."""

    keys: UInt64
    groups: Int64
    slots: Slots
    factor: np.uint64
    shift: np.uint64

    def find(self, keys: UInt64) -> Slots:
        """The number of the candidate that each key is, the last number where it is none."""
        with np.errstate(over="ignore"):
            place = (keys * self.factor) >> self.shift
        number = self.slots[place.astype(np.int64)]
        number[self.keys[number] != keys] = len(self.keys) - 1
        return number


def shared_leading_blocks(blocks: PrefixBlocks, group: Int64, share: float) -> Int64:
    """Leading blocks of each call (n) that at least `share` of its group's calls with blocks carry too.

    `group`: a number per call (n), 0..g-1. `share`: 0.5 to 1. Groups of fewer than MIN_CALLS have none.
    """
    blocks = blocks.packed()
    shared = np.zeros(len(blocks.counts), dtype=np.int64)
    members = np.bincount(group[blocks.counts > 0], minlength=int(group.max(initial=0)) + 1)
    index = _candidates(blocks, group, members, share)
    if index is None:
        return shared
    none = len(index.keys) - 1
    found = np.empty(len(blocks.hashes), dtype=np.uint16)
    counted = np.zeros(none + 1, dtype=np.int64)
    for calls, part in blocks.parts():
        owner = np.repeat(group[calls], blocks.counts[calls])
        found[part] = index.find(_keys(blocks.hashes[part], owner))
        counted += np.bincount(found[part], minlength=none + 1)
    static = counted >= share * members[index.groups]
    static[none] = False
    for calls, part in blocks.parts():
        flags = np.append(0, np.cumsum(static[found[part]]))
        ends = np.cumsum(blocks.counts[calls], dtype=np.int64)
        shared[calls] = flags[ends] - flags[ends - blocks.counts[calls]]
    return shared


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
    distinct, whose, seen = distinct[often], whose[often], seen[often]
    if len(distinct) > _MOST_CANDIDATES:
        most = np.argsort(-seen, kind="stable")[:_MOST_CANDIDATES]
        distinct, whose = distinct[most], whose[most]
    return _index_of(distinct, whose)


def _index_of(keys: UInt64, groups: Int64) -> _Index:
    """A table for a few keys; factors are tried until no two keys share a slot, else the later one goes."""
    bits = min(max(2 * len(keys).bit_length(), 8), _MOST_SLOTS)
    shift = np.uint64(64 - bits)
    factor, kept = _GOLDEN, np.zeros(0, dtype=np.int64)
    chosen = factor
    for _ in range(_SEEDS):
        _, first = np.unique(_places(keys, factor, shift), return_index=True)
        if len(first) > len(kept):
            kept, chosen = np.sort(first), factor
        if len(first) == len(keys):
            break
        with np.errstate(over="ignore"):
            factor = factor * _GOLDEN + _STEP
    slots = np.full(1 << bits, len(kept), dtype=np.uint16)
    slots[_places(keys[kept], chosen, shift)] = np.arange(len(kept), dtype=np.uint16)
    return _Index(np.append(keys[kept], np.uint64(0)), np.append(groups[kept], 0), slots, chosen, shift)


def _places(keys: UInt64, factor: np.uint64, shift: np.uint64) -> Int64:
    with np.errstate(over="ignore"):
        return ((keys * factor) >> shift).astype(np.int64)
