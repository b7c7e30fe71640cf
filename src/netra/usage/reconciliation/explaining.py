"""Why an invoice's amount of one model, usage type and day is not ours. Pure.

With the invoice's tokens T and amount C (so its price p = C/T), our tokens t of which u are unpriced, and our
amount c, the difference C - c is exactly

    unpriced v*p  +  missing (T - (t - u) - v)*p  +  price ((t - u)*p - c)

where v of the unpriced tokens are on the invoice: as many as there is room for beside the priced ones (volume
at the invoice's price, price at our volume: the usual two-factor split of a cost variance). Where the invoice
states tokens and no amounts, they are valued at our own price c/(t - u), so that only tokens can differ.
Where it states amounts and no tokens, one number has to be split in two, and `Basis` says by what. In this
order: our tokens at another price that the catalogue knows (list, tier, step, date) make the amount; the
ratio C/c is the same on most days (within 0.5 %), or, also on a single day, on most lines of the model or of
the invoice (to the precision the amounts are written with), which a lost call would hardly leave so: that
ratio is price, and what is left is calls; the amount is a whole number of tokens at our price, so it is
calls. Where nothing tells, prices are taken to be ours and the difference to be calls, and is said to be an
assumption.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from statistics import median

from netra.usage.reconciliation.schemas import Basis, Cause

_SAME_RATIO = Fraction(5, 1000)
_EXACT = Fraction(1, 10**6)
_MOST = Fraction(6, 10)
_NEARLY_WHOLE = Fraction(1, 100)
Key = tuple[str, str]
"""(canonical model, usage type)"""
Slot = tuple[date, Key]
KnownPrices = Callable[[date, Key], Iterable[tuple[str, Fraction]]]
"""Other prices of a key on a day that the catalogue knows: what they are, USD a token."""


@dataclass(slots=True)
class Side:
    """Sums of one side on one day."""

    tokens: int = 0
    unpriced: int = 0
    cost: Fraction = field(default_factory=Fraction)
    rounding: Fraction = field(default_factory=Fraction)
    has_tokens: bool = False
    has_cost: bool = False


@dataclass(slots=True)
class Explanation:
    """The invoice's amount; the causes of its difference from ours, adding up to it; what they stand on."""

    amount: Fraction
    causes: dict[Cause, Fraction] = field(default_factory=dict[Cause, Fraction])
    basis: Basis = "stated"
    note: str = ""

    def add(self, cause: Cause, amount: Fraction) -> None:
        """Nothing is no cause."""
        if amount:
            self.causes[cause] = self.causes.get(cause, Fraction(0)) + amount

    def add_calls(self, amount: Fraction) -> None:
        """More on the invoice is calls we lack, less is calls it lacks."""
        self.add("missing_calls" if amount > 0 else "not_invoiced", amount)


def price_ratios(invoice: Mapping[Slot, Side], ours: Mapping[Slot, Side]) -> dict[Slot, Fraction]:
    """Invoice over ours where amounts without tokens agree on it: by days of a key, by lines of a model, by
    lines of the invoice.
    """
    days: dict[Key, list[_Ratio]] = defaultdict(list)
    models: dict[str, list[_Ratio]] = defaultdict(list)
    every: list[_Ratio] = []
    for slot, side in invoice.items():
        mine = ours.get(slot)
        if mine is not None and mine.cost > 0 and side.has_cost and not side.has_tokens:
            ratio = _Ratio(side.cost / mine.cost, side.rounding / mine.cost, _whole(side, mine))
            days[slot[1]].append(ratio)
            models[slot[1][0]].append(ratio)
            every.append(ratio)
    whole_invoice = _on_lines(every)
    of_model = {model: _on_lines(ratios) or whole_invoice for model, ratios in models.items()}
    of_key = {key: _on_days(ratios) or of_model[key[0]] for key, ratios in days.items()}
    return {slot: ratio for slot in invoice if (ratio := of_key.get(slot[1])) is not None}


