"""Source values of any type to the types of `usage.schema`, column by column, vectorised.

A value that does not fit makes its row a reject with a reason that names column and value; it is never
guessed, rounded or dropped.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import orjson
import polars as pl

from netra.usage.money import to_money
from netra.usage.schema import MAX_TEXT, MAX_TOKENS, Column
from netra.usage.service_tiers import KNOWN_TIERS

MAX_FUTURE = timedelta(days=1)
"""Clocks differ; a call later than this from now is a mistake."""

_LOOK = 2_048
_FEW = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_ALIASES = {"service_tier": KNOWN_TIERS}


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows (mask over the frame) of one column that do not fit; `reason` words it for one source value."""

    column: str
    code: str
    mask: pl.Series
    reason: Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A converted series (NULL where the source was NULL or did not fit) and what did not fit."""

    series: pl.Series
    problems: list[Problem]


def normalise(source: pl.Series, column: Column, now: datetime) -> Normalised:
    """Convert one source series to the column's type; see `Column.kind`."""
    converters: dict[str, Callable[[pl.Series, Column, datetime], Normalised]] = {
        "text": _text,
        "choice": _choice,
        "integer": _integer,
        "number": _number,
        "boolean": _boolean,
        "money": _money,
        "time": _time,
        "hashes": _hashes,
        "tags": _tags,
    }
    if source.dtype == pl.Null:
        return Normalised(pl.Series(column.name, [None] * len(source), dtype=column.dtype), [])
    if isinstance(source.dtype, pl.Categorical | pl.Enum):
        source = source.cast(pl.String)
    many = source.dtype.is_nested() or isinstance(source.dtype, pl.Binary | pl.Duration)
    if many and column.kind not in {"hashes", "tags"}:
        empty = pl.Series(column.name, [None] * len(source), dtype=column.dtype)
        return Normalised(empty, _misfits(source, empty, column, "a single value"))
    source = _without_nan(source)
    result = converters[column.kind](source.alias(column.name), column, now)
    return Normalised(result.series.alias(column.name), result.problems)


def _shown(value: object) -> str:
    # A column is read as floats or not depending on its neighbours; the reason must not.
    text = re.sub(r"^(-?\d+)\.0+$", r"\1", str(value))
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _misfits(source: pl.Series, converted: pl.Series, column: Column, what: str) -> list[Problem]:
    mask = source.is_not_null() & converted.is_null()
    if not mask.any():
        return []
    return [
        Problem(
            column.name, "invalid_value", mask, lambda v: f"{column.name} must be {what}, not {_shown(v)}"
        )
    ]


def _problem(mask: pl.Series, column: Column, code: str, reason: Callable[[object], str]) -> list[Problem]:
    mask = mask.fill_null(False)
    return [Problem(column.name, code, mask, reason)] if mask.any() else []


def _few_values(texts: pl.Series) -> pl.Series | None:
    """Each different value once, where a first look at many rows finds few of them."""
    if len(texts) <= _LOOK or texts.head(_LOOK).n_unique() > _FEW:
        return None
    values = texts.unique()
    return values if len(values) <= _LOOK else None


def _text(source: pl.Series, column: Column, now: datetime) -> Normalised:
    text = source.cast(pl.String)
    few = _few_values(text)
    if few is not None and not _text(few, column, now).problems:
        return Normalised(text, [])
    long = _problem(
        text.str.len_chars() > MAX_TEXT,
        column,
        "invalid_value",
        lambda v: f"{column.name} is longer than {MAX_TEXT} characters",
    )
    control = _problem(
        text.str.contains(r"[\x00-\x1f\x7f]"),
        column,
        "invalid_value",
        lambda v: f"{column.name} contains control characters",
    )
    return Normalised(text, long + control)


def _choice(source: pl.Series, column: Column, now: datetime) -> Normalised:
    if source.dtype != pl.String:
        source = source.cast(pl.String, strict=False)
    few = _few_values(source)
    if few is not None and few.drop_nulls().is_in(column.choices).all():
        return Normalised(source, [])
    text = source.str.strip_chars().str.to_lowercase()
    aliases = _ALIASES.get(column.name)
    if aliases:
        text = text.replace(aliases)
    known = text.is_in(column.choices)
    converted = pl.select(pl.when(known).then(text)).to_series()
    return Normalised(converted, _misfits(source, converted, column, f"one of {', '.join(column.choices)}"))


def _whole_numbers(source: pl.Series) -> pl.Series:
    if source.dtype.is_integer():
        return source.cast(pl.Int64, strict=False)
    if source.dtype.is_numeric():
        numbers = source.cast(pl.Float64)
        whole = numbers.is_finite() & (numbers == numbers.floor()) & (numbers.abs() < 2**53)
        return pl.select(pl.when(whole).then(numbers).cast(pl.Int64, strict=False)).to_series()
    if source.dtype == pl.String:
        text = source.str.strip_chars()
        direct = text.cast(pl.Int64, strict=False)
        if direct.null_count() == text.null_count():
            return direct
        return direct.fill_null(_whole_numbers(text.cast(pl.Float64, strict=False)))
    return pl.Series([None] * len(source), dtype=pl.Int64)


