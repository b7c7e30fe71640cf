"""Everything about a call but its tokens: model, provider, status, times, request parameters, whose call it
was.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import polars as pl

from netra.usage.otlp import names
from netra.usage.otlp.span_columns import SpanColumns
from netra.usage.otlp.time_columns import time_columns
from netra.usage.otlp.usage_details import parsed
from netra.usage.schema import MAX_TEXT, MONEY_SCALE
from netra.usage.service_tiers import KNOWN_TIERS

_PROVIDERS = {
    "az.ai.openai": "azure", "azure.ai.openai": "azure", "azure_openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.inference": "azure", "aws.bedrock": "aws", "aws_bedrock": "aws", "bedrock": "aws",
    "gcp.gemini": "google", "gcp.vertex_ai": "google", "gcp.gen_ai": "google", "vertex_ai": "google",
    "vertexai": "google", "gemini": "google", "mistral_ai": "mistral", "mistralai": "mistral", "x_ai": "x-ai",
    "together_ai": "together",
}  # fmt: skip
_HOSTS = {
    "openai.azure.com": "azure", "api.groq.com": "groq", "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
    "openrouter.ai": "openrouter", "api.together.xyz": "together", "api.fireworks.ai": "fireworks",
    "api.x.ai": "x-ai",
    "generativelanguage.googleapis.com": "google", "api.perplexity.ai": "perplexity",
}  # fmt: skip
_PLAIN = {
    "user": names.USER,
    "api_key_id": names.API_KEY,
    "session_id": names.SESSION,
}
_CONTROL = r"[\x00-\x1f\x7f]"
_UNNAMED = r"^(unknown_service.*|default)$"


def label_columns(columns: SpanColumns) -> list[pl.Expr]:
    """The columns, each NULL where the span does not say; one that no span says may be left out."""
    asked = columns.has(*names.PARAMETERS)
    parameters = _parameters(columns)
    texts = {
        "model": pl.coalesce(columns.text(*names.MODEL), parameters["model"]),
        "app": pl.when(~pl.col("service").str.contains(_UNNAMED)).then(pl.col("service")),
    }
    if columns.has(*names.RESPONSE_ID, names.ANSWER):
        answer = columns.text(names.ANSWER)
        within = (answer.str.extract(pattern) for pattern in names.ANSWER_IDS)
        texts["response_id"] = pl.coalesce(columns.text(*names.RESPONSE_ID), *within)
    if columns.has(*names.PROVIDER):
        texts["provider"] = _provider(columns)
    if asked or columns.has(*names.EFFORT):
        texts["reasoning_effort"] = pl.coalesce(columns.text(*names.EFFORT), parameters["reasoning_effort"])
    texts |= {name: columns.text(*keys) for name, keys in _PLAIN.items() if columns.has(*keys)}
    found = [_clean(text).alias(name) for name, text in texts.items()]
    times = time_columns(columns, parameters["stream"])
    measured = [pl.lit(times[name]) for name in ("latency_ms", "streaming", "ttft_ms")]
    found += [_status(columns).alias("status"), *measured]
    if columns.has(*names.FEATURE):
        # Langfuse writes metadata as JSON, texts too.
        feature = columns.text(*names.FEATURE).str.replace(r'^"(.*)"$', "${1}")
        found.append(_clean(feature).alias("feature"))
    tier, unknown = _tier(columns)
    if columns.has(*names.SERVICE_TIER):
        found.append(tier.alias("service_tier"))
    if columns.has(*names.INTERACTIVE):
        found.append(columns.flag(*names.INTERACTIVE).alias("interactive"))
    if asked or columns.has(*names.MAX_OUTPUT, *names.TEMPERATURE):
        limit = pl.coalesce(columns.whole(*names.MAX_OUTPUT), parameters["max_output_tokens"])
        temperature = pl.coalesce(columns.number(*names.TEMPERATURE), parameters["temperature"])
        found += [limit.alias("max_output_tokens"), temperature.alias("temperature")]
    if columns.has(*names.REPORTED_COST, names.LANGFUSE_COST):
        found.append(_reported_cost(columns).alias("reported_cost_usd"))
    tags = _tags(columns, times["@clock_skew"], unknown)
    return found if tags is None else [*found, pl.lit(tags)]


def _clean(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_CONTROL, " ").str.slice(0, MAX_TEXT)


def _provider(columns: SpanColumns) -> pl.Expr:
    """The provider's name; an OpenAI client aimed at another known host is a client of that host."""
    named = columns.text(*names.PROVIDER).str.to_lowercase().replace(_PROVIDERS)
    if not columns.has(names.SERVER):
        return named
    host = columns.text(names.SERVER).str.to_lowercase()
    hosted = pl.lit(None, dtype=pl.String)
    for suffix, provider in _HOSTS.items():
        hosted = pl.when(host.str.ends_with(suffix)).then(pl.lit(provider)).otherwise(hosted)
    return pl.when(named == "openai").then(pl.coalesce(hosted, named)).otherwise(named)


