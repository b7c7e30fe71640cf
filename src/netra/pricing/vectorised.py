"""Pricing of a frame of calls, exact: integer femto-dollars, equal to `cost_of_call` row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.coding import Int32, coded, combined
from netra.pricing.models import MAX_FEMTO, NOT_PRICED, TIERS, USAGE_TYPES, ModelPrice, ServiceTier
from netra.pricing.price_breaks import PriceBreaks, since_midnight

COST_COLUMN = "cost_femto"
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

_CALLS_AT_ONCE = 1 << 17
"""So many calls' intermediate results stay in the processor's cache."""

_TOKEN_COLUMNS = (
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_STANDARD_NAMES = ("standard", "default", "auto", "on_demand", "")
_KEYS = ("model", "provider", "service_tier")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token columns of n calls, int64, nulls already 0."""

    input: Int64
    cache_read: Int64
    cache_write: Int64
    cache_write_1h: Int64
    output: Int64
    reasoning: Int64


def tokens_of(frame: pl.DataFrame) -> Tokens:
    """The token columns of a frame; absent columns and nulls count as 0."""

    def column(name: str) -> Int64:
        if name not in frame.columns or not frame.get_column(name).max():
            # One zero for all calls: takes no memory, and nobody may write to it.
            return np.broadcast_to(np.int64(0), frame.height)
        return frame.get_column(name).cast(pl.Int64).fill_null(0).to_numpy()

    names = ("input_tokens", *_TOKEN_COLUMNS)
    return Tokens(*(column(name) for name in names))


def taken(tokens: Tokens, rows: slice | Int64) -> Tokens:
    """The tokens of some of the calls."""

    def some(amount: Int64) -> Int64:
        if amount.strides == (0,) and len(amount) and not isinstance(rows, slice):
            return np.broadcast_to(amount[0], len(rows))
        return amount[rows]

    return Tokens(
        some(tokens.input),
        some(tokens.cache_read),
        some(tokens.cache_write),
        some(tokens.cache_write_1h),
        some(tokens.output),
        some(tokens.reasoning),
    )


class PriceTable:
    """Which price each call has: an index per call into a small list of prices (-1: not known).

    Built once per frame; `cost` then prices any token columns of the same calls.
    """

    def __init__(self, index: Int32, prices: Sequence[ModelPrice]) -> None:
        self.index = index
        self.prices = tuple(prices)
        bands = max((len(price.bands) for price in prices), default=1)
        # The last row is for calls without a price: index -1.
        self._above = np.full((len(prices) + 1, bands), MAX_FEMTO, dtype=np.int64)
        self._rates = np.full((len(prices) + 1, bands, len(USAGE_TYPES)), NOT_PRICED, dtype=np.int64)
        for row, price in enumerate(prices):
            for column, band in enumerate(price.bands):
                self._above[row, column] = band.above
                self._rates[row, column] = band.rates.as_tuple()

    @property
    def sources(self) -> pl.Series:
        """Where each call's price is from; null where it is not known."""
        names = pl.Series([price.source for price in self.prices], dtype=pl.String)
        positions = pl.Series(self.index)
        return names.gather(positions.set(positions < 0, None)) if len(names) else _all_null(len(self.index))

    def cost(self, tokens: Tokens) -> tuple[Int64, Rows]:
        """(femto-dollars, priced) of each call; the cost of an unpriced call is 0 in the first array."""
        n = len(tokens.input)
        total, priced = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
        for start in range(0, n, _CALLS_AT_ONCE):
            part = slice(start, min(start + _CALLS_AT_ONCE, n))
            total[part], priced[part] = self._cost(self.index[part], taken(tokens, part))
        return total, priced

    def of(self, rows: slice | Int64) -> "PriceTable":
        """The same prices for some of the calls."""
        return PriceTable(self.index[rows], self.prices)

    def _cost(self, index: Int32, tokens: Tokens) -> tuple[Int64, Rows]:
        bands = self._above.shape[1]
        flat = index * bands
        for step in range(1, bands):
            flat += tokens.input > self._above[:, step][index]
        priced = index >= 0
        table = self._rates.reshape(-1, len(USAGE_TYPES))
        total = np.zeros(len(index), dtype=np.int64)
        largest = 0
        for rates, amount in zip(table.T, billable(tokens), strict=True):
            if not amount.any():
                continue
            rate = rates[flat]
            if (rates[:-bands] == NOT_PRICED).any():
                priced &= (rate != NOT_PRICED) | (amount == 0)
            total += amount * rate
            largest += int(np.abs(amount).max()) * int(rates.max())
        if largest >= MAX_FEMTO:
            priced &= self._about(flat, tokens) < MAX_FEMTO * (1 - 1e-9)
        return np.where(priced, total, 0), priced

    def _about(self, flat: Int32, tokens: Tokens) -> npt.NDArray[np.float64]:
        """The cost in floating point, to tell which calls are beyond what an integer holds."""
        table = np.maximum(self._rates.reshape(-1, len(USAGE_TYPES)), 0).astype(np.float64)
        return np.sum([a * r[flat] for r, a in zip(table.T, billable(tokens), strict=True)], axis=0)


