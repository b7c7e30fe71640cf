"""The attributes of spans as columns of a frame, read under any of their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from netra.usage.otlp import names
from netra.usage.otlp.spans import Spans

CALL_OPERATIONS = (
    "chat", "text_completion", "completion", "generate_content", "embeddings", "embedding", "responses",
    "messages", "message",
    # LiteLLM's own names of its methods; its proxy makes every call by the asynchronous ones.
    "acompletion", "atext_completion", "aembedding", "aresponses", "anthropic_messages",
    "aanthropic_messages", "agenerate_content", "generate_content_stream", "agenerate_content_stream",
)  # fmt: skip
"""Values of `gen_ai.operation.name` that are calls of a model."""

FETCH = "fetch_response"
"""The value of reading an answer that another call has made."""

_INSTRUMENTATION = re.compile(r"openlit\.instrumentation\.([a-z0-9_]+)")
_TEXT, _WHOLE, _NUMBER, _FLAG = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()


class SpanColumns:
    """Spans as a frame: `@row`, ids, times in nanoseconds, status and the attributes that occur.

    The readers give an expression for the first of several names that has a value; NULL where none occurs.
    """

    def __init__(self, spans: Spans) -> None:
        n = len(spans)
        own = {
            "trace_id": pl.Series(spans.trace_id, dtype=_TEXT),
            "span_id": pl.Series(spans.span_id, dtype=_TEXT),
            "parent_id": pl.Series(spans.parent_id, dtype=_TEXT),
            "start": pl.Series(spans.start),
            "end": pl.Series(spans.end),
            "status": pl.Series(spans.status),
            "message": pl.Series(spans.message, dtype=_TEXT),
            "scope": pl.Series(spans.scope, dtype=_TEXT),
            "service": pl.Series(spans.service, dtype=_TEXT),
            "@first_token": _sparse(spans.first_token, n),
        }
        attributes = {key: attribute.series(n) for key, attribute in spans.attributes.items()}
        attributes |= _told_by_name(spans, attributes)
        self.frame = pl.DataFrame({**own, **attributes}).with_row_index("@row")
        self._types: Mapping[str, pl.DataType] = self.frame.schema

    def over(self, frame: pl.DataFrame) -> SpanColumns:
        """The same reading over other rows of the frame."""
        other = SpanColumns.__new__(SpanColumns)
        other.frame, other._types = frame, frame.schema
        return other

    def has(self, *keys: str) -> bool:
        """Whether any of these occurs at all."""
        return any(key in self._types for key in keys)

    def text(self, *keys: str) -> pl.Expr:
        """As text; empty counts as absent."""
        return _first([_filled(pl.col(key).cast(_TEXT)) for key in keys if key in self._types], _TEXT)

    def whole(self, *keys: str) -> pl.Expr:
        """As whole number; what is none counts as absent."""
        return _first([_whole(key, self._types[key]) for key in keys if key in self._types], _WHOLE)

    def number(self, *keys: str) -> pl.Expr:
        """As finite number; what is none counts as absent."""
        found = [pl.col(key).cast(_NUMBER, strict=False) for key in keys if key in self._types]
        return _first([pl.when(one.is_finite()).then(one) for one in found], _NUMBER)

    def flag(self, *keys: str) -> pl.Expr:
        """As true or false; texts are read whatever their case."""
        found = [pl.col(key).cast(_TEXT).str.to_lowercase() for key in keys if key in self._types]
        choices = {"true": True, "1": True, "false": False, "0": False}
        return _first([one.replace_strict(choices, default=None, return_dtype=_FLAG) for one in found], _FLAG)


def _told_by_name(spans: Spans, attributes: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Operation, model and provider of calls that failed and say nothing but their name.

    The semantic conventions name a span `{operation} {model}`; OpenLIT sets the attributes of an Anthropic
    call only once it has an answer. Whose scope names a provider's instrumentation is believed.
    """
    found: dict[str, dict[int, str]] = {names.OPERATION: {}, names.MODEL[-1]: {}, names.PROVIDER[0]: {}}
    for row, name in spans.bare_names.items():
        scope = _INSTRUMENTATION.fullmatch(spans.scope[row])
        operation, _, model = name.partition(" ")
        if scope is not None and operation in CALL_OPERATIONS and model:
            for key, text in zip(found, (operation, model, scope.group(1)), strict=True):
                found[key][row] = text
    return {key: _filled_in(attributes.get(key), texts, len(spans)) for key, texts in found.items() if texts}


def _filled_in(told: pl.Series | None, texts: Mapping[int, str], n: int) -> pl.Series:
    column: list[str | None] = [None] * n if told is None else told.cast(_TEXT).to_list()
    for row, text in texts.items():
        column[row] = text
    return pl.Series(column, dtype=_TEXT)


def _first(found: list[pl.Expr], dtype: pl.DataType) -> pl.Expr:
    return pl.coalesce(found) if found else pl.lit(None, dtype=dtype)


def _filled(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _whole(key: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == _TEXT:
        return pl.col(key).str.strip_chars().cast(_WHOLE, strict=False)
    if dtype == _NUMBER:
        value = pl.col(key)
        return pl.when(value.is_finite() & (value == value.floor())).then(value).cast(_WHOLE, strict=False)
    return pl.col(key).cast(_WHOLE, strict=False)


def _sparse(values: Mapping[int, int], n: int) -> pl.Series:
    column: list[int | None] = [None] * n
    for row, value in values.items():
        column[row] = value
    return pl.Series(column, dtype=_WHOLE)
