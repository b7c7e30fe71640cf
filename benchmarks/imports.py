"""Import of generated calls over HTTP into a running server: rows/s at three sizes, JSON lines and Parquet.

Both kinds of file hold the same calls and are imported alternately, each time into a fresh workspace, then
once more, which finds every row stored. Seconds are wall time of the request, upload included.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.record import record
from benchmarks.server import Server, running_server
from netra.generator.generating import Profile, generate
from netra.generator.writing import FileFormat, write_files
from netra.pricing.catalogue import PriceCatalogue

FORMATS: tuple[FileFormat, ...] = ("jsonl", "parquet")
BLOCK = 1 << 20
UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


def parts(path: Path) -> Iterator[bytes]:
    """The file in blocks, as an upload sends it."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def import_file(client: httpx.Client, workspace: str, path: Path) -> tuple[float, dict[str, Any]]:
    """Import one file; wall seconds and the result."""
    started = time.perf_counter()
    answer = client.post(
        "/v1/imports",
        params={"format": "calls", "name": path.name},
        headers={"Netra-Workspace": workspace},
        content=parts(path),
    )
    answer.raise_for_status()
    return time.perf_counter() - started, answer.json()


def measure(
    client: httpx.Client, files: dict[FileFormat, Path], label: str, rounds: int
) -> list[dict[str, Any]]:
    """Alternate the formats; one entry a format with its rows, seconds and the seconds of the repetition."""
    first: dict[FileFormat, list[float]] = {kind: [] for kind in files}
    again: dict[FileFormat, list[float]] = {kind: [] for kind in files}
    rows = 0
    for attempt in range(rounds):
        for kind, path in files.items():
            created = client.post("/v1/workspaces", json={"name": f"{label} {kind} {attempt}"})
            created.raise_for_status()
            workspace = created.json()["id"]
            seconds, result = import_file(client, workspace, path)
            rows = result["stored"]
            if result["read"] != rows:
                raise RuntimeError(f"{path.name}: {result['read']} read, {rows} stored")
            first[kind].append(seconds)
            seconds, result = import_file(client, workspace, path)
            if result["duplicates"] != rows:
                raise RuntimeError(f"{path.name} again: {result['duplicates']} of {rows} found")
            again[kind].append(seconds)
    return [
        {
            "format": kind,
            "rows": rows,
            "mebibytes": round(path.stat().st_size / 2**20, 1),
            "rows_per_second": round(rows / statistics.median(first[kind])),
            "seconds": [round(value, 3) for value in first[kind]],
            "microseconds_per_row": round(1e6 * statistics.median(first[kind]) / rows, 2),
            "repetition_rows_per_second": round(rows / statistics.median(again[kind])),
        }
        for kind, path in files.items()
    ]


def run(server: Server, folder: Path, sizes: list[int], rounds: int) -> list[dict[str, Any]]:
    """All sizes, smallest first."""
    results: list[dict[str, Any]] = []
    catalogue = PriceCatalogue()
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=600, trust_env=False) as client:
        for size in sizes:
            usage = generate(Profile(calls=size, until=UNTIL), catalogue)
            files = {kind: write_files(usage, folder / str(size), kind).calls for kind in FORMATS}
            results += measure(client, files, f"bench {size}", rounds)
    return results


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        with running_server(folder / "data") as server:
            results = run(server, folder, sorted(options.sizes), options.rounds)
            memory = server.memory_mb()
    record("imports", {"results": results, "memory_mb_after": memory}, "netra bench imports")


if __name__ == "__main__":
    main()
