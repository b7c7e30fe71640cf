"""Import over HTTP into a running server, beside the engine's own insert of the same file: rows/s by size.

Each round imports a file into a fresh workspace, imports it again (every row is found stored), and lets the
engine alone insert it, in turn, so that a busy machine slows all three alike; the ratio is taken within a
round. Seconds are wall time of the request, upload included. CPU seconds are those of the server's processes.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.import_engine import engine_seconds
from benchmarks.import_files import write_calls
from benchmarks.import_formats import measure_formats
from benchmarks.record import record
from benchmarks.server import Server, running_server

BLOCK = 1 << 20
PARQUET = [100_000, 1_000_000, 10_000_000]
JSON_LINES = [100_000, 300_000, 1_000_000]


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


def cpu_seconds(server: Server) -> float:
    """CPU time of all processes of the server so far."""
    total = 0.0
    parent = psutil.Process(server.pid)
    for process in [parent, *parent.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def wait_until_idle(server: Server, *, timeout: float = 60.0) -> None:
    """Wait until what the server does after an import (merging, warming) is over."""
    deadline = time.monotonic() + timeout
    before = cpu_seconds(server)
    while time.monotonic() < deadline:
        time.sleep(1.0)
        now = cpu_seconds(server)
        if now - before < 0.25:
            return
        before = now


@dataclass
class Peak:
    """Largest proportional set size of the server's parts while the block runs, in MiB."""

    server: Server
    sizes: dict[str, float] = field(default_factory=dict[str, float])
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Peak":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            for name, size in self.server.memory_mb().items():
                self.sizes[name] = max(size, self.sizes.get(name, 0.0))


def measure(client: httpx.Client, server: Server, path: Path, rows: int, rounds: int) -> dict[str, Any]:
    """One file: seconds of the import, its repetition and the engine alone, in turn."""
    first: list[float] = []
    again: list[float] = []
    engine: list[float] = []
    cpu: list[float] = []
    peak: dict[str, float] = {}
    for attempt in range(rounds):
        created = client.post("/v1/workspaces", json={"name": f"{path.parent.name} {path.name} {attempt}"})
        created.raise_for_status()
        workspace = created.json()["id"]
        wait_until_idle(server)
        used = cpu_seconds(server)
        with Peak(server) as watched:
            seconds, result = import_file(client, workspace, path)
        if (result["read"], result["stored"]) != (rows, rows):
            raise RuntimeError(f"{path.name}: {result['read']} read, {result['stored']} stored of {rows}")
        cpu.append(cpu_seconds(server) - used)
        first.append(seconds)
        peak = {name: max(size, peak.get(name, 0.0)) for name, size in watched.sizes.items()} or peak
        wait_until_idle(server)
        engine.append(engine_seconds(path))
        seconds, result = import_file(client, workspace, path)
        if result["duplicates"] != rows:
            raise RuntimeError(f"{path.name} again: {result['duplicates']} of {rows} found")
        again.append(seconds)
    ratios = [theirs / ours for ours, theirs in zip(first, engine, strict=True)]
    return {
        "format": path.suffix.removeprefix("."),
        "rows": rows,
        "mebibytes": round(path.stat().st_size / 2**20, 1),
        "rows_per_second": round(rows / statistics.median(first)),
        "seconds": [round(value, 3) for value in first],
        "cpu_seconds": [round(value, 2) for value in cpu],
        "rows_per_cpu_second": round(rows / statistics.median(cpu)),
        "repetition_rows_per_second": round(rows / statistics.median(again)),
        "engine_rows_per_second": round(rows / statistics.median(engine)),
        "engine_seconds": [round(value, 3) for value in engine],
        "percent_of_engine": {
            "median": round(100 * statistics.median(ratios), 1),
            "lowest": round(100 * min(ratios), 1),
            "highest": round(100 * max(ratios), 1),
        },
        "peak_memory_mb": peak,
    }


def rounds_of(size: int) -> int:
    """How often a file of so many rows is imported, so that all of it takes less than ten minutes."""
    return 5 if size <= 1_000_000 else 2


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parquet", type=int, nargs="*", default=PARQUET)
    parser.add_argument("--jsonl", type=int, nargs="*", default=JSON_LINES)
    parser.add_argument("--rounds", type=int, help="default: 5, of more than a million rows 2")
    parser.add_argument(
        "--formats",
        type=int,
        nargs="?",
        const=200_000,
        metavar="ROWS",
        help="only what reading each format costs",
    )
    options = parser.parse_args()
    if options.formats:
        measure_formats(options.formats)
        return
    load_before = os.getloadavg()[0]
    results: list[dict[str, Any]] = []
    sizes = [(".parquet", size) for size in options.parquet] + [(".jsonl", size) for size in options.jsonl]
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        for suffix, size in sizes:
            # A server of its own each, so that no size pays for the rows of another.
            place = folder / f"{suffix[1:]}-{size}"
            place.mkdir()
            path = place / f"calls{suffix}"
            rows = write_calls(path, size)
            with running_server(place / "data") as server:
                headers = {"Authorization": f"Bearer {server.api_key}"}
                with httpx.Client(
                    base_url=server.url, headers=headers, timeout=1_800, trust_env=False
                ) as client:
                    results.append(measure(client, server, path, rows, options.rounds or rounds_of(size)))
            path.unlink()
            # After each size, so that a run that is cut short leaves what it measured.
            load = {"before": round(load_before, 2), "after": round(os.getloadavg()[0], 2)}
            record("imports", {"load_average": load, "results": results}, "netra bench imports")


if __name__ == "__main__":
    main()
