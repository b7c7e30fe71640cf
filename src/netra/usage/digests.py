"""64-bit digests of columns and rows, a whole column at a time.

Kept in the store and compared across versions, so nothing here may depend on a library's own hash: the
arithmetic below is all there is. Not meant against forgery: who can write into a workspace can write any row.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import polars as pl

from netra.usage.arrow import arrow
from netra.usage.schema import Column

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
_Longs = np.ndarray[Any, np.dtype[np.int64]]

_U = np.uint64
_ODD = _U(0x9E3779B97F4A7C15)
_FACTOR = _U(0xD6E8FEB86659FD93)
_HALF = _U(32)
_ONES = _U(0xFFFFFFFFFFFFFFFF)
_WORD = 8
_LOOK = 2_048
_EMPTY = np.zeros(0, dtype=np.uint64)


def mix(values: Hashes) -> Hashes:
    """A bijection of 64-bit numbers that spreads every bit over all (two rounds of xor-shift-multiply)."""
    mixed = values ^ (values >> _HALF)
    mixed *= _FACTOR
    mixed ^= mixed >> _HALF
    mixed *= _FACTOR
    mixed ^= mixed >> _HALF
    return mixed


def seed_of(name: str) -> np.uint64:
    """A constant of a column or purpose."""
    return _U(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))


def text_digests(texts: pl.Series, seed: np.uint64) -> Hashes:
    """Digests of texts (NULL reads as empty): bytes in words of eight, one step for all rows at once."""
    if not len(texts):
        return _EMPTY
    starts, lengths, words = _words(texts.fill_null(""))
    digests = mix(lengths.astype(np.uint64) + seed)
    for place in range(0, int(lengths.max()), _WORD):
        rest = lengths - place
        if rest.min() > 0:
            digests = mix(digests ^ _masked(words[starts + place], rest)) * _ODD
        else:
            rows = np.flatnonzero(rest > 0)
            word = _masked(words[starts[rows] + place], rest[rows])
            digests[rows] = mix(digests[rows] ^ word) * _ODD
    return mix(digests)


def _words(texts: pl.Series) -> tuple[_Longs, _Longs, Hashes]:
    """Where each text begins, its bytes, and a word for every byte position (unaligned, little endian)."""
    array = cast(Any, texts).to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    borders = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    first, last = int(borders[0]), int(borders[-1])
    padded = np.zeros(last - first + _WORD, dtype=np.uint8)
    if last > first:
        padded[: last - first] = np.frombuffer(data, dtype=np.uint8)[first:last]
    words = np.ndarray((last - first + 1,), dtype="<u8", buffer=padded.data, strides=(1,))
    return borders[:-1] - first, np.diff(borders), words


def _masked(words: Hashes, rest: _Longs) -> Hashes:
    """Without the bytes behind the end of a text."""
    bits = np.minimum(rest, _WORD).astype(np.uint64) << _U(3)
    return words & (_ONES >> (_U(64) - bits))


def row_digests(frame: pl.DataFrame, columns: Sequence[Column], salt: str) -> Hashes:
    """One digest a row over the given columns; NULL, absent and default read the same.

    Each column's value is mixed with a constant of its own, so the sum does not depend on their order.
    """
    total = np.full(frame.height, seed_of(salt), dtype=np.uint64)
    for column in columns:
        if column.name not in frame.columns:
            continue
        series = frame[column.name]
        given = _given(series, column)
        if not given.any():
            continue
        seed = seed_of(f"{salt}/{column.name}")
        if given.all():
            total += mix(_values(series, column, seed) ^ seed)
        else:
            rows = given.arg_true().to_numpy()
            total[rows] += mix(_values(series.filter(given), column, seed) ^ seed)
    return mix(total)


def _given(series: pl.Series, column: Column) -> pl.Series:
    given = series.is_not_null()
    if column.default is not None:
        given &= (series != column.default).fill_null(False)
    return given


def _values(series: pl.Series, column: Column, seed: np.uint64) -> Hashes:
    """A number for each value; no NULLs in `series`."""
    if column.kind in {"text", "choice", "tags"}:
        return _label_digests(series, seed)
    if column.kind == "hashes":
        return _list_digests(series)
    if column.kind == "money":
        words = _decimal_words(series)
        return mix(words[:, 0]) + words[:, 1]
    if column.kind == "number":
        return (series.cast(pl.Float64).to_numpy() + 0.0).view(np.uint64)
    if column.kind == "time":
        return series.dt.epoch("us").to_numpy().view(np.uint64)
    return series.cast(pl.Int64).to_numpy().view(np.uint64)


def _label_digests(series: pl.Series, seed: np.uint64) -> Hashes:
    """Digests of texts that may repeat: where a first look finds few, each is digested once."""
    if len(series) < _LOOK or series.head(_LOOK).n_unique() > _LOOK // 8:
        return text_digests(series, seed)
    encoded = cast(Any, series).to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    distinct = text_digests(pl.Series(cast(Any, pl).from_arrow(encoded.dictionary)), seed)
    # Not `to_numpy` of Arrow, which imports pandas.
    return distinct[np.frombuffer(encoded.indices.buffers()[1], dtype=np.int32)]


def _list_digests(lists: pl.Series) -> Hashes:
    lengths = lists.list.len().cast(pl.Int64).to_numpy()
    ends = np.cumsum(lengths)
    starts = ends - lengths
    flat = lists.explode(empty_as_null=False, keep_nulls=False).cast(pl.UInt64).to_numpy()
    places = np.arange(len(flat), dtype=np.int64) - np.repeat(starts, lengths)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mix(flat ^ mix(places.view(np.uint64))))])
    return sums[ends] - sums[starts] + mix(lengths.view(np.uint64))


def _decimal_words(amounts: pl.Series) -> Hashes:
    array = cast(Any, amounts).to_arrow(compat_level=pl.CompatLevel.oldest())
    words = np.frombuffer(array.buffers()[1], dtype="<u8").reshape(-1, 2)
    return words[array.offset : array.offset + len(array)].astype(np.uint64)


def hex_ids(high: Hashes, low: Hashes) -> pl.Series:
    """`h` and the 32 hexadecimal digits of each pair."""
    pairs = np.stack([high, low], axis=1).astype("<u8").view(np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    letters = np.empty((len(high), 33), dtype=np.uint8)
    letters[:, 0] = ord("h")
    letters[:, 1::2] = digits[pairs >> 4]
    letters[:, 2::2] = digits[pairs & 15]
    offsets = arrow.py_buffer((np.arange(len(high) + 1, dtype=np.int64) * 33).tobytes())
    array = arrow.LargeStringArray.from_buffers(len(high), offsets, arrow.py_buffer(letters.tobytes()))
    return pl.Series("call_id", array)
