"""Traffic for a benchmark: a generated month, imported through the API into the caller's workspace."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from pathlib import Path

from netra.client.http import NetraClient
from netra.generator.generating import Profile, generate
from netra.generator.writing import write_files
from netra.pricing.catalogue import PriceCatalogue

BLOCK = 1 << 20


async def imported_month(client: NetraClient, calls: int) -> int:
    """Generate about `calls` calls up to today, import calls and evaluations; the number of calls stored."""
    until = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    with tempfile.TemporaryDirectory(prefix="netra-traffic-") as scratch:
        usage = await asyncio.to_thread(generate, Profile(calls=calls, until=until), PriceCatalogue())
        files = await asyncio.to_thread(write_files, usage, Path(scratch), "parquet")
        stored = await import_file(client, files.calls, "calls")
        await import_file(client, files.evaluations, "evals")
    return stored


async def import_file(client: NetraClient, path: Path, file_format: str) -> int:
    """Import one file as the command line does; the number of rows stored."""

    async def blocks() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while block := await asyncio.to_thread(file.read, BLOCK):
                yield block

    result = await client.stream_progress(
        "/v1/imports", params={"format": file_format, "name": path.name}, content=blocks()
    )
    return int(result["stored"])
