"""HTTP door of the levers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.optimization.progress_response import NDJSON, OptimizeResponse
from netra.optimization.schemas import OptimizeRequest, OptimizeResult
from netra.optimization.service import OptimizationService


def build_router(optimization: OptimizationService, current: ContextDependency) -> APIRouter:
    """`POST /v1/optimize`; `current` yields the caller's context."""
    router = APIRouter(prefix="/v1", tags=["optimize"])

    @router.post(
        "/optimize",
        operation_id="optimize",
        response_model=OptimizeResult,
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
    )
    async def optimize(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)],
        request: OptimizeRequest | None = None,
        accept: Annotated[str, Header()] = "*/*",
    ) -> Response | OptimizeResult:
        """What levers would have saved on the workspace's calls, with verdicts and 95 % intervals. With
        `Accept: application/x-ndjson` progress is reported as JSON lines.
        """
        context.check_permission("optimize:run")
        if NDJSON not in accept:
            return await optimization.optimize(context, request)
        return OptimizeResponse(optimization, context, request or OptimizeRequest())

    return router