def _tier(columns: SpanColumns) -> tuple[pl.Expr, pl.Expr]:
    """The tier that answered, else the one that was asked for; and its word where that is not known here."""
    told = columns.text(*names.SERVICE_TIER)
    tier = told.str.to_lowercase().replace_strict(KNOWN_TIERS, default=None, return_dtype=pl.String)
    return tier.fill_null("standard"), pl.when(tier.is_null()).then(_clean(told))


def _status(columns: SpanColumns) -> pl.Expr:
    told, failed = pl.col("message"), pl.col("status") == 2
    if columns.has(names.ERROR_TYPE):
        kind = columns.text(names.ERROR_TYPE)
        told, failed = pl.concat_str(kind.fill_null(""), pl.lit(" "), told), failed | kind.is_not_null()
    if columns.has(names.LEVEL):
        failed = failed | (columns.text(names.LEVEL) == "ERROR").fill_null(False)
    told = told.str.to_lowercase()
    limited = told.str.contains(r"rate.?limit|\b429\b|too many requests")
    late = told.str.contains(r"timeout|timed out|deadline")
    if columns.has(names.HTTP_STATUS):
        code = columns.whole(names.HTTP_STATUS)
        failed = failed | (code >= 400).fill_null(False)
        limited = limited | (code == 429).fill_null(False)
        late = late | code.is_in([408, 504]).fill_null(False)
    return (
        pl.when(~failed)
        .then(pl.lit("ok"))
        .when(limited)
        .then(pl.lit("rate_limited"))
        .when(late)
        .then(pl.lit("timeout"))
        .otherwise(pl.lit("error"))
    )


def _reported_cost(columns: SpanColumns) -> pl.Expr:
    """US dollars; 0 means that the instrumentation knows no price."""
    details = pl.lit(None, dtype=pl.Float64)
    if columns.has(names.LANGFUSE_COST):
        texts = columns.frame[names.LANGFUSE_COST].to_list()
        totals = [(parsed(text) or {}).get("total") if isinstance(text, str) else None for text in texts]
        details = pl.lit(pl.Series([_float(total) for total in totals], dtype=pl.Float64))
    cost = pl.coalesce(columns.number(*names.REPORTED_COST), details)
    return (
        pl.when((cost > 0) & (cost < 1e9))
        .then(cost.round(12))
        .cast(pl.Decimal(38, MONEY_SCALE), strict=False)
    )


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tags(columns: SpanColumns, skewed: pl.Series, tier: pl.Expr) -> pl.Series | None:
    """The environment, and what is odd about a report: cached tokens that it leaves out, a time that its
    clocks contradict, a tier that is not known here.
    """
    facts = columns.frame.select(
        columns.text(*names.ENVIRONMENT).str.slice(0, MAX_TEXT).alias("environment"),
        pl.when("@cache_unreported").then(pl.lit("unreported")).alias("cached_tokens"),
        pl.lit(skewed).alias("clock_skew"),
        tier.alias("service_tier"),
    )
    different = facts.unique().rows(named=True)
    if not any(any(fact.values()) for fact in different):
        return None
    told = {tuple(fact.values()): _told(fact) for fact in different}
    return pl.Series("tags", [told[fact] for fact in facts.iter_rows()], dtype=pl.String)


def _told(fact: Mapping[str, str | None]) -> str | None:
    tags = {name: value for name, value in fact.items() if value}
    return orjson.dumps(tags).decode() if tags else None


def _parameters(columns: SpanColumns) -> dict[str, pl.Expr]:
    """Request parameters that come as one JSON object, read once for each different object."""
    types = {
        "max_output_tokens": pl.Int64(), "temperature": pl.Float64(), "reasoning_effort": pl.String(),
        "stream": pl.Boolean(), "model": pl.String(),
    }  # fmt: skip
    if not columns.has(*names.PARAMETERS):
        return {name: pl.lit(None, dtype=dtype) for name, dtype in types.items()}
    objects = columns.frame.select(columns.text(*names.PARAMETERS).alias("p")).to_series()
    texts = objects.unique().drop_nulls().to_list()
    known = {text: _read_parameters(text) for text in texts}
    result: dict[str, pl.Expr] = {}
    for position, (name, dtype) in enumerate(types.items()):
        values = [known[text][position] if text is not None else None for text in objects.to_list()]
        result[name] = pl.lit(pl.Series(name, values, dtype=dtype))
    return result


def _read_parameters(text: str) -> tuple[int | None, float | None, str | None, bool | None, str | None]:
    found = parsed(text) or {}
    limit = next(
        (found[key] for key in ("max_tokens", "max_completion_tokens", "max_output_tokens") if key in found),
        None,
    )
    effort, stream, model = (found.get(key) for key in ("reasoning_effort", "stream", "model"))
    return (
        limit if isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0 else None,
        _float(found.get("temperature")),
        effort if isinstance(effort, str) else None,
        stream if isinstance(stream, bool) else None,
        model if isinstance(model, str) else None,
    )
