"""Files for the import benchmark: a generated month of traffic, repeated with new ids and later times."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from netra.generator.generating import Profile, generate
from netra.pricing.catalogue import PriceCatalogue

UNTIL = datetime(2025, 11, 21, tzinfo=UTC)
PART = 1_000_000
_MONTH_MS = int(timedelta(days=30).total_seconds() * 1000)


def write_calls(path: Path, calls: int) -> int:
    """Write `calls` calls as Parquet or JSON lines, by the file's ending; never more than a million rows in
    memory. The number of rows.
    """
    month = generate(Profile(calls=min(calls, PART), until=UNTIL), PriceCatalogue()).calls.head(
        min(calls, PART)
    )
    repeats = -(-calls // month.height)
    parts = path.with_suffix(".parts")
    parts.mkdir(parents=True)
    rows = 0
    for number in range(repeats):
        part = month.head(calls - rows).with_columns(
            pl.col("call_id") + f"-{number}", pl.col("ts") - number * _MONTH_MS
        )
        rows += part.height
        if path.suffix == ".parquet":
            part.write_parquet(parts / f"{number:04d}.parquet")
        else:
            with path.open("ab") as file:
                part.write_ndjson(file)
    if path.suffix == ".parquet":
        pl.scan_parquet(parts / "*.parquet").sink_parquet(path)
    for piece in parts.iterdir():
        piece.unlink()
    parts.rmdir()
    return rows
