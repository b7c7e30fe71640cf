"""Frames from and to Arrow; pyarrow and this part of polars ship no types, so they are narrowed here."""

from typing import Any, cast

import polars as pl


def frame_of(table: Any) -> pl.DataFrame:
    """A frame over an Arrow table."""
    return pl.DataFrame(cast(Any, pl).from_arrow(table))


def table_of(frame: pl.DataFrame) -> Any:
    """An Arrow table with plain string columns, as the analytics store reads them."""
    return cast(Any, frame).to_arrow(compat_level=pl.CompatLevel.oldest())
