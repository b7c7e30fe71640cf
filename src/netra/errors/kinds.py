"""The kinds of failure; rooms subclass these."""

from collections.abc import Mapping
from typing import ClassVar


class NetraError(Exception):
    """A failure that can be told to the user: a stable code, a plain message, what to do about it.

    `hint` says what to do next; `details` is data a program can use (JSON values only).
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, hint: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, object] = dict(details or {})

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class InvalidInputError(NetraError):
    """The request is understood as text but makes no sense as a request."""

    code = "invalid_input"
    status = 400


class UnauthenticatedError(NetraError):
    """No credential, or one that does not count."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(NetraError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class NotFoundError(NetraError):
    """Nothing under that name for this caller; a foreign object answers exactly the same."""

    code = "not_found"
    status = 404


class ConflictError(NetraError):
    """The state does not allow it (any more)."""

    code = "conflict"
    status = 409


class TooLargeError(NetraError):
    """The input is larger than a limit."""

    code = "too_large"
    status = 413


class LimitExceededError(NetraError):
    """Too many or too often. `details["retry_after_s"]`, where known, says when it may work again."""

    code = "limit_exceeded"
    status = 429


class UnavailableError(NetraError):
    """Something this needs is away; the same call may work later."""

    code = "unavailable"
    status = 503


class DeadlineExceededError(NetraError):
    """The call ran out of time and was stopped."""

    code = "deadline_exceeded"
    status = 504
