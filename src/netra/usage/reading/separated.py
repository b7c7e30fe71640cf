"""CSV (comma, semicolon or tab) to frames of text columns."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import polars as pl

from netra.usage.arrow import ARROW_ERRORS, arrow, arrow_csv, frame_of
from netra.usage.errors import UnreadableFileError
from netra.usage.reading.chunks import LINE, RawChunk, Reject, refuse_repeated
from netra.usage.reading.json_lines import RowAdapter, adapted_chunk
from netra.usage.reading.lines import LineChunk, half_written, join_quoted_records


def read_separated(
    chunks: Iterator[LineChunk], wanted: frozenset[str], adapter: RowAdapter | None = None
) -> Iterator[RawChunk]:
    """Decode CSV records; the first record names the columns. Every value stays text, empty is NULL."""
    header: list[str] | None = None
    delimiter = ","
    for chunk in join_quoted_records(chunks):
        lines, numbers = chunk.lines, chunk.numbers
        if header is None:
            if not lines:
                yield RawChunk(pl.DataFrame(), chunk.rejects)
                continue
            header, delimiter = _read_header(lines[0])
            lines, numbers = lines[1:], numbers[1:]
        part = LineChunk(lines, numbers, chunk.rejects, chunk.unfinished)
        if adapter is None:
            yield _decode(part, header, delimiter, wanted)
        else:
            yield _adapted(_decode(part, header, delimiter, frozenset(header)), wanted, adapter)


def _adapted(raw: RawChunk, wanted: frozenset[str], adapter: RowAdapter) -> RawChunk:
    numbered = ((int(row.pop(LINE)), row) for row in raw.frame.iter_rows(named=True))
    return adapted_chunk(numbered, wanted, adapter, rejects=raw.rejects)


def _read_header(line: bytes) -> tuple[list[str], str]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableFileError(
            "The first line is not UTF-8 text.",
            hint="Save the file as UTF-8 CSV, or check that it is a CSV file.",
        ) from None
    delimiter = max((",", ";", "\t"), key=text.count)
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter))]
    except csv.Error as error:
        if "field limit" in str(error):
            raise UnreadableFileError(
                f"The first line has a column name of more than {csv.field_size_limit():,} characters.",
                hint="Check that it is a CSV file whose first line names the columns.",
            ) from None
        raise UnreadableFileError(
            f"The first line names no columns: {str(error).partition(' - ')[0]}.",
            hint="Check that it is a CSV file whose lines end in LF or CRLF: tr '\\r' '\\n' < FILE > FILE.lf",
        ) from None
    refuse_repeated(names)
    return names, delimiter


def _decode(chunk: LineChunk, header: list[str], delimiter: str, wanted: frozenset[str]) -> RawChunk:
    chunk = _only_utf8(chunk)
    names = tuple(header)
    if not chunk.lines:
        empty = {name: pl.Series([], dtype=pl.String) for name in header if name in wanted}
        return RawChunk(pl.DataFrame({**empty, LINE: pl.Series([], dtype=pl.Int64)}), chunk.rejects, 0, names)
    table, broken = _table(chunk, header, delimiter, wanted)
    if table is None or table.num_rows + len(broken) != chunk.height:
        return _halved(chunk, header, delimiter, wanted)
    rejects = chunk.rejects + [
        half_written(chunk.numbers[index])
        if chunk.numbers[index] == chunk.unfinished
        else Reject(chunk.numbers[index], "malformed_row", reason)
        for index, reason in broken.items()
    ]
    numbers = [number for index, number in enumerate(chunk.numbers) if index not in broken]
    line = pl.Series(LINE, numbers, dtype=pl.Int64)
    if not table.num_columns:
        return RawChunk(pl.DataFrame([line]), rejects, 0, names)
    return RawChunk(frame_of(table).with_columns(line), rejects, 0, names)


def _table(
    chunk: LineChunk, header: list[str], delimiter: str, wanted: frozenset[str]
) -> tuple[Any, dict[int, str]]:
    """The wanted columns as Arrow reads them, None where it cannot, and the places of rows it left out."""
    broken: dict[int, str] = {}

    def skip(row: Any) -> str:
        broken[int(row.number) - 1] = (
            f"{row.actual_columns} columns where the header has {row.expected_columns}"
        )
        return "skip"

    try:
        table = arrow_csv.read_csv(
            arrow.BufferReader(b"\n".join(chunk.lines) + b"\n"),
            read_options=arrow_csv.ReadOptions(column_names=header, use_threads=False, block_size=64 * 2**20),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=skip,
                ignore_empty_lines=False,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, arrow.string()),
                include_columns=[name for name in header if name in wanted],
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except ARROW_ERRORS:
        return None, broken
    return table, broken


def _halved(chunk: LineChunk, header: list[str], delimiter: str, wanted: frozenset[str]) -> RawChunk:
    """Both halves of a chunk in which a quote inside a cell took other rows for its own, down to its row."""
    lines, numbers = chunk.lines, chunk.numbers
    if len(lines) == 1:
        reason = "a quote inside a cell; put the cell in quotes and double the quotes inside"
        broken = [*chunk.rejects, Reject(numbers[0], "malformed_row", reason)]
        return _decode(LineChunk([], [], broken), header, delimiter, wanted)
    middle = len(lines) // 2
    halves = [
        _decode(LineChunk(lines[part], numbers[part], [], chunk.unfinished), header, delimiter, wanted)
        for part in (slice(middle), slice(middle, None))
    ]
    rejects = [*chunk.rejects, *(reject for half in halves for reject in half.rejects)]
    return RawChunk(pl.concat([half.frame for half in halves]), rejects, 0, tuple(header))


def _only_utf8(chunk: LineChunk) -> LineChunk:
    try:
        b"\n".join(chunk.lines).decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return chunk
    kept: list[bytes] = []
    numbers: list[int] = []
    rejects = list(chunk.rejects)
    for line, number in zip(chunk.lines, chunk.numbers, strict=True):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8"
            rejects.append(Reject(number, "wrong_encoding", reason))
        else:
            kept.append(line)
            numbers.append(number)
    return LineChunk(kept, numbers, rejects, chunk.unfinished)
