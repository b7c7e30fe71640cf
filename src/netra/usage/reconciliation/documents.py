"""The rows of a report, whatever it comes as: CSV (below a preamble too), JSON (lines), Parquet; gzip."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar, cast, overload

import polars as pl

from netra.usage.arrow import ARROW_ERRORS, arrow_parquet
from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reading.streams import MOST_TIMES

Row = Mapping[str, Any]
_Kind = TypeVar("_Kind")
TIMES = ("start_time", "starting_at", "usage_date_utc", "date", "day", "ts", "end_time", "ending_at", "until")
MOST_ROWS = 2_000_000
MOST_CELLS = 200_000_000
"""What a report, and a table, may hold, so that reading one cannot take all memory."""

MOST_BYTES = 1 << 30
LEAST_BOMB_BYTES = 1 << 26
"""Bills pack to a tenth or a fiftieth; more than MOST_TIMES, and as much as this, is mere repetition."""

_PIECE = 1 << 20
_PREAMBLE = 30


def rows_of(content: bytes) -> Sequence[Row]:
    """Every row with the names it has there; results in pages of an interface with the times of their bucket.

    Raises UnreadableInvoiceError.
    """
    content = _unpacked(content)
    if content.startswith(b"PAR1"):
        return _of_parquet(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInvoiceError(f"The report is no UTF-8 text: {error}") from None
    if text.lstrip().startswith(("{", "[")):
        try:
            return _few(row for document in _documents(text) for row in _of_document(document))
        except (json.JSONDecodeError, RecursionError) as error:
            raise UnreadableInvoiceError(f"The report is no JSON: {error}") from None
        except (TypeError, KeyError, AttributeError, ValueError, ArithmeticError):
            raise UnreadableInvoiceError("The report's JSON has no rows of names and values.") from None
    return _of_table(text)


def _unpacked(content: bytes) -> bytes:
    """What the members of a gzip file hold, one after the other."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    parts: list[bytes] = []
    left = min(MOST_BYTES, max(LEAST_BOMB_BYTES, MOST_TIMES * len(content)))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while part := file.read(_PIECE):
                left -= len(part)
                if left < 0:
                    raise _too_large(f"{MOST_TIMES} times its size, or 1 GiB,")
                parts.append(part)
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableInvoiceError(
            f"The report is no whole gzip file: {error}", hint="Download or copy it again."
        ) from None
    return b"".join(parts)


def _of_parquet(content: bytes) -> Sequence[Row]:
    try:
        told = arrow_parquet.ParquetFile(io.BytesIO(content)).metadata
        if told.num_rows > MOST_ROWS:
            raise _too_many(f"{MOST_ROWS:,} rows")
        if told.num_rows * told.num_columns > MOST_CELLS:
            raise _too_many(f"{MOST_CELLS:,} cells")
        _check_size(sum(told.row_group(place).total_byte_size for place in range(told.num_row_groups)))
        frame = pl.read_parquet(io.BytesIO(content))
        # Texts that are kept once may stand in every row.
        _check_size(frame.estimated_size())
        return _Framed(frame)
    except (pl.exceptions.PolarsError, *ARROW_ERRORS) as error:
        raise UnreadableInvoiceError(f"The report is no whole Parquet file: {str(error)[:200]}") from None


def _check_size(plain: float) -> None:
    if plain > MOST_BYTES:
        raise _too_large("1 GiB")


def _few(rows: Iterable[_Kind]) -> list[_Kind]:
    """The rows, unless they are more than a report may hold: none is read beyond."""
    kept = list(islice(rows, MOST_ROWS + 1))
    if len(kept) > MOST_ROWS:
        raise _too_many(f"{MOST_ROWS:,} rows")
    return kept


def _too_many(most: str) -> UnreadableInvoiceError:
    return UnreadableInvoiceError(
        f"The report has more than {most}.",
        hint="Export it by day rather than by hour, or a part of the time, or language models alone.",
    )


def _too_large(most: str) -> UnreadableInvoiceError:
    return UnreadableInvoiceError(
        f"The report has more than {most} when unpacked.",
        hint="Give a part of it, or the file as it was exported.",
    )


