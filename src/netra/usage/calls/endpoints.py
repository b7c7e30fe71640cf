"""HTTP doors of single calls."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.usage.calls.question import CallsQuery
from netra.usage.calls.schemas import CallDetail, CallsPage
from netra.usage.calls.service import CallsService


def build_calls_router(calls: CallsService, current: ContextDependency) -> APIRouter:
    """`/v1/usage/calls`: the calls behind a figure, and one of them."""
    router = APIRouter(prefix="/v1/usage/calls", tags=["usage"])

    @router.post("", operation_id="listCalls")
    async def list_calls(  # pyright: ignore[reportUnusedFunction]
        query: CallsQuery, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> CallsPage:
        """The calls that a typed question of the same filters and range sums, a page at a time."""
        context.check_permission("usage:read")
        return await calls.page(context, query)

    # An id may hold slashes.
    @router.get("/{call_id:path}", operation_id="getCall")
    async def get_call(  # pyright: ignore[reportUnusedFunction]
        call_id: Annotated[str, Path(max_length=4_096)],
        context: Annotated[UserExecutionContext, Depends(current)],
        timezone: Annotated[str | None, Query(max_length=60)] = None,
    ) -> CallDetail:
        """Everything stored of one call, and how its cost comes about."""
        context.check_permission("usage:read")
        return await calls.show(context, call_id, timezone)

    return router
