"""Failures of the event log."""

from netra.errors.kinds import ConflictError, NotFoundError


class StaleWriterError(ConflictError):
    """Another worker has taken the run over, or the run is closed: this writer's events are refused."""

    code = "stale_writer"


class StreamGoneError(NotFoundError):
    """The thread of the event stream does not exist (any more)."""

    code = "thread_not_found"
