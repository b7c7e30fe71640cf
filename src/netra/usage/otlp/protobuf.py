"""ExportTraceServiceRequest in protobuf, read column by column.

Field numbers: opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto of the OTLP specification
1.x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netra.usage.otlp.names import (
    ANSWER,
    ANSWER_BEGINNING,
    FIRST_TOKEN_EVENTS,
    WANTED,
    ContentOrder,
    content_order,
)
from netra.usage.otlp.packed import (
    FIXED64,
    LENGTH,
    VARINT,
    Fields,
    Int64,
    OuterMessages,
    Packed,
    TooManyItemsError,
    UInt64,
)
from netra.usage.otlp.spans import FAILED, Attribute, Spans

_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)
_LONGEST_KEY = 200
_LONGEST_TEXT = 1 << 40
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY = 1, 2, 3, 4, 5
_NO_KEY = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a span lies and what it lies in."""

    start: int
    end: int
    scope: str
    resource: int


def read_protobuf(content: bytes, most_spans: int = 50_000) -> Spans:
    """The spans of one request. Raises MalformedError, TooManyItemsError."""
    packed, outer = Packed(content), OuterMessages(content, most_spans)
    places: list[_Place] = []
    resources: list[tuple[int, int]] = []
    for begin, stop in outer.messages(0, len(content), 1):
        resource = (begin, begin)
        for number, kind, start, end in outer.fields(begin, stop):
            if number == 1 and kind == LENGTH:
                resource = (start, end)
            elif number == 2 and kind == LENGTH:
                places += _of_scope(packed, outer, start, end, len(resources))
        resources.append(resource)
        if max(len(places), len(resources)) > most_spans:
            raise TooManyItemsError
    return _spans(packed, places, _resource_texts(packed, resources))


def _of_scope(packed: Packed, outer: OuterMessages, start: int, end: int, resource: int) -> Iterator[_Place]:
    scope = ""
    found: list[tuple[int, int]] = []
    for number, kind, begin, stop in outer.fields(start, end):
        if number == 1 and kind == LENGTH:
            name = next(outer.messages(begin, stop, 1), (0, 0))
            scope = packed.text(*name)
        elif number == 2 and kind == LENGTH:
            found.append((begin, stop))
    return (_Place(begin, stop, scope, resource) for begin, stop in found)


def _resource_texts(packed: Packed, resources: Sequence[tuple[int, int]]) -> list[dict[str, str]]:
    """Texts among the attributes of each resource."""
    start, end = _ranges(resources)
    attributes = packed.fields(start, end).only(1, LENGTH)
    texts: list[dict[str, str]] = [{} for _ in resources]
    values = _Values(packed, attributes)
    for key, (lanes, _) in values.by_key(bool).items():
        chosen = values.material(lanes)
        for lane, value in zip(lanes.tolist(), chosen, strict=True):
            texts[int(values.owner[lane])][key] = str(value)
    return texts


