"""Columns of calls, whatever form they come in: absent, as text, as an Enum, as numbers of identifiers."""

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.pricing.coding import Coded, coded, identities


class CallColumns:
    """Access by name to the columns of a frame of n calls; what is absent reads as unknown."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self.n = frame.height
        self._with_text: dict[str, bool] = {}

    def text(self, name: str) -> pl.Series:
        """A text column, empty where absent or null. Comparing `identities` or `coded` is cheaper."""
        if name not in self.frame.columns:
            return pl.Series(name, [""]).new_from_index(0, self.n)
        column = self.frame.get_column(name)
        if column.dtype.is_integer():
            return column.cast(pl.String).set(column.fill_null(0) == 0, "")
        return column.cast(pl.String).fill_null("")

    def coded(self, name: str) -> Coded:
        """A text column as a number per distinct value; one value, empty, where absent."""
        if name not in self.frame.columns:
            return Coded(np.zeros(self.n, dtype=np.int32), ("",))
        return coded(self.frame.get_column(name))

    def identities(self, name: str) -> npt.NDArray[np.uint64]:
        """A 64-bit number per distinct value of an identifier column (n), 0 where absent or empty."""
        if name not in self.frame.columns:
            return np.zeros(self.n, dtype=np.uint64)
        return identities(self.frame.get_column(name))

    def has_text(self, name: str) -> bool:
        """Whether any call has a value in a text column."""
        if name not in self._with_text:
            self._with_text[name] = name in self.frame.columns and self._holds_text(name)
        return self._with_text[name]

    def _holds_text(self, name: str) -> bool:
        column = self.frame.get_column(name)
        if isinstance(column.dtype, pl.Enum):
            few = coded(column)
            counts = np.bincount(few.codes, minlength=len(few.values))
            return any(value and count for value, count in zip(few.values, counts.tolist(), strict=True))
        empty = 0 if column.dtype.is_integer() else ""
        return bool((column.is_not_null() & (column != empty)).any())

    def number(self, name: str) -> pl.Series | None:
        """A numeric (whole numbers as Int64) or boolean column, None where absent or null throughout."""
        if name not in self.frame.columns:
            return None
        column = self.frame.get_column(name)
        if column.null_count() == self.n:
            return None
        return column.cast(pl.Int64) if column.dtype.is_integer() else column
