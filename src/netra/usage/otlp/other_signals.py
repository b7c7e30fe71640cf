"""What exporters with one address for all signals send beside spans: log records and points of metrics.

Nothing of them is kept: calls are counted by their spans, and metrics would sum up the same calls again. The
answer says so in the protocol's words, with how many were not taken, so that no exporter sends them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netra.usage.otlp import requests
from netra.usage.otlp.json_spans import JsonObject, OuterObjects, object_of, request_of
from netra.usage.otlp.packed import OuterMessages, TooManyItemsError
from netra.usage.otlp.requests import JSON, not_taken, plain_of, reading


@dataclass(frozen=True, slots=True)
class Signal:
    """Where the items of an export request lie: in lists by name in JSON, by field number in protobuf. The
    last list lies in one object of any of the names in `within`, where there are some.
    """

    name: str
    items: str
    names: Sequence[str]
    numbers: Sequence[Sequence[int]]
    within: Sequence[str] = ()

    @property
    def told(self) -> str:
        """Why nothing of it is kept, and what to set."""
        setting = f"OTEL_{self.name.upper()}_EXPORTER=none"
        return f"{self.name} are not kept here, calls are counted by their spans: set {setting}"


LOGS = Signal("logs", "LogRecords", ("resourceLogs", "scopeLogs", "logRecords"), ([1], [2], [2]))
METRICS = Signal(
    "metrics",
    "DataPoints",
    ("resourceMetrics", "scopeMetrics", "metrics", "dataPoints"),
    ([1], [2], [2], [5, 7, 9, 10, 11], [1]),
    within=("gauge", "sum", "histogram", "exponentialHistogram", "summary"),
)
SIGNALS = (LOGS, METRICS)


def answer_to(signal: Signal, body: bytes, kind: str, encoding: str) -> bytes:
    """The protocol's answer to a request: how many items it had, none of which was taken. Raises
    UnsupportedMediaError, UnreadableExportError, TooLargeError.
    """
    plain = plain_of(body, kind, encoding)
    with reading(signal.name):
        if kind == JSON:
            count = sum(_in_json(OuterObjects(requests.MAX_SPANS), request_of(plain), signal, 0))
        else:
            count = _in_protobuf(plain, signal.numbers, requests.MAX_SPANS)
    return not_taken(kind, signal.items, count, signal.told)


def _in_protobuf(content: bytes, path: Sequence[Sequence[int]], most: int) -> int:
    """How many items there are. No message is kept while others are read: each can be two bytes long."""
    outer = OuterMessages(content, most)
    places: Iterator[tuple[int, int]] = iter([(0, len(content))])
    for numbers in path:
        places = _inside(outer, places, numbers, most)
    return sum(1 for _ in places)


def _inside(
    outer: OuterMessages, places: Iterator[tuple[int, int]], numbers: Sequence[int], most: int
) -> Iterator[tuple[int, int]]:
    for start, end in places:
        for place in outer.messages(start, end, *numbers):
            most -= 1
            if most < 0:
                raise TooManyItemsError
            yield place


def _in_json(outer: OuterObjects, holder: JsonObject, signal: Signal, level: int) -> Iterator[int]:
    """How many items each of the lists has."""
    last = level == len(signal.names) - 1
    holders = [object_of(holder, name) for name in signal.within] if last and signal.within else [holder]
    for one in holders:
        found = outer.listed(one, signal.names[level])
        if last:
            yield len(found)
        else:
            for inner in found:
                yield from _in_json(outer, inner, signal, level + 1)
