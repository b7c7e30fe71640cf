"""Whether the types of columns may be found in JSON lines by decoding them together.

A decoder that looks for types makes a column of every name it meets, a cell of it for every row, and a type
as deep as the values are nested: a few megabytes of rows with names of their own would take gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

SAMPLE_LINES = 1_000
SAMPLE_BYTES = 4 * 1024 * 1024
"""What types are looked for in at first: mostly the other rows have them too."""

PIECES, PIECE_BYTES = 16, 64 * 1024
MOST_CELLS = 20_000_000
DEEPEST = 32
DEPTH_BYTES = 1024 * 1024
"""How many brackets are looked at together, which takes some twenty times as much memory."""

_NAME = re.compile(rb'"([^"\\]*)"\s*:')
_STEP = np.zeros(256, dtype=np.int32)
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"{[]}\n")


def sample_of(text: bytes) -> bytes:
    """Whole lines: the first, and of a longer text some from all over, as rows further on may have what the
    first leave empty.
    """
    end = -1
    for _ in range(SAMPLE_LINES):
        following = text.find(b"\n", end + 1)
        if following < 0:
            return text if end < 0 or len(text) <= SAMPLE_BYTES else text[:end]
        if following > SAMPLE_BYTES and end >= 0:
            break
        end = following
    if len(text) <= PIECES * PIECE_BYTES:
        return text[:end]
    pieces = (piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1] for piece in _pieces(text))
    return text[: end + 1] + b"".join(pieces)


def spread_over(text: bytes) -> bytes:
    """Lines from all over a long text: what an honest writer's rows are like is seen in them, for little."""
    if len(text) <= PIECES * PIECE_BYTES:
        return text
    return b"\n".join(piece[piece.find(b"\n") + 1 :] for piece in _pieces(text))


def _pieces(text: bytes) -> Iterator[bytes]:
    step = len(text) // PIECES
    return (text[start : start + PIECE_BYTES] for start in range(0, PIECES * step, step))


def inferable(text: bytes, rows: int | None = None) -> bool:
    """Whether all names times all rows make few enough cells, none nested deeply; `rows` where the text is
    but a part of them.
    """
    most = MOST_CELLS // (rows or text.count(b"\n") + 1)
    names: set[bytes] = set()
    for found in _NAME.finditer(text):
        names.add(found[1])
        if len(names) > most:
            return False
    return not nested_deeply(text)


def nested_deeply(text: bytes) -> bool:
    """Whether more brackets are open within a line than decoders that look for types stand; those inside
    texts count too.
    """
    brackets = text.translate(None, _NO_BRACKETS)
    opened = 0
    for start in range(0, len(brackets), DEPTH_BYTES):
        codes = np.frombuffer(brackets[start : start + DEPTH_BYTES], dtype=np.uint8)
        depth = opened + np.cumsum(_STEP[codes], dtype=np.int32)
        ends = np.flatnonzero(codes == ord("\n"))
        starts, before = np.append(0, ends + 1), np.append(0, depth[ends])
        opened = int(depth[-1] - before[-1])
        lines = starts < len(codes)
        if (np.maximum.reduceat(depth, starts[lines]) - before[lines]).max() > DEEPEST:
            return True
    return False
