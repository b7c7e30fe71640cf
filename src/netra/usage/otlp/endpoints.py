"""The doors of live ingestion: OTLP/HTTP traces, and what became of them."""

import asyncio
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.errors.kinds import NetraError
from netra.http.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page_of
from netra.usage.otlp.export import TraceExport
from netra.usage.otlp.other_signals import SIGNALS, Signal, answer_to
from netra.usage.otlp.requests import JSON, PROTOBUF, accepted, media_type, refused
from netra.usage.outbox.status import IngestReject, IngestStatus, IngestStatusService

_TRACES = ("/v1/traces", "/api/public/otel/v1/traces")
"""OTLP's own path, and where the Langfuse SDK sends the same below its base address."""

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            PROTOBUF: {"schema": {"type": "string", "format": "binary"}},
            JSON: {"schema": {"type": "object"}},
        },
    }
}
_RETRY_S = 5
_log = structlog.get_logger("netra.usage.otlp")


def build_router(
    export: TraceExport, status: IngestStatusService, exporter: ContextDependency, current: ContextDependency
) -> APIRouter:
    """`/v1/traces` (and the Langfuse SDK's path to it) for exporters, `/v1/ingest` for people."""
    router = APIRouter(tags=["ingestion"])
    _add_traces(router, export, exporter)
    for signal in SIGNALS:
        _add_other(router, signal, exporter)
    _add_status(router, status, current)
    return router


def _add_traces(router: APIRouter, export: TraceExport, exporter: ContextDependency) -> None:
    async def export_traces(
        request: Request,
        context: Annotated[UserExecutionContext, Depends(exporter)],
        content_type: Annotated[str, Header()] = "",
        content_encoding: Annotated[str, Header()] = "",
    ) -> Response:
        """Take an OTLP export request. 200 says that every call in it is kept and will be counted once,
        however often it is sent; spans that are no calls of a model are ignored and counted.
        """
        context.check_permission("usage:write")
        try:
            kind = media_type(content_type)
        except NetraError as failure:
            return _refusal(JSON, failure)
        try:
            outcome = await export.take(context, await request.body(), kind, content_encoding)
        except NetraError as failure:
            return _refusal(kind, failure)
        return Response(accepted(kind, outcome.rejected, outcome.told), media_type=kind)

    for path, name in zip(_TRACES, ("exportTraces", "exportTracesOfLangfuse"), strict=True):
        router.add_api_route(
            path,
            export_traces,
            methods=["POST"],
            operation_id=name,
            response_class=Response,
            openapi_extra=_BODY,
        )


def _add_other(router: APIRouter, signal: Signal, exporter: ContextDependency) -> None:
    @router.post(f"/v1/{signal.name}", include_in_schema=False)
    async def refuse_signal(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        context: Annotated[UserExecutionContext, Depends(exporter)],
        content_type: Annotated[str, Header()] = "",
        content_encoding: Annotated[str, Header()] = "",
    ) -> Response:
        """Tell an exporter that nothing of this signal is kept, so that it does not send it again."""
        context.check_permission("usage:write")
        kind = JSON
        try:
            kind = media_type(content_type)
            body = await request.body()
            answer = await asyncio.to_thread(answer_to, signal, body, kind, content_encoding)
        except NetraError as failure:
            return _refusal(kind, failure)
        return Response(answer, media_type=kind)


def _add_status(router: APIRouter, status: IngestStatusService, current: ContextDependency) -> None:
    @router.get("/v1/ingest", operation_id="getIngestStatus")
    async def get_ingest_status(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)],
    ) -> IngestStatus:
        """What came in live, by source and day, and what still waits to be stored."""
        context.check_permission("imports:read")
        return await status.status(context)

    @router.get("/v1/ingest/rejects", operation_id="listIngestRejects")
    async def list_ingest_rejects(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[IngestReject]:
        """Spans and batches that were not stored, each with the reason, newest first."""
        context.check_permission("imports:read")
        before = int(decode_cursor(cursor, int)[0]) if cursor else None
        found = await status.rejects(context, before=before, limit=limit + 1)
        items, following = page_of(found, limit, lambda reject: encode_cursor(reject.seq))
        return Page(items=items, next_cursor=following)


def _refusal(kind: str, failure: NetraError) -> Response:
    """A failure as OTLP words it: what may be sent again carries Retry-After."""
    headers: dict[str, str] = {}
    if failure.status in (429, 502, 503, 504):
        _log.warning("export refused", code=failure.code, reason=failure.message)
        headers["Retry-After"] = str(failure.details.get("retry_after_s", _RETRY_S))
    return Response(refused(kind, failure), status_code=failure.status, media_type=kind, headers=headers)
