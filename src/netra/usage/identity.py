"""Who a row is: digests of its content, ids for rows that bring none, and the count of equal rows in a
file.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from netra.usage.normalising import hash64
from netra.usage.schema import Column

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

_VALUE = "\x1f"
_END = "\x1e"


def content_texts(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.Series:
    """One canonical text a row over the given columns; NULL, absent and default read the same.

    Text columns hold no control characters (`normalising`), so the separators cannot be forged.
    """
    parts: list[pl.Expr] = []
    for column in columns:
        if column.name not in frame.columns:
            continue
        value = pl.col(column.name)
        text = _as_text(value, column)
        given = value.is_not_null()
        if column.default is not None:
            given = given & (value != pl.lit(column.default))
        head = column.name + _VALUE
        parts.append(
            pl.when(given).then(pl.concat_str(pl.lit(head), text, pl.lit(_END))).otherwise(pl.lit(""))
        )
    if not parts:
        return pl.Series("content", [""] * frame.height, dtype=pl.String)
    return frame.select(pl.concat_str(parts).alias("content")).to_series()


def _as_text(value: pl.Expr, column: Column) -> pl.Expr:
    if column.kind == "time":
        return value.dt.epoch("us").cast(pl.String)
    if column.kind == "number":
        # Bits, not digits: the printed form of a float may change between library versions.
        return value.cast(pl.Float64).reinterpret(dtype=pl.Int64).cast(pl.String)
    if column.kind == "hashes":
        return value.cast(pl.List(pl.String)).list.join(",")
    return value.cast(pl.String)


class Digests:
    """128-bit digests of texts, as bytes and as their first 64 bits."""

    def __init__(self, texts: Sequence[str], salt: str = "") -> None:
        prefix = blake2b(salt.encode(), digest_size=16)
        self.full: list[bytes] = []
        for text in texts:
            digest = prefix.copy()
            digest.update(text.encode())
            self.full.append(digest.digest())

    def short(self) -> Hashes:
        """First eight bytes of each digest, little endian."""
        pairs = np.frombuffer(b"".join(self.full), dtype="<u8").reshape(-1, 2)
        return np.ascontiguousarray(pairs[:, 0]).astype(np.uint64)


def derived_ids(digests: Sequence[bytes], occurrences: Counts) -> list[str]:
    """Ids of rows without one: the content digest, salted with the format, numbered where it repeats."""
    ids: list[str] = []
    for digest, occurrence in zip(digests, occurrences.tolist(), strict=True):
        source = digest if occurrence == 0 else blake2b(digest + b"%d" % occurrence, digest_size=16).digest()
        ids.append("h" + source.hex())
    return ids


def id_hashes(ids: Sequence[str]) -> Hashes:
    """64-bit digests of ids, as stored in `id_hash`."""
    return hash64(ids)


class OccurrenceCounter:
    """Counts how often each content was seen before in a file; 16 bytes a distinct content.

    Keeps sorted runs of doubling size, so adding n rows to N costs O(n log N) amortised.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Counts]] = []

    def number(self, content: Hashes) -> Counts:
        """For each row, the number of equal rows before it (in this and all earlier calls)."""
        if not len(content):
            return np.zeros(0, dtype=np.int64)
        order = np.argsort(content, kind="stable")
        ordered = content[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        lengths = np.diff(np.concatenate([starts, [len(ordered)]]))
        keys = ordered[starts]
        before = self._seen(keys)
        numbers = (
            np.arange(len(ordered), dtype=np.int64) - np.repeat(starts, lengths) + np.repeat(before, lengths)
        )
        result = np.empty(len(content), dtype=np.int64)
        result[order] = numbers
        self._add(keys, lengths.astype(np.int64))
        return result

    def _seen(self, keys: Hashes) -> Counts:
        total = np.zeros(len(keys), dtype=np.int64)
        for run_keys, run_counts in self._runs:
            places = np.minimum(np.searchsorted(run_keys, keys), len(run_keys) - 1)
            total += np.where(run_keys[places] == keys, run_counts[places], 0)
        return total

    def _add(self, keys: Hashes, counts: Counts) -> None:
        self._runs.append((keys, counts))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            newer = self._runs.pop()
            self._runs.append(_merged(self._runs.pop(), newer))


def _merged(first: tuple[Hashes, Counts], second: tuple[Hashes, Counts]) -> tuple[Hashes, Counts]:
    keys = np.concatenate([first[0], second[0]])
    counts = np.concatenate([first[1], second[1]])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(counts, starts)
