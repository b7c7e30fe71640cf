"""Invoice minus ours, by cause. Pure.

Both sides are summed by day (or by the longer period an invoice states), model and usage type; `explaining`
says why two sums differ. Before that our calls are counted by the invoice's day: the offset from UTC, in
whole hours, under which the days fit best, or under which most lines of a single day are the same to the last
digit; what moves between days that way is `day_shift`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from netra.usage.reconciliation.explaining import (
    Key,
    KnownPrices,
    Side,
    Slot,
    explained,
    price_ratios,
)
from netra.usage.reconciliation.lines import ALL, InvoiceLine, span_of
from netra.usage.reconciliation.schemas import Basis, Cause

OFFSETS = (0, *(sign * hours for hours in range(1, 15) for sign in (1, -1) if sign * hours >= -12))
_MOST = Fraction(6, 10)
_BETTER = Fraction(1, 2)
_PRECISE = Fraction(1, 10_000)
_EXACT = Fraction(1, 10**6)


@dataclass(frozen=True, slots=True)
class OurHour:
    """Our calls of one hour (its beginning, UTC): tokens, those of unpriced calls, and what the rest cost."""

    hour: datetime
    key: Key
    tokens: int
    unpriced_tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """Invoice minus ours of one key on one day, or from `day` on where the invoice states a longer period;
    `causes` add up to `invoice - ours`. `basis`, `note`: what they stand on.
    """

    day: date
    key: Key
    invoice_tokens: int | None
    our_tokens: int
    invoice: Fraction
    ours: Fraction
    causes: dict[Cause, Fraction]
    basis: Basis = "stated"
    note: str = ""
    days: int = 1


def compare(
    lines: Sequence[InvoiceLine],
    ours: Sequence[OurHour],
    list_price: Mapping[Slot, Fraction],
    known: KnownPrices | None = None,
) -> tuple[int, list[Difference]]:
    """The offset of the invoice's days in hours, and every difference. `lines` name canonical models.

    `list_price`: USD a token, for valuing tokens that we have no calls of; `known`: other prices that may
    explain an amount without tokens.
    """
    periods = Periods(lines)
    invoice = _invoiced([line for line in lines if not line.is_apart], periods)
    stated = {(periods.begin(day), key): price for (day, key), price in list_price.items()}
    hours = levelled(ours, {key for _, key in invoice})
    sums = _OurSums(hours, periods, span_of(lines))
    offset = _offset(invoice, sums)
    by_utc, by_day = sums.by_day(0), sums.by_day(offset)
    ratios = price_ratios(invoice, by_day)
    found: list[Difference] = []
    for slot in sorted({*invoice, *by_utc, *by_day}):
        theirs, shifted = invoice.get(slot, Side()), by_day.get(slot, Side())
        mine = by_utc.get(slot, Side())
        why = explained(
            theirs,
            shifted,
            ratio=ratios.get(slot),
            list_price=stated.get(slot, Fraction(0)),
            known=known(*slot) if known is not None and _is_puzzling(theirs, shifted) else (),
        )
        why.add("day_shift", shifted.cost - mine.cost)
        tokens = theirs.tokens if theirs.has_tokens else None
        told = (why.amount, mine.cost, why.causes, why.basis, why.note)
        found.append(Difference(*slot, tokens, mine.tokens, *told, days=periods.days(slot[0])))
    found += _others(lines)
    return offset, found


class Periods:
    """The periods an invoice states for lines that cover several days; any other day is a period of itself.

    Periods that overlap are one, so that nothing is counted in two.
    """

    def __init__(self, lines: Iterable[InvoiceLine]) -> None:
        self._spans: list[tuple[date, date]] = []
        spans = {(line.day, line.last) for line in lines if not line.is_apart and line.days > 1}
        for first, last in sorted(spans):
            if self._spans and first <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(self._spans[-1][1], last))
            else:
                self._spans.append((first, last))

    def begin(self, day: date) -> date:
        """The first day of the period that a day is in."""
        return self._span(day)[0]

    def days(self, day: date) -> int:
        """How many days the period of a day has."""
        first, last = self._span(day)
        return (last - first).days + 1

    def _span(self, day: date) -> tuple[date, date]:
        place = bisect_right(self._spans, day, key=lambda span: span[0]) - 1
        found = place >= 0 and day <= self._spans[place][1]
        return self._spans[place] if found else (day, day)


def levelled(ours: Sequence[OurHour], keys: set[Key]) -> list[OurHour]:
    """Our hours at the detail of the invoice: models and usage types it does not tell apart are one."""
    if any(model == "" for model, _ in keys):
        return [OurHour(o.hour, ("", ALL), o.tokens, o.unpriced_tokens, o.cost) for o in ours]
    coarse = {model for model, usage in keys if usage == ALL}
    return [
        OurHour(o.hour, (o.key[0], ALL), o.tokens, o.unpriced_tokens, o.cost) if o.key[0] in coarse else o
        for o in ours
    ]


def _is_puzzling(theirs: Side, ours: Side) -> bool:
    """Whether a difference of amounts has to be split without tokens."""
    amounts = theirs.has_cost and not theirs.has_tokens and ours.cost > 0
    return amounts and abs(theirs.cost - ours.cost) > theirs.rounding


def _invoiced(lines: Sequence[InvoiceLine], periods: Periods) -> dict[Slot, Side]:
    coarse = {line.model for line in lines if line.usage == ALL}
    modelless = "" in {line.model for line in lines}
    sides: dict[Slot, Side] = defaultdict(Side)
    for line in lines:
        key = ("", ALL) if modelless else (line.model, ALL if line.model in coarse else line.usage)
        side = sides[periods.begin(line.day), key]
        side.rounding += Fraction(line.rounding)
        if line.tokens is not None:
            side.tokens, side.has_tokens = side.tokens + line.tokens, True
        if line.cost is not None:
            side.cost, side.has_cost = side.cost + Fraction(line.cost), True
    return dict(sides)


@dataclass(frozen=True, slots=True)
class _OurSums:
    """Our hours, to be summed by the days of the invoice."""

    hours: Sequence[OurHour]
    periods: Periods
    span: tuple[date, date]

    def by_day(self, offset: int) -> dict[Slot, Side]:
        """Sums by day `offset` hours from UTC."""
        sides: dict[Slot, Side] = defaultdict(Side)
        for hour in self.hours:
            day = (hour.hour + timedelta(hours=offset)).date()
            if self.span[0] <= day <= self.span[1]:
                side = sides[self.periods.begin(day), hour.key]
                side.tokens += hour.tokens
                side.unpriced += hour.unpriced_tokens
                side.cost += Fraction(hour.cost)
        return dict(sides)


def _offset(invoice: Mapping[Slot, Side], ours: _OurSums) -> int:
    """The offset under which days fit best; 0 unless another leaves less than half of what 0 leaves."""
    if len({day for day, _ in invoice}) < 2:
        return _offset_of_one(invoice, ours)
    with_tokens = {key for (_, key), side in invoice.items() if side.has_tokens}

    def misfit(offset: int) -> Fraction:
        mine = ours.by_day(offset)
        totals: dict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for (_, key), side in invoice.items():
            totals[key][0] += _size(side)
        for (_, key), side in mine.items():
            totals[key][1] += side.tokens if key in with_tokens else side.cost
        left = Fraction(0)
        for slot in {*invoice, *mine}:
            theirs, own = invoice.get(slot, Side()), mine.get(slot, Side())
            whole = totals[slot[1]]
            if whole[0] and whole[1]:
                amount = own.tokens if theirs.has_tokens else own.cost
                left += abs(_size(theirs) / whole[0] - Fraction(amount) / whole[1])
        return left

    misfits = {offset: misfit(offset) for offset in OFFSETS}
    best = min(OFFSETS, key=lambda offset: (misfits[offset], abs(offset)))
    return best if misfits[best] < misfits[0] * _BETTER else 0


def _offset_of_one(invoice: Mapping[Slot, Side], ours: _OurSums) -> int:
    """For a single day, which has no shape to fit: the offset at which most lines are exactly ours."""

    def same(offset: int) -> int:
        mine = ours.by_day(offset)
        return sum(_is_same(side, mine.get(slot, Side())) for slot, side in invoice.items())

    counts = {offset: same(offset) for offset in OFFSETS}
    best = max(OFFSETS, key=lambda offset: (counts[offset], -abs(offset)))
    return best if counts[best] > counts[0] and counts[best] >= _MOST * len(invoice) else 0


def _is_same(theirs: Side, ours: Side) -> bool:
    if theirs.has_tokens:
        return theirs.tokens == ours.tokens
    slack = min(max(theirs.rounding, theirs.cost * _EXACT), theirs.cost * _PRECISE)
    return abs(theirs.cost - ours.cost) <= slack


def _size(side: Side) -> Fraction:
    return Fraction(side.tokens) if side.has_tokens else side.cost


def _others(lines: Sequence[InvoiceLine]) -> list[Difference]:
    found: list[Difference] = []
    for line in lines:
        if line.is_apart and line.cost:
            cost = Fraction(line.cost)
            key = (line.model or "not said", line.usage)
            found.append(Difference(line.day, key, None, 0, cost, Fraction(0), {"other_charges": cost}))
    return found
