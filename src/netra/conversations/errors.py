"""Failures around threads."""

from netra.errors.kinds import InvalidInputError, NotFoundError


class ThreadNotFoundError(NotFoundError):
    """No such thread for this user."""

    code = "thread_not_found"


class InvalidTitleError(InvalidInputError):
    """A title is empty or too long."""

    code = "invalid_title"
