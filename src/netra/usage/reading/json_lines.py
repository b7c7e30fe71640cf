"""JSON lines to frames: a vectorised path for clean chunks, a line-by-line path that says what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol, cast

import orjson
import polars as pl

from netra.usage.reading.chunks import LINE, RawChunk, Reject, UnreadableValueError
from netra.usage.reading.json_types import inferable, sample_of
from netra.usage.reading.lines import LineChunk, half_written
from netra.usage.reading.nested_columns import (
    BlockAdapter,
    MixedTypesError,
    NestedColumns,
    decode_nested,
)
from netra.usage.reading.repeated_keys import RepeatedKeyError, decoded, may_repeat, repeats

JsonRow = dict[str, Any]

RowAdapter = Callable[[JsonRow], JsonRow | list[JsonRow] | None]
"""Flattens one foreign row, or takes it apart into several; None means it is nothing this format counts.
Raises UnreadableValueError where a value of the row cannot be understood."""


class RowFold(Protocol):
    """Rows of one file that belong together become one; lives for one pass over the file."""

    def add(self, number: int, row: JsonRow) -> Iterable[tuple[int, JsonRow]]:
        """Take the row of a line; what is complete by now, each with the line it was last seen on."""
        ...

    def rest(self) -> Iterable[tuple[int, JsonRow]]:
        """What was held back, at the end of the file."""
        ...

    def take_ignored(self) -> int:
        """Lines since the last call that became part of a later one, or are no row."""
        ...


_INT64 = 2**63
_PLAIN_TYPES: tuple[type[pl.DataType], ...] = (pl.Int64, pl.Float64, pl.String, pl.Boolean, pl.Null)
_ITEM_TYPES: tuple[type[pl.DataType], ...] = (pl.Int64, pl.String, pl.Null)


def read_json_lines(
    chunks: Iterable[LineChunk],
    wanted: frozenset[str],
    adapter: RowAdapter | None = None,
    fold: RowFold | None = None,
    block: BlockAdapter | None = None,
) -> Iterator[RawChunk]:
    """Decode each line as one JSON object; keeps wanted columns that occur, and the line number."""
    known: pl.Schema | None = None
    for chunk in chunks:
        adapted_together = _adapt_together(chunk, wanted, adapter, block) if block and chunk.height else None
        if adapted_together is not None:
            yield adapted_together
            continue
        together = None if adapter or fold or not chunk.height else _decode_together(chunk, wanted, known)
        if together is None:
            yield _decode_one_by_one(chunk, wanted, adapter, fold)
        else:
            known = together.frame.drop(LINE).schema
            yield together
    if fold is not None:
        yield rows_chunk(list(fold.rest()), wanted, [], fold.take_ignored())


def rows_chunk(
    rows: list[tuple[int, JsonRow]], wanted: frozenset[str], rejects: list[Reject], ignored: int
) -> RawChunk:
    """A chunk of numbered rows."""
    names = tuple(dict.fromkeys(chain.from_iterable(row for _, row in rows)))
    columns = [series_of(name, [row.get(name) for _, row in rows]) for name in names if name in wanted]
    frame = pl.DataFrame([*columns, pl.Series(LINE, [number for number, _ in rows], dtype=pl.Int64)])
    return RawChunk(frame, rejects, ignored, names)


def adapted(row: JsonRow, adapter: RowAdapter | None) -> list[JsonRow]:
    """The rows that one row of the file stands for."""
    if adapter is None:
        return [row]
    result = adapter(row)
    return result if isinstance(result, list) else [] if result is None else [result]


def _decode_together(chunk: LineChunk, wanted: frozenset[str], known: pl.Schema | None) -> RawChunk | None:
    """The whole chunk at once; None where any line is not clean or a wanted column is of mixed shape."""
    text, names = chunk.text, None if known is None else tuple(known)
    frame = None if known is None else _decode_as(text, known, wanted)
    if frame is None:
        frame, names = _decode_first(text, wanted)
    if frame is None or frame.height != chunk.height:
        return None
    names = names or tuple(frame.columns)
    frame = frame.select([name for name in frame.columns if name in wanted])
    if not frame.width or not all(_is_plain(dtype) for dtype in frame.dtypes):
        return None
    if may_repeat(text, frame) and any(repeats(line) for line in chunk.lines):
        return None
    lines = pl.Series(LINE, chunk.first_numbers(), dtype=pl.Int64)
    return RawChunk(frame.with_columns(lines), chunk.rejects, names=names)


def _decode_first(text: bytes, wanted: frozenset[str]) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """With the types that the first rows have, else with those that all have; and the names that were seen.
    No frame where the rows are no clean JSON or would take too much memory together.
    """
    sample = sample_of(text)
    frame = _decode_all(sample)
    if frame is None or len(sample) == len(text):
        return frame, () if frame is None else tuple(frame.columns)
    types = {name: dtype for name, dtype in frame.schema.items() if name in wanted}
    names = tuple(frame.columns)
    plain = types and all(_is_plain(dtype) for dtype in types.values())
    frame = _decode_as(text, pl.Schema(types), wanted) if plain else None
    return (_decode_all(text), ()) if frame is None else (frame, names)


def _decode_all(text: bytes) -> pl.DataFrame | None:
    if not inferable(text):
        return None
    try:
        return pl.read_ndjson(text, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _decode_as(text: bytes, known: pl.Schema, wanted: frozenset[str]) -> pl.DataFrame | None:
    """With types of rows before, which saves a first pass to find them; None where they do not fit or a
    wanted column is new (a column of type Null refuses every value).
    """
    if not _exact(known):
        return None
    absent = {name: pl.Null() for name in wanted if name not in known}
    try:
        return pl.read_ndjson(text, schema={**known, **absent}).drop(*absent)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _exact(known: pl.Schema) -> bool:
    """Whether reading with these types refuses what does not fit: lists of nothing take anything as NULL."""
    return all(dtype != pl.List(pl.Null) for dtype in known.values())


def _is_plain(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return isinstance(dtype.inner, _ITEM_TYPES)
    return isinstance(dtype, _PLAIN_TYPES)


def _adapt_together(
    chunk: LineChunk, wanted: frozenset[str], adapter: RowAdapter | None, block: BlockAdapter
) -> RawChunk | None:
    """What `block` makes of the plain rows and `adapter` of the others; None where none can be told apart."""
    frame = decode_nested(chunk.text)
    if frame is None or frame.height != chunk.height:
        return None
    rows = NestedColumns(frame)
    lines = pl.Series(LINE, chunk.first_numbers(), dtype=pl.Int64)
    try:
        columns = {name: column for name, column in block(rows).items() if name in wanted}
        made = frame.select(**columns, __plain=rows.plain, __ignored=rows.ignored, **{LINE: lines})
    except (MixedTypesError, pl.exceptions.PolarsError):
        return None
    plain, ignored = made["__plain"], made["__plain"] & made["__ignored"]
    good = made.filter(plain & ~ignored).drop("__plain", "__ignored")
    if plain.all():
        return RawChunk(good, chunk.rejects, int(ignored.sum()), tuple(columns))
    other: list[int] = (~plain).arg_true().to_list()
    texts, numbers = [chunk.lines[row] for row in other], [chunk.numbers[row] for row in other]
    rest = _decode_one_by_one(
        LineChunk(texts, numbers, chunk.rejects, chunk.unfinished), wanted, adapter, None
    )
    try:
        whole = pl.concat([good, rest.frame], how="diagonal_relaxed").sort(LINE, maintain_order=True)
    except pl.exceptions.PolarsError:
        return None
    names = tuple(dict.fromkeys((*columns, *rest.names)))
    return RawChunk(whole, rest.rejects, rest.ignored + int(ignored.sum()), names)


def _decode_one_by_one(
    chunk: LineChunk, wanted: frozenset[str], adapter: RowAdapter | None, fold: RowFold | None
) -> RawChunk:
    rejects = list(chunk.rejects)

    def good() -> Iterator[tuple[int, JsonRow]]:
        for line, number in zip(chunk.lines, chunk.numbers, strict=True):
            decoded = _decode_line(line, number)
            if not isinstance(decoded, Reject):
                yield number, decoded
                continue
            broken_off = number == chunk.unfinished and decoded.code == "malformed_row"
            rejects.append(half_written(number) if broken_off else decoded)

    return adapted_chunk(good(), wanted, adapter, fold, rejects)


def adapted_chunk(
    numbered: Iterable[tuple[int, JsonRow]],
    wanted: frozenset[str],
    adapter: RowAdapter | None,
    fold: RowFold | None = None,
    rejects: list[Reject] | None = None,
) -> RawChunk:
    """A chunk of what a format makes of numbered rows; `rejects` may be filled while they are read."""
    rows: list[tuple[int, JsonRow]] = []
    rejects = [] if rejects is None else rejects
    ignored = 0
    for number, row in numbered:
        try:
            if fold is not None:
                rows += fold.add(number, row)
                continue
            parts = adapted(row, adapter)
        except UnreadableValueError as error:
            rejects.append(error.to_reject(number, row))
            continue
        rows += [(number, part) for part in parts]
        ignored += not parts
    if fold is not None:
        ignored += fold.take_ignored()
    return rows_chunk(rows, wanted, rejects, ignored)


def _decode_line(line: bytes, number: int) -> JsonRow | Reject:
    try:
        value = decoded(line)
    except RepeatedKeyError as error:
        return Reject(number, "repeated_key", str(error))
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
    types: set[type[object]] = set(map(type, values))
    types.discard(type(None))
    if types == {str}:
        return pl.Series(name, values, dtype=pl.String)
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
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [_as_text(value) for value in values], dtype=pl.String)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return str(value)
