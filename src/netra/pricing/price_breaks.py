"""Where the price of a model may change, and the cells of constant price between. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

EVERY_DAY = frozenset(range(7))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_WEEK_AND_DAY = 8
_BEFORE = timedelta(days=400)
"""Before the first date any instant is as good as another; so far back is before every price change."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Instants of one price: from `since` until `until` (None: open), on some weekdays (Monday is 0), and of
    those from `low` until `high` after midnight UTC.
    """

    since: datetime | None
    until: datetime | None
    weekdays: frozenset[int]
    low: timedelta
    high: timedelta

    def instant(self) -> datetime | None:
        """One instant in the cell; None where it has none."""
        start = self.since or (self.until or _EPOCH) - _BEFORE
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (midnight + number * _DAY for number in range(_WEEK_AND_DAY)):
            found = max(start, day + self.low)
            fits = day.weekday() in self.weekdays and found < day + self.high
            if fits and (self.until is None or found < self.until):
                return found
        return None


@dataclass(frozen=True, slots=True)
class PriceBreaks:
    """Instants, times of day (UTC) and kinds of weekdays between which the price of a model cannot change.

    `dates` ascend and are in UTC, `times` ascend; `weekdays` are disjoint and together the whole week.
    """

    dates: tuple[datetime, ...]
    times: tuple[time, ...] = ()
    weekdays: tuple[frozenset[int], ...] = (EVERY_DAY,)

    def spans(self) -> Iterator[list[Cell]]:
        """The cells of each span between dates, by weekdays and then by times of day."""
        marks = [timedelta(0), *map(since_midnight, self.times), _DAY]
        for since, until in pairwise((None, *self.dates, None)):
            yield [Cell(since, until, days, *clock) for days in self.weekdays for clock in pairwise(marks)]


def since_midnight(clock: time) -> timedelta:
    """How long after midnight a time of day is."""
    return timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )


def told_apart(kinds: Sequence[frozenset[int]]) -> tuple[frozenset[int], ...]:
    """The week cut into the fewest sets of days such that each of `kinds` is some of them together."""
    groups: dict[tuple[bool, ...], set[int]] = {}
    for day in sorted(EVERY_DAY):
        groups.setdefault(tuple(day in kind for kind in kinds), set()).add(day)
    return tuple(frozenset(days) for days in groups.values())
