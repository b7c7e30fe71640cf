"""Lines and quoted records out of a byte stream, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from netra.usage.reading.chunks import MAX_CHUNK_ROWS, Reject
from netra.usage.reading.streams import ByteStream

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is rejected and skipped; it never stands in memory whole."""

BLOCK_BYTES = 32 * 1024 * 1024

MAX_RECORD_LINES = 1_000
"""Lines one quoted CSV record may span before its opening quote counts as a mistake."""


@dataclass(frozen=True, slots=True)
class LineChunk:
    """Non-empty lines, without line ends, and the 1-based number of each."""

    lines: list[bytes]
    numbers: list[int]
    rejects: list[Reject]
    unfinished: int | None = None
    """Number of the file's last line where no line end follows it: it may have been half-written."""


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
            if not lines[-1]:
                return lines[:-1]
            self._unfinished = self._line + len(lines) - 1
            return lines
        self._carry = lines.pop()
        return lines

    def _chunks(self, lines: list[bytes]) -> Iterator[LineChunk]:
        first = self._line
        self._line += len(lines)
        kept, numbers, rejects = _kept(lines, first)
        if self._stream.cut is not None and self._unfinished is not None and numbers:
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


def _kept(lines: list[bytes], first: int) -> tuple[list[bytes], list[int], list[Reject]]:
    """Lines that hold something, their numbers, and those that are too long."""
    longest = max(map(len, lines), default=0)
    if longest <= MAX_LINE_BYTES and all(lines) and not any(line.isspace() for line in lines):
        return lines, list(range(first, first + len(lines))), []
    kept: list[bytes] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, line in enumerate(lines, start=first):
        if len(line) > MAX_LINE_BYTES:
            rejects.append(_too_long(number))
        elif line.strip(b" \t\r"):
            kept.append(line)
            numbers.append(number)
    return kept, numbers, rejects


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
