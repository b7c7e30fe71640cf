"""Spans as columns: what the protobuf and the JSON reader agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import polars as pl

Int64 = np.ndarray[Any, np.dtype[np.int64]]

FAILED = 2
"""STATUS_CODE_ERROR."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute key: which spans carry it, and its values (whole numbers, floats, booleans or texts)."""

    rows: Int64
    values: Any
    """An array, or a list where texts or mixed kinds occur."""

    def series(self, n: int) -> pl.Series:
        """A value for each of n spans, NULL where absent; mixed kinds as text. The last of several counts."""
        place = np.full(n, -1, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows), dtype=np.int64)
        mixed = isinstance(self.values, list)
        values = _series_of(cast(list[object], self.values)) if mixed else pl.Series(self.values)
        index = pl.Series(place)
        return values.gather(index.set(index < 0, None))


def _series_of(values: Sequence[object]) -> pl.Series:
    kinds = {type(value) for value in values}
    if len(kinds) == 1:
        return pl.Series(values)
    return pl.Series([str(value) for value in values], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Spans:
    """n spans. Ids are lower-case hexadecimal texts, times nanoseconds since 1970.

    `attributes` holds the wanted keys that occur; `contents` the text of prompts, one list of (key, text) for
    each span that carries some, in the order of the conversation; `first_token` the earliest event of a span
    that says a first token arrived; `bare_names` the name of each failed span without attributes of its own.
    """

    trace_id: Sequence[str]
    span_id: Sequence[str]
    parent_id: Sequence[str]
    start: Int64
    end: Int64
    status: Int64
    message: Sequence[str]
    scope: Sequence[str]
    service: Sequence[str]
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    contents: Mapping[int, Sequence[tuple[str, str]]] = field(
        default_factory=dict[int, Sequence[tuple[str, str]]]
    )
    first_token: Mapping[int, int] = field(default_factory=dict[int, int])
    bare_names: Mapping[int, str] = field(default_factory=dict[int, str])

    def __len__(self) -> int:
        return len(self.start)