def _documents(text: str) -> list[dict[str, Any]]:
    # Amounts stay the digits they are written with.
    try:
        whole = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        return _few(json.loads(line, parse_float=Decimal) for line in io.StringIO(text) if line.strip())
    return cast("list[dict[str, Any]]", whole) if isinstance(whole, list) else [whole]


def _of_document(document: dict[str, Any]) -> Iterator[Row]:
    """A page of buckets (OpenAI, Anthropic), an answer of AWS's Cost Explorer or Azure's Query, a row."""
    data: object = document.get("data")
    if isinstance(data, list):
        for bucket in cast("list[dict[str, Any]]", data):
            times = {key: bucket[key] for key in TIMES if key in bucket}
            for result in bucket.get("results", bucket.get("result", [])):
                yield {**times, **result}
    elif isinstance(document.get("ResultsByTime"), list):
        grouped = [one.get("Key") for one in document.get("GroupDefinitions", [])]
        kind = grouped.index("RECORD_TYPE") if "RECORD_TYPE" in grouped else -1
        for period in document["ResultsByTime"]:
            for group in period.get("Groups", []):
                keys = cast("list[str]", group["Keys"])
                yield {
                    "Start": period["TimePeriod"]["Start"],
                    "End": period["TimePeriod"]["End"],
                    "Usage Type": " ".join(key for place, key in enumerate(keys) if place != kind),
                    "Record Type": keys[kind] if 0 <= kind < len(keys) else "",
                    "Metrics": group["Metrics"],
                }
    elif isinstance(table := document.get("properties"), dict) and "rows" in table:
        names = [column["name"] for column in cast("dict[str, Any]", table)["columns"]]
        yield from (dict(zip(names, row, strict=False)) for row in cast("dict[str, Any]", table)["rows"])
    else:
        yield document


def _of_table(text: str) -> Sequence[Row]:
    rows = _few(_cells(text))
    if not rows:
        return []
    # An invoice's table stands below lines of a name and a value: its header is the first line about as wide
    # as the table. Rows may end in one comma too many.
    width = max(len(row) for row in rows[: _PREAMBLE + 1])
    begin = next(place for place, row in enumerate(rows) if len(row) + 1 >= width)
    header, body = rows[begin], rows[begin + 1 :]
    if body and body[0][0] == f"{header[0]} total":
        return _few(_unpivoted(header, body[1:]))
    return _Named(header, body)


class _Framed(Sequence[Row]):
    """The rows of a frame, each put together when it is asked for."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __len__(self) -> int:
        return self._frame.height

    def __iter__(self) -> Iterator[Row]:
        return self._frame.iter_rows(named=True)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return _Framed(self._frame[place])
        return self._frame.row(place, named=True)


class _Named(Sequence[Row]):
    """The rows of a table by the names of its header; each is put together when it is asked for, because
    bills have a hundred columns and up, most of them empty.
    """

    def __init__(self, header: list[str], body: list[list[str]]) -> None:
        self._header = header
        self._body = body

    def __len__(self) -> int:
        return len(self._body)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return _Named(self._header, self._body[place])
        return dict(zip(self._header, self._body[place], strict=False))


def _cells(text: str) -> Iterator[list[str]]:
    lines = csv.reader(io.StringIO(text))
    try:
        cells = 0
        for row in lines:
            if row:
                cells += len(row)
                if cells > MOST_CELLS:
                    raise _too_many(f"{MOST_CELLS:,} cells")
                yield row
    except csv.Error as error:
        place = f"The report is no table: at line {lines.line_num} it has"
        if "field limit" in str(error):
            raise UnreadableInvoiceError(
                f"{place} a cell of more than {csv.field_size_limit():,} characters.",
                hint="Check that every quote in the file is closed, or leave out the column of long texts.",
            ) from None
        raise UnreadableInvoiceError(
            f"{place} a line that ends in CR alone.",
            hint="Check that lines end in LF or CRLF: tr '\\r' '\\n' < FILE > FILE.lf",
        ) from None


def _unpivoted(header: list[str], body: list[list[str]]) -> Iterator[Row]:
    """The CSV of AWS's Cost Explorer: a line a day, a column for each service or usage type, totals at the
    edges.
    """
    for row in body:
        for name, amount in zip(header[1:], row[1:], strict=False):
            if amount and not name.lower().startswith("total costs"):
                yield {"Start": row[0], "Usage Type": name.removesuffix("($)"), "UnblendedCost": amount}
