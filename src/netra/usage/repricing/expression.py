"""The price of a stored call as SQL: what a catalogue says about some models, as an expression over columns.

Used to re-price history inside the store. The expression gives exactly what `pricing.cost.cost_of_call`
gives, in integers of femto-dollars. Names of models and price sources travel as base64 literals, whose
alphabet needs no quoting; everything else in the text is a whole number.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import MAX_FEMTO, NOT_PRICED, TIERS, USAGE_TYPES, ModelPrice, ServiceTier
from netra.pricing.price_breaks import EVERY_DAY, Cell
from netra.usage.errors import TooManyPricesError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_US = timedelta(microseconds=1)
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
class _Hours:
    """Some weekdays (Monday is 0), and of those microseconds since midnight UTC from `low` until `high`."""

    weekdays: frozenset[int] = EVERY_DAY
    low: int = 0
    high: int = _DAY_US


@dataclass(frozen=True, slots=True)
class _Segment:
    """Calls of constant rates: one of the models sold, a span of time (and of the day), a band of input."""

    sold: int
    since: int
    until: int
    hours: "_Hours"
    above: int
    upto: int | None
    rates: tuple[int, ...]
    source: str


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
    for one in sold:
        found = _segments(len(keys) + 1, one, catalogue, at)
        if found:
            keys.append(f"{one.model}\x1f{one.provider}\x1f{one.tier}")
            segments += found
    # Named once inside the expression and meant again afterwards: it is long, and worked out once.
    place = f"{name}_as"
    named = f"({_place(segments, keys, name)} + 1 AS {place})"
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


def _segments(number: int, sold: Sold, catalogue: PriceCatalogue, at: datetime | None) -> list[_Segment]:
    if sold.tier not in TIERS or not sold.model:
        return []
    tier, provider = sold.tier, sold.provider or None
    if at is not None:
        price = catalogue.resolve(sold.model, provider, at, tier)
        return _of_price(number, (_LONG_AGO, _NEVER), _Hours(), price)
    spans: list[tuple[int, int, list[tuple[_Hours, ModelPrice | None]]]] = []
    for cells in catalogue.breaks(sold.model, provider).spans():
        prices = _by_hours(cells, sold, catalogue, tier)
        since, until = cells[0].since, cells[0].until
        begin = _LONG_AGO if since is None else _micros(since)
        end = _NEVER if until is None else _micros(until)
        if spans and spans[-1][2] == prices:
            spans[-1] = (spans[-1][0], end, prices)
        else:
            spans.append((begin, end, prices))
    return [
        segment
        for since, until, prices in spans
        for hours, price in prices
        for segment in _of_price(number, (since, until), hours, price)
    ]


def _by_hours(
    cells: Sequence[Cell], sold: Sold, catalogue: PriceCatalogue, tier: ServiceTier
) -> list[tuple[_Hours, ModelPrice | None]]:
    """The prices in one span between dates, with as few different hours as tell them apart."""
    found: dict[frozenset[int], list[tuple[int, int, ModelPrice | None]]] = {}
    for cell in cells:
        day, at = found.setdefault(cell.weekdays, []), cell.instant()
        if at is None:
            continue
        price = catalogue.resolve(sold.model, sold.provider or None, at, tier)
        low, high = cell.low // _US, cell.high // _US
        if day and day[-1][1:] == (low, price):
            low = day.pop()[0]
        day.append((low, high, price))
    days = list(found.items())
    if all(prices == days[0][1] for _, prices in days):
        days = [(EVERY_DAY, days[0][1])]
    return [(_Hours(weekdays, low, high), price) for weekdays, prices in days for low, high, price in prices]


def _of_price(number: int, span: tuple[int, int], hours: _Hours, price: ModelPrice | None) -> list[_Segment]:
    if price is None:
        return []
    ends = [*(band.above for band in price.bands[1:]), None]
    return [
        _Segment(number, *span, hours, band.above, end, band.rates.as_tuple(), price.source)
        for band, end in zip(price.bands, ends, strict=True)
    ]


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _US


def _place(segments: Sequence[_Segment], keys: Sequence[str], name: str) -> str:
    """The number of a call's segment, 0 where it has no price.

    A model with one price is looked up; only one with several is told by conditions, since a statement's
    analysis takes the store longer than its number of branches.
    """
    if not segments:
        return "0"
    plain = {s.sold: number for number, s in enumerate(segments, 1) if not _limits(s)}
    numbers = [plain.get(sold, -sold) for sold in range(1, len(keys) + 1)]
    named = "concat(model, '\\x1f', provider, '\\x1f', service_tier)"
    sold = f"(transform({named}, {_texts(keys)}, {_integers(numbers)}, 0) AS {name}_sold)"
    branches: list[str] = []
    for number, segment in enumerate(segments, 1):
        if limits := _limits(segment):
            branches.append(f"{' AND '.join([f'{sold} = -{segment.sold}', *limits])}, {number}")
            # Written out once: in every branch, the statement would grow with the square of the models.
            sold = f"{name}_sold"
    if len(branches) > MOST_BRANCHES:
        raise TooManyPricesError(
            f"The models in question have {len(branches)} dated or stepped prices, over {MOST_BRANCHES}.",
            hint="Narrow the period with since and until.",
        )
    return f"multiIf({', '.join(branches)}, greatest({sold}, 0))" if branches else f"greatest({sold}, 0)"


def _limits(segment: _Segment) -> list[str]:
    """Which of a model's calls a segment is about; none where it is all of them."""
    conditions: list[str] = []
    if segment.since != _LONG_AGO:
        conditions.append(f"{_STAMP} >= {segment.since}")
    if segment.until != _NEVER:
        conditions.append(f"{_STAMP} < {segment.until}")
    hours = segment.hours
    if hours.weekdays != EVERY_DAY:
        days = ", ".join(map(str, sorted(hours.weekdays)))
        conditions.append(f"(intDiv({_STAMP}, {_DAY_US}) + {_EPOCH.weekday()}) % 7 IN ({days})")
    if hours.low > 0:
        conditions.append(f"{_STAMP} % {_DAY_US} >= {hours.low}")
    if hours.high < _DAY_US:
        conditions.append(f"{_STAMP} % {_DAY_US} < {hours.high}")
    if segment.above >= 0:
        conditions.append(f"input_tokens > {segment.above}")
    if segment.upto is not None:
        conditions.append(f"input_tokens <= {segment.upto}")
    return conditions


def _integers(values: Sequence[int] | range) -> str:
    return f"CAST([{', '.join(str(value) for value in values)}] AS Array(Int64))"


def _texts(values: Sequence[str]) -> str:
    packed = base64.b64encode("\x1e".join(values).encode()).decode()
    return f"splitByChar('\\x1e', base64Decode('{packed}'))"