def explained(
    theirs: Side,
    ours: Side,
    *,
    ratio: Fraction | None,
    list_price: Fraction,
    known: Iterable[tuple[str, Fraction]],
) -> Explanation:
    """The invoice's amount, and why it is not ours. `list_price`: USD a token, where we have no calls;
    `ratio` and `known` serve amounts without tokens.
    """
    if theirs.has_tokens:
        return _by_tokens(theirs, ours, list_price)
    told = Explanation(theirs.cost)
    if ours.unpriced and theirs.has_cost:
        told.add("unpriced", told.amount * ours.unpriced / ours.tokens)
    left = told.amount - ours.cost - sum(told.causes.values(), Fraction(0))
    if abs(left) <= theirs.rounding:
        told.add("rounding", left)
    elif not theirs.has_cost or ours.cost == 0:
        told.add_calls(left)
    elif name := _priced_as(theirs, ours, known):
        told.basis, told.note = "known_price", name
        told.add("price", left)
    elif ratio is not None:
        told.basis = "ratio"
        by_price = (ratio - 1) * ours.cost if abs(ratio - 1) > _SAME_RATIO / 50 else Fraction(0)
        if abs(left - by_price) <= max(theirs.rounding, abs(ours.cost) * _SAME_RATIO / 50):
            by_price = left
        told.note = f"amounts beside it are {_percent(ratio)} of ours"
        told.add("price", by_price)
        told.add_calls(left - by_price)
    else:
        told.basis = "whole_tokens" if _whole(theirs, ours) else "our_price"
        told.note = _in_tokens(left, ours)
        told.add_calls(left)
    return told


@dataclass(frozen=True, slots=True)
class _Ratio:
    """Invoice over ours on one line; `slack`: what writing the amount down may have changed of it; `whole`:
    the amount is a whole number of tokens at our price.
    """

    value: Fraction
    slack: Fraction
    whole: bool


def _by_tokens(theirs: Side, ours: Side, list_price: Fraction) -> Explanation:
    priced = ours.tokens - ours.unpriced
    own_price = ours.cost / priced if priced else list_price
    told = Explanation(theirs.cost if theirs.has_cost else theirs.tokens * own_price, basis="tokens")
    price = told.amount / theirs.tokens if theirs.tokens else own_price
    beyond = theirs.tokens - priced
    invoiced = min(ours.unpriced, max(beyond, 0))
    told.add("unpriced", invoiced * price)
    told.add_calls((beyond - invoiced) * price)
    left = told.amount - ours.cost - sum(told.causes.values(), Fraction(0))
    told.add("rounding" if abs(left) <= theirs.rounding else "price", left)
    return told


def _on_days(ratios: Sequence[_Ratio]) -> Fraction | None:
    return _agreed(ratios, lambda one: _SAME_RATIO)


def _on_lines(ratios: Sequence[_Ratio]) -> Fraction | None:
    """Calls of one kind that were lost leave one ratio too: whole tokens, and more than ours."""
    ratio = _agreed(ratios, lambda one: min(_SAME_RATIO, one.slack + _EXACT))
    return None if ratio is not None and ratio > 1 and all(one.whole for one in ratios) else ratio


def _agreed(ratios: Sequence[_Ratio], tolerance: Callable[[_Ratio], Fraction]) -> Fraction | None:
    if len(ratios) < 2:
        return None
    middle = median(one.value for one in ratios)
    close = sum(abs(one.value - middle) <= middle * tolerance(one) for one in ratios)
    return middle if close >= max(2, _MOST * len(ratios)) else None


def _priced_as(theirs: Side, ours: Side, known: Iterable[tuple[str, Fraction]]) -> str:
    """The known price at which our tokens make the invoice's amount; empty where none does."""
    slack = max(theirs.rounding, abs(theirs.cost) * _EXACT)
    if ours.unpriced or slack > abs(theirs.cost) * _SAME_RATIO:
        return ""
    return next((name for name, price in known if abs(theirs.cost - ours.tokens * price) <= slack), "")


def _whole(theirs: Side, ours: Side) -> bool:
    if ours.unpriced or not ours.tokens or theirs.cost <= 0:
        return False
    price = ours.cost / ours.tokens
    tokens = theirs.cost / price
    precise = theirs.rounding <= price * _NEARLY_WHOLE
    return precise and abs(tokens - round(tokens)) <= _NEARLY_WHOLE


def _in_tokens(amount: Fraction, ours: Side) -> str:
    priced = ours.tokens - ours.unpriced
    if not priced:
        return ""
    tokens = round(abs(amount) * priced / ours.cost)
    counted = f"{tokens:,} {'token' if tokens == 1 else 'tokens'}"
    return f"{counted} {'more' if amount > 0 else 'fewer'} than ours at our price"


def _percent(ratio: Fraction) -> str:
    return f"{float(ratio * 100):.6g} %"
