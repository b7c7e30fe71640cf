"""Errors of the scoped stores: all of them are mistakes in the calling code, not of a user."""

from netra.errors.kinds import NetraError


class UnscopedQueryError(NetraError):
    """A query or row set that does not name the workspace of its context; it was not run."""

    code = "unscoped_query"
    status = 500
