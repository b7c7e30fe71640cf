"""What can go wrong when talking to a server, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Anything this client raises on purpose; `message` says what happened, `hint` what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnreachableError(ClientError):
    """No server answers at the address, or it went away and did not come back in time."""


class ApiError(ClientError):
    """The server refused: the fields of its problem response (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        hint = problem.get("hint")
        super().__init__(
            str(problem.get("detail") or problem.get("message") or problem.get("title") or f"HTTP {status}"),
            hint=str(hint) if hint else None,
        )
        self.status = status
        self.code = str(problem.get("code") or "unknown")
        details = problem.get("details")
        self.details: dict[str, Any] = dict(details) if isinstance(details, Mapping) else {}  # pyright: ignore[reportUnknownArgumentType]
        trace_id = problem.get("trace_id")
        self.trace_id = str(trace_id) if trace_id else None


class UnauthorizedError(ApiError):
    """401: no valid credential."""


class ForbiddenByServerError(ApiError):
    """403: the credential does not permit this."""


class MissingError(ApiError):
    """404: no such object, or not yours."""


class ConflictingError(ApiError):
    """409: the state of the object does not allow this now."""


class RateLimitedError(ApiError):
    """429: a limit is reached; try later."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenByServerError,
    404: MissingError,
    409: ConflictingError,
    429: RateLimitedError,
}


def api_error(status: int, problem: Mapping[str, Any]) -> ApiError:
    """The typed error of a problem response."""
    return _BY_STATUS.get(status, ApiError)(status, problem)
