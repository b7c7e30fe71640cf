"""Protocol-buffers wire format, many messages at a time: each step reads one field of every message.

A message at a time costs microseconds a field in Python; here a field of all messages costs some array
operations. https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Int64 = np.ndarray[Any, np.dtype[np.int64]]
UInt64 = np.ndarray[Any, np.dtype[np.uint64]]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

_PADDING = b"\0" * 16
_SEVEN = np.uint64(0x7F)
_LOW32 = np.uint64(0xFFFF_FFFF)
_WIDTH = np.array([0, 8, 0, 0, 0, 4, 0, 0], dtype=np.int64)
_KNOWN = np.array([True, True, True, False, False, True, False, False])


MOST_FIELDS = 10_000
"""Fields of one message; each is a step over all messages, and a message of millions would take minutes."""

MOST_AT_ONCE = 5_000_000
"""Fields of all messages of one kind: two bytes can be a field, which takes a hundred in memory."""

_FIELDS_AN_ITEM = 10
"""How many fields the outer messages may have for each item that a request may hold."""


class MalformedError(ValueError):
    """The bytes are no message of this format."""


class TooManyItemsError(ValueError):
    """More spans, or whatever the request is of, than are read at once; or as many messages around them."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of many messages: which message, field number, wire type, its value as a number (varint, fixed)
    and the bytes of its value [start, end).
    """

    owner: Int64
    number: Int64
    kind: Int64
    value: UInt64
    start: Int64
    end: Int64

    def only(self, number: int, kind: int) -> Fields:
        """The fields with this number and wire type."""
        chosen = np.flatnonzero((self.number == number) & (self.kind == kind))
        return Fields(*(getattr(self, name)[chosen] for name in self.__slots__))


class Packed:
    """The bytes of one or more messages."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        padded = content + _PADDING
        self._bytes = np.frombuffer(padded, dtype=np.uint8)
        # A view of eight bytes from every place: one gather reads a fixed field of all messages.
        self._words: UInt64 = np.ndarray((len(content) + 8,), "<u8", buffer=padded, strides=(1,))

    def fields(self, start: Int64, end: Int64) -> Fields:
        """All fields of the messages [start, end). Raises MalformedError."""
        owner = np.arange(len(start), dtype=np.int64)
        place, limit = start, end
        parts: list[Fields] = []
        left = MOST_AT_ONCE
        while True:
            more = place < limit
            if not more.all():
                owner, place, limit = owner[more], place[more], limit[more]
            if not len(owner):
                break
            if len(parts) == MOST_FIELDS:
                raise MalformedError(f"a message has more than {MOST_FIELDS} fields")
            left -= len(owner)
            if left < 0:
                raise MalformedError(f"the messages have more than {MOST_AT_ONCE} fields")
            found, place = self._one_field(owner, place, limit)
            parts.append(found)
        if not parts:
            none = np.zeros(0, dtype=np.int64)
            return Fields(none, none, none, none.astype(np.uint64), none, none)
        names = Fields.__slots__
        return Fields(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def words(self, place: Int64) -> UInt64:
        """Eight bytes from each place, little endian; zeros behind the end."""
        return self._words[place]

    def text(self, start: int, end: int) -> str:
        """UTF-8 text; bytes that are none become replacement characters."""
        return self.content[start:end].decode("utf-8", "replace")

    def _one_field(self, owner: Int64, place: Int64, limit: Int64) -> tuple[Fields, Int64]:
        tag, begin = self._varints(place)
        if (tag > _LOW32).any():
            raise MalformedError("a field has an impossible number")
        kind = (tag & np.uint64(7)).astype(np.int64)
        if not _KNOWN[kind].all():
            raise MalformedError("a field has an unknown wire type")
        value, after = self._varints(np.minimum(begin, limit))
        fixed = _WIDTH[kind]
        is_length = kind == LENGTH
        start = np.where(is_length, after, begin)
        if (value[is_length] > np.uint64(len(self.content))).any():
            raise MalformedError("a field is longer than the message")
        size = np.where(is_length, value.astype(np.int64), np.where(fixed > 0, fixed, after - begin))
        end = start + size
        if (end > limit).any():
            raise MalformedError("a field reaches beyond its message")
        if (fixed > 0).any():
            words = self._words[start]
            value = np.where(kind == FIXED64, words, np.where(kind == FIXED32, words & _LOW32, value))
        return Fields(owner, (tag >> np.uint64(3)).astype(np.int64), kind, value, start, end), end

    def _varints(self, place: Int64) -> tuple[UInt64, Int64]:
        """The number at each place, and the place behind it."""
        byte = self._bytes[place]
        value = (byte & 0x7F).astype(np.uint64)
        place = place + 1
        going = np.flatnonzero(byte >= 0x80)
        shift = 7
        while len(going):
            if shift > 63:
                raise MalformedError("a number has more than ten bytes")
            byte = self._bytes[np.minimum(place[going], len(self._bytes) - 1)]
            value[going] |= (byte.astype(np.uint64) & _SEVEN) << np.uint64(shift)
            place[going] += 1
            going = going[byte >= 0x80]
            shift += 7
        return value, place


class OuterMessages:
    """The messages around the items of a request, of which there are few with many fields; read field by
    field, and no further than a request of `most` items can reach.
    """

    def __init__(self, content: bytes, most: int) -> None:
        self._content = content
        self._left = most * _FIELDS_AN_ITEM

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """The fields of one message: number, wire type, bytes of the value [start, end).

        Raises MalformedError, TooManyItemsError.
        """
        content, place = self._content, start
        while place < end:
            self._left -= 1
            if self._left < 0:
                raise TooManyItemsError
            tag, place = _varint(content, place, end)
            kind = tag & 7
            if kind == LENGTH:
                size, place = _varint(content, place, end)
            elif kind == VARINT:
                size = _varint(content, place, end)[1] - place
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise MalformedError("a field has an unknown wire type")
            if place + size > end:
                raise MalformedError("a field reaches beyond its message")
            yield tag >> 3, kind, place, place + size
            place += size

    def messages(self, start: int, end: int, *numbers: int) -> Iterator[tuple[int, int]]:
        """Only the messages in fields of these numbers: bytes [start, end). Raises the same."""
        for number, kind, begin, stop in self.fields(start, end):
            if kind == LENGTH and number in numbers:
                yield begin, stop


def _varint(content: bytes, place: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= end or shift > 63:
            raise MalformedError("a number is cut off")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
