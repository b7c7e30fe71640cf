"""From spans to calls: which spans are calls of a language model, and their columns, whatever the dialect."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from netra.usage.otlp import names
from netra.usage.otlp.content_columns import content_columns
from netra.usage.otlp.label_columns import label_columns
from netra.usage.otlp.span_columns import CALL_OPERATIONS, FETCH, SpanColumns
from netra.usage.otlp.spans import Spans
from netra.usage.otlp.token_columns import token_columns
from netra.usage.schema import MAX_TOKENS

MAX_FUTURE = timedelta(days=1)
_DEEPEST = 64
_OPENINFERENCE_OF_OPENAI = "openinference.instrumentation.openai"
_OPENLIT_OF_OPENAI = "openlit.instrumentation.openai"
_RESPONSE = "resp_"
"""Begins the ids of OpenAI's responses, which alone can be fetched."""
REASONS = {
    "invalid_span": "trace id (32 hexadecimal digits), span id (16) or start time is missing",
    "future": "the start lies in the future",
    "negative": "a token count is negative",
    "invalid_value": "a token count is impossible",
    "no_usage": "a call that succeeded carries no token counts (a stream without usage?)",
}


@dataclass(frozen=True, slots=True)
class SpanReject:
    """A span that is not stored, and why."""

    trace_id: str
    span_id: str
    code: str


@dataclass(frozen=True, slots=True)
class Understood:
    """One request: its calls (columns of the call fact, `ancestor_id` and `fetched`), how many spans are no
    calls, and the rejected.
    """

    calls: pl.DataFrame
    spans: int
    ignored: int
    rejects: list[SpanReject]

    def told(self) -> str:
        """What to tell the sender about rejected spans; empty without any."""
        counts = Counter(reject.code for reject in self.rejects)
        return "; ".join(f"{count} spans: {REASONS[code]}" for code, count in counts.most_common())


def understand(spans: Spans, now: datetime | None = None) -> Understood:
    """Sort the spans of a request. Pure but for the clock, which tells spans from the future."""
    columns = SpanColumns(spans)
    if not len(spans):
        return Understood(pl.DataFrame(), 0, 0, [])
    chosen = columns.frame.select(is_call(columns).alias("call")).to_series().fill_null(False)
    if not chosen.any():
        return Understood(pl.DataFrame(), len(spans), len(spans), [])
    frame = columns.frame.with_columns(token_columns(columns)).with_columns(chosen.alias("@call"))
    frame = frame.with_columns(_problem(now or datetime.now(UTC)).alias("@problem"))
    kept = columns.over(frame.filter(pl.col("@call") & pl.col("@problem").is_null()))
    rejected = frame.filter(pl.col("@call") & pl.col("@problem").is_not_null())
    rejects = [SpanReject(*row) for row in rejected.select("trace_id", "span_id", "@problem").iter_rows()]
    calls = kept.frame.select(*_call_columns(kept), is_fetch(kept).alias("fetched"))
    if calls.height:
        # How long it took to read an answer is not how long it took to make it.
        calls = calls.with_columns(pl.when(~pl.col("fetched")).then("latency_ms").alias("latency_ms"))
        calls = content_columns(calls, spans, kept.frame["@row"], kept)
        calls = calls.with_columns(_ancestors(frame, calls))
    return Understood(calls, len(spans), int((~chosen).sum()), rejects)


def _ancestors(frame: pl.DataFrame, calls: pl.DataFrame) -> pl.Series:
    """For each call the span id of the nearest call above it in the request, else its last known ancestor."""
    parents = calls["parent_span_id"].to_list()
    if any(parents):
        above = dict(zip(frame["span_id"].to_list(), frame["parent_id"].to_list(), strict=True))
        own = set(calls["span_id"].to_list())
        parents = [_nearest(parent, above, own) for parent in parents]
    return pl.Series("ancestor_id", parents, dtype=pl.String)


def _nearest(span: str, above: dict[str, str], calls: set[str]) -> str:
    for _ in range(_DEEPEST):
        if span in calls or not above.get(span):
            break
        span = above[span]
    return span


