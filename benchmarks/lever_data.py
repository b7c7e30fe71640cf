"""Generated calls and evaluations for the benchmark of the levers, and the store that holds them."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pyarrow

from netra.storage.clickhouse.migrate import migrate_analytics
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.analytics import AnalyticsEngineProcess
from netra.storage.embedded.data_directory import DataDirectory
from netra.usage.arrow import table_of

BLOCK = 512
MODELS = ("gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini", "gemini-2.5-flash")
MONTH_US = 30 * 86_400 * 10**6
START_US = 1_770_000_000_000_000
CALLS_A_SESSION = 8
INSERTED_AT_ONCE = 250_000


def generated_calls(n: int, mean_blocks: int) -> pl.DataFrame:
    """A month of sessions on four models: shared system prompts, growing conversations, some retries."""
    random = np.random.default_rng(1)
    session = np.sort(random.integers(0, max(n // CALLS_A_SESSION, 1), n))
    turn = np.arange(n) - np.searchsorted(session, session)
    begun = random.integers(0, MONTH_US, session[-1] + 1)
    ts = begun[session] + turn * 30_000_000
    order = np.argsort(ts, kind="stable")
    session, turn, ts = session[order], turn[order], ts[order]
    blocks = random.integers(0, 2 * mean_blocks + 1, n)
    starts = np.cumsum(blocks) - blocks
    place = np.arange(blocks.sum()) - np.repeat(starts, blocks)
    shared = np.repeat(session % 40, blocks) * 7_919 + place
    own = np.repeat(session, blocks) * 100_003 + place + 10**9
    hashes = np.where(place < 3, shared, own).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    offsets = np.concatenate([starts, [blocks.sum()]])
    lists = pl.from_arrow(pyarrow.LargeListArray.from_arrays(offsets, pyarrow.array(hashes)))
    again = random.random(n) < 0.03
    return pl.DataFrame(
        {
            "ts": pl.Series(ts + START_US).cast(pl.Datetime("us", "UTC")),
            "position": np.arange(n, dtype=np.uint64),
            "call_id": pl.Series(np.arange(n)).cast(pl.String),
            "retry_of": pl.Series(np.where(again, np.maximum(np.arange(n) - 3, 0), -1))
            .cast(pl.String)
            .replace("-1", ""),
            "model": np.array(MODELS)[session % len(MODELS)],
            "session_id": pl.Series(session).cast(pl.String),
            "feature": np.array(["chat", "search", "code"])[session % 3],
            "input_tokens": blocks * BLOCK + random.integers(1, BLOCK, n),
            "output_tokens": random.integers(10, 900, n),
            "interactive": random.random(n) < 0.8,
            "latency_ms": random.gamma(2, 500, n),
            "prefix_hashes": lists,
            "prefix_block_tokens": pl.repeat(BLOCK, n, eager=True, dtype=pl.Int64),
        }
    )


def generated_evaluations(items: int = 2_000) -> pl.DataFrame:
    """Paired scores of three models."""
    random = np.random.default_rng(2)
    parts = [
        pl.DataFrame(
            {
                "item_id": [f"i{number}" for number in range(items)],
                "model": [model] * items,
                "score": (random.random(items) < right).astype(np.float64),
                "input_tokens": [1_000] * items,
                "output_tokens": random.integers(50, 100, items),
            }
        )
        for model, right in (("gpt-4o", 0.9), ("gpt-4o-mini", 0.9), ("claude-sonnet-4-5", 0.95))
    ]
    return pl.concat(parts)


@dataclass(frozen=True)
class Engine:
    """The running engine: its address, and its process."""

    url: str
    pid: int

    @property
    def memory_gb(self) -> float:
        """What the engine holds now."""
        return psutil.Process(self.pid).memory_info().rss / 2**30


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """The embedded analytics engine alone, migrated, over a new directory."""
    directory = DataDirectory(folder)
    for part in (directory.log, directory.analytics):
        part.mkdir(parents=True)
    process = AnalyticsEngineProcess(directory)
    child = process.launch()
    try:
        asyncio.run(_migrated(process, child.pid))
        yield Engine(process.url, child.pid)
    finally:
        asyncio.run(child.stop())
        process.close()


async def _migrated(process: AnalyticsEngineProcess, pid: int) -> None:
    while not await process.answers(pid):  # noqa: ASYNC110 - another process cannot set an event
        await asyncio.sleep(0.1)
    store = AnalyticsStore(process.url)
    await migrate_analytics(store)
    await store.close()


async def store_calls(url: str, frame: pl.DataFrame) -> str:
    """Insert calls into a workspace of their own; its id."""
    workspace = f"wsp_{secrets.token_hex(8)}"
    store = AnalyticsStore(url, deadline_s=300)
    plain = {"workspace_id": workspace, "provider": "", "status": "ok", "service_tier": "standard"}
    for start in range(0, frame.height, INSERTED_AT_ONCE):
        part = frame[start : start + INSERTED_AT_ONCE].with_columns(
            pl.lit(v).alias(n) for n, v in plain.items()
        )
        await store.insert_arrow("llm_calls", table_of(part), token=f"{workspace}:{start}")
    await store.close()
    return workspace


def write_peer_files(folder: Path, frame: pl.DataFrame, rates: list[dict[str, object]]) -> None:
    """The same calls, evaluations and prices as files, as an analyst would have them."""
    folder.mkdir(parents=True)
    frame.write_parquet(folder / "calls.parquet")
    generated_evaluations().write_parquet(folder / "evaluations.parquet")
    (folder / "rates.json").write_text(json.dumps(rates), encoding="utf-8")
