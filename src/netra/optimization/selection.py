"""Which calls a question is about."""

from collections.abc import Mapping

from netra.errors.kinds import InvalidInputError
from netra.usage.dimensions import FILTER_COLUMNS, tag_of
from netra.usage.loading import LOADABLE


class InvalidSelectionError(InvalidInputError):
    """A condition names a column that calls cannot be selected by."""

    code = "invalid_selection"


def selectable(where: Mapping[str, str]) -> None:
    """Refuse conditions on columns that are not stored per call. Raises InvalidSelectionError."""
    for name in where:
        if tag_of(name) is None and (name not in FILTER_COLUMNS or name not in LOADABLE):
            known = ", ".join([*sorted(set(FILTER_COLUMNS) & set(LOADABLE)), "team", "tag:NAME"])
            raise InvalidSelectionError(f"calls cannot be selected by {name!r}", hint=f"columns: {known}")
