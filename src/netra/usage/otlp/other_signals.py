"""What exporters with one address for all signals send beside spans: log records and points of metrics.

Nothing of them is kept: calls are counted by their spans, and metrics would sum up the same calls again. The
answer says so in the protocol's words, with how many were not taken, so that no exporter sends them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from netra.usage.otlp.packed import LENGTH, MalformedError, fields_of
from netra.usage.otlp.requests import JSON, decompressed, not_taken, unreadable

_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


@dataclass(frozen=True, slots=True)
class Signal:
    """Where the items of an export request lie: by name in JSON, by field number in protobuf."""

    name: str
    items: str
    names: Sequence[Sequence[str]]
    numbers: Sequence[Sequence[int]]

    @property
    def told(self) -> str:
        """Why nothing of it is kept, and what to set."""
        setting = f"OTEL_{self.name.upper()}_EXPORTER=none"
        return f"{self.name} are not kept here, calls are counted by their spans: set {setting}"


LOGS = Signal("logs", "LogRecords", (["resourceLogs"], ["scopeLogs"], ["logRecords"]), ([1], [2], [2]))
METRICS = Signal(
    "metrics",
    "DataPoints",
    (["resourceMetrics"], ["scopeMetrics"], ["metrics"], _KINDS, ["dataPoints"]),
    ([1], [2], [2], [5, 7, 9, 10, 11], [1]),
)
SIGNALS = (LOGS, METRICS)


def answer_to(signal: Signal, body: bytes, kind: str, encoding: str) -> bytes:
    """The protocol's answer to a request: how many items it had, none of which was taken. Raises
    UnsupportedMediaError, UnreadableExportError, TooLargeError.
    """
    plain = decompressed(body, encoding.strip().lower())
    try:
        if kind == JSON:
            count = _in_json([cast(object, orjson.loads(plain))], signal.names)
        else:
            count = _in_protobuf(plain, [(0, len(plain))], signal.numbers)
    except (MalformedError, orjson.JSONDecodeError) as failure:
        raise unreadable(failure) from None
    return not_taken(kind, signal.items, count, signal.told)


def _in_protobuf(content: bytes, places: list[tuple[int, int]], path: Sequence[Sequence[int]]) -> int:
    for numbers in path:
        places = [
            (begin, stop)
            for start, end in places
            for number, kind, begin, stop in fields_of(content, start, end)
            if kind == LENGTH and number in numbers
        ]
    return len(places)


def _in_json(holders: list[object], path: Sequence[Sequence[str]]) -> int:
    for names in path:
        found = [
            cast(dict[str, object], holder).get(name)
            for holder in holders
            if isinstance(holder, dict)
            for name in names
        ]
        lists = [cast(list[object], one) if isinstance(one, list) else [one] for one in found if one]
        holders = [one for several in lists for one in several]
    return len(holders)
