"""HTTP doors of pricing."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.pricing.schemas import CostOut, CostRequest, ModelPriceOut
from netra.pricing.service import PriceService


def build_router(prices: PriceService, current: ContextDependency) -> APIRouter:
    """`GET /v1/prices/{model}` and `POST /v1/prices/cost`, for any signed-in caller."""
    router = APIRouter(prefix="/v1/prices", tags=["prices"])

    @router.post("/cost", operation_id="priceTokens")
    async def price_tokens(
        request: CostRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> CostOut:
        """The exact cost of a number of tokens; null and `unpriced` where the price is not known."""
        return prices.cost(request)

    @router.get("/{model:path}", operation_id="showPrice")
    async def show_price(
        model: Annotated[str, Path(min_length=1, max_length=300)],
        context: Annotated[UserExecutionContext, Depends(current)],
        provider: Annotated[str | None, Query(max_length=100)] = None,
        at: Annotated[datetime | None, Query()] = None,
    ) -> ModelPriceOut:
        """Prices per usage type and service tier, and cache terms, as of an instant."""
        return prices.show(model, provider, at)

    return router
