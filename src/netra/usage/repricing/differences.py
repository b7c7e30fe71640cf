"""PriceDifferences: two price lists side by side, and what the stored calls would cost on either."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.number_lists import LIST_SETTINGS
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import NOT_PRICED, TIERS, USAGE_TYPES, ModelPrice
from netra.pricing.money import femto_string
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.arrow import frame_of
from netra.usage.money import money_text
from netra.usage.repricing.expression import price_sql
from netra.usage.repricing.schemas import (
    DiffRequest,
    DiffResult,
    PriceChange,
    PriceSide,
    RepriceRequest,
    StoredEffect,
)
from netra.usage.repricing.service import sold_models

_TOKENS_PER_MTOK = 1_000_000

_EFFECT = """SELECT model, provider, service_tier, count() AS calls, sum({before}) AS before_usd,
sum({after}) AS after_usd FROM llm_calls WHERE workspace_id = {{workspace:String}}
GROUP BY model, provider, service_tier ORDER BY model, provider, service_tier"""


class PriceDifferences:
    """Compares; holds no state between calls."""

    def __init__(self, access: DataAccessFactory, prices: WorkspacePrices) -> None:
        self._access = access
        self._prices = prices

    async def diff(self, context: UserExecutionContext, request: DiffRequest) -> DiffResult:
        """Rates that differ, per model and usage type, and the effect on stored calls. Raises
        PriceOverridesError for a document that cannot be understood.
        """
        own = await self._prices.for_context(context)
        before, after = (self._side(side, own) for side in (request.before, request.after))
        analytics = self._access.for_context(context).analytics
        sold = await sold_models(analytics, RepriceRequest())
        sql = _EFFECT.format(
            before=price_sql(sold, before, request.before.at, name="old").cost,
            after=price_sql(sold, after, request.after.at, name="new").cost,
        )
        rows = frame_of(await analytics.query_arrow(sql, settings=LIST_SETTINGS)).rows(named=True)
        stored = [_effect(row) for row in rows]
        old = sum((row["before_usd"] or Decimal(0) for row in rows), Decimal(0))
        new = sum((row["after_usd"] or Decimal(0) for row in rows), Decimal(0))
        now = datetime.now(UTC)
        instants = (request.before.at or now, request.after.at or now)
        wanted = dict.fromkeys(
            [(one.model, one.provider) for one in sold] + [(m, "") for m in request.models]
        )
        return DiffResult(
            changes=list(changed_rates(list(wanted), (before, after), instants)),
            stored=[effect for effect in stored if effect.before_usd != effect.after_usd],
            calls=sum(row["calls"] for row in rows),
            before_usd=str(money_text(old)),
            after_usd=str(money_text(new)),
            change_usd=str(money_text(new - old)),
            compared_at={"before": instants[0], "after": instants[1]},
        )

    def _side(self, side: PriceSide, own: PriceCatalogue) -> PriceCatalogue:
        if side.listed:
            return own.without_overrides()
        return own if side.content is None else self._prices.with_text(side.content)


def _effect(row: dict[str, Any]) -> StoredEffect:
    before, after = row["before_usd"], row["after_usd"]
    return StoredEffect(
        model=row["model"],
        provider=row["provider"],
        service_tier=row["service_tier"],
        calls=row["calls"],
        before_usd=money_text(before),
        after_usd=money_text(after),
        change_usd=str(money_text((after or Decimal(0)) - (before or Decimal(0)))),
    )


def changed_rates(
    models: Sequence[tuple[str, str]],
    catalogues: tuple[PriceCatalogue, PriceCatalogue],
    instants: tuple[datetime, datetime],
) -> Iterator[PriceChange]:
    """The rates of (model, provider) pairs that differ between two catalogues, each as of its instant."""
    for model, provider in models:
        for tier in TIERS:
            old, new = (
                catalogue.resolve(model, provider or None, at, tier)
                for catalogue, at in zip(catalogues, instants, strict=True)
            )
            for above in sorted({band.above for price in (old, new) if price for band in price.bands}):
                before, after = _rates(old, above), _rates(new, above)
                for usage, was, now in zip(USAGE_TYPES, before, after, strict=True):
                    if was != now:
                        either = new or old
                        billed = provider or (either.provider if either else "")
                        yield PriceChange(
                            model=model,
                            provider=billed,
                            tier=tier,
                            usage=usage,
                            above_input_tokens=max(above, 0),
                            before=_usd(was),
                            after=_usd(now),
                            change_pct=_percent(was, now),
                        )


def _rates(price: ModelPrice | None, above: int) -> tuple[int, ...]:
    if price is None:
        return (NOT_PRICED,) * len(USAGE_TYPES)
    return price.rates_for(above + 1).as_tuple()


def _usd(rate: int) -> str | None:
    return None if rate == NOT_PRICED else femto_string(rate * _TOKENS_PER_MTOK)


def _percent(before: int, after: int) -> float | None:
    if before <= 0 or after == NOT_PRICED:
        return None
    return round(100 * (after - before) / before, 4)
