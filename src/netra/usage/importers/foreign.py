"""Reading values of foreign rows: several spellings of a name, JSON inside a CSV cell, times as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import orjson

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
    """An object, also as JSON text in a cell or as pairs (a map of Parquet); empty for anything else."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    if isinstance(value, list) and value and all(isinstance(i, tuple) for i in cast(list[object], value)):
        value = dict(cast(list[tuple[str, Any]], value))
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """A list, also when it stands as JSON text in a cell; empty for anything else."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return []
    return cast(list[Any], value) if isinstance(value, list) else []


def number(value: object) -> int | float | None:
    """A number, also as text; None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str | Decimal):
        try:
            amount = float(value)
        except ValueError:
            return None
        return int(amount) if amount.is_integer() else amount
    return None


def count(value: object) -> int:
    """A token count to reckon with, 0 for anything that is none."""
    if value is None:
        return 0
    amount = number(value)
    return int(amount) if amount is not None and 0 <= amount < 2**62 else 0


def together(*values: object) -> Any:
    """The sum of token counts; where one of them is none, that one, so that its row is rejected with it.
    Nothing (None) of the first is nothing; of others it counts 0.
    """
    if values[0] is None:
        return None
    for value in values:
        amount = number(value)
        if value is not None and (amount is None or amount < 0):
            return value
    return sum(count(value) for value in values)


def instant(value: object) -> datetime | None:
    """A moment: RFC 3339 or ISO text (no zone means UTC), or the time since 1970 in seconds, milli-, micro-
    or nanoseconds, which are told apart by size (right for times from 1973 on).
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    # A date would have to fail as a number first, which takes longer than to read it.
    amount = None if isinstance(value, str) and value[4:5] == "-" else number(value)
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
    """Milliseconds from one moment to another, None where one is missing or they are in the wrong order."""
    start, stop = instant(begin), instant(end)
    if start is None or stop is None or stop < start:
        return None
    return (stop - start).total_seconds() * 1000


def tags(values: Row) -> str | None:
    """Tags as JSON text: only entries that have a value, nested ones as JSON text."""
    kept = {
        name: value if isinstance(value, str | int | float | bool) else orjson.dumps(value).decode()
        for name, value in values.items()
        if value is not None and value not in ("", [], {})
    }
    return orjson.dumps(kept).decode() if kept else None
