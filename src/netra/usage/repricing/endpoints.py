"""HTTP doors of prices over stored calls: price differences, re-pricing, reconciliation with an invoice."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.usage.reconciliation.schemas import ReconcileOptions, Reconciliation
from netra.usage.reconciliation.service import ReconciliationService
from netra.usage.repricing.differences import PriceDifferences
from netra.usage.repricing.schemas import DiffRequest, DiffResult, RepricePlan, RepriceRequest
from netra.usage.repricing.service import RepricingService

_BODY = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


def build_price_router(
    differences: PriceDifferences,
    repricing: RepricingService,
    reconciliation: ReconciliationService,
    current: ContextDependency,
) -> APIRouter:
    """Operations under `/v1/prices` that read or rewrite stored calls."""
    router = APIRouter(prefix="/v1/prices", tags=["prices"])

    @router.post("/diff", operation_id="diffPrices")
    async def diff_prices(  # pyright: ignore[reportUnusedFunction]
        request: DiffRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> DiffResult:
        """Two dates or two price documents: which rates differ, and what the stored calls cost on either."""
        context.check_permission("prices:read")
        context.check_permission("usage:read")
        return await differences.diff(context, request)

    @router.post("/reprice", operation_id="repriceCalls")
    async def reprice_calls(  # pyright: ignore[reportUnusedFunction]
        request: RepriceRequest,
        context: Annotated[UserExecutionContext, Depends(current)],
        apply: Annotated[bool, Query()] = False,
    ) -> RepricePlan:
        """What pricing the stored calls again changes; with `apply`, do it."""
        context.check_permission("usage:read")
        if not apply:
            return await repricing.plan(context, request)
        context.check_permission("prices:write")
        return await repricing.apply(context, request)

    @router.post("/reconcile", operation_id="reconcileInvoice", openapi_extra=_BODY)
    async def reconcile_invoice(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        context: Annotated[UserExecutionContext, Depends(current)],
        options: Annotated[ReconcileOptions, Query()],
    ) -> Reconciliation:
        """A provider's invoice or usage report (the body: CSV or JSON; empty: the usage lines that were
        imported) against our sums, each difference explained.
        """
        context.check_permission("usage:read")
        return await reconciliation.reconcile(context, await request.body(), options)

    return router
