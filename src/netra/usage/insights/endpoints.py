"""HTTP doors of anomalies, forecasts and the FOCUS export."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.usage.focus.export import FocusExport
from netra.usage.insights.schemas import AnomalyRequest, AnomalyResult, ForecastRequest, ForecastResult
from netra.usage.insights.service import InsightService

_MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
UNPRICED = "X-Netra-Unpriced-Calls"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _MEDIA.values()},
        "headers": {
            UNPRICED: {
                "description": "Calls of the period in no row: nobody publishes a price for their model.",
                "schema": {"type": "integer"},
            }
        },
    }
}


def build_insight_router(
    insights: InsightService, focus: FocusExport, current: ContextDependency
) -> APIRouter:
    """Operations under `/v1/usage` that look back and ahead, and the export."""
    router = APIRouter(prefix="/v1/usage", tags=["usage"])

    @router.post("/anomalies", operation_id="findAnomalies")
    async def find_anomalies(  # pyright: ignore[reportUnusedFunction]
        request: AnomalyRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> AnomalyResult:
        """Days out of the ordinary, each with the segments that made it so."""
        context.check_permission("usage:read")
        return await insights.anomalies(context, request)

    @router.post("/forecast", operation_id="forecastUsage")
    async def forecast_usage(  # pyright: ignore[reportUnusedFunction]
        request: ForecastRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> ForecastResult:
        """The next days with intervals, and what growth would make of them."""
        context.check_permission("usage:read")
        return await insights.forecast(context, request)

    @router.get(
        "/export/focus", operation_id="exportFocus", response_class=StreamingResponse, responses=_FILE
    )
    async def export_focus(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)],
        file_format: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
        since: Annotated[AwareDatetime | None, Query()] = None,
        until: Annotated[AwareDatetime | None, Query()] = None,
    ) -> StreamingResponse:
        """Cost and usage in the columns of the FOCUS specification, a row a day and kind of token.

        Calls without a known price are in no row; the header X-Netra-Unpriced-Calls counts them.
        """
        context.check_permission("usage:read")
        period: tuple[datetime | None, datetime | None] = (since, until)
        content = await focus.export(context, period, file_format)
        return StreamingResponse(
            content,
            media_type=_MEDIA[file_format],
            headers={
                "Content-Disposition": f'attachment; filename="focus.{file_format}"',
                UNPRICED: str(await focus.unpriced_calls(context, period)),
            },
        )

    return router
