"""Failures of PostgreSQL as callers see them."""

from sqlalchemy.exc import DBAPIError, IntegrityError

from netra.errors.kinds import InvalidInputError, UnavailableError


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL cannot be reached, or went away in the middle; nothing of the transaction was kept."""

    code = "database_unavailable"


class DatabaseBusyError(UnavailableError):
    """Every connection of the pool is in use and none came free in time."""

    code = "database_busy"


class DatabaseFullError(UnavailableError):
    """PostgreSQL has no space left to write to; nothing of the transaction was kept."""

    code = "database_full"


class SchemaBehindError(UnavailableError):
    """The schema is not the one this version of the product needs."""

    code = "schema_behind"


class UnstorableTextError(InvalidInputError):
    """A text holds U+0000 or a lone surrogate; PostgreSQL stores neither."""

    code = "unstorable_text"


class InvalidDatabaseUrlError(ValueError):
    """The parts of a database address do not fit together; the message says which."""


def violated_constraint(failure: IntegrityError) -> str | None:
    """The name of the constraint that a statement violated, as PostgreSQL gives it; None when
    it names none.
    """
    name = getattr(_cause(failure), "constraint_name", None)
    return name if isinstance(name, str) else None


def sql_state(failure: DBAPIError) -> str | None:
    """The five-character SQLSTATE of a failure, None when the driver gave none."""
    state = getattr(failure.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_full_disk(failure: DBAPIError) -> bool:
    """Whether a statement failed because the disk under PostgreSQL is full (SQLSTATE disk_full)."""
    return sql_state(failure) == "53100"


def is_unstorable_text(failure: BaseException) -> bool:
    """Whether a statement failed because a parameter holds a character that no PostgreSQL text can hold."""
    if isinstance(failure, UnicodeEncodeError):
        return True
    if not isinstance(failure, DBAPIError):
        return False
    cause = _cause(failure)
    return sql_state(failure) == "22021" or isinstance(cause and cause.__cause__, UnicodeEncodeError)


def _cause(failure: DBAPIError) -> BaseException | None:
    return failure.orig.__cause__ if failure.orig is not None else None
