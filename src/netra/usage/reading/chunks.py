"""What a reader hands on: rows as a frame of source columns, and what could not be read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from netra.usage.errors import UnreadableFileError

LINE = "__line"
"""Column with the 1-based line (text) or row (Parquet) a row came from, Int64."""

_TOLD = 10

MAX_CHUNK_ROWS = 200_000
"""Rows of one chunk at most: the unit that is written, and after a crash repeated, as a whole."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not stored: its line, a machine-readable code, and a reason a person can act on."""

    line: int
    code: str
    reason: str
    column: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The line of the reject file."""
        entry: dict[str, object] = {"line": self.line, "code": self.code, "reason": self.reason}
        if self.column is not None:
            entry["column"] = self.column
        return entry


class UnreadableValueError(ValueError):
    """A value inside a row that its format cannot understand: the row is rejected with it, because what the
    value holds must not be lost.
    """

    def __init__(self, value: object, wanted: str, code: str = "invalid_value") -> None:
        """`wanted` says what the value should be, `code` is that of the reject."""
        super().__init__(f"{shortened(str(value))!r} is not {wanted}")
        self.code = code
        self._value = value

    def to_reject(self, line: int, row: Mapping[str, object]) -> Reject:
        """The reject of the row; a text that is a cell of it names its column."""
        cells = row.items() if isinstance(self._value, str) else ()
        column = next((name for name, cell in cells if cell is self._value), None)
        return Reject(line, self.code, f"{column}: {self}" if column else str(self), column)


def shortened(text: str) -> str:
    """A name or value of a file for a message: files have them as long as they like."""
    return text if len(text) <= 60 else text[:57] + "..."


def refuse_repeated(names: Sequence[str]) -> None:
    """Raise UnreadableFileError where a file names a column twice: nothing says which is meant."""
    repeated = sorted(name for name, times in Counter(names).items() if times > 1 and name)
    if repeated:
        told = ", ".join(shortened(name) for name in repeated[:_TOLD])
        more = f" and {len(repeated) - _TOLD:,} others" if len(repeated) > _TOLD else ""
        raise UnreadableFileError(
            f"The header names {told}{more} more than once.", hint="Give every column its own name."
        )


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows as the file has them. `read` counts every row of the chunk, good or not.

    `frame` holds the wanted source columns and LINE; `names` all columns of the file, as far as seen here.
    """

    frame: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list[Reject])
    ignored: int = 0
    names: tuple[str, ...] = ()
    cut: str | None = None
    """Why the file ends here, where that is not its written end."""

    @property
    def read(self) -> int:
        """Rows seen in this chunk."""
        return self.frame.height + len(self.rejects) + self.ignored
