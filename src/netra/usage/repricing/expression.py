"""The price of a stored call as SQL: what a catalogue says about some models, as an expression over columns.

Used to re-price history inside the store. The expression gives exactly what `pricing.cost.cost_of_call`
gives, in integers of femto-dollars. Names of models and price sources travel as base64 literals, whose
alphabet needs no quoting; everything else in the text is a whole number.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import MAX_FEMTO, NOT_PRICED, TIERS, USAGE_TYPES, ModelPrice
from netra.usage.errors import TooManyPricesError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_US = timedelta(microseconds=1)
_Value = TypeVar("_Value")
_Span = tuple[int, int, list[tuple[int, ModelPrice | None]]]
_LONG_AGO = -(2**62)
_NEVER = 2**62
MOST_BRANCHES = 400
"""Dated and stepped prices in one expression; with more its analysis takes the store seconds."""

_CONTROL = re.compile(r"[\x00-\x1f]")
"""Names with control characters are in no price list, and would part the lists below."""
_STAMP = "toUnixTimestamp64Micro(ts)"

BILLABLE: dict[str, str] = {
    "input": "greatest(input_tokens - cache_read_tokens - cache_write_tokens - cache_write_1h_tokens, 0)",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output": "(output_tokens - least(ifNull(reasoning_tokens, 0), output_tokens))",
    "reasoning": "least(ifNull(reasoning_tokens, 0), output_tokens)",
}
"""Billable tokens by usage type: the SQL form of `pricing.cost.split_tokens`."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A model as calls name it, who billed it (empty: nobody said) and in which service tier."""

    model: str
    provider: str
    tier: str


@dataclass(frozen=True, slots=True)
class _Segment:
    """Constant rates of a model, and where they are from."""

    rates: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """Calls of one of the models sold, in a span of time and a band of input tokens.

    `week`: the number of their segment (0: unpriced) from each of some microseconds since Monday began (UTC).
    """

    sold: int
    since: int
    until: int
    above: int
    upto: int | None
    week: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PriceSql:
    """`cost`: Nullable(Decimal(38, 15)), NULL where unpriced. `source`: where the price is from, '' where
    none is. `parts`: femto-dollars (Int128) by usage type, 0 where unpriced. `segment`: a number of equal
    rates, 0 where there are none; `rates`: femto-dollars a token by segment, in the order of USAGE_TYPES.
    """

    cost: str
    source: str
    parts: dict[str, str]
    segment: str
    rates: list[tuple[int, ...]]


def price_sql(
    sold: Sequence[Sold], catalogue: PriceCatalogue, at: datetime | None = None, *, name: str = "priced"
) -> PriceSql:
    """What calls of these models cost, as of their own instant, or all as of `at`; others are unpriced.

    `name` keeps two of these apart in one query. Raises TooManyPricesError.
    """
    sold = [one for one in sold if not _CONTROL.search(one.model + one.provider + one.tier)]
    keys: list[str] = []
    segments: list[_Segment] = []
    branches: list[_Branch] = []
    for one in sold:
        found = _branches(len(keys) + 1, _spans(one, catalogue, at), segments)
        if found:
            keys.append(f"{one.model}\x1f{one.provider}\x1f{one.tier}")
            branches += found
    # Named once inside the expression and meant again afterwards: it is long, and worked out once.
    place = f"{name}_as"
    named = f"({_place(branches, keys, name)} + 1 AS {place})"
    columns = zip(*([(NOT_PRICED,) * len(USAGE_TYPES)] + [s.rates for s in segments]), strict=True)
    rates = {usage: f"{_integers(rates)}[{place}]" for usage, rates in zip(USAGE_TYPES, columns, strict=True)}
    terms = {usage: f"toInt128({BILLABLE[usage]}) * {rates[usage]}" for usage in USAGE_TYPES}
    unpriced = [f"({BILLABLE[usage]} > 0 AND {rates[usage]} < 0)" for usage in USAGE_TYPES]
    total = f"({' + '.join(terms.values())})"
    known = f"NOT ({named} = 1 OR {' OR '.join(unpriced)}) AND ({total} AS {name}_femto) <= {MAX_FEMTO}"
    money = f"CAST(toInt64({name}_femto) AS Decimal(38, 0)) * CAST('0.000000000000001' AS Decimal(38, 15))"
    sources = _texts(["", *(segment.source for segment in segments)])
    return PriceSql(
        cost=f"if({known}, CAST({money} AS Nullable(Decimal(38, 15))), NULL)",
        source=f"{sources}[{named}]",
        parts={usage: f"if({known}, {term}, toInt128(0))" for usage, term in terms.items()},
        segment=f"{named} - 1",
        rates=[(NOT_PRICED,) * len(USAGE_TYPES), *(segment.rates for segment in segments)],
    )


