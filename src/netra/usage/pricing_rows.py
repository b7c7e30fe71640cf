"""Prices for rows about to be written: the provider where the file names none, the cost in exact decimals."""

from collections.abc import Callable

import polars as pl

from netra.context.models import UserExecutionContext
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.vectorised import COST_COLUMN, price_frame
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.money import femto_to_money

PriceRows = Callable[[pl.DataFrame], pl.DataFrame]
"""Adds `cost_usd` Decimal(38, 15) (NULL: unpriced) and `price_source` to a frame of calls; may fill
`provider`.
"""


class CallPricer:
    """Prices calls with a catalogue; lives as long as the catalogue."""

    def __init__(self, catalogue: PriceCatalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Fill provider, add cost_usd and price_source; row order is kept."""
        known = self._with_provider(frame)
        priced = price_frame(known, self._catalogue)
        return priced.with_columns(
            femto_to_money(priced[COST_COLUMN]).alias("cost_usd"),
            pl.col("price_source").fill_null(""),
        ).drop(COST_COLUMN)

    def _with_provider(self, frame: pl.DataFrame) -> pl.DataFrame:
        nameless = (
            frame.filter((pl.col("provider") == "") & (pl.col("model") != ""))["model"].unique().to_list()
        )
        if not nameless:
            return frame
        providers = [self._catalogue.canonical(model).provider or "" for model in nameless]
        found = pl.col("model").replace_strict(nameless, providers, default="", return_dtype=pl.String)
        return frame.with_columns(
            pl.when(pl.col("provider") == "").then(found).otherwise(pl.col("provider")).alias("provider")
        )


class WorkspacePricer:
    """Finds the pricer of a workspace: its own prices over the installation's."""

    def __init__(self, prices: WorkspacePrices) -> None:
        self._prices = prices

    async def for_context(self, context: UserExecutionContext) -> CallPricer:
        """What prices this workspace's calls now."""
        return CallPricer(await self._prices.for_context(context))
