"""`netra bench ingest_otlp`: spans a second from an exporter's request to a stored row, beside Phoenix.

Batches of gzipped protobuf are made before the clock starts and sent over a few connections. The clock stops
when the last span is stored: in our call fact as `/v1/ingest` counts it, in Phoenix's database. A size larger
than a window is sent a window at a time, each made before its own clock starts, so that the sender stays
small; the seconds add up, waiting for each window's last span included. Then the freshness of one batch on an
idle server: from its 200 to a query that counts it. Server and load share the machine.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.phoenix import Phoenix, installed, running_phoenix
from benchmarks.record import record
from benchmarks.server import Server, running_server
from benchmarks.spans import batches

BATCH = 512
HEADERS = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
PHOENIX_SPANS = 4 * BATCH
WINDOW_BATCHES = 400


async def send(client: httpx.AsyncClient, bodies: list[bytes], connections: int) -> None:
    """Send everything, waiting as an exporter does when it is told to."""
    left = iter(bodies)

    async def one() -> None:
        for body in left:
            answer = await client.post("/v1/traces", content=body, headers=HEADERS)
            while answer.status_code == 503:
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
                answer = await client.post("/v1/traces", content=body, headers=HEADERS)
            answer.raise_for_status()

    await asyncio.gather(*(one() for _ in range(connections)))


async def timed(
    client: httpx.AsyncClient,
    bodies: list[bytes],
    connections: int,
    stored: Callable[[], Awaitable[int]],
    goal: int,
) -> dict[str, float]:
    """Seconds until everything is accepted, and until everything is stored; what is left between the two."""
    started = time.perf_counter()
    await send(client, bodies, connections)
    accepted = time.perf_counter() - started
    behind = goal - await stored()
    while await stored() < goal:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.02)
    return {"accepted_s": accepted, "stored_s": time.perf_counter() - started, "behind": behind}


class Netra:
    """Our server as the exporter and the analyst see it."""

    def __init__(self, server: Server) -> None:
        self.client = httpx.AsyncClient(
            base_url=server.url,
            headers={"Authorization": f"Bearer {server.api_key}"},
            timeout=120,
            trust_env=False,
        )

    async def stored(self) -> int:
        """Spans stored so far."""
        sources = (await self.client.get("/v1/ingest")).json()["sources"]
        return int(sources.get("otlp", {}).get("stored", 0))

    async def calls(self) -> int:
        """Calls that a query sees."""
        answer = await self.client.post("/v1/usage/query", json={"measures": ["calls"]})
        return int(answer.json()["rows"][0]["calls"])


async def netra_round(netra: Netra, count: int, seed: int, connections: int) -> dict[str, float]:
    """Send `count` spans; times and rate."""
    bodies = list(batches(count, BATCH, seed))
    goal = await netra.stored() + count
    times = await timed(netra.client, bodies, connections, netra.stored, goal)
    return {**times, "spans_per_second": count / times["stored_s"]}


async def netra_size(
    netra: Netra, server: Server, count: int, options: argparse.Namespace, deadline: float
) -> dict[str, Any]:
    """One size, a window at a time; after the deadline no more windows are begun."""
    made = batches(count, BATCH, count)
    windows: list[dict[str, float]] = []
    sent = 0
    while sent < count and (not windows or time.monotonic() < deadline):
        bodies = list(islice(made, WINDOW_BATCHES))
        spans = min(len(bodies) * BATCH, count - sent)
        goal = await netra.stored() + spans
        times = await timed(netra.client, bodies, options.connections, netra.stored, goal)
        windows.append({**times, "spans_per_second": spans / times["stored_s"]})
        sent += spans
    stored_s = sum(one["stored_s"] for one in windows)
    rates = [one["spans_per_second"] for one in windows]
    fifth = max(len(rates) // 5, 1)
    return {
        "spans": sent,
        "asked": count,
        "accepted_s": round(sum(one["accepted_s"] for one in windows), 3),
        "stored_s": round(stored_s, 3),
        "spans_per_second": round(sent / stored_s),
        "windows": len(windows),
        "first_windows_spans_per_second": round(statistics.mean(rates[:fifth])),
        "last_windows_spans_per_second": round(statistics.mean(rates[-fifth:])),
        "most_behind": round(max(one["behind"] for one in windows)),
        "memory_mb": server.memory_mb()["total"],
        "disk_mb": disk_mb(server.data_dir),
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


def disk_mb(data_dir: Path) -> dict[str, float]:
    """What the stores hold on the disk."""
    sizes: dict[str, float] = {}
    for name in ("analytics", "postgres"):
        files = (path for path in (data_dir / name).rglob("*") if path.is_file() and not path.is_symlink())
        sizes[name] = round(sum(_blocks(path) for path in files) / 2**20, 1)
    return sizes


def _blocks(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0  # merged away meanwhile


async def phoenix_round(phoenix: Phoenix, count: int, seed: int) -> dict[str, float]:
    """The same for Phoenix."""
    bodies = list(batches(count, BATCH, seed))
    goal = phoenix.stored() + count

    async def stored() -> int:
        return phoenix.stored()

    async with httpx.AsyncClient(base_url=phoenix.url, timeout=600, trust_env=False) as client:
        times = await timed(client, bodies, 2, stored, goal)
    return {**times, "spans_per_second": count / times["stored_s"]}


async def freshness(netra: Netra, probes: int) -> dict[str, float]:
    """Milliseconds from acceptance to a query that sees the spans, on an idle server."""
    waits: list[float] = []
    for probe in range(probes):
        before = await netra.calls()
        await send(netra.client, list(batches(8, 8, 90_000 + probe)), 1)
        accepted = time.perf_counter()
        while await netra.calls() < before + 8:  # noqa: ASYNC110 - another process stores
            await asyncio.sleep(0.01)
        waits.append((time.perf_counter() - accepted) * 1000)
    return {"p50_ms": round(statistics.median(waits)), "max_ms": round(max(waits)), "probes": probes}


async def beside(netra: Netra, phoenix: Phoenix, options: argparse.Namespace) -> dict[str, Any]:
    """Rounds in turn with Phoenix."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(options.rounds):
        our = await netra_round(netra, options.beside, 200 + number, options.connections)
        their = await phoenix_round(phoenix, PHOENIX_SPANS, 300 + number)
        ours.append(our["spans_per_second"])
        theirs.append(their["spans_per_second"])
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    return {
        "phoenix": phoenix.version,
        "netra_spans_per_second": [round(one) for one in ours],
        "phoenix_spans_per_second": [round(one, 1) for one in theirs],
        "netra_spans_a_round": options.beside,
        "phoenix_spans_a_round": PHOENIX_SPANS,
        "ratio": round(statistics.median(ratios)),
        "ratio_low": round(min(ratios)),
        "ratio_high": round(max(ratios)),
    }


