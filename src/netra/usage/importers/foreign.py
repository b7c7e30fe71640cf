"""Reading values of foreign rows: several spellings of a name, JSON inside a CSV cell, times as text."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import orjson

from netra.usage.reading.chunks import UnreadableValueError
from netra.usage.schema import MAX_TOKENS

Row = Mapping[str, Any]

_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (-1.0, 1.0))


def first(row: Row, *names: str) -> Any:
    """The value under the first of these names that has one, else None."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None


def inside(row: Row, *path: str) -> Any:
    """The value under nested names, None where the way ends early."""
    value: Any = row
    for name in path:
        value = record(value).get(name)
    return value


def record(value: object) -> dict[str, Any]:
    """An object, also as JSON text in a cell or as pairs (a map of Parquet); empty for nothing.

    Raises UnreadableValueError for anything else.
    """
    if type(value) is dict:
        return cast(dict[str, Any], value)
    known = _decoded(value)
    if isinstance(known, list) and all(isinstance(i, tuple) for i in cast(list[object], known)):
        known = dict(cast(list[tuple[str, Any]], known))
    if known is None or isinstance(known, dict):
        return cast(dict[str, Any], known or {})
    raise UnreadableValueError(value, "a JSON object")


def listed(value: object) -> list[Any]:
    """A list, also when it stands as JSON text in a cell; plain text is a list of itself, nothing is empty.

    Raises UnreadableValueError for anything else.
    """
    known = value if isinstance(value, str) and not value.lstrip().startswith("[") else _decoded(value)
    if known is None or isinstance(known, list):
        return cast(list[Any], known or [])
    if isinstance(known, str):
        return [known] if known.strip() else []
    raise UnreadableValueError(value, "a JSON list")


def _decoded(value: object) -> object:
    """JSON text as what it says, empty text as None; everything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value) if value.strip() else None
    except orjson.JSONDecodeError as error:
        raise UnreadableValueError(value, f"whole JSON ({error.msg})") from None


def number(value: object) -> int | float | None:
    """A number, also as text; None for nothing, such as the NaN of a Parquet column without a value.

    Raises UnreadableValueError for anything else.
    """
    if value is None or type(value) is int:
        return value
    amount = _amount(value)
    if amount is None and value is not None and value != "":
        raise UnreadableValueError(value, "a number")
    return amount


def _amount(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, int):
        return value
    try:
        amount = float(value)
    except ValueError:
        return None
    return None if math.isnan(amount) else int(amount) if amount.is_integer() else amount


def count(value: object) -> int:
    """A token count to reckon with, 0 for nothing. Raises UnreadableValueError for what is no count."""
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    amount = number(value)
    if amount is None:
        return 0
    if amount < 0:
        raise UnreadableValueError(value, "a count: it is negative", "negative")
    if not isinstance(amount, int) or amount > MAX_TOKENS:
        raise UnreadableValueError(value, "a count of tokens, a whole number")
    return amount


def together(*values: object) -> int | None:
    """The sum of token counts. Nothing (None) of the first is nothing; of others it counts 0."""
    total = sum(map(count, values))
    return None if number(values[0]) is None else total


def instant(value: object) -> datetime | None:
    """A moment: RFC 3339 or ISO text (no zone means UTC), or the time since 1970 in seconds, milli-, micro-
    or nanoseconds, which are told apart by size (right for times from 1973 on).
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if value is None:
        return None
    # A date would have to fail as a number first, which takes longer than to read it.
    amount = None if isinstance(value, str) and value[4:5] == "-" else _amount(value)
    try:
        if amount is not None:
            unit = next((unit for above, unit in _UNITS if abs(amount) > above), 1.0)
            return datetime.fromtimestamp(amount / unit, UTC)
        if not isinstance(value, str):
            return None
        moment = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def when(value: object) -> object:
    """A moment as `ts` wants it (RFC 3339); what is no moment stays as it is, to be rejected with it."""
    moment = instant(value)
    return value if moment is None else moment.isoformat()


def moment_of(value: object) -> object:
    """A moment, read once for all that asks for it; what is none stays as it is."""
    return instant(value) or value


def milliseconds(begin: object, end: object) -> float | None:
    """Milliseconds from one moment to another, negative where the clocks differ; None where one is missing.

    Raises UnreadableValueError for an end that is no moment; a beginning is rejected as `ts`.
    """
    start, stop = instant(begin), instant(end)
    if stop is None and end is not None and end != "":
        raise UnreadableValueError(end, "a time")
    if start is None or stop is None:
        return None
    return (stop - start).total_seconds() * 1000


def tags(values: Row) -> str | None:
    """Tags as JSON text: only entries that have a value, nested ones as JSON text."""
    kept = {
        name: value
        if isinstance(value, str | int | float | bool)
        else orjson.dumps(value, default=str).decode()
        for name, value in values.items()
        if value is not None and value not in ("", [], {})
    }
    return orjson.dumps(kept).decode() if kept else None
