"""JSON lines to frames: a vectorised path for clean chunks, a line-by-line path that says what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, cast

import orjson
import polars as pl

from netra.usage.reading.chunks import LINE, RawChunk, Reject
from netra.usage.reading.lines import LineChunk

JsonRow = dict[str, Any]

RowAdapter = Callable[[JsonRow], JsonRow | None]
"""Flattens one foreign row; None means the row is nothing this format counts as a call."""

_INT64 = 2**63
_PLAIN_TYPES: tuple[type[pl.DataType], ...] = (pl.Int64, pl.Float64, pl.String, pl.Boolean, pl.Null)
_ITEM_TYPES: tuple[type[pl.DataType], ...] = (pl.Int64, pl.String, pl.Null)


def read_json_lines(
    chunks: Iterable[LineChunk], wanted: frozenset[str], adapter: RowAdapter | None = None
) -> Iterator[RawChunk]:
    """Decode each line as one JSON object; keeps wanted columns that occur, and the line number."""
    for chunk in chunks:
        together = None if adapter or not chunk.lines else _decode_together(chunk, wanted)
        yield _decode_one_by_one(chunk, wanted, adapter) if together is None else together


def _decode_together(chunk: LineChunk, wanted: frozenset[str]) -> RawChunk | None:
    """The whole chunk at once; None where any line is not clean or a wanted column is of mixed shape."""
    try:
        frame = pl.read_ndjson(b"\n".join(chunk.lines), infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != len(chunk.lines):
        return None
    names = tuple(frame.columns)
    frame = frame.select([name for name in names if name in wanted])
    if not all(_is_plain(dtype) for dtype in frame.dtypes):
        return None
    return RawChunk(
        frame.with_columns(pl.Series(LINE, chunk.numbers, dtype=pl.Int64)), chunk.rejects, names=names
    )


def _is_plain(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return isinstance(dtype.inner, _ITEM_TYPES)
    return isinstance(dtype, _PLAIN_TYPES)


def _decode_one_by_one(chunk: LineChunk, wanted: frozenset[str], adapter: RowAdapter | None) -> RawChunk:
    rows: list[JsonRow] = []
    numbers: list[int] = []
    rejects = list(chunk.rejects)
    ignored = 0
    for line, number in zip(chunk.lines, chunk.numbers, strict=True):
        decoded = _decode_line(line, number)
        if isinstance(decoded, Reject):
            rejects.append(decoded)
            continue
        row = adapter(decoded) if adapter else decoded
        if row is None:
            ignored += 1
            continue
        rows.append(row)
        numbers.append(number)
    names = tuple(dict.fromkeys(chain.from_iterable(rows)))
    columns = [series_of(name, [row.get(name) for row in rows]) for name in names if name in wanted]
    frame = pl.DataFrame([*columns, pl.Series(LINE, numbers, dtype=pl.Int64)])
    return RawChunk(frame, rejects, ignored, names)


def _decode_line(line: bytes, number: int) -> JsonRow | Reject:
    try:
        value: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as encoding:
            reason = f"not UTF-8 at byte {encoding.start + 1} of the line; save the file as UTF-8"
            return Reject(number, "wrong_encoding", reason)
        return Reject(number, "malformed_row", f"not a JSON object: {error.msg} at character {error.colno}")
    if not isinstance(value, dict):
        return Reject(number, "malformed_row", "not a JSON object; every line must be one {...} object")
    return cast(JsonRow, value)


def series_of(name: str, values: list[Any]) -> pl.Series:
    """A series that loses nothing: plain where all values share a type, else their JSON text."""
    types = {cast(type[object], type(value)) for value in values if value is not None}
    if types == {int} and all(value is None or -_INT64 <= value < _INT64 for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if types and types <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if types == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if types == {list}:
        items: set[type[object]] = {type(item) for value in values if value is not None for item in value}
        if items <= {int}:
            return _int_lists(name, values)
        if items == {str}:
            return pl.Series(name, values, dtype=pl.List(pl.String))
    return pl.Series(name, [_as_text(value) for value in values], dtype=pl.String)


def _int_lists(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.List(pl.Int64))
    except (OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [_as_text(value) for value in values], dtype=pl.String)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return str(value)
