"""Which reader a file needs, told by its content and never by its name."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Literal, cast

from netra.usage.arrow import ARROW_ERRORS, arrow
from netra.usage.errors import EmptyFileError, UnreadableFileError
from netra.usage.reading.chunks import RawChunk
from netra.usage.reading.json_lines import RowAdapter, read_json_lines
from netra.usage.reading.lines import BLOCK_BYTES, LineReader
from netra.usage.reading.parquet import read_parquet
from netra.usage.reading.separated import read_separated

FileKind = Literal["jsonl", "csv", "parquet"]

_SNIFF_BYTES = 64 * 1024
_UTF8_BOM = b"\xef\xbb\xbf"
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PK\x03\x04": ("a ZIP archive or spreadsheet", "Unpack it, or export the sheet as CSV."),
    b"%PDF": ("a PDF", "Export the data as CSV, JSON lines or Parquet."),
    b"\xff\xfe": ("UTF-16 text", "Convert it: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8"),
    b"\xfe\xff": ("UTF-16 text", "Convert it: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8"),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV, JSON lines or Parquet."),
    b"BZh": ("bzip2-compressed", "Unpack it, or compress it with gzip or zstd."),
    b"\xfd7zXZ": ("xz-compressed", "Unpack it, or compress it with gzip or zstd."),
}


def read_file(
    path: Path, wanted: frozenset[str], *, adapter: RowAdapter | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[RawChunk]:
    """Rows of a file in chunks whose borders depend on the file alone. gzip and zstd are seen through.

    Raises EmptyFileError, UnreadableFileError.
    """
    if path.stat().st_size == 0:
        raise EmptyFileError(
            "The file is empty (0 bytes).", hint="Check the path and the export that wrote it."
        )
    with ExitStack() as resources:
        stream = _open(path, resources)
        head = _peek(path)
        kind = detect_kind(head)
        if kind == "parquet":
            yield from read_parquet(path, wanted)
            return
        if head.startswith(_UTF8_BOM):
            stream.read(len(_UTF8_BOM))
        lines = iter(LineReader(stream, block_bytes=block_bytes))
        try:
            if kind == "jsonl":
                yield from read_json_lines(lines, wanted, adapter)
            else:
                yield from read_separated(lines, wanted)
        except ARROW_ERRORS as error:
            raise UnreadableFileError(
                f"The file cannot be read to its end: {str(error).splitlines()[0][:200]}",
                hint="It may be truncated; write it again and repeat the import. What was read is kept.",
            ) from error


def detect_kind(head: bytes) -> FileKind:
    """Kind of an uncompressed file from its first bytes. Raises EmptyFileError, UnreadableFileError."""
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, (what, hint) in _FOREIGN.items():
        if head.startswith(magic):
            raise UnreadableFileError(f"The file is {what}, not JSON lines, CSV or Parquet.", hint=hint)
    if b"\x00" in head:
        raise UnreadableFileError(
            "The file is binary, not JSON lines, CSV or Parquet.",
            hint="Give a text file in UTF-8 or a Parquet file; gzip and zstd are unpacked.",
        )
    text = head.removeprefix(_UTF8_BOM).lstrip()
    if not text:
        raise EmptyFileError("The file holds no rows.", hint="Check the path and the export that wrote it.")
    if text.startswith(b"["):
        raise UnreadableFileError(
            "The file is one JSON array, not JSON lines.", hint="Write one object a line: jq -c '.[]' FILE"
        )
    return "jsonl" if text.startswith(b"{") else "csv"


def _compression(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)


def _open(path: Path, resources: ExitStack) -> BinaryIO:
    compression = _compression(path)
    if compression is None:
        return resources.enter_context(path.open("rb"))
    return cast(BinaryIO, resources.enter_context(arrow.CompressedInputStream(str(path), compression)))


def _peek(path: Path) -> bytes:
    with ExitStack() as resources:
        try:
            head = _open(path, resources).read(_SNIFF_BYTES)
        except ARROW_ERRORS as error:
            raise UnreadableFileError(
                "The compressed file cannot be unpacked.", hint="It may be truncated; compress it again."
            ) from error
    if _compression(path) and head.startswith(b"PAR1"):
        raise UnreadableFileError(
            "The file is a compressed Parquet file.",
            hint="Unpack it first; Parquet compresses its own columns.",
        )
    return head