def _without_nan(source: pl.Series) -> pl.Series:
    return source.fill_nan(None) if source.dtype.is_float() else source


def _integer(source: pl.Series, column: Column, now: datetime) -> Normalised:
    converted = _whole_numbers(source)
    problems = _misfits(source, converted, column, "a whole number")
    problems += _problem(
        converted < 0,
        column,
        "negative",
        lambda v: f"{column.name} is negative ({_shown(v)}); counts start at 0",
    )
    problems += _problem(
        converted > MAX_TOKENS,
        column,
        "invalid_value",
        lambda v: f"{column.name} is impossibly large ({_shown(v)})",
    )
    return Normalised(converted, problems)


def _numbers(source: pl.Series) -> pl.Series:
    if source.dtype.is_numeric():
        return source.cast(pl.Float64)
    if source.dtype == pl.String:
        return source.str.strip_chars().cast(pl.Float64, strict=False)
    return pl.Series([None] * len(source), dtype=pl.Float64)


def _number(source: pl.Series, column: Column, now: datetime) -> Normalised:
    numbers = _without_nan(_numbers(source))
    converted = pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
    problems = _misfits(source, converted, column, "a number")
    problems += _problem(
        converted < 0, column, "negative", lambda v: f"{column.name} is negative ({_shown(v)})"
    )
    return Normalised(converted, problems)


def _boolean(source: pl.Series, column: Column, now: datetime) -> Normalised:
    if source.dtype == pl.Boolean:
        return Normalised(source, [])
    text = source.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    converted = text.replace_strict(
        list(_BOOLEANS), list(_BOOLEANS.values()), default=None, return_dtype=pl.Boolean
    )
    return Normalised(converted, _misfits(source, converted, column, "true or false"))


def _money(source: pl.Series, column: Column, now: datetime) -> Normalised:
    converted = to_money(source)
    problems = _misfits(source, converted, column, "an amount in USD")
    problems += _problem(
        converted < 0, column, "negative", lambda v: f"{column.name} is negative ({_shown(v)})"
    )
    return Normalised(converted, problems)


def _time(source: pl.Series, column: Column, now: datetime) -> Normalised:
    converted = to_time(source)
    problems = _misfits(source, converted, column, "RFC 3339 or epoch milliseconds")
    latest = now + MAX_FUTURE
    problems += _problem(
        converted > latest,
        column,
        "future",
        lambda v: f"{column.name} {_shown(v)} lies in the future; numbers are epoch milliseconds",
    )
    problems += _problem(
        converted < _EPOCH, column, "invalid_value", lambda v: f"{column.name} {_shown(v)} lies before 1970"
    )
    return Normalised(converted, problems)


def to_time(source: pl.Series) -> pl.Series:
    """Timestamps in UTC with microseconds: numbers are epoch ms, text is epoch ms or ISO 8601 (no zone:
    UTC).
    """
    wanted = pl.Datetime("us", "UTC")
    if isinstance(source.dtype, pl.Datetime):
        zoned = source if source.dtype.time_zone else source.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").cast(wanted)
    if source.dtype == pl.Date:
        return source.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if source.dtype.is_numeric():
        milliseconds = source.cast(pl.Float64)
        # Beyond +-8.6e15 ms a microsecond count leaves int64.
        sane = milliseconds.abs() < 8.6e15
        micro = pl.when(sane).then((milliseconds * 1000).round()).cast(pl.Int64, strict=False)
        return pl.select(micro.cast(wanted)).to_series()
    if source.dtype != pl.String:
        return pl.Series([None] * len(source), dtype=wanted)
    return _time_of_text(source.str.strip_chars())


def _time_of_text(text: pl.Series) -> pl.Series:
    iso = text.str.replace(r"^(\d{4}-\d\d-\d\d)[ tT]", "${1}T").str.replace(r"z$", "Z")
    iso = iso.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00")
    iso = iso.str.replace(r"(T[\d:.,]+) ?(UTC)?$", "${1}Z").str.replace(
        r"^(.{16})(Z|[+-]\d\d:?\d\d)$", "${1}:00${2}"
    )
    iso = iso.str.replace(r"([+-]\d\d)(\d\d)$", "${1}:${2}").str.replace(r"(T.*[+-]\d\d)$", "${1}:00")
    parsed = iso.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    if parsed.null_count() == text.null_count():
        return parsed
    numbers = text.cast(pl.Float64, strict=False)
    return parsed.fill_null(to_time(numbers)) if numbers.null_count() < len(numbers) else parsed


