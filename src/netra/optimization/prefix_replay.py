"""Replay of provider-side prompt caching over recorded prefix blocks.

A call carries one hash per full block from the start of its prompt, each standing for the prompt up to the
end of that block. Definition (calls in order of (ts, position) per scope): a block is live for a call if an
earlier call of the scope used it at most TTL ago, inclusive; every use refreshes. The cached prefix of a call
is its longest run of live leading blocks.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Int32 = npt.NDArray[np.int32]

NEVER = -1
"""Gap of a block that no earlier call of the scope used."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ENTRIES_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class PrefixBlocks:
    """The full prefix blocks of n calls, flattened in call order.

    `counts`: full blocks a call (n). `block_tokens`: tokens a block (n). `hashes`: one per block (m).
    """

    counts: Int64
    block_tokens: Int64
    hashes: UInt64

    @cached_property
    def starts(self) -> Int64:
        """Index of each call's first block (n)."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def calls(self) -> Int32:
        """The call of each block (m)."""
        return np.repeat(np.arange(len(self.counts), dtype=np.int32), self.counts)

    @property
    def whole_tokens(self) -> Int64:
        """Tokens in the full blocks of each call (n)."""
        return self.counts * self.block_tokens

    def fewer(self, input_tokens: Int64) -> "PrefixBlocks":
        """The blocks that still are full when the prompts are cut to that many tokens."""
        fit = np.minimum(self.counts, input_tokens // np.maximum(self.block_tokens, 1))
        if np.array_equal(fit, self.counts):
            return self
        position = np.arange(len(self.hashes), dtype=np.int64) - np.repeat(self.starts, self.counts)
        return PrefixBlocks(fit, self.block_tokens, self.hashes[position < np.repeat(fit, self.counts)])


def blocks_of(frame: pl.DataFrame) -> PrefixBlocks:
    """The full blocks of a frame (prefix_hashes, prefix_block_tokens, input_tokens); null means none."""
    n = frame.height
    if "prefix_hashes" not in frame.columns or "prefix_block_tokens" not in frame.columns:
        return PrefixBlocks(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(0, np.uint64))
    lists = cast(Any, frame.get_column("prefix_hashes").cast(pl.List(pl.UInt64)).rechunk().to_arrow())
    lengths = frame.get_column("prefix_hashes").list.len().fill_null(0).cast(pl.Int64).to_numpy()
    hashes = cast("UInt64", lists.flatten().to_numpy(zero_copy_only=False)).astype(np.uint64, copy=False)
    sizes = frame.get_column("prefix_block_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    counts = np.where(sizes > 0, lengths, 0)
    if not np.array_equal(counts, lengths):
        hashes = hashes[np.repeat(sizes > 0, lengths)]
    inputs = frame.get_column("input_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    return PrefixBlocks(counts, sizes, hashes).fewer(inputs)


def gaps_since_last_use(blocks: PrefixBlocks, scope: Int64, ts: Int64) -> Int64:
    """Microseconds since an earlier call of the same scope used the same block (m), NEVER if none did.

    `scope` (n) and `ts` (n, microseconds, ascending) are per call. Blocks are grouped by sorting one 64-bit
    word each, the upper bits of a mixed hash over the block's index, in slices of bounded size.
    """
    m = len(blocks.hashes)
    gaps = np.full(m, NEVER, dtype=np.int64)
    if m == 0:
        return gaps
    mixed = (blocks.hashes + (scope.astype(np.uint64) * _GOLDEN)[blocks.calls]) * _GOLDEN
    slices = 1 << (m // _ENTRIES_AT_ONCE).bit_length()
    if slices == 1:
        _gaps_of_slice(np.arange(m, dtype=np.int64), mixed, blocks.calls, ts, gaps)
        return gaps
    part = (mixed >> np.uint64(64 - slices.bit_length() + 1)).astype(np.uint8)
    for number in range(slices):
        _gaps_of_slice(np.flatnonzero(part == number), mixed, blocks.calls, ts, gaps)
    return gaps


def _gaps_of_slice(members: Int64, mixed: UInt64, calls: Int32, ts: Int64, gaps: Int64) -> None:
    """Fill `gaps` for the blocks `members` (ascending), which hold all uses of each of their hashes."""
    if len(members) < 2:
        return
    keys = mixed[members]
    bits = np.uint64(len(members).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    packed = (keys & ~low) | np.arange(len(members), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    head = packed >> bits
    near = head[1:] == head[:-1]
    sorted_keys = keys[order]
    same = sorted_keys[1:] == sorted_keys[:-1]
    if np.any(near & ~same):
        # Different hashes agree in the bits that were sorted on: sort on all of them.
        order = np.argsort(keys, kind="stable").astype(np.int64)
        sorted_keys = keys[order]
        same = sorted_keys[1:] == sorted_keys[:-1]
    users = calls[members[order]]
    when = ts[users]
    found = np.where(same, when[1:] - when[:-1], NEVER)
    twice = same & (users[1:] == users[:-1])
    for place in np.flatnonzero(twice):
        # A block twice in one call: its earlier use is the one before this call's first.
        found[place] = found[place - 1] if place else NEVER
    gaps[members[order[1:]]] = found


def live_prefix(blocks: PrefixBlocks, gaps: Int64, ttl: Int64 | int) -> Int64:
    """Live leading blocks of each call (n). `ttl` in microseconds, one for all or one per call; inclusive."""
    limit = ttl if isinstance(ttl, int) else np.repeat(ttl, blocks.counts)
    dead = (gaps < 0) | (gaps > limit)
    return _leading(blocks, dead)


def _leading(blocks: PrefixBlocks, dead: npt.NDArray[np.bool_]) -> Int64:
    """Blocks before the first dead one, per call."""
    run = blocks.counts.copy()
    where = np.flatnonzero(dead)
    if len(where):
        owner = blocks.calls[where]
        first = np.ones(len(owner), dtype=bool)
        first[1:] = owner[1:] != owner[:-1]
        run[owner[first]] = where[first] - blocks.starts[owner[first]]
    return run


@dataclass(frozen=True, slots=True)
class CachedTokens:
    """Tokens read from and written to the cache, per call (n)."""

    read: Int64
    written: Int64


def cached_tokens(blocks: PrefixBlocks, run: Int64, min_tokens: Int64 | int) -> CachedTokens:
    """Reads and writes of calls whose cached prefix is `run` blocks.

    A call whose full blocks hold fewer tokens than the minimum neither reads nor writes; a prefix shorter
    than the minimum is not read; the other full blocks are written.
    """
    whole = blocks.whole_tokens
    prefix = run * blocks.block_tokens
    allowed = (whole >= min_tokens) & (whole > 0)
    read = np.where(allowed & (prefix >= min_tokens), prefix, 0)
    return CachedTokens(read, np.where(allowed, whole - read, 0))
