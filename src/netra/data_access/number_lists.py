"""Long lists of whole numbers inside a query."""

import base64
import struct
from collections.abc import Sequence
from typing import Any

LIST_SETTINGS: dict[str, Any] = {"max_query_size": 64 * 2**20}
"""Settings of a query that holds a list."""


def number_list(values: Sequence[int]) -> str:
    """A sub-select of these numbers (0 to 2^64 - 1), for `column IN (...)`.

    One base64 literal: a hundred thousand separate literals take the parsers of a query seconds, and a bound
    parameter of that length fits into no URL. The alphabet of base64 needs no quoting.
    """
    packed = base64.b64encode(struct.pack(f"<{len(values)}Q", *values)).decode()
    cut = f"substring(base64Decode('{packed}'), number * 8 + 1, 8)"
    return f"SELECT reinterpretAsUInt64({cut}) FROM numbers({len(values)})"