def is_call(columns: SpanColumns) -> pl.Expr:
    """Whether a span is a call of a model, and not a chain, agent, tool or workflow around calls, whose usage
    would count theirs again.

    The dialect's own word decides: OpenInference's kind, Langfuse's type, the semantic conventions'
    operation, Traceloop's kind and request type, in this order; without any, a model and token counts make a
    call. An answer that is fetched later is the call that made it, if it says its usage: of one that was made
    in the background nothing else does.
    """
    kind, langfuse = columns.text(names.OPENINFERENCE_KIND), columns.text(names.LANGFUSE_TYPE)
    operation = columns.text(names.OPERATION)
    has_model = columns.text(*names.MODEL).is_not_null()
    has_usage = columns.whole(*names.INPUT).is_not_null() | columns.whole(*names.OUTPUT).is_not_null()
    fetched = is_fetch(columns)
    return (
        pl.when(fetched)
        .then(has_usage)
        .when(kind.is_not_null())
        .then(kind.str.to_uppercase().is_in(["LLM", "EMBEDDING"]))
        .when(langfuse.is_not_null())
        .then(langfuse.is_in(["generation", "embedding"]))
        .when(operation.is_not_null())
        .then(operation.is_in(CALL_OPERATIONS))
        .when(columns.text(names.TRACELOOP_KIND).is_not_null())
        .then(False)
        .when(columns.text(names.REQUEST_TYPE).is_not_null())
        .then(columns.text(names.REQUEST_TYPE).is_in(["chat", "completion", "embedding"]))
        .otherwise(has_model & has_usage & columns.text(names.AGENT).is_null())
    )


def is_fetch(columns: SpanColumns) -> pl.Expr:
    """Whether a span reads an answer that another call has made. Two packages show that as a call like any:
    OpenInference without parameters, even without a model; OpenLIT without the API and its parameters.
    """
    told = columns.text(names.OPERATION) == FETCH
    bare = columns.text(names.PARAMETERS[0]).str.strip_chars() == "{}"
    of_openinference = (pl.col("scope") == _OPENINFERENCE_OF_OPENAI) & bare
    silent = columns.text(names.OPENAI_API).is_null() & columns.number(*names.TEMPERATURE).is_null()
    of_openlit = (pl.col("scope") == _OPENLIT_OF_OPENAI) & silent
    of_openlit &= columns.text(*names.RESPONSE_ID).str.starts_with(_RESPONSE)
    return told.fill_null(False) | of_openinference.fill_null(False) | of_openlit.fill_null(False)


def _problem(now: datetime) -> pl.Expr:
    """The first thing that keeps a call from being stored; NULL for none."""
    counts = [
        pl.col(name) for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    ]
    latest = int((now + MAX_FUTURE).timestamp() * 1e9)
    ids = pl.col("trace_id").str.contains("^[0-9a-f]{32}$") & pl.col("span_id").str.contains("^[0-9a-f]{16}$")
    # Zeros say that there is no id: by them all such spans would be one.
    ids &= pl.col("trace_id").str.contains("[^0]") & pl.col("span_id").str.contains("[^0]")
    return (
        pl.when(~ids | (pl.col("start") <= 0))
        .then(pl.lit("invalid_span"))
        .when(pl.col("start") > latest)
        .then(pl.lit("future"))
        .when(pl.any_horizontal(*(count < 0 for count in counts), pl.col("reasoning_tokens") < 0))
        .then(pl.lit("negative"))
        .when(pl.any_horizontal(*(count > MAX_TOKENS for count in counts)))
        .then(pl.lit("invalid_value"))
        .when(~pl.col("@counted") & (pl.col("status") != 2))
        .then(pl.lit("no_usage"))
    )


def _call_columns(columns: SpanColumns) -> list[pl.Expr]:
    identity = [
        pl.concat_str("trace_id", "span_id").alias("call_id"),
        (pl.col("start") // 1000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("ts"),
        pl.col("trace_id"),
        pl.col("span_id"),
        pl.col("parent_id").alias("parent_span_id"),
    ]
    tokens = (
        "input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
        "reasoning_tokens",
    )  # fmt: skip
    return [*identity, *(pl.col(name) for name in tokens), *label_columns(columns)]
