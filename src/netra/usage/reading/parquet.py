"""Parquet to frames, batch by batch."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from netra.usage.arrow import ARROW_ERRORS, arrow, arrow_parquet, frame_of
from netra.usage.errors import UnreadableFileError
from netra.usage.reading.chunks import LINE, MAX_CHUNK_ROWS, RawChunk


def read_parquet(path: Path, wanted: frozenset[str]) -> Iterator[RawChunk]:
    """Read the wanted columns; LINE is the 1-based row number."""
    try:
        file = arrow_parquet.ParquetFile(path)
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
