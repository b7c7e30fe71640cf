"""Errors as RFC 9457 problem responses."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from netra.errors.kinds import NetraError
from netra.telemetry.trace import current_trace_id

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:netra:problem:"
_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_shape",
    429: "limit_exceeded",
    503: "unavailable",
}


class Problem(BaseModel):
    """The body of every error (`application/problem+json`)."""

    type: str = Field(description="A URN made from the code.")
    title: str = Field(description="The HTTP status in words.")
    status: int
    detail: str = Field(description="What went wrong, for people.")
    code: str = Field(description="What went wrong, for programs; stable.")
    hint: str | None = Field(default=None, description="What to do about it.")
    details: dict[str, Any] = Field(default_factory=dict, description="Data about it.")
    trace_id: str | None = Field(default=None, description="Find it in the logs by this.")


def problem_of(error: NetraError) -> Problem:
    """The problem that tells of an error."""
    return _problem(error.status, error.code, error.message, hint=error.hint, details=error.details)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response that carries a problem."""
    return JSONResponse(
        jsonable_encoder(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )


def unexpected_problem() -> Problem:
    """The problem for an error nobody foresaw; the log has the rest under the trace id."""
    return _problem(
        500, "internal", "something went wrong inside the server", hint="the log has it under this trace id"
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application leave as a problem, and say so in the OpenAPI document."""
    app.add_exception_handler(NetraError, _on_netra_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_shape)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.router.responses = {
        "4XX": {"model": Problem, "description": "A problem of the request.", "content": {MEDIA_TYPE: {}}},
        **app.router.responses,
    }


async def _on_netra_error(_request: Request, error: Exception) -> JSONResponse:
    failure = cast(NetraError, error)
    if failure.status >= 500:
        structlog.get_logger("netra.http").warning(
            "request_failed", code=failure.code, reason=failure.message
        )
    return problem_response(problem_of(failure), _headers_for(failure))


async def _on_invalid_shape(_request: Request, error: Exception) -> JSONResponse:
    errors = cast(Sequence[dict[str, Any]], cast(RequestValidationError, error).errors())
    fields = [
        {"field": ".".join(str(part) for part in one["loc"]), "reason": one["msg"], "kind": one["type"]}
        for one in errors[:20]
    ]
    first = fields[0] if fields else {"field": "body", "reason": "is malformed"}
    return problem_response(
        _problem(422, "invalid_shape", f"{first['field']}: {first['reason']}", details={"errors": fields})
    )


async def _on_http_exception(_request: Request, error: Exception) -> JSONResponse:
    failure = cast(HTTPException, error)
    code = _CODES.get(failure.status_code, "error")
    headers = dict(failure.headers) if failure.headers else None
    return problem_response(_problem(failure.status_code, code, str(failure.detail)), headers)


def _headers_for(error: NetraError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="netra"'
    retry = error.details.get("retry_after_s")
    if isinstance(retry, (int, float)):
        headers["Retry-After"] = str(max(1, round(retry)))
    return headers


def _problem(
    status: int, code: str, detail: str, *, hint: str | None = None, details: dict[str, object] | None = None
) -> Problem:
    return Problem(
        type=_TYPE_PREFIX + code,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        hint=hint,
        details=details or {},
        trace_id=current_trace_id(),
    )
