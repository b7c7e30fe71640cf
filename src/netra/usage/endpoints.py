"""HTTP doors of imports and of questions about usage."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.http.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page_of
from netra.usage.errors import InvalidOptionError
from netra.usage.importing.parsing import ImportOptions
from netra.usage.importing.response import NDJSON, ProgressResponse
from netra.usage.importing.service import ImportService, ProgressCallback
from netra.usage.queries import UsageQuery
from netra.usage.schemas import ImportRecord, ImportResult
from netra.usage.service import CompareRequest, CompareResult, UsageOverview, UsageResult, UsageService

ImportId = Annotated[str, Path(max_length=64)]
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {NDJSON: {"schema": {"type": "string"}}}}}
_BODY = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


def build_router(imports: ImportService, usage: UsageService, current: ContextDependency) -> APIRouter:
    """`/v1/imports` and `/v1/usage`; `current` yields the caller's context."""
    router = APIRouter(prefix="/v1")
    router.include_router(_importing(imports, current))
    router.include_router(_past_imports(imports, current))
    router.include_router(_usage(usage, current))
    return router


def _importing(imports: ImportService, current: ContextDependency) -> APIRouter:
    router = APIRouter(prefix="/imports", tags=["imports"])

    @router.post(
        "", operation_id="importFile", response_model=ImportResult, responses=_STREAM, openapi_extra=_BODY
    )
    async def import_file(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        context: Annotated[UserExecutionContext, Depends(current)],
        file_format: Annotated[str, Query(alias="format", max_length=60)],
        name: Annotated[str, Query(max_length=255)] = "",
        values: Annotated[list[str] | None, Query(alias="set", max_length=40)] = None,
        names: Annotated[list[str] | None, Query(alias="map", max_length=60)] = None,
        accept: Annotated[str, Header()] = "*/*",
    ) -> Response | ImportResult:
        """Import the request body, exactly once however often it is sent. With `Accept: application/x-ndjson`
        progress is reported as JSON lines.
        """
        options = ImportOptions(file_format, name, _pairs("set", values), _pairs("map", names))
        sink = imports.check(options)
        context.check_permission(_permission(sink))
        if NDJSON not in accept:
            return await imports.import_stream(context, request.stream(), options)

        async def work(streamed: Request, on_progress: ProgressCallback) -> ImportResult:
            return await imports.import_stream(context, streamed.stream(), options, on_progress)

        return ProgressResponse(work)

    return router


def _past_imports(imports: ImportService, current: ContextDependency) -> APIRouter:
    router = APIRouter(prefix="/imports", tags=["imports"])

    @router.get("", operation_id="listImports")
    async def list_imports(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[ImportRecord]:
        """Imports of the workspace, newest first."""
        context.check_permission("imports:read")
        before = decode_cursor(cursor, str)[0] if cursor else None
        records = await imports.list_imports(context, before=before, limit=limit + 1)
        items, following = page_of(records, limit, lambda record: encode_cursor(record.id))
        return Page(items=items, next_cursor=following)

    @router.get("/{import_id}", operation_id="getImport")
    async def get_import(  # pyright: ignore[reportUnusedFunction]
        import_id: ImportId, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> ImportRecord:
        """One import of the workspace."""
        context.check_permission("imports:read")
        return await imports.get_import(context, import_id)

    @router.post("/{import_id}/undo", operation_id="undoImport")
    async def undo_import(  # pyright: ignore[reportUnusedFunction]
        import_id: ImportId, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> ImportRecord:
        """Delete the rows this import stored. Undoing again changes nothing."""
        context.check_permission("imports:read")
        context.check_permission(_permission(imports.sink_of(await imports.get_import(context, import_id))))
        return await imports.undo_import(context, import_id)

    @router.get("/{import_id}/rejects", operation_id="getImportRejects", response_class=PlainTextResponse)
    async def get_rejects(  # pyright: ignore[reportUnusedFunction]
        import_id: ImportId, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> Response:
        """Rejected rows as JSON lines {line, code, reason, column}; empty where nothing was rejected."""
        context.check_permission("imports:read")
        path = await imports.access_rejects(context, import_id)
        return PlainTextResponse("") if path is None else FileResponse(path, media_type="text/plain")

    return router


def _usage(usage: UsageService, current: ContextDependency) -> APIRouter:
    router = APIRouter(prefix="/usage", tags=["usage"])

    @router.post("/query", operation_id="queryUsage")
    async def query_usage(  # pyright: ignore[reportUnusedFunction]
        query: UsageQuery, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> UsageResult:
        """Answer a typed question over the workspace's calls."""
        context.check_permission("usage:read")
        return await usage.run(context, query)

    @router.post("/compare", operation_id="compareUsage")
    async def compare_usage(  # pyright: ignore[reportUnusedFunction]
        request: CompareRequest, context: Annotated[UserExecutionContext, Depends(current)]
    ) -> CompareResult:
        """Explain the change of spend between two periods as volume, mix, size and price."""
        context.check_permission("usage:read")
        return await usage.compare(context, request)

    @router.get("/overview", operation_id="getUsageOverview")
    async def get_overview(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)],
    ) -> UsageOverview:
        """What the workspace's data can carry."""
        context.check_permission("usage:read")
        return await usage.overview(context)

    return router


def _permission(sink: str) -> str:
    return "evaluations:write" if sink == "evaluations" else "usage:write"


def _pairs(option: str, entries: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for entry in entries or []:
        key, separator, value = entry.partition("=")
        if not separator or not key:
            raise InvalidOptionError(f"--{option} {entry[:100]}: write it as column=value.")
        pairs[key.strip()] = value
    return pairs
