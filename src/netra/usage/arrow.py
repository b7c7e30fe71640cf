"""pyarrow as this room uses it; it ships no types, so it is narrowed here."""

from collections.abc import Collection
from typing import Any, cast

import polars as pl
import pyarrow
from pyarrow import csv as _csv
from pyarrow import parquet as _parquet

arrow: Any = cast(Any, pyarrow)
arrow_csv: Any = cast(Any, _csv)
arrow_parquet: Any = cast(Any, _parquet)

ARROW_ERRORS: tuple[type[Exception], ...] = (cast(Any, pyarrow).ArrowException, OSError, EOFError)
"""What reading a damaged file raises."""


def frame_of(table: Any) -> pl.DataFrame:
    """A frame over an Arrow table or record batch, without a copy where types allow."""
    if not table.num_columns:
        return pl.DataFrame()
    for place, kind in enumerate(table.schema.types):
        known = None
        if arrow.types.is_decimal256(kind):
            known = arrow.string()
        elif arrow.types.is_timestamp(kind) and (kind.tz or "").startswith(("+", "-")):
            known = arrow.timestamp(kind.unit, "UTC")
        if known is not None:
            # What polars has no type for: wide decimals, and zones that are an offset.
            table = table.set_column(place, table.schema.names[place], table.column(place).cast(known))
    return pl.DataFrame(cast(Any, pl).from_arrow(table))


def table_of(frame: pl.DataFrame) -> Any:
    """An Arrow table with plain string columns, as the analytics store reads them."""
    return cast(Any, frame).to_arrow(compat_level=pl.CompatLevel.oldest())


def encoded(table: Any, names: Collection[str]) -> Any:
    """The table with these text columns as dictionaries: each different value travels once."""
    for position, name in enumerate(table.schema.names):
        if name in names:
            column = table.column(position).dictionary_encode().combine_chunks()
            column = column.chunk(0) if isinstance(column, arrow.ChunkedArray) else column
            codes = column.indices.cast(_codes(len(column.dictionary)))
            table = table.set_column(
                position, name, arrow.DictionaryArray.from_arrays(codes, column.dictionary)
            )
    return table


def _codes(values: int) -> Any:
    """The smallest type of numbers for so many values."""
    return arrow.int8() if values < 1 << 7 else arrow.int16() if values < 1 << 15 else arrow.int32()
