"""Text columns with few different values as numbers: grouping without comparing text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]

_LARGEST_RADIX = 1 << 22


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column of n rows: `codes` (n) are positions in `values`; what was null is empty text."""

    codes: Int32
    values: tuple[str, ...]

    def value_of(self, row: int) -> str:
        """The text of one row."""
        return self.values[int(self.codes[row])]

    def code_of(self, value: str) -> int:
        """The number of a text, -1 where no row has it."""
        return self.values.index(value) if value in self.values else -1


def as_labels(column: pl.Series) -> pl.Series:
    """A text column as an Enum of its own values, null as empty text: one byte a row where they are few."""
    if isinstance(column.dtype, pl.Enum) and not column.null_count():
        return column
    text = column.cast(pl.String).fill_null("")
    return text.cast(pl.Enum(text.unique(maintain_order=True)))


def coded(column: pl.Series) -> Coded:
    """The numbers of a text column."""
    labels = as_labels(column)
    values = cast("pl.Enum", labels.dtype).categories.to_list()
    return Coded(labels.to_physical().cast(pl.Int32).to_numpy(), tuple(values))


def has_value(column: Coded, values: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which rows (n) have one of some texts."""
    wanted = np.array([value in values for value in column.values] or [False])
    return wanted[column.codes]


def combined(columns: Sequence[Coded]) -> tuple[Int32, list[tuple[str, ...]]]:
    """(a number per row, the values behind each number) of the combinations that occur; at least one
    column.
    """
    codes = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        codes = codes * len(column.values) + column.codes
    sizes = [len(column.values) for column in columns]
    room = int(np.prod(sizes, dtype=object)) if sizes else 1
    if room <= _LARGEST_RADIX:
        there = np.flatnonzero(np.bincount(codes, minlength=room))
        numbers = np.zeros(max(room, 1), dtype=np.int32)
        numbers[there] = np.arange(len(there), dtype=np.int32)
        dense = numbers[codes]
    else:
        there, inverse = np.unique(codes, return_inverse=True)
        dense = inverse.astype(np.int32)
    places = np.unravel_index(there, sizes)
    texts = [
        tuple(column.values[int(place)] for column, place in zip(columns, row, strict=True))
        for row in zip(*places, strict=True)
    ]
    return dense, texts


def identities(column: pl.Series) -> UInt64:
    """A 64-bit number per distinct value of a column of identifiers (n), 0 where null or empty.

    Equal numbers stand for equal values: among ten million, two others meet with probability 3e-6. Columns of
    numbers are taken as they are.
    """
    if column.dtype.is_integer():
        return column.cast(pl.UInt64).fill_null(0).to_numpy()
    if isinstance(column.dtype, pl.Enum):
        few = coded(column)
        return identities(pl.Series(few.values, dtype=pl.String))[few.codes]
    text = column.cast(pl.String).fill_null("")
    return text.hash(seed=0).set(text == "", 0).to_numpy()
