"""UnifiedIDManager: makes, parses and validates ids."""

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from netra.errors.kinds import InvalidInputError

IdPrefix = Literal[
    "usr",
    "wsp",
    "thr",
    "msg",
    "run",
    "evt",
    "imp",
    "fig",
    "fnd",
    "rep",
    "key",
    "ses",
    "tkt",
    "req",
    "agt",
    "tcl",
    "fam",
    "inv",
    "rpr",
]

PREFIXES: frozenset[str] = frozenset(get_args(IdPrefix))
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)
_BODY = 26
_RANDOM_BITS = 80
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_MAX = (1 << 128) - 1


class InvalidIdError(InvalidInputError):
    """The text is not an id of the wanted kind."""

    code = "invalid_id"


@dataclass(frozen=True, slots=True)
class ParsedId:
    """What an id says about itself: its kind, when it was made (UTC, to the millisecond), its
    80 random bits.
    """

    prefix: IdPrefix
    created_at: datetime
    randomness: int


class UnifiedIDManager:
    """Makes ids that strictly increase in this process and collide with nobody's.

    `clock` gives Unix time in milliseconds, `entropy` 80 random bits; both can be replaced in tests.
    """

    def __init__(
        self, *, clock: Callable[[], int] | None = None, entropy: Callable[[], int] | None = None
    ) -> None:
        self._clock = clock or _milliseconds
        self._entropy = entropy or _random_bits
        self._lock = threading.Lock()
        self._last = -1
        self._pid = os.getpid()

    def new(self, prefix: IdPrefix) -> str:
        """A new id of this kind, greater than every id made before by this process."""
        if prefix not in PREFIXES:
            raise InvalidIdError(
                f"unknown id prefix {prefix!r}", hint=f"one of {', '.join(sorted(PREFIXES))}"
            )
        with self._lock:
            value = self._next()
        return f"{prefix}_{_encode(value)}"

    def parse(self, identifier: str) -> ParsedId:
        """Take an id apart. Raises InvalidIdError when it is none."""
        prefix, separator, body = identifier.partition("_")
        if not separator or prefix not in PREFIXES:
            raise InvalidIdError("not an id: unknown prefix")
        value = _decode(body)
        created = datetime.fromtimestamp((value >> _RANDOM_BITS) / 1000, tz=UTC)
        return ParsedId(prefix=_known(prefix), created_at=created, randomness=value & _RANDOM_MASK)

    def validate(self, identifier: str, prefix: IdPrefix) -> None:
        """Refuse (InvalidIdError) whatever is not an id with this prefix."""
        head, separator, body = identifier.partition("_")
        if not separator or head != prefix:
            raise InvalidIdError(f"expected an id that begins with {prefix}_")
        _decode(body)

    def _next(self) -> int:
        # A forked child inherits the last value: it must draw new bits, or parent and child count up in step.
        pid = os.getpid()
        candidate = (self._clock() << _RANDOM_BITS) | self._entropy()
        if pid != self._pid:
            self._pid, self._last = pid, max(candidate, self._last & ~_RANDOM_MASK | self._entropy())
            return self._last
        if candidate >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
            # Same millisecond, or the clock went back: step on from the last id by a random stride, so that
            # neighbours cannot be guessed and order is kept.
            candidate = self._last + 1 + (self._entropy() >> 40)
        self._last = candidate
        if candidate > _MAX:
            raise OverflowError("the clock is beyond the year 10889: ids cannot be made")
        return candidate


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _random_bits() -> int:
    return secrets.randbits(_RANDOM_BITS)


def _known(prefix: str) -> IdPrefix:
    for known in get_args(IdPrefix):
        if known == prefix:
            return known
    raise InvalidIdError("not an id: unknown prefix")


def _encode(value: int) -> str:
    pairs = [""] * (_BODY // 2)
    for position in range(_BODY // 2 - 1, -1, -1):
        pairs[position] = _PAIRS[value & 1023]
        value >>= 10
    return "".join(pairs)


def _decode(body: str) -> int:
    if len(body) != _BODY:
        raise InvalidIdError(f"not an id: {_BODY} characters must follow the prefix")
    value = 0
    for letter in body:
        digit = _VALUES.get(letter)
        if digit is None:
            raise InvalidIdError("not an id: only 0-9 and a-z without i, l, o, u may follow the prefix")
        value = value << 5 | digit
    if value > _MAX:
        raise InvalidIdError("not an id: out of range")
    # Beyond the last day that a datetime can hold nothing was ever made.
    if value >> _RANDOM_BITS > 253_402_300_799_999:
        raise InvalidIdError("not an id: out of range")
    return value
