"""Who a row is: digests of its content, ids for rows that bring none, and the count of equal rows in a
file.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from netra.usage.digests import Hashes, hex_ids, mix, row_digests, seed_of, text_digests
from netra.usage.schema import Column

Counts = np.ndarray[Any, np.dtype[np.int64]]

_ID = seed_of("id")
_AGAIN = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


def content_hashes(frame: pl.DataFrame, columns: Sequence[Column], salt: str) -> Hashes:
    """64-bit digests of the rows over the given columns, as stored in `content_hash`; NULL, absent and
    default read the same.
    """
    return row_digests(frame, columns, salt)


def id_hashes(ids: pl.Series) -> Hashes:
    """64-bit digests of ids, as stored in `id_hash`."""
    return text_digests(ids, _ID)


def derived_ids(first: Hashes, second: Hashes, occurrences: Counts) -> pl.Series:
    """Ids of rows without one: two independent digests of the content, numbered where it repeats."""
    numbers = occurrences.astype(np.uint64)
    halves = [
        np.where(occurrences == 0, digest, mix(digest + numbers * odd))
        for digest, odd in zip((first, second), _AGAIN, strict=True)
    ]
    return hex_ids(halves[0], halves[1])


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
