"""Replay of provider-side prompt caching over recorded prefix blocks.

A call carries one hash per full block from the start of its prompt, each standing for the prompt up to the
end of that block. Definition (calls in order of (ts, position) per scope): a block is live for a call if an
earlier call of the scope used it at most TTL ago, inclusive; every use refreshes. The cached prefix of a call
is its longest run of live leading blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

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

MICROSECONDS = 1_000
_BLOCKS_AT_ONCE = 1 << 18
_CALLS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class PrefixBlocks:
    """The full prefix blocks of n calls, flattened in call order.

    `counts`: full blocks a call (n). `block_tokens`: tokens a block (n). `hashes`: one per block (m), after
    which those of blocks may lie that are full no more (see `fewer`). `lengths`: hashes a call (n), where
    they are not `counts`.
    """

    counts: Int32
    block_tokens: Int64
    hashes: UInt64
    lengths: Int32 | None = None

    @property
    def laid_out(self) -> Int32:
        """How many of `hashes` belong to each call (n); `counts` of them are of full blocks."""
        return self.counts if self.lengths is None else self.lengths

    @cached_property
    def starts(self) -> Int64:
        """Index of each call's first block (n)."""
        return np.cumsum(self.laid_out, dtype=np.int64) - self.laid_out

    @property
    def whole_tokens(self) -> Int64:
        """Tokens in the full blocks of each call (n)."""
        return self.counts * self.block_tokens

    def fewer(self, input_tokens: Int64) -> "PrefixBlocks":
        """The blocks that still are full when the prompts are cut to that many tokens. Hashes are shared, the
        ones of other blocks stay among them.
        """
        fit = np.minimum(self.counts, input_tokens // np.maximum(self.block_tokens, 1)).astype(np.int32)
        if np.array_equal(fit, self.counts):
            return self
        return PrefixBlocks(fit, self.block_tokens, self.hashes, self.laid_out)

    def packed(self) -> "PrefixBlocks":
        """The same blocks with no other hashes among theirs."""
        if self.lengths is None:
            return self
        kept = np.empty(len(self.hashes), dtype=bool)
        for calls, blocks in self.parts():
            kept[blocks] = self.full(calls)
        return PrefixBlocks(self.counts, self.block_tokens, self.hashes[kept])

    def full(self, calls: slice) -> npt.NDArray[np.bool_]:
        """Which of the hashes of some successive calls are of full blocks."""
        lengths = self.laid_out[calls]
        ends = np.cumsum(lengths, dtype=np.int64) - lengths + self.counts[calls]
        return np.arange(int(lengths.sum())) < np.repeat(ends, lengths)

    def parts(self) -> Iterator[tuple[slice, slice]]:
        """(calls, their blocks) in pieces that stay in the processor's cache."""
        n, m = len(self.counts), len(self.hashes)
        edges = np.searchsorted(self.starts, np.arange(_BLOCKS_AT_ONCE, m, _BLOCKS_AT_ONCE))
        edges = np.unique(np.concatenate([edges, np.arange(0, n, _CALLS_AT_ONCE), [n]]))
        begins = np.append(self.starts, m)[edges]
        for first, last, begin, end in zip(edges[:-1], edges[1:], begins[:-1], begins[1:], strict=True):
            yield slice(int(first), int(last)), slice(int(begin), int(end))


def blocks_of(frame: pl.DataFrame) -> PrefixBlocks:
    """The full blocks of a frame (prefix_hashes, prefix_block_tokens, input_tokens); null means none."""
    n = frame.height
    if "prefix_hashes" not in frame.columns or "prefix_block_tokens" not in frame.columns:
        return PrefixBlocks(np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(0, np.uint64))
    lists = frame.get_column("prefix_hashes").cast(pl.List(pl.UInt64))
    lengths = lists.list.len().fill_null(0).cast(pl.Int32).to_numpy()
    hashes = lists.explode(empty_as_null=False, keep_nulls=False).to_numpy()
    sizes = frame.get_column("prefix_block_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    counts = np.where(sizes > 0, lengths, np.int32(0))
    if not np.array_equal(counts, lengths):
        hashes = hashes[np.repeat(sizes > 0, lengths)]
    inputs = frame.get_column("input_tokens").cast(pl.Int64).fill_null(0).to_numpy()
    return PrefixBlocks(counts, sizes, hashes).fewer(inputs).packed()


def live_prefix(blocks: PrefixBlocks, gaps: Gaps, ttl: Int64 | int) -> Int32:
    """Live leading blocks of each call (n). `ttl` in microseconds (whole milliseconds), one for all or one
    per call; inclusive.
    """
    limit = np.minimum(np.asarray(ttl) // MICROSECONDS, LONGEST).astype(np.uint32)
    run = blocks.counts.astype(np.int32)
    shortest = limit.min(initial=LONGEST)
    for calls, piece in blocks.parts():
        lengths = blocks.laid_out[calls]
        where = np.flatnonzero(gaps[piece] > shortest)
        if not len(where):
            continue
        owner = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[where]
        if limit.ndim:
            expired = gaps[piece][where] > limit[calls][owner]
            owner, where = owner[expired], where[expired]
        first = np.ones(len(owner), dtype=bool)
        first[1:] = owner[1:] != owner[:-1]
        owner, where = owner[first], where[first]
        run[calls][owner] = where + piece.start - blocks.starts[calls][owner]
    return run if blocks.lengths is None else np.minimum(run, blocks.counts)


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
