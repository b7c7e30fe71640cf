"""Replay of provider-side prompt caching over recorded prefix blocks.

A call carries one hash per full block from the start of its prompt, each standing for the prompt up to the
end of that block. Definition (calls in order of (ts, position) per scope): a block is live for a call if an
earlier call of the scope used it at most TTL ago, inclusive; every use refreshes. The cached prefix of a call
is its longest run of live leading blocks.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Int32 = npt.NDArray[np.int32]
Gaps = npt.NDArray[np.uint32]
"""Milliseconds, rounded up: exact for retentions of whole milliseconds."""

NEVER = np.uint32(2**32 - 1)
"""Gap of a block that no earlier call of the scope used."""

LONGEST = 2**32 - 2
"""Gaps of more than 49.7 days count as this long, and so do retentions."""

_MICROSECONDS = 1_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ENTRIES_AT_ONCE = 1 << 21
_CALLS_AT_ONCE = 1 << 16
_THREADS = 2


@dataclass(frozen=True)
class PrefixBlocks:
    """The full prefix blocks of n calls, flattened in call order.

    `counts`: full blocks a call (n). `block_tokens`: tokens a block (n). `hashes`: one per block (m).
    """

    counts: Int32
    block_tokens: Int64
    hashes: UInt64

    @cached_property
    def starts(self) -> Int64:
        """Index of each call's first block (n)."""
        return np.cumsum(self.counts, dtype=np.int64) - self.counts

    @property
    def whole_tokens(self) -> Int64:
        """Tokens in the full blocks of each call (n)."""
        return self.counts * self.block_tokens

    def fewer(self, input_tokens: Int64) -> "PrefixBlocks":
        """The blocks that still are full when the prompts are cut to that many tokens."""
        fit = np.minimum(self.counts, input_tokens // np.maximum(self.block_tokens, 1)).astype(np.int32)
        if np.array_equal(fit, self.counts):
            return self
        kept = np.empty(len(self.hashes), dtype=bool)
        for calls, blocks in self.parts():
            counts = self.counts[calls]
            place = np.arange(int(counts.sum())) + blocks.start
            ends = np.repeat(self.starts[calls] + fit[calls], counts)
            kept[blocks] = place < ends
        return PrefixBlocks(fit, self.block_tokens, self.hashes[kept])

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """(calls, their blocks) in pieces that stay in the processor's cache."""
        n = len(self.counts)
        for first in range(0, n, _CALLS_AT_ONCE):
            last = min(first + _CALLS_AT_ONCE, n)
            end = int(self.starts[last - 1] + self.counts[last - 1])
            yield slice(first, last), slice(int(self.starts[first]), end)


def blocks_of(frame: pl.DataFrame) -> PrefixBlocks:
    """The full blocks of a frame (prefix_hashes, prefix_block_tokens, input_tokens); null means none."""
    n = frame.height
    if "prefix_hashes" not in frame.columns or "prefix_block_tokens" not in frame.columns:
        return PrefixBlocks(np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(0, np.uint64))
    lists = cast(Any, frame.get_column("prefix_hashes").cast(pl.List(pl.UInt64)).rechunk().to_arrow())
    lengths = frame.get_column("prefix_hashes").list.len().fill_null(0).cast(pl.Int32).to_numpy()
    hashes = cast("UInt64", lists.flatten().to_numpy(zero_copy_only=False)).astype(np.uint64, copy=False)
    sizes = frame.get_column("prefix_block_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    counts = np.where(sizes > 0, lengths, np.int32(0))
    if not np.array_equal(counts, lengths):
        hashes = hashes[np.repeat(sizes > 0, lengths)]
    inputs = frame.get_column("input_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    return PrefixBlocks(counts, sizes, hashes).fewer(inputs)


def gaps_since_last_use(blocks: PrefixBlocks, scope: Int64, ts: Int64) -> Gaps:
    """Time since an earlier call of the same scope used the same block (m), NEVER if none did.

    `scope` (n) and `ts` (n, microseconds, ascending) are per call. Blocks are grouped by sorting one 64-bit
    word each, the upper bits of a mixed hash over the block's index, in slices of bounded size.
    """
    m = len(blocks.hashes)
    gaps = np.full(m, NEVER, dtype=np.uint32)
    if m == 0:
        return gaps
    slices = 1 << (m // _ENTRIES_AT_ONCE).bit_length()
    high = np.uint64(64 - slices.bit_length() + 1)
    mixed, part = np.empty(m, dtype=np.uint64), np.zeros(m, dtype=np.uint8)
    calls = np.repeat(np.arange(len(blocks.counts), dtype=np.int32), blocks.counts)
    scoped = scope.astype(np.uint64) * _GOLDEN
    for _, piece in blocks.parts():
        mixed[piece] = (blocks.hashes[piece] + scoped[calls[piece]]) * _GOLDEN
        if slices > 1:
            part[piece] = mixed[piece] >> high

    def fill(number: int) -> None:
        members = np.flatnonzero(part == number) if slices > 1 else np.arange(m)
        _gaps_of_slice(members, mixed, calls, ts, gaps)

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(fill, range(slices)):
            pass
    return gaps


def _gaps_of_slice(members: Int64, mixed: UInt64, calls: Int32, ts: Int64, gaps: Gaps) -> None:
    """Fill `gaps` for the blocks `members` (ascending), which hold all uses of each of their hashes."""
    if len(members) < 2:
        return
    keys = mixed[members]
    bits = np.uint64(len(members).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    packed = (keys & ~low) | np.arange(len(members), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int32)
    head = packed >> bits
    near = head[1:] == head[:-1]
    sorted_keys = keys[order]
    same = sorted_keys[1:] == sorted_keys[:-1]
    if np.any(near & ~same):
        # Different hashes agree in the bits that were sorted on: sort on all of them.
        order = np.argsort(keys, kind="stable").astype(np.int32)
        sorted_keys = keys[order]
        same = sorted_keys[1:] == sorted_keys[:-1]
    users = calls[members][order]
    when = ts[users]
    found = np.full(len(same), NEVER, dtype=np.uint32)
    apart = -((when[:-1] - when[1:]) // _MICROSECONDS)
    np.copyto(found, np.minimum(apart, LONGEST), where=same, casting="unsafe")
    twice = same & (users[1:] == users[:-1])
    if twice.any():
        # A block twice in one call: its earlier use is the one before this call's first.
        found[twice] = NEVER
        found = found[np.maximum.accumulate(np.where(twice, 0, np.arange(len(twice))))]
    gaps[members[order[1:]]] = found


def live_prefix(blocks: PrefixBlocks, gaps: Gaps, ttl: Int64 | int) -> Int32:
    """Live leading blocks of each call (n). `ttl` in microseconds (whole milliseconds), one for all or one
    per call; inclusive.
    """
    limit = np.minimum(np.asarray(ttl) // _MICROSECONDS, LONGEST).astype(np.uint32)
    run = blocks.counts.astype(np.int32)
    for calls, piece in blocks.parts():
        counts = blocks.counts[calls]
        longest = limit if limit.ndim == 0 else np.repeat(limit[calls], counts)
        where = np.flatnonzero(gaps[piece] > longest)
        if len(where):
            owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[where]
            first = np.ones(len(owner), dtype=bool)
            first[1:] = owner[1:] != owner[:-1]
            owner, where = owner[first], where[first]
            run[calls][owner] = where + piece.start - blocks.starts[calls][owner]
    return run


@dataclass(frozen=True, slots=True)
class CachedTokens:
    """Tokens read from and written to the cache, per call (n)."""

    read: Int64
    written: Int64


def cached_tokens(blocks: PrefixBlocks, run: Int32, min_tokens: Int64 | int) -> CachedTokens:
    """Reads and writes of calls whose cached prefix is `run` blocks.

    A call whose full blocks hold fewer tokens than the minimum neither reads nor writes; a prefix shorter
    than the minimum is not read; the other full blocks are written.
    """
    whole = blocks.whole_tokens
    prefix = run * blocks.block_tokens
    allowed = (whole >= min_tokens) & (whole > 0)
    read = np.where(allowed & (prefix >= min_tokens), prefix, 0)
    return CachedTokens(read, np.where(allowed, whole - read, 0))
