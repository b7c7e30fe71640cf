"""HTTP doors of pricing."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.http.idempotency import IdempotencyKey, IdempotencyStore
from netra.pricing.schemas import CostOut, CostRequest, ModelPriceOut, OverridesIn, OverridesOut
from netra.pricing.service import PriceService
from netra.pricing.workspace_prices import WorkspacePrices


def build_router(
    prices: WorkspacePrices, idempotency: IdempotencyStore, current: ContextDependency
) -> APIRouter:
    """`/v1/prices`: what models cost, for any signed-in caller, and a workspace's own prices."""
    router = APIRouter(prefix="/v1/prices", tags=["prices"])

    @router.post("/cost", operation_id="priceTokens")
    async def price_tokens(
        request: CostRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> CostOut:
        """The exact cost of a number of tokens; null and `unpriced` where the price is not known."""
        return PriceService(await prices.for_context(context)).cost(request)

    _read_override_routes(router, prices, current)
    _change_override_routes(router, prices, idempotency, current)

    @router.get("/{model:path}", operation_id="showPrice")
    async def show_price(
        model: Annotated[str, Path(min_length=1, max_length=300)],
        context: Annotated[UserExecutionContext, Depends(current)],
        provider: Annotated[str | None, Query(max_length=100)] = None,
        at: Annotated[datetime | None, Query()] = None,
    ) -> ModelPriceOut:
        """Prices per usage type and service tier, and cache terms, as of an instant."""
        return PriceService(await prices.for_context(context)).show(model, provider, at)

    return router


def _described(prices: WorkspacePrices, content: str) -> OverridesOut:
    return PriceService(prices.with_text(content)).overrides(content)


def _read_override_routes(router: APIRouter, prices: WorkspacePrices, current: ContextDependency) -> None:
    @router.get("/overrides", operation_id="listPriceOverrides")
    async def list_overrides(context: Annotated[UserExecutionContext, Depends(current)]) -> OverridesOut:
        """The workspace's own price document, and every entry over the list prices."""
        context.check_permission("prices:read")
        return _described(prices, await prices.content(context))

    @router.post("/overrides/check", operation_id="checkPriceOverrides")
    async def check_overrides(
        document: OverridesIn, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> OverridesOut:
        """Say what a price document means, or what is wrong with it; nothing is stored."""
        context.check_permission("prices:read")
        return _described(prices, document.content)


def _change_override_routes(
    router: APIRouter, prices: WorkspacePrices, idempotency: IdempotencyStore, current: ContextDependency
) -> None:
    async def changed(
        context: UserExecutionContext,
        operation: str,
        content: str,
        key: str | None,
        change: Callable[[], Awaitable[str]],
    ) -> OverridesOut:
        async def work() -> dict[str, Any]:
            return _described(prices, await change()).model_dump(mode="json")

        answer = await idempotency.answer(
            key,
            work,
            scope=context.workspace_id,
            user_id=context.user_id,
            operation=operation,
            request={"content": content},
        )
        return OverridesOut.model_validate(answer)

    @router.put("/overrides", operation_id="replacePriceOverrides")
    async def replace_overrides(
        document: OverridesIn,
        context: Annotated[UserExecutionContext, Depends(current)],
        key: IdempotencyKey = None,
    ) -> OverridesOut:
        """Replace the workspace's price document; calls stored before keep their cost until re-priced."""
        context.check_permission("prices:write")

        async def replace() -> str:
            await prices.put(context, document.content)
            return document.content

        return await changed(context, "replace_price_overrides", document.content, key, replace)

    @router.post("/overrides", operation_id="addPriceOverrides")
    async def add_overrides(
        document: OverridesIn,
        context: Annotated[UserExecutionContext, Depends(current)],
        key: IdempotencyKey = None,
    ) -> OverridesOut:
        """Put entries behind those of the workspace's price document."""
        context.check_permission("prices:write")

        async def add() -> str:
            return await prices.add(context, document.content)

        return await changed(context, "add_price_overrides", document.content, key, add)