def hash64(values: Sequence[str]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Stable 64-bit digests (BLAKE2b, little endian) of texts."""
    digests = b"".join([blake2b(value.encode(), digest_size=8).digest() for value in values])
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _hashes(source: pl.Series, column: Column, now: datetime) -> Normalised:
    dtype = pl.List(pl.UInt64)
    if source.dtype == pl.String:
        source = pl.Series(
            column.name, [_json_list(value) for value in source.to_list()], dtype=pl.List(pl.String)
        )
    if not isinstance(source.dtype, pl.List | pl.Array):
        empty = pl.Series(column.name, [None] * len(source), dtype=dtype)
        return Normalised(empty, _misfits(source, empty, column, "a list of block hashes"))
    if isinstance(source.dtype, pl.Array):
        source = source.arr.to_list()
    inner = cast(pl.List, source.dtype).inner
    if isinstance(inner, pl.Categorical | pl.Enum):
        source, inner = source.cast(pl.List(pl.String)), pl.String()
    if not (inner.is_integer() or inner == pl.String or inner == pl.Null):
        # A cast would cut numbers off at the point.
        empty = pl.select(pl.when(source.list.len() == 0).then(pl.lit([], dtype=dtype))).to_series()
        return Normalised(
            empty, _misfits(source, empty, column, "a list of texts or of whole numbers from 0")
        )
    whole = (
        pl.DataFrame([source])
        .select(pl.col(column.name).list.eval(pl.element().is_null()).list.any())
        .to_series()
    )
    converted = _hashed_lists(source) if inner == pl.String else source.cast(dtype, strict=False)
    holes = (
        pl.DataFrame([converted.alias("c")])
        .select(pl.col("c").list.eval(pl.element().is_null()).list.any())
        .to_series()
    )
    reason = f"{column.name} must be a list of texts or of whole numbers from 0"
    return Normalised(converted, _problem(whole | holes, column, "invalid_value", lambda v: reason))


def _json_list(value: str | None) -> list[str | None] | None:
    """A list in a CSV cell: JSON, whose numbers keep their identity with numbers of a JSON lines file."""
    if value is None or not value.strip():
        return None
    try:
        items: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        return [None]
    if not isinstance(items, list):
        return [None]
    return [
        item if isinstance(item, str) else str(item) if type(item) is int else None
        for item in cast(list[object], items)
    ]


def _hashed_lists(source: pl.Series) -> pl.Series:
    """Lists of text to 64-bit numbers: decimal digits keep their value, other text is hashed."""
    flat = source.explode(empty_as_null=True, keep_nulls=True).alias("text")
    unique = flat.drop_nulls().unique()
    numbers = unique.cast(pl.UInt64, strict=False)
    hashed = pl.Series(hash64(unique.to_list()), dtype=pl.UInt64)
    codes = flat.replace_strict(unique, numbers.fill_null(hashed), default=None, return_dtype=pl.UInt64)
    lengths = source.list.len()
    rows = pl.int_range(len(source), dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame({"row": rows, "length": lengths})
    repeated = frame.select(pl.col("row").repeat_by(pl.col("length").fill_null(1).clip(1, None)).alias("row"))
    keys = repeated.to_series().explode(empty_as_null=True, keep_nulls=True)
    lists = (
        pl.DataFrame({"row": keys, "code": codes}).group_by("row", maintain_order=True).agg(pl.col("code"))
    )
    result = frame.with_columns(lists["code"]).select(
        pl.when(pl.col("length") == 0)
        .then(pl.lit([], dtype=pl.List(pl.UInt64)))
        .when(pl.col("length").is_null())
        .then(None)
        .otherwise(pl.col("code"))
        .alias("codes")
    )
    return result.to_series()


def _tags(source: pl.Series, column: Column, now: datetime) -> Normalised:
    if source.dtype == pl.String:
        values = source.to_list()
    else:
        values = [None if value is None else _jsonable(value) for value in source.to_list()]
    canonical = {value: _canonical_tags(value) for value in set(values)}
    converted = pl.Series(column.name, [canonical[value] for value in values], dtype=pl.String)
    return Normalised(converted, _misfits(source, converted, column, "a JSON object of texts and numbers"))


def _jsonable(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return ""


def _canonical_tags(value: str | None) -> str | None:
    """Tags as sorted JSON text without empty entries; None where it is no flat object or over 4 kB."""
    if value is None:
        return None
    try:
        tags: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if isinstance(tags, list) and not any(isinstance(i, dict | list) for i in cast(list[object], tags)):
        tags = dict.fromkeys((str(tag) for tag in cast(list[object], tags) if tag is not None), True)
    if not isinstance(tags, dict):
        return None
    kept = {k: v for k, v in cast(dict[str, object], tags).items() if v is not None}
    if any(isinstance(v, dict | list) for v in kept.values()):
        return None
    text = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= 4_096 else None


def with_tags(tags: str | None, added: dict[str, str]) -> str:
    """Tags as text (see `Column` of kind tags) with more entries."""
    known = cast(dict[str, object], orjson.loads(tags)) if tags else {}
    return orjson.dumps({**known, **added}, option=orjson.OPT_SORT_KEYS).decode()
