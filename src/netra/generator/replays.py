"""What caches would have done with the drawn calls, call by call, by arithmetic that is not the levers'."""

from collections.abc import Iterator

import polars as pl

CACHE_TTL_MS = 300_000
ANSWER_TTL_MS = 86_400_000

_NEVER = -(10**15)


def replay_cache(calls: pl.DataFrame, minimum: int, ttl_ms: int = CACHE_TTL_MS) -> pl.DataFrame:
    """The calls with the cache reads and writes that a prefix cache of this time to live would have had.

    A block is known if its key used it last at most `ttl_ms` before; the read prefix is the run of known
    leading blocks, if it holds `minimum` tokens; the other full blocks are written. `calls` are of one model,
    sorted by ts.
    """
    last_used: dict[tuple[str, int], int] = {}
    reads: list[int] = []
    writes: list[int] = []
    key = pl.col("api_key_id") if "api_key_id" in calls.columns else pl.lit("").alias("api_key_id")
    columns = calls.select(pl.col("ts").dt.epoch("ms"), key, "prefix_hashes", "prefix_block_tokens")
    for ts, scope, hashes, block in columns.iter_rows():
        prefix: list[int] = hashes or []
        blocks = [(str(scope), value) for value in prefix]
        whole = len(blocks) * (block or 0)
        known = 0
        if whole >= minimum:
            while known < len(blocks) and last_used.get(blocks[known], _NEVER) >= ts - ttl_ms:
                known += 1
            last_used.update((block_id, ts) for block_id in blocks)
        read = known * (block or 0)
        read = read if read >= minimum else 0
        reads.append(read)
        writes.append(whole - read if whole >= minimum else 0)
    return calls.with_columns(
        pl.Series("cache_read_tokens", reads, dtype=pl.Int64),
        pl.Series("cache_write_tokens", writes, dtype=pl.Int64),
    )


def replay_answers(calls: pl.DataFrame, ttl_ms: int = ANSWER_TTL_MS) -> pl.Series:
    """Which calls an exact answer cache would have served: the same request was answered before, and that
    answer was complete and at most `ttl_ms` old. Only computed answers are kept, failures never.
    """
    kept: dict[str, float] = {}
    served: list[bool] = []
    for ts, latency, request in _answered(calls):
        since = kept.get(request, _NEVER)
        served.append(request != "" and since <= ts <= since + ttl_ms)
        if ts > since + ttl_ms:
            kept[request] = ts + latency
    return pl.Series("served", served)


def replay_flights(calls: pl.DataFrame) -> pl.Series:
    """Which calls were sent while the same request was still under way; those that failed do not count."""
    ends: dict[str, float] = {}
    joined: list[bool] = []
    for ts, latency, request in _answered(calls):
        joined.append(request != "" and ts < ends.get(request, _NEVER))
        if not joined[-1]:
            ends[request] = ts + latency
    return pl.Series("joined", joined)


def _answered(calls: pl.DataFrame) -> Iterator[tuple[float, float, str]]:
    """Epoch ms, latency in ms and request of each call; no request where it failed or none is recorded."""
    request = pl.when(pl.col("status") == "ok").then(pl.col("request_hash")).fill_null("")
    columns = calls.select(pl.col("ts").dt.epoch("us") / 1_000, pl.col("latency_ms").fill_null(0), request)
    for ts, latency, asked in columns.iter_rows():
        yield float(ts), float(latency), str(asked)
