"""HTTP doors of the reports of a workspace."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response

from netra.context.models import UserExecutionContext
from netra.http.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page_of
from netra.reports.rendering.report_json import report_json
from netra.reports.schemas import ReportSummary, StoredReport
from netra.reports.service import ReportService

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox"
"""A report needs nothing but its own style; `sandbox` gives it an origin of its own."""


def build_router(service: ReportService, current: Callable[..., Any]) -> APIRouter:
    """Routes under `/v1/reports`; `current` yields the caller's context."""
    router = APIRouter(prefix="/v1/reports", tags=["reports"])

    @router.get("", operation_id="list_reports")
    async def list_reports(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[ReportSummary]:
        """Reports of the workspace, newest first."""
        before = decode_cursor(cursor, str)[0] if cursor else None
        rows = await service.list(context, before=before, limit=limit + 1)
        items, following = page_of(rows, limit, lambda row: encode_cursor(row.id))
        return Page(items=items, next_cursor=following)

    @router.get("/{report_id}", operation_id="get_report")
    async def get_report(  # pyright: ignore[reportUnusedFunction]
        report_id: str, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> StoredReport:
        """A report as data."""
        return await service.get(context, report_id)

    @router.get("/{report_id}/html", operation_id="get_report_html", response_class=HTMLResponse)
    async def get_report_html(  # pyright: ignore[reportUnusedFunction]
        report_id: str, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> HTMLResponse:
        """A report as one self-contained page, for reading and printing."""
        page = await service.html(context, report_id)
        return HTMLResponse(page, headers={"content-security-policy": PAGE_POLICY})

    @router.get("/{report_id}/json", operation_id="export_report")
    async def export_report(  # pyright: ignore[reportUnusedFunction]
        report_id: str,
        context: Annotated[UserExecutionContext, Depends(current)],
        form: Annotated[Literal["json", "markdown"], Query(alias="format")] = "json",
    ) -> Response:
        """A report as `report.json`: document, figures and the queries behind them; or as Markdown."""
        if form == "markdown":
            text = await service.markdown(context, report_id)
            return Response(text, media_type="text/markdown; charset=utf-8")
        report = await service.get(context, report_id)
        return JSONResponse(report_json(report.document, report_id=report.id))

    return router
