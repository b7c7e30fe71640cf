"""The OpenAI-compatible doors: chat completions, plain and streamed, and the list of models."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request

from netra.context.models import UserExecutionContext
from netra.llm_gateway.forwarding import ChatForwarder
from netra.llm_gateway.upstream import Upstream, passed_headers

PERMISSION = "gateway:use"

Label = Annotated[str | None, Header(max_length=200)]


def build_router(forwarder: ChatForwarder, upstream: Upstream, current: Callable[..., Any]) -> APIRouter:
    """Routes under `/openai/v1`; `current` yields the caller's context from an API key or access token.

    The headers `Netra-App`, `Netra-Feature` and `Netra-Session` label the recorded call; `Netra-Interactive`
    says whether somebody waits for its answer.
    """
    router = APIRouter(prefix="/openai/v1", tags=["gateway"])

    @router.post(
        "/chat/completions",
        operation_id="create_chat_completion",
        response_class=Response,
        response_model=None,
    )
    async def create_chat_completion(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        context: Annotated[UserExecutionContext, Depends(current)],
        netra_app: Label = None,
        netra_feature: Label = None,
        netra_session: Label = None,
        netra_interactive: Annotated[bool | None, Header()] = None,
    ) -> Response:
        """Forward a chat completion to the configured provider and record it; the answer comes back
        unchanged.
        """
        context.check_permission(PERMISSION)
        given = {"app": netra_app, "feature": netra_feature, "session_id": netra_session}
        labels = {name: value for name, value in given.items() if value}
        answer = await forwarder.forward(context, await request.body(), labels, interactive=netra_interactive)
        headers = passed_headers(answer.headers)
        if answer.stream is not None:
            return StreamingResponse(answer.stream, status_code=answer.status, headers=headers)
        return Response(answer.body, status_code=answer.status, headers=headers)

    @router.get("/models", operation_id="list_gateway_models", response_class=Response, response_model=None)
    async def list_gateway_models(  # pyright: ignore[reportUnusedFunction]
        context: Annotated[UserExecutionContext, Depends(current)],
    ) -> Response:
        """The provider's models, as it lists them."""
        context.check_permission(PERMISSION)
        response = await upstream.open("GET", "/models")
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return Response(body, status_code=response.status_code, headers=passed_headers(response.headers))

    return router
