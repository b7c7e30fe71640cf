"""Arrow tables as this room handles them; pyarrow ships no types, so it is narrowed here."""

from typing import Any, TypeAlias, cast

import pyarrow

ArrowTable: TypeAlias = Any
"""A `pyarrow.Table`."""

_pyarrow = cast(Any, pyarrow)


def with_constant_column(table: ArrowTable, name: str, value: str) -> ArrowTable:
    """The table with a text column of one value, replacing a column of that name where there is one."""
    # A dictionary of one entry: the value itself travels once.
    codes = _pyarrow.repeat(_pyarrow.scalar(0, _pyarrow.int8()), table.num_rows)
    column = _pyarrow.DictionaryArray.from_arrays(codes, _pyarrow.array([value], _pyarrow.string()))
    position = table.schema.get_field_index(name)
    return table.append_column(name, column) if position < 0 else table.set_column(position, name, column)
