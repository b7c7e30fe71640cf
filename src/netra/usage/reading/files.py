"""Which reader a file needs, told by its content and never by its name."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import orjson
import polars as pl

from netra.usage.errors import EmptyFileError, UnreadableFileError
from netra.usage.reading.chunks import RawChunk
from netra.usage.reading.documents import ROWS_UNDER, DocumentReader
from netra.usage.reading.json_lines import RowAdapter, RowFold, read_json_lines
from netra.usage.reading.lines import BLOCK_BYTES, LineReader
from netra.usage.reading.nested_columns import BlockAdapter
from netra.usage.reading.parquet import read_parquet
from netra.usage.reading.separated import read_separated
from netra.usage.reading.streams import ByteStream, compression_of, open_stream

FileKind = Literal["json", "jsonl", "csv", "parquet"]

_SNIFF_BYTES = 64 * 1024
_UTF8_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": ("a ZIP archive or spreadsheet", "Unpack it, or export the sheet as CSV."),
    b"%PDF": ("a PDF", "Export the data as CSV, JSON lines or Parquet."),
    b"\xff\xfe\x00\x00": ("UTF-32 text", "Convert it: iconv -f UTF-32 -t UTF-8 FILE > FILE.utf8"),
    b"\xff\xfe": ("UTF-16 text", "Convert it: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8"),
    b"\xfe\xff": ("UTF-16 text", "Convert it: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8"),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV, JSON lines or Parquet."),
    b"BZh": ("bzip2-compressed", "Unpack it, or compress it with gzip or zstd."),
    b"\x1f\x8b": ("compressed twice", "Unpack it once and import what comes out."),
    b"\x28\xb5\x2f\xfd": ("compressed twice", "Unpack it once and import what comes out."),
    b"\xfd7zXZ": ("xz-compressed", "Unpack it, or compress it with gzip or zstd."),
}


@dataclass(frozen=True, slots=True)
class RowShape:
    """How a format's rows stand in JSON or CSV: flattened by `adapter`, plain rows of JSON lines by `block`,
    or put together by a new `fold`.
    """

    adapter: RowAdapter | None = None
    block: BlockAdapter | None = None
    fold: Callable[[], RowFold] | None = None


def read_file(
    path: Path,
    wanted: frozenset[str],
    *,
    shape: RowShape | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RawChunk]:
    """Rows of a file in chunks whose borders depend on the file alone. gzip and zstd are seen through.

    A file that breaks off gives its good rows, a `half_written` reject and a last chunk that says so. Raises
    EmptyFileError, UnreadableFileError.
    """
    if path.stat().st_size == 0:
        raise EmptyFileError(
            "The file is empty (0 bytes).", hint="Check the path and the export that wrote it."
        )
    shape = shape or RowShape()
    head = _peek(path)
    kind = detect_kind(head)
    if kind == "parquet":
        yield from read_parquet(path, wanted, shape.adapter, shape.fold() if shape.fold else None)
        return
    with closing(open_stream(path)) as stream:
        if head.startswith(_UTF8_BOM):
            stream.read(len(_UTF8_BOM))
        text = head.removeprefix(_UTF8_BOM)
        if kind == "csv":
            yield from read_separated(
                iter(LineReader(stream, block_bytes=block_bytes)), wanted, shape.adapter
            )
        else:
            fold = shape.fold() if shape.fold else None
            lines = _json_rows(stream, text, block_bytes) if kind == "json" else None
            rows = lines or LineReader(stream, block_bytes=block_bytes)
            yield from read_json_lines(rows, wanted, shape.adapter, fold, shape.block)
            if lines is not None and lines.unread is not None:
                yield RawChunk(pl.DataFrame(), cut=lines.unread)
        if stream.cut is not None:
            yield RawChunk(pl.DataFrame(), cut=stream.cut)


def _json_rows(stream: ByteStream, text: bytes, block_bytes: int) -> DocumentReader:
    begin = len(text) - len(text.lstrip())
    listed = ROWS_UNDER.search(text)
    if text[begin : begin + 1] == b"[":
        return DocumentReader(stream, skip=begin + 1, nested=True, array=True, block_bytes=block_bytes)
    if listed is not None and text.count(b"{", 0, listed.start()) == 1:
        return DocumentReader(stream, skip=listed.end(), nested=True, block_bytes=block_bytes)
    return DocumentReader(stream, skip=begin, nested=False, block_bytes=block_bytes)


def detect_kind(head: bytes) -> FileKind:
    """Kind of an uncompressed file from its first bytes. Raises EmptyFileError, UnreadableFileError."""
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, (what, hint) in _FOREIGN.items():
        if head.startswith(magic):
            raise UnreadableFileError(f"The file is {what}, not JSON lines, CSV or Parquet.", hint=hint)
    if b"\x00" in head:
        raise _binary(head)
    text = head.removeprefix(_UTF8_BOM).lstrip()
    if not text:
        raise EmptyFileError("The file holds no rows.", hint="Check the path and the export that wrote it.")
    if text.startswith(b"["):
        return "json"
    if not text.startswith(b"{"):
        return "csv"
    return "jsonl" if _one_object_a_line(text) else "json"


def _binary(head: bytes) -> UnreadableFileError:
    """What a file with zero bytes may be."""
    zeros = head.count(b"\x00")
    for start, name in ((0, "UTF-16BE"), (1, "UTF-16LE")):
        if head[start::2].count(b"\x00") == zeros and 5 * zeros > 2 * len(head):
            return UnreadableFileError(
                f"The file looks like {name} text, not JSON lines, CSV or Parquet.",
                hint=f"Convert it: iconv -f {name} -t UTF-8 FILE > FILE.utf8",
            )
    if head[:1] in {b"{", b"["}:
        return UnreadableFileError(
            f"The file is text with zero bytes in it, the first at byte {head.index(0) + 1:,}.",
            hint="A write was broken off there. Take them out: tr -d '\\000' < FILE > FILE.text",
        )
    return UnreadableFileError(
        "The file is binary, not JSON lines, CSV or Parquet.",
        hint="Give a text file in UTF-8 or a Parquet file; gzip and zstd are unpacked.",
    )


def _one_object_a_line(text: bytes) -> bool:
    """Whether the first line holds an object; a line too long to see its end counts as one, unless the object
    lists its rows.
    """
    first, end, _ = text.partition(b"\n")
    try:
        value: object = orjson.loads(first)
    except orjson.JSONDecodeError:
        if end:
            # A lone opening line is a document over several lines; a broken first line is a broken row.
            return first.strip() not in {b"{", b"[", b"[{"} and not _opens_document(first, text)
        return ROWS_UNDER.search(text) is None
    return not (isinstance(value, dict) and isinstance(cast(dict[str, object], value).get("data"), list))


def _opens_document(first: bytes, text: bytes) -> bool:
    last, following = first.rstrip()[-1:], text[len(first) :].lstrip()[:1]
    return last == b"[" or (following in {b'"', b"}"} and last in {b",", b"{"})


def _peek(path: Path) -> bytes:
    with closing(open_stream(path)) as stream:
        head = stream.read(_SNIFF_BYTES)
        if stream.cut is not None and not head:
            raise UnreadableFileError(
                "The compressed file cannot be unpacked.", hint="It may be truncated; compress it again."
            )
    if compression_of(path) and head.startswith(b"PAR1"):
        raise UnreadableFileError(
            "The file is a compressed Parquet file.",
            hint="Unpack it first; Parquet compresses its own columns.",
        )
    return head
