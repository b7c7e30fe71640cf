"""How long ago each prefix block was last used.

Blocks are grouped by their hash mixed with the scope of their call in two steps, so that what is looked up by
index stays in the processor's cache: each piece of calls is ordered by the first bits of the mixed hash, then
all blocks with the same first bits (a slice) are sorted together. Many slices are done a few at a time, since
their blocks take four times the memory of the gaps.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from netra.optimization.prefix_replay import (
    LONGEST,
    MICROSECONDS,
    NEVER,
    Gaps,
    Int32,
    Int64,
    PrefixBlocks,
    UInt64,
)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SLICED_AT = 1 << 17
_MOST_SLICES = 1 << 8
_BLOCKS_AT_ONCE = 1 << 24
_THREADS = 2


@dataclass(slots=True)
class _Piece:
    """The blocks of some successive calls in some slices, ordered by slice.

    `keys`: mixed hashes. `calls`: whose they are; they give way to the gaps, slice by slice. `order`: their
    place in the piece before. `ends`: where a slice ends. `blocks`: where the piece is among all blocks.
    """

    keys: UInt64
    calls: Int32
    order: Int32
    ends: list[int]
    blocks: slice

    def of(self, number: int) -> slice:
        """The part of a slice in the piece, counted from the first of its slices."""
        return slice(self.ends[number - 1] if number else 0, self.ends[number])


def gaps_since_last_use(blocks: PrefixBlocks, scope: Int64, ts: Int64) -> Gaps:
    """Time since an earlier call of the same scope used the same block (m), NEVER if none did or the block is
    full no more.

    `scope` (n) and `ts` (n, microseconds, ascending) are per call.
    """
    m = len(blocks.hashes)
    slices = min(1 << (m // _SLICED_AT).bit_length(), _MOST_SLICES)
    at_once = slices // min(slices, 1 << (m // _BLOCKS_AT_ONCE).bit_length())
    gaps = np.full(m, NEVER, dtype=np.uint32)
    with ThreadPoolExecutor(_THREADS) as threads:
        parts = [(calls, part) for calls, part in blocks.parts() if part.stop > part.start]
        for first in range(0, slices, at_once):
            some = range(first, first + at_once)
            pieces = list(threads.map(partial(_piece, blocks, scope, (slices, some)), parts))
            for _ in threads.map(partial(_fill, pieces, ts), range(at_once)):
                pass
            for piece in pieces:
                gaps[piece.blocks][piece.order] = piece.calls.view(np.uint32)
    return gaps


def _piece(
    blocks: PrefixBlocks, scope: Int64, slicing: tuple[int, range], part: tuple[slice, slice]
) -> _Piece:
    """The full blocks of a part in some of so many slices."""
    (calls, own), (slices, some) = part, slicing
    lengths = blocks.laid_out[calls]
    keys = (blocks.hashes[own] + np.repeat(scope[calls].astype(np.uint64) * _GOLDEN, lengths)) * _GOLDEN
    users = np.repeat(np.arange(calls.start, calls.stop, dtype=np.int32), lengths)
    number = np.zeros(len(keys), np.uint8)
    if slices > 1:
        number = (keys >> np.uint64(65 - slices.bit_length())).astype(np.uint8)
    chosen = blocks.full(calls) if blocks.lengths is not None else np.ones(len(keys), dtype=bool)
    if len(some) < slices:
        chosen &= (number >= some.start) & (number < some.stop)
    order = np.flatnonzero(chosen).astype(np.int32)
    number = number[order] - np.uint8(some.start)
    order = order[np.argsort(number, kind="stable")]
    ends = np.cumsum(np.bincount(number, minlength=len(some))).tolist()
    return _Piece(keys[order], users[order], order, ends, own)


def _fill(pieces: list[_Piece], ts: Int64, number: int) -> None:
    """The gaps of a slice in all pieces."""
    if not pieces:
        return
    parts = [(piece, piece.of(number)) for piece in pieces]
    keys = np.concatenate([piece.keys[own] for piece, own in parts])
    calls = np.concatenate([piece.calls[own] for piece, own in parts])
    found = _gaps_among(keys, calls, ts)
    begin = 0
    for piece, own in parts:
        length = own.stop - own.start
        piece.calls[own] = found[begin : begin + length].view(np.int32)
        begin += length


def _gaps_among(keys: UInt64, calls: Int32, ts: Int64) -> Gaps:
    """Gaps of blocks in call order that hold all uses of each of their keys.

    Sorted is one 64-bit word a block, the upper bits of its key over its index.
    """
    gaps = np.full(len(keys), NEVER, dtype=np.uint32)
    if len(keys) < 2:
        return gaps
    when = ts[calls]
    bits = np.uint64(len(keys).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    packed = (keys & ~low) | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    keys_sorted = keys[order]
    same = keys_sorted[1:] == keys_sorted[:-1]
    if np.any(((packed[1:] ^ packed[:-1]) <= low) & ~same):
        # Different keys agree in the bits that were sorted on: sort on all of them.
        order = np.argsort(keys, kind="stable")
        keys_sorted = keys[order]
        same = keys_sorted[1:] == keys_sorted[:-1]
    users, when = calls[order], when[order]
    apart = -((when[:-1] - when[1:]) // MICROSECONDS)
    found = np.where(same, np.minimum(apart, LONGEST), np.int64(NEVER)).astype(np.uint32)
    twice = same & (users[1:] == users[:-1])
    if twice.any():
        # A block twice in one call: its earlier use is the one before this call's first.
        found[twice] = NEVER
        found = found[np.maximum.accumulate(np.where(twice, 0, np.arange(len(twice))))]
    gaps[order[1:]] = found
    return gaps