def _ranges(places: Sequence[tuple[int, int]]) -> tuple[Int64, Int64]:
    pairs = np.array(places, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def _spans(packed: Packed, places: Sequence[_Place], resources: Sequence[dict[str, str]]) -> Spans:
    n = len(places)
    start, end = _ranges([(place.start, place.end) for place in places])
    fields = packed.fields(start, end)
    status, message = _status(packed, fields.only(15, LENGTH), n)
    attributes, contents = _attributes(packed, fields.only(9, LENGTH), resources, places)
    return Spans(
        trace_id=_hex(packed, fields.only(1, LENGTH), n),
        span_id=_hex(packed, fields.only(2, LENGTH), n),
        parent_id=_hex(packed, fields.only(4, LENGTH), n),
        start=_numbers(fields.only(7, FIXED64), n),
        end=_numbers(fields.only(8, FIXED64), n),
        status=status,
        message=message,
        scope=[place.scope for place in places],
        service=[resources[place.resource].get("service.name", "") for place in places],
        attributes=attributes,
        contents=contents,
        first_token=_first_tokens(packed, fields.only(11, LENGTH)),
        bare_names=_bare_names(packed, fields, status),
    )


def _numbers(fields: Fields, n: int) -> Int64:
    values = np.zeros(n, dtype=np.int64)
    values[fields.owner] = fields.value.view(np.int64)
    return values


def _hex(packed: Packed, fields: Fields, n: int) -> list[str]:
    texts = [""] * n
    content = packed.content
    for owner, start, end in zip(
        fields.owner.tolist(), fields.start.tolist(), fields.end.tolist(), strict=True
    ):
        texts[owner] = content[start : min(end, start + 32)].hex()
    return texts


def _status(packed: Packed, statuses: Fields, n: int) -> tuple[Int64, list[str]]:
    codes, texts = np.zeros(n, dtype=np.int64), [""] * n
    fields = packed.fields(statuses.start, statuses.end)
    code = fields.only(3, VARINT)
    codes[statuses.owner[code.owner]] = code.value.view(np.int64)
    told = fields.only(2, LENGTH)
    for owner, start, end in zip(told.owner.tolist(), told.start.tolist(), told.end.tolist(), strict=True):
        texts[int(statuses.owner[owner])] = packed.text(start, min(end, start + 300))
    return codes, texts


def _bare_names(packed: Packed, fields: Fields, status: Int64) -> dict[int, str]:
    """By span, the name of those that failed and have no attributes: it is all that they say."""
    bare = status == FAILED
    bare[fields.only(9, LENGTH).owner] = False
    if not bare.any():
        return {}
    names = fields.only(5, LENGTH)
    places = zip(names.owner.tolist(), names.start.tolist(), names.end.tolist(), strict=True)
    return {
        owner: packed.text(start, min(end, start + _LONGEST_KEY))
        for owner, start, end in places
        if bare[owner]
    }


def _first_tokens(packed: Packed, events: Fields) -> dict[int, int]:
    """By span, the time of its earliest event that marks a first token."""
    if not len(events.owner):
        return {}
    fields = packed.fields(events.start, events.end)
    times = _numbers(fields.only(1, FIXED64), len(events.owner))
    names = fields.only(2, LENGTH)
    firsts: dict[int, int] = {}
    for event, start, end in zip(names.owner.tolist(), names.start.tolist(), names.end.tolist(), strict=True):
        if end - start < _LONGEST_KEY and packed.text(start, end) in FIRST_TOKEN_EVENTS:
            span, at = int(events.owner[event]), int(times[event])
            firsts[span] = min(at, firsts.get(span, at))
    return firsts


class _Values:
    """Key-value pairs of many owners: their keys told apart once, their values read when asked for."""

    def __init__(self, packed: Packed, pairs: Fields) -> None:
        self._packed = packed
        fields = packed.fields(pairs.start, pairs.end)
        keys, values = fields.only(1, LENGTH), fields.only(2, LENGTH)
        m = len(pairs.owner)
        self.owner = pairs.owner
        self._key_start, self._key_end = np.zeros(m, np.int64), np.zeros(m, np.int64)
        self._key_start[keys.owner], self._key_end[keys.owner] = keys.start, keys.end
        inner = packed.fields(values.start, values.end)
        pair = values.owner[inner.owner]
        self._type = np.zeros(m, np.int64)
        self._number = np.zeros(m, np.uint64)
        self._start, self._end = np.zeros(m, np.int64), np.zeros(m, np.int64)
        self._type[pair], self._number[pair] = inner.number, inner.value
        self._start[pair], self._end[pair] = inner.start, inner.end

    def by_key(self, wanted: Callable[[str], bool]) -> dict[str, tuple[Int64, str]]:
        """Lanes of each key that `wanted` accepts, in the order of the message."""
        if not len(self.owner):
            return {}
        digest = self._digests()
        _, first, code = np.unique(digest, return_index=True, return_inverse=True)
        order = np.argsort(code, kind="stable")
        borders = np.searchsorted(code[order], np.arange(len(first) + 1))
        found: dict[str, tuple[Int64, str]] = {}
        for number, lane in enumerate(first.tolist()):
            start, end = int(self._key_start[lane]), int(self._key_end[lane])
            key = self._packed.text(start, end) if end - start <= _LONGEST_KEY else _NO_KEY
            if wanted(key):
                found[key] = (order[borders[number] : borders[number + 1]], key)
        return found

    def material(self, lanes: Int64, longest: int = _LONGEST_TEXT) -> Any:
        """The values of these lanes; of texts no more than the first `longest` bytes."""
        kinds = self._type[lanes]
        if (kinds == _INT).all():
            return self._number[lanes].view(np.int64)
        if (kinds == _DOUBLE).all():
            return self._number[lanes].view(np.float64)
        if (kinds == _STRING).all():
            text = self._packed.text
            starts, ends = self._start[lanes], np.minimum(self._end[lanes], self._start[lanes] + longest)
            return [text(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return [self._one(int(lane), longest) for lane in lanes]

    def _one(self, lane: int, longest: int) -> object:
        kind, number = int(self._type[lane]), self._number[lane]
        if kind == _STRING:
            start = int(self._start[lane])
            return self._packed.text(start, min(int(self._end[lane]), start + longest))
        if kind == _BOOL:
            return bool(number)
        if kind == _INT:
            return int(number.view(np.int64))
        return float(number.view(np.float64)) if kind == _DOUBLE else ""

    def _digests(self) -> UInt64:
        """64-bit digests of the keys' bytes; equal digests are taken for equal keys."""
        size = self._key_end - self._key_start
        digest = size.astype(np.uint64) * _MIX
        lanes = np.flatnonzero(size > 0)
        for offset in range(0, _LONGEST_KEY, 8):
            lanes = lanes[size[lanes] > offset]
            if not len(lanes):
                break
            rest = np.minimum(size[lanes] - offset, 8).astype(np.uint64)
            mask = np.uint64(0xFFFF_FFFF_FFFF_FFFF) >> ((np.uint64(8) - rest) * np.uint64(8))
            mixed = (digest[lanes] ^ (self._packed.words(self._key_start[lanes] + offset) & mask)) * _MIX
            digest[lanes] = mixed ^ (mixed >> np.uint64(29))
        return digest


def _attributes(
    packed: Packed, pairs: Fields, resources: Sequence[dict[str, str]], places: Sequence[_Place]
) -> tuple[dict[str, Attribute], dict[int, list[tuple[str, str]]]]:
    values = _Values(packed, pairs)
    found: dict[str, Attribute] = {}
    texts: list[tuple[int, ContentOrder, str, str]] = []
    orders: dict[str, ContentOrder] = {}

    def wanted(key: str) -> bool:
        order = content_order(key)
        if order is not None:
            orders[key] = order
        return order is not None or key in WANTED

    for key, (lanes, _) in values.by_key(wanted).items():
        longest = ANSWER_BEGINNING if key == ANSWER else _LONGEST_TEXT
        material = values.material(lanes, longest)
        rows = values.owner[lanes]
        if key in orders:
            texts += (
                (row, orders[key], key, str(value))
                for row, value in zip(rows.tolist(), material, strict=True)
            )
        else:
            found[key] = Attribute(rows, material)
    _add_of_resources(found, resources, places)
    contents: dict[int, list[tuple[str, str]]] = {}
    for row, _, key, value in sorted(texts, key=lambda one: one[:2]):
        contents.setdefault(row, []).append((key, value))
    return found, contents


def _add_of_resources(
    found: dict[str, Attribute], resources: Sequence[dict[str, str]], places: Sequence[_Place]
) -> None:
    """What a resource says holds for its spans that do not say it themselves."""
    for name in {name for texts in resources for name in texts} & WANTED:
        rows = [row for row, place in enumerate(places) if name in resources[place.resource]]
        values: list[object] = [resources[places[row].resource][name] for row in rows]
        own = found.get(name)
        if own is not None:
            # The last of several values counts.
            rows += own.rows.tolist()
            values += list(own.values)
        found[name] = Attribute(np.array(rows, dtype=np.int64), values)
