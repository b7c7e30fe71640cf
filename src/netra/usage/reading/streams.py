"""Byte streams over plain and compressed files that end, instead of failing, where a file was cut off, or
where it unpacks to so much more than itself that it holds nothing but repetition.
"""

import zlib
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from netra.usage.arrow import ARROW_ERRORS, arrow

_PIECE = 256 * 1024
MOST_TIMES = 200
LEAST_BOMB_BYTES = 1024**3
"""Logs pack to a tenth or a fiftieth; more than MOST_TIMES, and as much as this, is read no further."""

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


class ByteStream(Protocol):
    """What readers read. `cut` says, once the end is reached, why it is not the end that was written."""

    cut: str | None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def open_stream(path: Path) -> ByteStream:
    """Open a file, told by its first bytes: gzip, zstd, else as it is."""
    compression = compression_of(path)
    if compression is None:
        return _Plain(path.open("rb"))
    stream = _Gzip(path.open("rb")) if compression == "gzip" else _Zstandard(path)
    return _Bounded(stream, max(LEAST_BOMB_BYTES, MOST_TIMES * path.stat().st_size))


def compression_of(path: Path) -> str | None:
    """`gzip`, `zstd` or None."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)


class _Plain:
    cut: str | None = None

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.close = file.close

    def read(self, size: int) -> bytes:
        return self._file.read(size)


class _Bounded:
    """Unpacks no more than `most` bytes."""

    def __init__(self, stream: ByteStream, most: int) -> None:
        self._stream = stream
        self._left = most
        self.close = stream.close
        self.cut: str | None = None

    def read(self, size: int) -> bytes:
        part = b"" if self._left <= 0 else self._stream.read(min(size, self._left))
        self._left -= len(part)
        self.cut = self._stream.cut
        if self._left <= 0:
            self.cut = f"the compressed data unpacks to more than {MOST_TIMES} times its size"
        return part


class _Gzip:
    """Members one after the other; hands out every byte before the place where the data breaks off."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member = zlib.decompressobj(31)
        self._begun = False
        self._input = b""
        self.cut: str | None = None
        self.close = file.close

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        missing = size
        while missing > 0 and self.cut is None:
            if not self._input:
                self._input = self._file.read(_PIECE)
                if not self._input:
                    if self._begun:
                        self.cut = "the gzip data breaks off"
                    break
            if not self._begun and not self._input.startswith(b"\x1f"):
                if self._input.strip(b"\x00"):
                    self.cut = "what stands behind the gzip data is none and was not read"
                break  # zeros are padding behind the last member
            part = self._unpack(missing)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _unpack(self, size: int) -> bytes:
        self._begun = True
        try:
            part = self._member.decompress(self._input, size)
        except zlib.error:
            self.cut = "the gzip data is damaged"
            return b""
        if self._member.eof:
            self._input = self._member.unused_data
            self._member, self._begun = zlib.decompressobj(31), False
        else:
            self._input = self._member.unconsumed_tail
        return part


class _Zstandard:
    """Frames one after the other, through Arrow; small reads, so that little is lost where one fails."""

    def __init__(self, path: Path) -> None:
        self._stream: Any = arrow.CompressedInputStream(str(path), "zstd")
        self.cut: str | None = None
        self.close = self._stream.close

    def read(self, size: int) -> bytes:
        parts: list[bytes] = []
        missing = size
        while missing > 0 and self.cut is None:
            try:
                part = bytes(self._stream.read(min(missing, _PIECE)))
            except ARROW_ERRORS:
                self.cut = "the zstd data breaks off or is damaged"
                break
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
