"""Arrow tables as this room handles them; pyarrow ships no types, so it is narrowed here."""

import struct
from typing import Any, TypeAlias, cast

import pyarrow

ArrowTable: TypeAlias = Any
"""A `pyarrow.Table`."""

_pyarrow = cast(Any, pyarrow)


def with_constant_column(table: ArrowTable, name: str, value: str) -> ArrowTable:
    """The table with a text column of one value, replacing a column of that name where there is one."""
    # A dictionary of one entry: the value itself travels once. Made of bytes, since Arrow imports pandas to
    # look at a value of Python: half a second of the first import into a fresh server.
    text = value.encode()
    ends = _pyarrow.py_buffer(struct.pack("=2i", 0, len(text)))
    values = _pyarrow.StringArray.from_buffers(1, ends, _pyarrow.py_buffer(text))
    zeros = _pyarrow.py_buffer(bytes(table.num_rows))
    codes = _pyarrow.Array.from_buffers(_pyarrow.int8(), table.num_rows, [None, zeros])
    column = _pyarrow.DictionaryArray.from_arrays(codes, values)
    position = table.schema.get_field_index(name)
    return table.append_column(name, column) if position < 0 else table.set_column(position, name, column)
