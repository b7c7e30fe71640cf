"""Parquet to frames, batch by batch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from netra.usage.arrow import ARROW_ERRORS, arrow, arrow_parquet, frame_of
from netra.usage.errors import UnreadableFileError
from netra.usage.reading.chunks import LINE, MAX_CHUNK_ROWS, RawChunk, refuse_repeated
from netra.usage.reading.json_lines import RowAdapter, RowFold, adapted_chunk, rows_chunk

ADAPTED_AT_ONCE = 20_000
"""Rows that become objects at once, for a format that flattens them one by one."""


def read_parquet(
    path: Path, wanted: frozenset[str], adapter: RowAdapter | None = None, fold: RowFold | None = None
) -> Iterator[RawChunk]:
    """Read the wanted columns, or whole rows for the format to flatten; LINE is the 1-based row number."""
    try:
        file = arrow_parquet.ParquetFile(path)
        refuse_repeated(file.schema_arrow.names)
        if adapter is not None or fold is not None:
            yield from _adapted(file, wanted, adapter, fold)
            return
        all_names: tuple[str, ...] = tuple(file.schema_arrow.names)
        names = [name for name in all_names if name in wanted]
        row = 1
        for batch in file.iter_batches(batch_size=MAX_CHUNK_ROWS, columns=names):
            line = pl.int_range(row, row + batch.num_rows, dtype=pl.Int64, eager=True).alias(LINE)
            row += int(batch.num_rows)
            frame = (
                frame_of(arrow.Table.from_batches([batch])).with_columns(line)
                if names
                else pl.DataFrame([line])
            )
            yield RawChunk(frame, names=all_names)
    except ARROW_ERRORS as error:
        raise UnreadableFileError(
            f"The Parquet file cannot be read: {str(error).splitlines()[0][:200]}",
            hint="The file may be truncated; write it again and repeat the import.",
        ) from error


def _adapted(
    file: Any, wanted: frozenset[str], adapter: RowAdapter | None, fold: RowFold | None
) -> Iterator[RawChunk]:
    number = 0
    for batch in file.iter_batches(batch_size=ADAPTED_AT_ONCE):
        first = number + 1
        number += int(batch.num_rows)
        yield adapted_chunk(
            zip(range(first, number + 1), batch.to_pylist(), strict=True), wanted, adapter, fold
        )
    if fold is not None:
        yield rows_chunk(list(fold.rest()), wanted, [], fold.take_ignored())
