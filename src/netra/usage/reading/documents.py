"""JSON documents that are not one object a line: an array of objects, an object that holds the rows under
`data`, or objects over several lines. Cut into rows in bounded memory.

The structure is found with array operations over a block: the parity of quotes before a byte says whether it
is inside a text, and the running sum of brackets how deep it is (the idea of simdjson's first stage, Langdale
and Lemire, VLDB Journal 28, 2019).
"""

import re
from collections.abc import Iterator

import numpy as np

from netra.usage.reading.chunks import MAX_CHUNK_ROWS, Reject
from netra.usage.reading.lines import BLOCK_BYTES, MAX_LINE_BYTES, LineChunk, read_full
from netra.usage.reading.streams import ByteStream

ROWS_UNDER = re.compile(rb'"data"\s*:\s*\[')
"""Where an API's answer begins to list rows."""

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_ARRAY = re.compile(rb"\A\s*,?\s*\[")
_MORE = re.compile(rb'"has_more"\s*:\s*true')
_OVERLAP = 256
_BETWEEN = b" \t\r\n,"
_OPEN = np.zeros(256, dtype=np.int8)
_OPEN[[ord("{"), ord("[")]] = 1
_OPEN[[ord("}"), ord("]")]] = -1


class DocumentReader:
    """Rows of a JSON document as lines; a row's number is its place among the rows, from 1.

    `skip` is the number of bytes before the rows; `nested` says that they stand inside an array, `array` that
    this is all the document is. Further lists behind the first are read as well: pages that were answered one
    after the other and kept in one file.
    """

    def __init__(
        self,
        stream: ByteStream,
        *,
        skip: int,
        nested: bool,
        array: bool = False,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        self._stream = stream
        self._skip = skip
        self._nested = nested
        self._array = array
        self._block_bytes = block_bytes
        self._row = 1
        self.unread: str | None = None
        """Once the end is reached: why the document is not all that there is."""

    def __iter__(self) -> Iterator[LineChunk]:
        read_full(self._stream, self._skip)
        rest, between = b"", False
        while True:
            block = read_full(self._stream, self._block_bytes)
            at_end = len(block) < self._block_bytes
            rest += block
            while True:
                if between:
                    rest, between = self._next_list(rest, at_end=at_end)
                if between:
                    break
                rows, rest, between = self._rows_of(rest)
                yield from self._chunks(rows)
                if not between:
                    break
            if len(rest) > MAX_LINE_BYTES:
                reason = f"the row is longer than {MAX_LINE_BYTES // 2**20} MiB; nothing behind it was read"
                yield LineChunk([], [], [Reject(self._row, "line_too_long", reason)])
                return
            if at_end:
                yield from self._end(rest, whole=between)
                return

    def _end(self, rest: bytes, *, whole: bool) -> Iterator[LineChunk]:
        if not whole and (self._nested or rest.strip()):
            reason = "the file ends in the middle of the document"
            yield LineChunk([], [], [Reject(self._row, "half_written", reason)])
        elif self._array and rest.strip(_BETWEEN):
            reason = "what stands behind the list of rows is no list and was not read"
            yield LineChunk([], [], [Reject(self._row, "malformed_row", reason)])

    def _next_list(self, data: bytes, *, at_end: bool) -> tuple[bytes, bool]:
        """What follows behind the beginning of the next list (a page behind a page), or, with True, what is
        left where none begins.
        """
        found = (_ARRAY if self._array else ROWS_UNDER).search(data)
        skipped = data[: found.start()] if found else data
        more = _MORE.search(skipped)
        if found:
            self.unread = None
            return data[found.end() :], False
        if more:
            self.unread = "the last page says that there are more"
        return data if at_end or self._array else data[-_OVERLAP:], True

    def _rows_of(self, data: bytes) -> tuple[list[bytes], bytes, bool]:
        """Whole rows, what is left over, and whether the array was closed."""
        plain = _ESCAPE.sub(b"__", data) if b"\\" in data else data
        codes = np.frombuffer(plain, dtype=np.uint8)
        outside = (np.cumsum(codes == ord('"'), dtype=np.int64) & 1) == 0
        steps = np.where(outside, _OPEN[codes], 0)
        depth = np.cumsum(steps, dtype=np.int32)
        begins = np.flatnonzero((steps == 1) & (depth == 1))
        ends = np.flatnonzero((steps == -1) & (depth == 0))
        closing = np.flatnonzero((steps == -1) & (depth == -1))
        if len(closing):
            begins, ends = begins[begins < closing[0]], ends[ends < closing[0]]
        rows: list[bytes] = []
        past = 0
        for start, end in zip(begins.tolist(), ends.tolist(), strict=False):
            between = data[past:start].strip(_BETWEEN)
            if between:
                rows.append(between)
            rows.append(data[start : end + 1].replace(b"\r", b" ").replace(b"\n", b" "))
            past = end + 1
        if not len(closing):
            return rows, data[past:], False
        last = int(closing[0])
        behind = data[past:last].strip(_BETWEEN)
        return [*rows, behind] if behind else rows, data[last + 1 :], True

    def _chunks(self, rows: list[bytes]) -> Iterator[LineChunk]:
        for start in range(0, len(rows), MAX_CHUNK_ROWS):
            part = rows[start : start + MAX_CHUNK_ROWS]
            yield LineChunk(part, list(range(self._row, self._row + len(part))), [])
            self._row += len(part)
