"""What caches would have done with the drawn calls, call by call, by arithmetic that is not the levers'."""

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
    """Which calls an exact answer cache would have served: the same request was answered, for its asker, at
    most `ttl_ms` before by a call that had ended. Only computed answers are kept, failures never.
    """
    kept: dict[str, list[tuple[float, int]]] = {}
    served: list[bool] = []
    columns = calls.select(pl.col("ts").dt.epoch("ms"), "latency_ms", "status", "request_hash")
    for ts, latency, status, request in columns.iter_rows():
        answers = kept.get(request, []) if request is not None else []
        hit = status == "ok" and any(end <= ts and ts - begun <= ttl_ms for end, begun in answers)
        served.append(hit)
        if request is not None and status == "ok" and not hit:
            kept[request] = [*answers[-3:], (ts + (latency or 0.0), ts)]
    return pl.Series("served", served)


def replay_flights(calls: pl.DataFrame) -> pl.Series:
    """Which calls were sent while the same request was still under way."""
    ends: dict[str, float] = {}
    joined: list[bool] = []
    columns = calls.select(pl.col("ts").dt.epoch("ms"), "latency_ms", "request_hash")
    for ts, latency, request in columns.iter_rows():
        under_way = request is not None and ts < ends.get(request, _NEVER)
        joined.append(under_way)
        if request is not None and not under_way:
            ends[request] = ts + (latency or 0.0)
    return pl.Series("joined", joined)
