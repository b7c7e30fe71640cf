"""Drawn calls get the columns of the format `calls`: identities, names, and what follows from others."""

import polars as pl

from netra.generator.company import Company, Workload

_NO_TEXT = pl.lit(None, dtype=pl.String)


def named_calls(frame: pl.DataFrame, workload: Workload, company: Company, seed: int) -> pl.DataFrame:
    """The calls of a workload in the columns of the format `calls`, in the order they came."""
    frame = _with_status(frame.with_row_index("row"))
    head = f"{company.mark}{seed}-{workload.code}"
    reasoning = (pl.col("output_tokens") * workload.reasoning).cast(pl.Int64)
    return frame.select(
        pl.format(f"{head}-{{}}", "row").alias("call_id"),
        pl.col("ts"),
        pl.lit(workload.provider).alias("provider"),
        pl.lit(workload.model).alias("model"),
        pl.col("input_tokens"),
        (pl.col("input_tokens") * workload.cached_share).cast(pl.Int64).alias("cache_read_tokens"),
        pl.col("output_tokens"),
        (reasoning if workload.reasoning else pl.lit(None, dtype=pl.Int64)).alias("reasoning_tokens"),
        pl.lit("standard").alias("service_tier"),
        pl.col("latency_ms"),
        pl.col("ttft_ms"),
        pl.col("status"),
        pl.when(pl.col("attempt") > 0).then(pl.format(f"{head}-{{}}", pl.col("row") - 1)).alias("retry_of"),
        pl.lit(workload.app).alias("app"),
        pl.lit(workload.feature).alias("feature"),
        pl.format(f"{workload.app}-{{}}@{company.domain}", pl.col("user_number") + 1).alias("user"),
        *_tenancy(workload),
        (pl.format(f"{head}-s{{}}", "session") if workload.turns else _NO_TEXT).alias("session_id"),
        pl.lit(workload.interactive, dtype=pl.Boolean).alias("interactive"),
        pl.lit(workload.interactive, dtype=pl.Boolean).alias("streaming"),
        pl.lit(workload.max_output_tokens, dtype=pl.Int64).alias("max_output_tokens"),
        pl.lit(workload.effort or None, dtype=pl.String).alias("reasoning_effort"),
        *_request(workload, head),
        *_prefix(frame),
    )


def _with_status(frame: pl.DataFrame) -> pl.DataFrame:
    """An attempt and a status for every call; a failed one has no output."""
    if "attempt" in frame.columns:
        return frame
    return frame.with_columns(
        pl.lit(0, dtype=pl.Int64).alias("attempt"),
        pl.when(pl.col("failed")).then(pl.lit("error")).otherwise(pl.lit("ok")).alias("status"),
        pl.when(pl.col("failed")).then(0).otherwise(pl.col("output_tokens")).alias("output_tokens"),
    )


def _tenancy(workload: Workload) -> list[pl.Expr]:
    if not workload.tenants:
        return [pl.lit(f"key-{workload.app}").alias("api_key_id"), _NO_TEXT.alias("tags")]
    tenant = pl.format("tenant-{}", "tenant_number")
    return [
        pl.format("key-{}", tenant).alias("api_key_id"),
        pl.concat_str(pl.lit('{"tenant":"'), tenant, pl.lit('"}')).alias("tags"),
    ]


def _request(workload: Workload, head: str) -> list[pl.Expr]:
    """Requests are told apart where they come again; what is asked again is asked at temperature 0."""
    recorded = workload.questions is not None or workload.doubles > 0
    return [
        pl.lit(0.0 if recorded else None, dtype=pl.Float64).alias("temperature"),
        (pl.format(f"{head}-r{{}}", "request") if recorded else _NO_TEXT).alias("request_hash"),
    ]


def _prefix(frame: pl.DataFrame) -> list[pl.Expr]:
    if "prefix_hashes" in frame.columns:
        return [pl.col("prefix_hashes"), pl.col("prefix_block_tokens")]
    return [
        pl.lit(None, dtype=pl.List(pl.Int64)).alias("prefix_hashes"),
        pl.lit(None, dtype=pl.Int64).alias("prefix_block_tokens"),
    ]
