"""Lines and quoted records out of a byte stream, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from netra.usage.reading.chunks import MAX_CHUNK_ROWS, Reject
from netra.usage.reading.streams import ByteStream

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is rejected and skipped; it never stands in memory whole."""

BLOCK_BYTES = 32 * 1024 * 1024

MAX_RECORD_LINES = 1_000
"""Lines one quoted CSV record may span before its opening quote counts as a mistake."""


_PIECE = 4 * 1024 * 1024
_HOLDS = np.ones(256, dtype=np.uint8)
_HOLDS[[ord(blank) for blank in " \t\r\n"]] = 0


class LineChunk:
    """Non-empty lines, without line ends, and the 1-based number of each.

    A chunk of many lines is kept as the `text` it was read as until somebody wants them one by one: whole
    blocks are decoded at once, and cutting them up would take longer than decoding them.
    """

    def __init__(
        self,
        lines: list[bytes],
        numbers: list[int],
        rejects: list[Reject],
        unfinished: int | None = None,
    ) -> None:
        self.rejects = rejects
        self.unfinished = unfinished
        """Number of the file's last line where no line end follows it: it may have been half-written."""
        self._split: tuple[list[bytes], list[int]] | None = (lines, numbers)
        self._text = b""
        self._first = 1
        self._count = len(lines)

    @classmethod
    def of_text(cls, text: bytes, first: int, count: int, unfinished: int | None) -> "LineChunk":
        """A chunk of `count` lines, the first of which has the number `first`; none is too long."""
        chunk = cls([], [], [], unfinished)
        chunk._split, chunk._text, chunk._first, chunk._count = None, text, first, count
        return chunk

    @property
    def text(self) -> bytes:
        """All lines together."""
        return b"\n".join(self.lines) if self._split is not None else self._text

    @property
    def height(self) -> int:
        """Number of lines; of a chunk kept as text blank ones count too."""
        return self._count

    @property
    def lines(self) -> list[bytes]:
        """Each line that is not blank."""
        return self._cut_up()[0]

    @property
    def numbers(self) -> list[int]:
        """The number of each of `lines`."""
        return self._cut_up()[1]

    def first_numbers(self) -> Sequence[int]:
        """Numbers of all `height` lines."""
        return self.numbers if self._split is not None else range(self._first, self._first + self._count)

    def _cut_up(self) -> tuple[list[bytes], list[int]]:
        if self._split is None:
            kept, numbers, _ = _kept(self._text, self._first)
            self._split, self._text, self._count = (kept, numbers), b"", len(kept)
        return self._split


