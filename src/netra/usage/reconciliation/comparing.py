"""Invoice minus ours, by cause. Pure.

For one usage type of one model on one day, with the invoice's tokens T and amount C (so its price p = C/T),
our tokens t of which u are unpriced, and our amount c, the difference C - c is exactly

    unpriced u*p  +  missing (T - t)*p  +  price ((t - u)*p - c)

(volume at the invoice's price, price at our volume: the usual two-factor split of a cost variance). Where the
invoice states tokens and no amounts, they are valued at our own price c/(t - u), so that only tokens can
differ. Where it states amounts and no tokens, a ratio C/c that is the same on most days (within 0.5 %) is a
difference of price, and what is left is calls. Before all that our calls are counted by the invoice's day:
the offset from UTC, in whole hours, under which the days fit best; what moves between days that way is
`day_shift`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

from netra.usage.reconciliation.reading import ALL, OTHER, InvoiceLine
from netra.usage.reconciliation.schemas import Cause

OFFSETS = (0, *(sign * hours for hours in range(1, 15) for sign in (1, -1) if sign * hours >= -12))
_SAME_RATIO = Fraction(5, 1000)
_MOST = Fraction(6, 10)
_BETTER = Fraction(1, 2)
Key = tuple[str, str]
"""(canonical model, usage type)"""


@dataclass(frozen=True, slots=True)
class OurHour:
    """Our calls of one hour (its beginning, UTC): tokens, those of unpriced calls, and what the rest cost."""

    hour: datetime
    key: Key
    tokens: int
    unpriced_tokens: int
    cost: Decimal


@dataclass(slots=True)
class Side:
    """Sums of one side on one day."""

    tokens: int = 0
    unpriced: int = 0
    cost: Fraction = field(default_factory=Fraction)
    rounding: Fraction = field(default_factory=Fraction)
    has_tokens: bool = False
    has_cost: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Invoice minus ours of one key on one day; `causes` add up to `invoice - ours`."""

    day: date
    key: Key
    invoice_tokens: int | None
    our_tokens: int
    invoice: Fraction
    ours: Fraction
    causes: dict[Cause, Fraction]


def compare(
    lines: Sequence[InvoiceLine], ours: Sequence[OurHour], list_price: Mapping[tuple[date, Key], Fraction]
) -> tuple[int, list[Difference]]:
    """The offset of the invoice's days in hours, and every difference. `lines` name canonical models.

    `list_price`: USD a token, for valuing tokens that we have no calls of.
    """
    invoice = _invoiced(line for line in lines if line.usage != OTHER)
    hours = levelled(ours, {key for _, key in invoice})
    offset = _offset(invoice, hours)
    days = {line.day for line in lines}
    span = (min(days), max(days))
    by_utc, by_day = _by_day(hours, 0, span), _by_day(hours, offset, span)
    ratios = _ratios(invoice, by_day)
    found: list[Difference] = []
    for day, key in sorted({*invoice, *by_utc, *by_day}):
        theirs, shifted = invoice.get((day, key), Side()), by_day.get((day, key), Side())
        mine = by_utc.get((day, key), Side())
        amount, causes = _explained(theirs, shifted, ratios.get(key), list_price.get((day, key), Fraction(0)))
        _add(causes, "day_shift", shifted.cost - mine.cost)
        tokens = theirs.tokens if theirs.has_tokens else None
        found.append(Difference(day, key, tokens, mine.tokens, amount, mine.cost, causes))
    found += _others(lines)
    return offset, found


def levelled(ours: Sequence[OurHour], keys: set[Key]) -> list[OurHour]:
    """Our hours at the detail of the invoice: models and usage types it does not tell apart are one."""
    if any(model == "" for model, _ in keys):
        return [OurHour(o.hour, ("", ALL), o.tokens, o.unpriced_tokens, o.cost) for o in ours]
    coarse = {model for model, usage in keys if usage == ALL}
    return [
        OurHour(o.hour, (o.key[0], ALL), o.tokens, o.unpriced_tokens, o.cost) if o.key[0] in coarse else o
        for o in ours
    ]


def _invoiced(lines: Iterable[InvoiceLine]) -> dict[tuple[date, Key], Side]:
    lines = list(lines)
    coarse = {line.model for line in lines if line.usage == ALL}
    modelless = "" in {line.model for line in lines}
    sides: dict[tuple[date, Key], Side] = defaultdict(Side)
    for line in lines:
        key = ("", ALL) if modelless else (line.model, ALL if line.model in coarse else line.usage)
        side = sides[line.day, key]
        side.rounding += Fraction(line.rounding)
        if line.tokens is not None:
            side.tokens, side.has_tokens = side.tokens + line.tokens, True
        if line.cost is not None:
            side.cost, side.has_cost = side.cost + Fraction(line.cost), True
    return dict(sides)