async def measure(server: Server, options: argparse.Namespace, phoenix: Phoenix | None) -> dict[str, Any]:
    """Warm up; rounds in turn with Phoenix; freshness."""
    netra = Netra(server)
    await netra_round(netra, 4 * BATCH, 1, options.connections)
    payload: dict[str, Any] = {"batch": BATCH, "connections": options.connections}
    if phoenix is not None:
        payload["beside_phoenix"] = await beside(netra, phoenix, options)
    payload["freshness"] = await freshness(netra, options.probes)
    await netra.client.aclose()
    return payload


async def grow(server: Server, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every size on top of the others, the largest last."""
    netra = Netra(server)
    deadline = time.monotonic() + options.minutes * 60
    sizes = [await netra_size(netra, server, size, options, deadline) for size in sorted(options.sizes)]
    await netra.client.aclose()
    return sizes


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(prog="netra bench ingest_otlp", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[102_400, 1_024_000, 10_240_000])
    parser.add_argument("--minutes", type=float, default=10, help="for all sizes; then it is cut off")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turn with Phoenix")
    parser.add_argument("--beside", type=int, default=102_400, help="our spans in such a round")
    parser.add_argument("--probes", type=int, default=20)
    parser.add_argument("--phoenix-env", type=Path, help="an environment with arize-phoenix; default: made")
    parser.add_argument("--without-phoenix", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        with running_server(folder / "data") as server:
            if options.without_phoenix:
                payload = asyncio.run(measure(server, options, None))
            else:
                made = options.phoenix_env or installed(folder / "phoenix-env")
                with running_phoenix(made / "bin" / "python", folder / "phoenix") as phoenix:
                    payload = asyncio.run(measure(server, options, phoenix))
            payload["sizes"] = asyncio.run(grow(server, options))
            payload["memory_mb"] = server.memory_mb()
    record("ingest_otlp", payload, f"netra bench ingest_otlp {' '.join(sys.argv[1:])}".strip())


if __name__ == "__main__":
    main()
