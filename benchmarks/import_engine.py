"""What the engine alone does with a file: `INSERT INTO llm_calls SELECT ... FROM file(...)` in a process of
its own, into a table made by our migrations. No ids, prices, checks or network: the upper bound.

Run as `python -m benchmarks.import_engine FILE`; prints the seconds of the insert.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import chdb
import polars as pl

from netra.storage.clickhouse.migrate import shipped_analytics_migrations

KINDS = {".parquet": "Parquet", ".jsonl": "JSONEachRow"}


def engine_seconds(file: Path) -> float:
    """Seconds of the engine's own insert, in a fresh process and directory."""
    command = [sys.executable, "-m", "benchmarks.import_engine", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(answer.stdout.split()[-1])


def columns_of(file: Path) -> list[str]:
    """Columns of the file."""
    if file.suffix == ".parquet":
        return list(pl.read_parquet_schema(file))
    return pl.scan_ndjson(file, infer_schema_length=1_000).collect_schema().names()


def insert(file: Path, directory: str) -> float:
    """Insert the file; seconds."""
    connection = cast(Any, chdb).connect(f"{directory}/store")
    for migration in shipped_analytics_migrations():
        for statement in migration.statements:
            connection.query(statement)
    names = columns_of(file)
    chosen = [
        "fromUnixTimestamp64Milli(toInt64(ts), 'UTC') AS ts" if name == "ts" else f"`{name}`"
        for name in names
    ]
    target = ", ".join(f"`{name}`" for name in names)
    source = f"file('{file}', {KINDS[file.suffix]})"
    sql = f"INSERT INTO llm_calls ({target}) SELECT {', '.join(chosen)} FROM {source}"
    started = time.perf_counter()
    connection.query(sql)
    seconds = time.perf_counter() - started
    rows = int(connection.query("SELECT count() FROM llm_calls", "TSV").bytes())
    if rows == 0:
        raise RuntimeError("the engine stored nothing")
    return seconds


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="netra-engine-") as place:
        sys.stdout.write(f"{insert(Path(sys.argv[1]), place)}\n")