def _by_day(hours: Sequence[OurHour], offset: int, span: tuple[date, date]) -> dict[tuple[date, Key], Side]:
    sides: dict[tuple[date, Key], Side] = defaultdict(Side)
    for hour in hours:
        day = (hour.hour + timedelta(hours=offset)).date()
        if span[0] <= day <= span[1]:
            side = sides[day, hour.key]
            side.tokens += hour.tokens
            side.unpriced += hour.unpriced_tokens
            side.cost += Fraction(hour.cost)
    return dict(sides)


def _offset(invoice: Mapping[tuple[date, Key], Side], hours: Sequence[OurHour]) -> int:
    """The offset under which days fit best; 0 unless another leaves less than half of what 0 leaves."""
    days = {day for day, _ in invoice}
    if len(days) < 2:
        return 0
    span = (min(days), max(days))

    def misfit(offset: int) -> Fraction:
        mine = _by_day(hours, offset, span)
        totals: dict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for (_, key), side in invoice.items():
            totals[key][0] += _size(side)
        for (_, key), side in mine.items():
            tokens = any(s.has_tokens for (_, k), s in invoice.items() if k == key)
            totals[key][1] += side.tokens if tokens else side.cost
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


def _size(side: Side) -> Fraction:
    return Fraction(side.tokens) if side.has_tokens else side.cost


def _ratios(
    invoice: Mapping[tuple[date, Key], Side], ours: Mapping[tuple[date, Key], Side]
) -> dict[Key, Fraction]:
    """Invoice over ours where it is the same on most days, else on most lines of the model."""
    seen: dict[Key, list[Fraction]] = defaultdict(list)
    pooled: dict[str, list[Fraction]] = defaultdict(list)
    for slot, side in invoice.items():
        mine = ours.get(slot)
        if mine is not None and mine.cost > 0 and side.has_cost and not side.has_tokens:
            seen[slot[1]].append(side.cost / mine.cost)
            pooled[slot[1][0]].append(side.cost / mine.cost)
    found: dict[Key, Fraction] = {}
    for key, ratios in seen.items():
        ratio = _agreed(ratios) or _agreed(pooled[key[0]])
        if ratio is not None:
            found[key] = ratio
    return found


def _agreed(ratios: Sequence[Fraction]) -> Fraction | None:
    if len(ratios) < 2:
        return None
    middle = median(ratios)
    close = sum(abs(ratio - middle) <= middle * _SAME_RATIO for ratio in ratios)
    return middle if close >= _MOST * len(ratios) else None


def _explained(
    theirs: Side, ours: Side, ratio: Fraction | None, list_price: Fraction
) -> tuple[Fraction, dict[Cause, Fraction]]:
    """The invoice's amount, and why it is not ours."""
    causes: dict[Cause, Fraction] = {}
    priced = ours.tokens - ours.unpriced
    if theirs.has_tokens:
        own_price = ours.cost / priced if priced else list_price
        amount = theirs.cost if theirs.has_cost else theirs.tokens * own_price
        price = amount / theirs.tokens if theirs.tokens else own_price
        _add(causes, "unpriced", ours.unpriced * price)
        _add_calls(causes, (theirs.tokens - ours.tokens) * price)
        _add_price(causes, amount - ours.cost - sum(causes.values(), Fraction(0)), theirs.rounding)
        return amount, causes
    amount = theirs.cost
    if ours.unpriced and theirs.has_cost:
        _add(causes, "unpriced", amount * ours.unpriced / ours.tokens)
    left = amount - ours.cost - sum(causes.values(), Fraction(0))
    if abs(left) <= theirs.rounding:
        _add(causes, "rounding", left)
    elif not theirs.has_cost or ours.cost == 0:
        _add_calls(causes, left)
    elif ratio is None:
        _add(causes, "unexplained", left)
    else:
        by_price = (ratio - 1) * ours.cost if abs(ratio - 1) > _SAME_RATIO / 50 else Fraction(0)
        if abs(left - by_price) <= max(theirs.rounding, abs(ours.cost) * _SAME_RATIO / 50):
            by_price = left
        _add(causes, "price", by_price)
        _add_calls(causes, left - by_price)
    return amount, causes


def _add(causes: dict[Cause, Fraction], cause: Cause, amount: Fraction) -> None:
    if amount:
        causes[cause] = causes.get(cause, Fraction(0)) + amount


def _add_calls(causes: dict[Cause, Fraction], amount: Fraction) -> None:
    _add(causes, "missing_calls" if amount > 0 else "not_invoiced", amount)


def _add_price(causes: dict[Cause, Fraction], amount: Fraction, rounding: Fraction) -> None:
    _add(causes, "rounding" if abs(amount) <= rounding else "price", amount)


def _others(lines: Sequence[InvoiceLine]) -> list[Difference]:
    found: list[Difference] = []
    for line in lines:
        if line.usage == OTHER and line.cost:
            cost = Fraction(line.cost)
            key = (line.model or "not said", OTHER)
            found.append(Difference(line.day, key, None, 0, cost, Fraction(0), {"other_charges": cost}))
    return found
