"""HTTP doors for threads."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.conversations.models import Thread
from netra.conversations.schemas import ThreadChangeIn, ThreadCreateIn, ThreadOut
from netra.conversations.service import ThreadService
from netra.http.idempotency import IdempotencyKey, IdempotencyStore
from netra.http.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    InvalidCursorError,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    page_of,
)


def build_router(
    threads: ThreadService, idempotency: IdempotencyStore, current: ContextDependency
) -> APIRouter:
    """Routes under `/v1/threads` that need no knowledge of runs."""
    router = APIRouter(prefix="/v1/threads", tags=["threads"])

    @router.get("", operation_id="list_threads")
    async def list_threads(
        context: UserExecutionContext = Depends(current), limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[ThreadOut]:
        """One's threads, the one last changed first."""
        before = None if cursor is None else _position(cursor)
        found = await threads.list_recent(context, before=before, limit=limit + 1)
        kept, next_cursor = page_of(found, limit, _cursor)
        return Page[ThreadOut](items=[ThreadOut.of(thread) for thread in kept], next_cursor=next_cursor)

    @router.post("", operation_id="create_thread", status_code=201)
    async def create_thread(
        body: ThreadCreateIn, context: UserExecutionContext = Depends(current), key: IdempotencyKey = None
    ) -> ThreadOut:
        """An empty thread."""

        async def create() -> dict[str, Any]:
            return ThreadOut.of(await threads.create(context, body.title)).model_dump(mode="json")

        answer = await idempotency.answer(
            key,
            create,
            scope=context.workspace_id,
            user_id=context.user_id,
            operation="create_thread",
            request=body.model_dump(mode="json"),
        )
        return ThreadOut.model_validate(answer)

    @router.patch("/{thread_id}", operation_id="rename_thread")
    async def rename_thread(
        thread_id: str, body: ThreadChangeIn, context: UserExecutionContext = Depends(current)
    ) -> ThreadOut:
        """Give a thread another title."""
        return ThreadOut.of(await threads.rename(context, thread_id, body.title))

    @router.delete("/{thread_id}", operation_id="delete_thread", status_code=204)
    async def delete_thread(thread_id: str, context: UserExecutionContext = Depends(current)) -> None:
        """Delete a thread with everything in it."""
        await threads.delete(context, thread_id)

    return router


def _cursor(thread: Thread) -> str:
    return encode_cursor(thread.updated_at.isoformat(), thread.id)


def _position(cursor: str) -> tuple[datetime, str]:
    at, thread_id = decode_cursor(cursor, str, str)
    try:
        position = datetime.fromisoformat(at)
    except ValueError:
        position = None
    if position is None or position.tzinfo is None:
        raise InvalidCursorError("the cursor belongs to another list")
    return position, thread_id
