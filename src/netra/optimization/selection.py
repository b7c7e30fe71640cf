"""Which calls a question is about."""

from collections.abc import Mapping

import polars as pl

from netra.errors.kinds import InvalidInputError
from netra.usage.dimensions import FILTER_COLUMNS
from netra.usage.service import LOADABLE

_YES = ("true", "yes", "1")


class InvalidSelectionError(InvalidInputError):
    """A condition names a column that calls cannot be selected by."""

    code = "invalid_selection"


def selectable(where: Mapping[str, str]) -> None:
    """Refuse conditions on columns that are not stored per call. Raises InvalidSelectionError."""
    for name in where:
        if name not in FILTER_COLUMNS or name not in LOADABLE:
            known = ", ".join(sorted(set(FILTER_COLUMNS) & set(LOADABLE)))
            raise InvalidSelectionError(f"calls cannot be selected by {name!r}", hint=f"columns: {known}")


def matching(frame: pl.DataFrame, where: Mapping[str, str]) -> pl.DataFrame:
    """The calls whose columns have the given values (compared as text; yes/no for flags)."""
    for name, value in where.items():
        column = pl.col(name)
        if frame.schema[name] == pl.Boolean:
            frame = frame.filter(column == (value.lower() in _YES))
        else:
            frame = frame.filter(column.cast(pl.String) == value)
    return frame
