"""`netra bench ingest_otlp`: spans a second from an exporter's request to a stored row, beside Phoenix.

Batches of gzipped protobuf are made before the clock starts and sent over a few connections. The clock stops
when the last span is stored: in our call fact as `/v1/ingest` counts it, in Phoenix's database. Then the
freshness of one batch on an idle server: from its 200 to a query that counts it. Server and load share the
machine.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
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
    """Seconds until everything is accepted, and until everything is stored."""
    started = time.perf_counter()
    await send(client, bodies, connections)
    accepted = time.perf_counter() - started
    while await stored() < goal:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.02)
    return {"accepted_s": accepted, "stored_s": time.perf_counter() - started}


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


def rounded(one: dict[str, float]) -> dict[str, float]:
    """For people."""
    return {name: round(value, 3 if name.endswith("_s") else 0) for name, value in one.items()}


async def measure(server: Server, phoenix: Phoenix | None, options: argparse.Namespace) -> dict[str, Any]:
    """Warm up; every size; then rounds in turn with Phoenix; then freshness."""
    netra = Netra(server)
    await netra_round(netra, 4 * BATCH, 1, options.connections)
    sizes: list[dict[str, Any]] = []
    for number, size in enumerate(sorted(options.sizes)):
        result = await netra_round(netra, size, 100 + number, options.connections)
        sizes.append({"spans": size, **rounded(result)})
    payload: dict[str, Any] = {"batch": BATCH, "connections": options.connections, "sizes": sizes}
    if phoenix is not None:
        ours, theirs = [], []
        for number in range(options.rounds):
            our = await netra_round(netra, options.beside, 200 + number, options.connections)
            their = await phoenix_round(phoenix, PHOENIX_SPANS, 300 + number)
            ours.append(our["spans_per_second"])
            theirs.append(their["spans_per_second"])
        ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
        payload["beside_phoenix"] = {
            "phoenix": phoenix.version,
            "netra_spans_per_second": [round(one) for one in ours],
            "phoenix_spans_per_second": [round(one, 1) for one in theirs],
            "phoenix_spans_a_round": PHOENIX_SPANS,
            "ratio": round(statistics.median(ratios)),
            "ratio_low": round(min(ratios)),
            "ratio_high": round(max(ratios)),
        }
    payload["freshness"] = await freshness(netra, options.probes)
    payload["load_average"] = [round(one, 1) for one in os.getloadavg()]
    payload["memory_mb"] = server.memory_mb()
    await netra.client.aclose()
    return payload


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(prog="netra bench ingest_otlp", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[51_200, 204_800, 819_200])
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
                payload = asyncio.run(measure(server, None, options))
            else:
                made = options.phoenix_env or installed(folder / "phoenix-env")
                python = made / "bin" / "python"
                with running_phoenix(python, folder / "phoenix") as phoenix:
                    payload = asyncio.run(measure(server, phoenix, options))
    record("ingest_otlp", payload, "netra bench ingest_otlp")


if __name__ == "__main__":
    main()