def read_full(stream: ByteStream, size: int) -> bytes:
    """Read exactly `size` bytes unless the stream ends: chunk borders must not depend on short reads."""
    parts: list[bytes] = []
    missing = size
    while missing > 0:
        part = stream.read(missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _too_long(line: int) -> Reject:
    return Reject(
        line,
        "line_too_long",
        f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB; one line must hold one row",
    )


class LineReader:
    """Splits a stream into chunks of lines; holds at most one block and one line."""

    def __init__(self, stream: ByteStream, *, block_bytes: int = BLOCK_BYTES, first_line: int = 1) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._line = first_line
        self._carry = b""
        self._skipping = False
        self._unfinished: int | None = None

    def __iter__(self) -> Iterator[LineChunk]:
        while True:
            block = read_full(self._stream, self._block_bytes)
            text, count = self._whole_lines(block, at_end=len(block) < self._block_bytes)
            yield from self._chunks(text, count)
            if len(block) < self._block_bytes:
                return

    def _whole_lines(self, block: bytes, *, at_end: bool) -> tuple[bytes, int]:
        """Whole lines available now, without the last line end, and their number; the rest is kept."""
        if self._skipping:
            end = block.find(b"\n")
            if end < 0:
                return b"", 0
            block = block[end + 1 :]
            self._skipping = False
            self._line += 1
        data = self._carry + block
        count = data.count(b"\n")
        if at_end:
            self._carry = b""
            if not data or data.endswith(b"\n"):
                return data[:-1], count
            self._unfinished = self._line + count
            return data, count + 1
        end = data.rfind(b"\n")
        self._carry = data[end + 1 :]
        return data[: max(end, 0)], count

    def _chunks(self, text: bytes, count: int) -> Iterator[LineChunk]:
        first = self._line
        self._line += count
        broken_off = self._stream.cut is not None and self._unfinished is not None
        if count and count <= MAX_CHUNK_ROWS and not broken_off and len(self._carry) <= MAX_LINE_BYTES:
            ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
            lengths = np.diff(np.concatenate([[-1], ends, [len(text)]])) - 1
            if lengths.min() > 0 and lengths.max() <= MAX_LINE_BYTES:
                yield LineChunk.of_text(text, first, count, self._unfinished)
                return
        kept, numbers, rejects = _kept(text, first) if count else ([], [], [])
        if broken_off and self._unfinished is not None and numbers:
            if numbers[-1] == self._unfinished:
                kept.pop()
                numbers.pop()
            rejects.append(half_written(self._unfinished))
        if len(self._carry) > MAX_LINE_BYTES:
            rejects.append(_too_long(self._line))
            self._carry = b""
            self._skipping = True
        for start in range(0, len(kept), MAX_CHUNK_ROWS):
            stop = start + MAX_CHUNK_ROWS
            yield LineChunk(kept[start:stop], numbers[start:stop], rejects, self._unfinished)
            rejects = []
        if rejects:
            yield LineChunk([], [], rejects)


def half_written(line: int) -> Reject:
    """The row at which a file breaks off."""
    return Reject(line, "half_written", "the file ends in the middle of this row")


def _kept(text: bytes, first: int) -> tuple[list[bytes], list[int], list[Reject]]:
    """Lines that hold something, their numbers, and those that are too long; a piece of the text at a time,
    because a block may hold nothing but millions of line ends.
    """
    kept: list[bytes] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    begin = 0
    while begin <= len(text):
        end = len(text) if len(text) - begin <= _PIECE else text.find(b"\n", begin + _PIECE)
        piece = text[begin:] if end < 0 else text[begin:end]
        for place, start, stop in _filled(piece):
            if stop - start > MAX_LINE_BYTES:
                rejects.append(_too_long(first + place))
            else:
                kept.append(piece[start:stop])
                numbers.append(first + place)
        first += piece.count(b"\n") + 1
        begin += len(piece) + 1
    return kept, numbers, rejects


def _filled(text: bytes) -> Iterator[tuple[int, int, int]]:
    """The place among the lines, begin and end of each line that is not blank, or too long."""
    if not text.strip(b" \t\r\n") and len(text) <= MAX_LINE_BYTES:
        return
    codes = np.frombuffer(text, dtype=np.uint8)
    ends = np.append(np.flatnonzero(codes == ord("\n")), len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    starts = starts[starts < len(text)]
    stops = ends[: len(starts)]
    holds = np.maximum.reduceat(_HOLDS[codes], starts).astype(np.bool_) | (stops - starts > MAX_LINE_BYTES)
    places = np.flatnonzero(holds)
    yield from zip(places.tolist(), starts[places].tolist(), stops[places].tolist(), strict=True)


def join_quoted_records(chunks: Iterator[LineChunk]) -> Iterator[LineChunk]:
    """Join lines into CSV records where a quoted field spans lines (RFC 4180: a record ends at even quotes).

    A quote that never closes within `MAX_RECORD_LINES` lines rejects its own line only; reading resumes at
    the next line.
    """
    open_lines: list[bytes] = []
    open_numbers: list[int] = []
    for chunk in chunks:
        if not open_lines and not any(b'"' in line for line in chunk.lines):
            yield chunk
            continue
        joined = _join(open_lines + chunk.lines, open_numbers + chunk.numbers, at_end=False)
        open_lines, open_numbers = joined.open_lines, joined.open_numbers
        yield LineChunk(joined.lines, joined.numbers, chunk.rejects + joined.rejects, chunk.unfinished)
    if open_lines:
        joined = _join(open_lines, open_numbers, at_end=True)
        yield LineChunk(joined.lines, joined.numbers, joined.rejects)


@dataclass(slots=True)
class _Joined:
    lines: list[bytes]
    numbers: list[int]
    rejects: list[Reject]
    open_lines: list[bytes]
    open_numbers: list[int]


def _join(lines: list[bytes], numbers: list[int], *, at_end: bool) -> _Joined:
    result = _Joined([], [], [], [], [])
    index = 0
    while index < len(lines):
        if lines[index].count(b'"') % 2 == 0:
            result.lines.append(lines[index])
            result.numbers.append(numbers[index])
            index += 1
            continue
        end = _closing_line(lines, index)
        if end is not None:
            result.lines.append(b"\n".join(lines[index : end + 1]))
            result.numbers.append(numbers[index])
            index = end + 1
        elif not at_end and len(lines) - index < MAX_RECORD_LINES:
            result.open_lines, result.open_numbers = lines[index:], numbers[index:]
            return result
        else:
            reason = "a quote is opened and never closed; double a quote inside a field"
            result.rejects.append(Reject(numbers[index], "malformed_row", reason))
            index += 1
    return result


def _closing_line(lines: list[bytes], start: int) -> int | None:
    quotes = 0
    for index in range(start, min(start + MAX_RECORD_LINES, len(lines))):
        quotes += lines[index].count(b'"')
        if quotes % 2 == 0:
            return index
    return None
