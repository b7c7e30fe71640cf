"""Exports of other tools as bytes, and the rows an import makes of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from netra.usage.importing.parsing import FileParser, ImportOptions, ParsedChunk

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def parse(tmp_path: Path, content: bytes, kind: str, block: int = 1 << 20) -> list[ParsedChunk]:
    """The chunks of a file with this content; `block` bytes are read at once."""
    file = tmp_path / "export"
    file.write_bytes(content)
    return list(FileParser(ImportOptions(kind), now=NOW).parse(file, block_bytes=block))


def rows_of(chunks: list[ParsedChunk]) -> pl.DataFrame:
    """All rows; none was rejected."""
    assert [reject.reason for chunk in chunks for reject in chunk.rejects] == []
    return pl.concat([chunk.frame for chunk in chunks if chunk.frame.height])


def jsonl(*rows: dict[str, Any]) -> bytes:
    """One JSON object a line."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def csv(*rows: dict[str, Any]) -> bytes:
    """A table; nested values as JSON in their cell."""
    cells = [
        {
            name: orjson.dumps(value).decode() if isinstance(value, dict | list) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return pl.DataFrame(cells).write_csv().encode()
