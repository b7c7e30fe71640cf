"""Errors of the scoped stores."""

from netra.errors.kinds import NetraError


class UnscopedQueryError(NetraError):
    """A query or row set that does not name the workspace of its context; it was not run.

    A mistake in the calling code, not of a user.
    """

    code = "unscoped_query"
    status = 500


class RowsNotStoredError(NetraError):
    """The analytics store says that it stored rows, and they are not there; safe to try again."""

    code = "rows_not_stored"
    status = 503