def _spans(sold: Sold, catalogue: PriceCatalogue, at: datetime | None) -> list[_Span]:
    """The prices of a model by span of time: since, until, and the price from each moment of the week on."""
    if sold.tier not in TIERS or not sold.model:
        return []
    tier, provider = sold.tier, sold.provider or None
    if at is not None:
        return [(_LONG_AGO, _NEVER, [(0, catalogue.resolve(sold.model, provider, at, tier))])]
    spans: list[_Span] = []
    for cells in catalogue.breaks(sold.model, provider).spans():
        moments: list[tuple[int, ModelPrice | None]] = []
        for cell in cells:
            instant = cell.instant()
            if instant is not None:
                price = catalogue.resolve(sold.model, provider, instant, tier)
                moments += ((day * _DAY_US + cell.low // _US, price) for day in cell.weekdays)
        week = _merged(sorted(moments, key=lambda moment: moment[0]))
        since, until = cells[0].since, cells[0].until
        begin = _LONG_AGO if since is None else _micros(since)
        end = _NEVER if until is None else _micros(until)
        if spans and spans[-1][2] == week:
            spans[-1] = (spans[-1][0], end, week)
        else:
            spans.append((begin, end, week))
    return spans


def _merged(week: Iterable[tuple[int, _Value]]) -> list[tuple[int, _Value]]:
    """Only the moments at which the value changes; the first one is made the beginning of the week."""
    found: list[tuple[int, _Value]] = []
    for moment, value in week:
        if not found or found[-1][1] != value:
            found.append((moment if found else 0, value))
    return found


def _branches(number: int, spans: Sequence[_Span], segments: list[_Segment]) -> list[_Branch]:
    """The branches of a model's spans; their rates are added to the segments."""
    places: dict[_Segment, int] = {}
    branches: list[_Branch] = []
    for since, until, week in spans:
        steps = sorted({band.above for _, price in week if price for band in price.bands})
        for above, upto in zip(steps, [*steps, None][1:], strict=True):
            numbers: list[tuple[int, int]] = []
            for moment, price in week:
                place = 0
                if price is not None:
                    segment = _Segment(price.rates_for(above + 1).as_tuple(), price.source)
                    if segment not in places:
                        segments.append(segment)
                        places[segment] = len(segments)
                    place = places[segment]
                numbers.append((moment, place))
            branches.append(_Branch(number, since, until, above, upto, tuple(_merged(numbers))))
    return branches


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _US


def _place(branches: Sequence[_Branch], keys: Sequence[str], name: str) -> str:
    """The number of a call's segment, 0 where it has no price.

    A model with one price is looked up; only one with several is told by conditions, since a statement's
    analysis takes the store longer than its number of branches.
    """
    if not branches:
        return "0"
    plain = {b.sold: b.week[0][1] for b in branches if not _limits(b) and len(b.week) == 1}
    numbers = [plain.get(sold, -sold) for sold in range(1, len(keys) + 1)]
    named = "concat(model, '\\x1f', provider, '\\x1f', service_tier)"
    sold = f"(transform({named}, {_texts(keys)}, {_integers(numbers)}, 0) AS {name}_sold)"
    told: list[str] = []
    for branch in branches:
        if branch.sold not in plain:
            told.append(f"{' AND '.join([f'{sold} = -{branch.sold}', *_limits(branch)])}, {_number(branch)}")
            # Written out once: in every branch, the statement would grow with the square of the models.
            sold = f"{name}_sold"
    if len(told) > MOST_BRANCHES:
        raise TooManyPricesError(
            f"The models in question have {len(told)} dated or stepped prices, over {MOST_BRANCHES}.",
            hint="Narrow the period with since and until.",
        )
    return f"multiIf({', '.join(told)}, greatest({sold}, 0))" if told else f"greatest({sold}, 0)"


def _number(branch: _Branch) -> str:
    """The number of a branch's segment: looked up by the moment of the week, for the same reason."""
    moments, numbers = zip(*branch.week, strict=True)
    if len(numbers) == 1:
        return str(numbers[0])
    moment = f"({_STAMP} + {_EPOCH.weekday() * _DAY_US}) % {7 * _DAY_US}"
    return f"{_integers(numbers)}[arrayCount(mark -> mark <= {moment}, {_integers(moments)})]"


def _limits(branch: _Branch) -> list[str]:
    """Which of a model's calls a branch is about; none where it is all of them."""
    conditions: list[str] = []
    if branch.since != _LONG_AGO:
        conditions.append(f"{_STAMP} >= {branch.since}")
    if branch.until != _NEVER:
        conditions.append(f"{_STAMP} < {branch.until}")
    if branch.above >= 0:
        conditions.append(f"input_tokens > {branch.above}")
    if branch.upto is not None:
        conditions.append(f"input_tokens <= {branch.upto}")
    return conditions


def _integers(values: Sequence[int] | range) -> str:
    return f"CAST([{', '.join(str(value) for value in values)}] AS Array(Int64))"


def _texts(values: Sequence[str]) -> str:
    packed = base64.b64encode("\x1e".join(values).encode()).decode()
    return f"splitByChar('\\x1e', base64Decode('{packed}'))"
