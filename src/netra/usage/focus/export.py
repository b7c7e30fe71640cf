"""FocusExport: stored calls as a FOCUS file whose billed costs add up to ours, to the last digit.

Calls without a known price are in no row, since FOCUS knows no unknown cost; they are counted beside it.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import polars as pl

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.number_lists import LIST_SETTINGS
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import NOT_PRICED, USAGE_TYPES
from netra.pricing.money import usd_from_femto
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.arrow import frame_of
from netra.usage.dimensions import TAG_SQL
from netra.usage.focus.columns import COLUMNS, MONEY, Charge, adjustment_row, usage_row
from netra.usage.repricing.expression import BILLABLE, PriceSql, price_sql
from netra.usage.repricing.schemas import RepriceRequest
from netra.usage.repricing.service import sold_models

Format: TypeAlias = Literal["csv", "parquet"]
Period: TypeAlias = tuple[datetime | None, datetime | None]
_Row: TypeAlias = dict[str, Any]
_PLACES = 15

_GROUPS = """SELECT llm_calls.day AS charged, provider, model, service_tier, app, feature, api_key_id,
{team} AS team, {segment} AS segment, {listed} AS listed, isNull({cost}) AS missing,
sum(cost_usd) AS stored, {tokens}
FROM llm_calls WHERE workspace_id = {{workspace:String}} AND isNotNull(cost_usd){limits}
GROUP BY charged, provider, model, service_tier, app, feature, api_key_id, team, segment, listed, missing
ORDER BY charged, provider, model, service_tier, app, feature, api_key_id, team, segment, listed, missing"""

_UNPRICED = """SELECT count() AS calls FROM llm_calls
WHERE workspace_id = {{workspace:String}} AND isNull(cost_usd){limits}"""


@dataclass(frozen=True, slots=True)
class _Prices:
    """Today's prices and the list's, as SQL."""

    own: PriceSql
    listed: PriceSql
    catalogue: PriceCatalogue


class FocusExport:
    """Writes exports; holds no state between calls."""

    def __init__(self, access: DataAccessFactory, prices: WorkspacePrices) -> None:
        self._access = access
        self._prices = prices

    async def export(
        self, context: UserExecutionContext, period: Period, file_format: Format
    ) -> AsyncIterator[bytes]:
        """The file in pieces. `period`: from, inclusive, until, exclusive; None is open."""
        analytics = self._access.for_context(context).analytics
        catalogue = await self._prices.for_context(context)
        sold = await sold_models(analytics, RepriceRequest())
        prices = _Prices(
            price_sql(sold, catalogue),
            price_sql(sold, catalogue.without_overrides(), name="listed"),
            catalogue,
        )
        limits, params = _limits(period)
        sql = _GROUPS.format(
            team=TAG_SQL.replace("{key}", "{team_tag:String}"),
            segment=prices.own.segment,
            listed=prices.listed.segment,
            cost=prices.own.cost,
            tokens=", ".join(f"sum({tokens}) AS tokens_{usage}" for usage, tokens in BILLABLE.items()),
            limits=limits,
        )
        batches = analytics.query_arrow_batches(sql, {**params, "team_tag": "team"}, LIST_SETTINGS)

        async def rows() -> AsyncIterator[list[_Row]]:
            async for batch in batches:
                yield await asyncio.to_thread(_rows, frame_of(batch), prices, context.workspace_id)

        return _parquet(rows()) if file_format == "parquet" else _csv(rows())

    async def unpriced_calls(self, context: UserExecutionContext, period: Period) -> int:
        """How many calls of the period are in no row, because nobody publishes a price for them."""
        limits, params = _limits(period)
        analytics = self._access.for_context(context).analytics
        rows = await analytics.query_rows(_UNPRICED.format(limits=limits), params)
        return int(rows[0]["calls"])


def _rows(groups: pl.DataFrame, prices: _Prices, workspace_id: str) -> list[_Row]:
    found: list[_Row] = []
    publishers: dict[str, str] = {}
    for group in groups.iter_rows(named=True):
        model = group["model"]
        if model not in publishers:
            publishers[model] = prices.catalogue.canonical(model).provider or "unknown"
        charges = [] if group["missing"] else list(_charges(group, prices))
        found += [usage_row(group, charge, workspace_id, publishers[model]) for charge in charges]
        left = Decimal(group["stored"]) - sum((charge.cost for charge in charges), Decimal(0))
        if left:
            found.append(adjustment_row(group, left, workspace_id, publishers[model]))
    return found


def _charges(group: _Row, prices: _Prices) -> Iterator[Charge]:
    rates, listed = prices.own.rates[int(group["segment"])], prices.listed.rates[int(group["listed"])]
    for usage, rate, list_rate in zip(USAGE_TYPES, rates, listed, strict=True):
        tokens = int(group[f"tokens_{usage}"])
        if tokens:
            known = list_rate != NOT_PRICED
            yield Charge(
                usage,
                tokens,
                usd_from_femto(rate),
                usd_from_femto(tokens * rate),
                usd_from_femto(list_rate) if known else None,
                usd_from_femto(tokens * list_rate) if known else None,
            )


async def _csv(batches: AsyncIterator[list[_Row]]) -> AsyncIterator[bytes]:
    yield _lines([COLUMNS])
    async for rows in batches:
        yield _lines([[_written(name, row[name]) for name in COLUMNS] for row in rows])


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _written(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name not in MONEY:
        return str(value)
    # A point in every number: a reader that guesses types takes a column of whole numbers for integers.
    text = format(value.normalize(), "f")
    return text if "." in text else f"{text}.0"


async def _parquet(batches: AsyncIterator[list[_Row]]) -> AsyncIterator[bytes]:
    schema = {name: pl.Decimal(38, _PLACES) if name in MONEY else pl.String() for name in COLUMNS}
    frames = [pl.DataFrame(rows, schema=schema) async for rows in batches]
    whole = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    target = io.BytesIO()
    await asyncio.to_thread(whole.write_parquet, target)
    yield target.getvalue()


def _limits(period: Period) -> tuple[str, dict[str, Any]]:
    text, params = "", dict[str, Any]()
    for name, moment, sign in (("since", period[0], ">="), ("until", period[1], "<")):
        if moment is not None:
            params[name] = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            text += f" AND ts {sign} {{{name}:DateTime64(6, 'UTC')}}"
    return text, params
