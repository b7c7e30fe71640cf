"""JSON objects that name a key twice: what counts is not said, and decoders disagree (RFC 8259, 4).

A key that is repeated with the same value, or with nothing, is understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import polars as pl

JsonObject = dict[str, Any]

_OTHERWISE = (b" :", b"\t:", b"\r:", b"\n:", b"\\u0022")
"""Space between a name and its colon, and a quote within a text as a number."""


class RepeatedKeyError(ValueError):
    """An object has two values for one key."""


def decoded(line: bytes) -> object:
    """One JSON value. Raises orjson.JSONDecodeError; RepeatedKeyError for two values of one key."""
    value: object = orjson.loads(line)
    return value if _names_once(line, value) else _decoded_by(_once, line, value)


def repeats(line: bytes) -> bool:
    """Whether an object within a line names a key twice; also where that cannot be told."""
    try:
        value: object = orjson.loads(line)
        if not _names_once(line, value):
            _decoded_by(_alone, line, value)
    except (orjson.JSONDecodeError, RepeatedKeyError):
        return True
    return False


def may_repeat(text: bytes, frame: pl.DataFrame) -> bool:
    """Whether one of the JSON lines may name a column of the frame twice; never False where one does, but for
    a value before nothing (which is read) and for names spelled with escapes.

    Counts the names before anything but null: as many as there are values says that each is there once.
    """
    values = sum(frame.height - column.null_count() for column in frame)
    if _names_told(text) == values:
        return False  # where every name is a column's, and no text looks like one, this is enough, and quick
    names = "|".join(pl.escape_regex(name) for name in frame.columns)
    told = pl.Series([text]).cast(pl.String, strict=False)
    return told.str.count_matches(rf'"(?:{names})"\s*:\s*[^n\s]')[0] != values


def _names_told(text: bytes) -> int | None:
    """How many colons stand behind a quote and before anything but null; None where one stands behind a
    space, and so perhaps behind a name.
    """
    codes = np.frombuffer(text, dtype=np.uint8)
    places = np.flatnonzero(codes[:-2] == ord(":"))
    before = codes[np.maximum(places - 1, 0)]
    if (before <= ord(" ")).any():
        return None
    after = codes[places + 1]
    after = np.where(after == ord(" "), codes[places + 2], after)
    quoted = before == ord('"')
    return int((quoted & (after != ord("n"))).sum())


def _names_once(line: bytes, value: object) -> bool:
    """Whether there are as many names in the text as in what it was decoded to: as many are written again.
    Never true where one stands twice; a quote in a text that is written otherwise could make up for it.
    """
    if any(spelling in line for spelling in _OTHERWISE):
        return False
    try:
        return line.count(b'":') == orjson.dumps(value).count(b'":')
    except orjson.JSONEncodeError:  # it reads deeper than it writes
        return False


def _decoded_by(hook: Callable[[list[tuple[str, Any]]], JsonObject], line: bytes, value: object) -> object:
    try:
        return json.loads(line, object_pairs_hook=hook)
    except RepeatedKeyError:
        raise
    except (ValueError, RecursionError):
        return value  # numbers and depths that only the first decoder takes


def _alone(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKeyError
    return found


def _once(pairs: list[tuple[str, Any]]) -> JsonObject:
    found: JsonObject = {}
    for name, value in pairs:
        known = found.get(name)
        if known is not None and value is not None and known != value:
            raise RepeatedKeyError(f"{name[:60]!r} is named twice, with different values")
        found[name] = known if value is None else value
    return found
