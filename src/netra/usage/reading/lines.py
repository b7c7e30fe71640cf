"""Lines and quoted records out of a byte stream, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from netra.usage.reading.chunks import MAX_CHUNK_ROWS, Reject

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is rejected and skipped; it never stands in memory whole."""

BLOCK_BYTES = 16 * 1024 * 1024

MAX_RECORD_LINES = 1_000
"""Lines one quoted CSV record may span before its opening quote counts as a mistake."""


@dataclass(frozen=True, slots=True)
class LineChunk:
    """Non-empty lines, without line ends, and the 1-based number of each."""

    lines: list[bytes]
    numbers: list[int]
    rejects: list[Reject]


def read_full(stream: BinaryIO, size: int) -> bytes:
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

    def __init__(self, stream: BinaryIO, *, block_bytes: int = BLOCK_BYTES, first_line: int = 1) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self._line = first_line
        self._carry = b""
        self._skipping = False
        self._rejects: list[Reject] = []

    def __iter__(self) -> Iterator[LineChunk]:
        while True:
            block = read_full(self._stream, self._block_bytes)
            lines = self._lines_of(block, at_end=len(block) < self._block_bytes)
            yield from self._chunks(lines)
            if len(block) < self._block_bytes:
                return

    def _lines_of(self, block: bytes, *, at_end: bool) -> list[bytes]:
        """Whole lines available now; the rest is carried over."""
        if self._skipping:
            end = block.find(b"\n")
            if end < 0:
                return []
            block = block[end + 1 :]
            self._skipping = False
            self._line += 1
        data = self._carry + block
        self._carry = b""
        lines = data.split(b"\n")
        if at_end:
            return lines if lines[-1] else lines[:-1]
        self._carry = lines.pop()
        return lines

    def _chunks(self, lines: list[bytes]) -> Iterator[LineChunk]:
        first = self._line
        self._line += len(lines)
        kept: list[bytes] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for number, line in enumerate(lines, start=first):
            if len(line) > MAX_LINE_BYTES:
                rejects.append(_too_long(number))
                continue
            text = line.strip(b" \t\r")
            if text:
                kept.append(line)
                numbers.append(number)
        if len(self._carry) > MAX_LINE_BYTES:
            rejects.append(_too_long(self._line))
            self._carry = b""
            self._skipping = True
        for start in range(0, len(kept), MAX_CHUNK_ROWS):
            stop = start + MAX_CHUNK_ROWS
            yield LineChunk(kept[start:stop], numbers[start:stop], rejects)
            rejects = []
        if rejects:
            yield LineChunk([], [], rejects)


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
        yield LineChunk(joined.lines, joined.numbers, chunk.rejects + joined.rejects)
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
