"""The tool `show_prices`: what tokens of a model cost by the price list in force for the workspace."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from pydantic import AwareDatetime, Field

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import UsageType
from netra.pricing.schemas import ModelPriceOut, RatesOut
from netra.pricing.service import PriceService
from netra.pricing.workspace_prices import WorkspacePrices, prices_in_force
from netra.tools.figure_sheet import FigureSheet, Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import PriceBand, PriceList, PricesOutput

PER = "1M tokens"
"""What prices are given for."""

_NAMED: dict[UsageType, str] = {
    "input": "input",
    "cache_read": "input read from the cache",
    "cache_write": "input written to the cache",
    "cache_write_1h": "input written to the cache for an hour",
    "output": "output, reasoning included",
}


class PricesArguments(ToolArguments):
    """Models by name, at an instant (default now)."""

    models: list[str] = Field(min_length=1, max_length=6)
    at: AwareDatetime | None = None


def show_prices(prices: PriceCatalogue | WorkspacePrices) -> AnyToolSpec:
    """The tool `show_prices`. Its figures read no calls: their query names the model, the instant and the
    version of the prices, their range begins at that instant.
    """

    async def run(call: ToolCall, arguments: PricesArguments) -> ToolResult:
        service = PriceService(await prices_in_force(prices, call.context))
        at = arguments.at or datetime.now(UTC)
        lists = [_listed(call.figures, service.show(model, None, at)) for model in arguments.models]
        known = [entry.model for entry in lists if entry.bands]
        names = [shown(name) for name in arguments.models] + [entry.source for entry in lists if entry.source]
        output = PricesOutput(names=[*names, *_steps(lists), PER], models=lists)
        return ToolResult(f"prices of {', '.join(known) or 'no model found'}", plain_json(output))

    return ToolSpec(
        name="show_prices",
        description="USD per million tokens of a model by kind of token, from the prices in force.",
        arguments=PricesArguments,
        permission="prices:read",
        run=run,
    )


def _listed(sheet: FigureSheet, price: ModelPriceOut) -> PriceList:
    name = shown(price.model)
    asked: dict[str, object] = {
        "price_of": price.model,
        "provider": price.provider,
        "at": price.at.isoformat(),
    }
    bands: list[PriceBand] = []
    for tier in ("standard", "batch", "flex", "priority"):
        for rates in price.tiers.get(tier, [])[: None if tier == "standard" else 1]:
            query = {**asked, "tier": tier, "prices_version": price.prices_version}
            source = Source(query, since=price.at, until=price.at)
            bands.append(_band(sheet, name, tier, rates, source))
    return PriceList(
        model=name, provider=shown(price.provider or ""), bands=bands, source=shown(price.price_source or "")
    )


def _band(sheet: FigureSheet, model: str, tier: str, rates: RatesOut, source: Source) -> PriceBand:
    figures = {
        words: sheet.add(Decimal(amount), "usd", f"{model}, {tier}: a million tokens of {words}", source)
        for usage, words in _NAMED.items()
        if (amount := rates.usd_per_mtok.get(usage)) is not None
    }
    above = rates.above_input_tokens
    return PriceBand(tier=tier, above=f"above {above:,} input tokens" if above else "", figures=figures)


def _steps(lists: list[PriceList]) -> list[str]:
    return [band.above for entry in lists for band in entry.bands if band.above]
