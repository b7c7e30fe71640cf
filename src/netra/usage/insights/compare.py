"""Why spend changed between two periods: volume, mix, size and price, exactly.

For segments i with q calls, t tokens and c USD (0: before, 1: after; capital letters are sums), the change
C1 - C0 is walked one factor at a time, each with the others fixed (a chain of Laspeyres and Paasche weights,
the price-volume-mix analysis of variance accounting; e.g. Horngren, Datar and Rajan, Cost Accounting, on
sales volume, mix and quantity variances):

- volume: more or fewer calls at the old average cost:    (Q1 - Q0) * C0 / Q0
- mix:    another share of segments at their old costs:   sum(q1_i * c0_i / q0_i) - Q1 * C0 / Q0
- size:   other tokens per call at old cost per token:    sum((t1_i - q1_i * t0_i / q0_i) * c0_i / t0_i)
- price:  another cost per token:                         sum(c1_i - t1_i * c0_i / t0_i)

A segment that did not exist before has no old cost: it is measured at its own new cost, so its whole amount
is mix. A segment without old tokens puts its change of cost per call into price. The four add up to the
change to the last digit, because amounts are fractions until they are written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from netra.usage.money import money_text
from netra.usage.schema import MONEY_SCALE


@dataclass(frozen=True, slots=True)
class Segment:
    """One period of one segment: priced calls, their tokens, their cost in USD."""

    calls: int
    tokens: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """What one segment contributed, USD."""

    key: tuple[str, ...]
    before: Segment
    after: Segment
    volume: Decimal
    mix: Decimal
    size: Decimal
    price: Decimal

    @property
    def change(self) -> Decimal:
        """Cost after minus cost before."""
        return self.after.cost_usd - self.before.cost_usd


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The change of spend and its four parts, USD; the parts add up to the change exactly."""

    before_usd: Decimal
    after_usd: Decimal
    volume: Decimal
    mix: Decimal
    size: Decimal
    price: Decimal
    segments: list[SegmentChange]

    @property
    def change(self) -> Decimal:
        """Spend after minus spend before."""
        return self.after_usd - self.before_usd

    def to_dict(self) -> dict[str, object]:
        """JSON values, money as text; segments by size of their change."""
        parts = ("volume", "mix", "size", "price")
        return {
            "before_usd": money_text(self.before_usd),
            "after_usd": money_text(self.after_usd),
            "change_usd": money_text(self.change),
            **{f"{part}_usd": money_text(getattr(self, part)) for part in parts},
            "segments": [
                {
                    "key": list(segment.key),
                    "before_usd": money_text(segment.before.cost_usd),
                    "after_usd": money_text(segment.after.cost_usd),
                    "change_usd": money_text(segment.change),
                    "calls_before": segment.before.calls,
                    "calls_after": segment.after.calls,
                    **{f"{part}_usd": money_text(getattr(segment, part)) for part in parts},
                }
                for segment in self.segments
            ],
        }


_NOTHING = Segment(0, 0, Decimal(0))


def decompose(
    before: Mapping[tuple[str, ...], Segment], after: Mapping[tuple[str, ...], Segment]
) -> Decomposition:
    """Walk from the spend before to the spend after; see the module for the formulas."""
    calls_before = sum(segment.calls for segment in before.values())
    calls_after = sum(segment.calls for segment in after.values())
    cost_before = sum((Fraction(segment.cost_usd) for segment in before.values()), Fraction(0))
    # Nothing before: there is no old average, so growth in calls explains nothing and all is mix.
    average = cost_before / calls_before if calls_before else Fraction(0)
    growth = Fraction(calls_after, calls_before) if calls_before else Fraction(1)
    changes: list[SegmentChange] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key, _NOTHING), after.get(key, _NOTHING)
        changes.append(_segment_change(key, old, new, growth))
    changes.sort(key=lambda entry: (-abs(entry.change), entry.key))
    before_usd = _total([segment.cost_usd for segment in before.values()])
    after_usd = _total([segment.cost_usd for segment in after.values()])
    volume = _rounded((calls_after - calls_before) * average)
    size = _total([entry.size for entry in changes])
    price = _total([entry.price for entry in changes])
    mix = _exact(after_usd - before_usd, volume, size, price)
    return Decomposition(before_usd, after_usd, volume, mix, size, price, changes)


def _segment_change(key: tuple[str, ...], old: Segment, new: Segment, growth: Fraction) -> SegmentChange:
    cost_old, cost_new = Fraction(old.cost_usd), Fraction(new.cost_usd)
    volume = (growth - 1) * cost_old
    size = price = Fraction(0)
    if old.calls:
        at_old_cost = new.calls * cost_old / old.calls
        if old.tokens:
            at_old_price = new.tokens * cost_old / old.tokens
            size, price = at_old_price - at_old_cost, cost_new - at_old_price
        else:
            price = cost_new - at_old_cost
    parts = [_rounded(volume), _rounded(size), _rounded(price)]
    mix = _exact(new.cost_usd - old.cost_usd, *parts)
    return SegmentChange(key, old, new, volume=parts[0], mix=mix, size=parts[1], price=parts[2])


def _exact(change: Decimal, *parts: Decimal) -> Decimal:
    """What is left of a change: rounding of the other parts ends up here, and the sum stays exact."""
    return _total([change, *(-part for part in parts)])


def _total(amounts: Sequence[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return sum(amounts, Decimal(0))


def _rounded(amount: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(amount.numerator) / Decimal(amount.denominator)
        return exact.quantize(Decimal(1).scaleb(-MONEY_SCALE))