def billable(tokens: Tokens) -> tuple[Int64, Int64, Int64, Int64, Int64, Int64]:
    """Billable tokens in the order of USAGE_TYPES; the frame form of `cost.split_tokens`."""
    plain = tokens.input
    for part in (tokens.cache_read, tokens.cache_write, tokens.cache_write_1h):
        plain = plain - part if part.any() else plain
    reasoning = np.minimum(tokens.reasoning, tokens.output)
    return (
        np.maximum(plain, 0),
        tokens.cache_read,
        tokens.cache_write,
        tokens.cache_write_1h,
        tokens.output - reasoning,
        reasoning,
    )


def price_table(
    frame: pl.DataFrame,
    catalogue: PriceCatalogue,
    *,
    model: str | None = None,
    provider: str | None = None,
    tier: ServiceTier | None = None,
) -> PriceTable:
    """The price of each call of a frame (columns ts, model; provider and service_tier if there).

    `model`, `provider` and `tier` price all calls as if on those instead.
    """
    fixed = {} if model is None else {"model": model, "provider": provider}
    fixed |= {} if tier is None else {"service_tier": tier}
    code, distinct = _combinations(frame, [n for n in _KEYS if n not in fixed and n in frame.columns])
    prices: dict[ModelPrice, int] = {}
    micros: Int64 | None = None
    usual, changing = np.full(len(distinct), -1, dtype=np.int32), dict[int, tuple[_Grid, Int32]]()
    for number, given in enumerate(distinct):
        combination = given | fixed
        name, biller = combination.get("model"), combination.get("provider")
        wanted = _tier(combination.get("service_tier"))
        if name is None or wanted is None:
            continue
        breaks = catalogue.breaks(name, biller)
        row: list[int] = []
        for at in (cell.instant() for span in breaks.spans() for cell in span):
            price = None if at is None else catalogue.resolve(name, biller, at, wanted)
            known = -1 if price is None else prices.setdefault(price, len(prices))
            # No call is in a cell without an instant: whatever is said of it.
            row.append(row[-1] if at is None and row else known)
        usual[number] = row[0]
        if len(set(row)) > 1:
            changing[number] = _Grid.over(breaks), np.array(row, dtype=np.int32)
    index = usual[code]
    for number, (grid, places) in changing.items():
        micros = _microseconds(frame) if micros is None else micros
        rows = np.flatnonzero(code == number)
        index[rows] = places[grid.cells(micros[rows])]
    return PriceTable(index, list(prices))


def price_frame(frame: pl.DataFrame, catalogue: PriceCatalogue) -> pl.DataFrame:
    """Adds `cost_femto` (Int64, femto-dollars, null where unpriced) and `price_source` (String)."""
    table = price_table(frame, catalogue)
    femto, priced = table.cost(tokens_of(frame))
    cost = pl.Series(COST_COLUMN, femto)
    return frame.with_columns(cost.set(~pl.Series(priced), None), table.sources.alias("price_source"))


@dataclass(frozen=True, slots=True)
class _Grid:
    """The cells of constant price in the order of `PriceBreaks.spans`: by date, kind of weekday, time of day.

    `kind`: which of the `kinds` each of the seven weekdays is.
    """

    dates: Int64
    kind: Int64
    kinds: int
    times: Int64

    @classmethod
    def over(cls, breaks: PriceBreaks) -> "_Grid":
        days = [_micros(date) for date in breaks.dates]
        clock = [since_midnight(moment) // timedelta(microseconds=1) for moment in breaks.times]
        kind = [next(n for n, days in enumerate(breaks.weekdays) if day in days) for day in range(7)]
        whole = partial(np.array, dtype=np.int64)
        return cls(whole(days), whole(kind), len(breaks.weekdays), whole(clock))

    def cells(self, micros: Int64) -> Int64:
        """The cell of each instant."""
        cell = np.searchsorted(self.dates, micros, side="right").astype(np.int64)
        if self.kinds > 1:
            cell = cell * self.kinds + self.kind[(micros // _MICROSECONDS_PER_DAY + _EPOCH.weekday()) % 7]
        if len(self.times):
            clock = np.searchsorted(self.times, micros % _MICROSECONDS_PER_DAY, side="right")
            cell = cell * (len(self.times) + 1) + clock
        return cell


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _microseconds(frame: pl.DataFrame) -> Int64:
    stamps = frame.get_column("ts")
    if isinstance(stamps.dtype, pl.Datetime):
        stamps = stamps.dt.epoch("us")
    return cast("Int64", stamps.cast(pl.Int64).to_numpy())


def _combinations(frame: pl.DataFrame, names: list[str]) -> tuple[Int32, list[dict[str, str | None]]]:
    """The number of each row's combination of some text columns, and what each combination is."""
    if not names or not frame.height:
        return np.zeros(frame.height, dtype=np.int32), [{}]
    codes, values = combined([coded(frame.get_column(name)) for name in names])
    return codes, [dict(zip(names, (text or None for text in row), strict=True)) for row in values]


def _tier(name: str | None) -> ServiceTier | None:
    if name is None or name in _STANDARD_NAMES:
        return "standard"
    return next((tier for tier in TIERS if tier == name), None)


def _all_null(n: int) -> pl.Series:
    return pl.Series([None] * n, dtype=pl.String)
