"""Failures of the analytics store as callers see them."""

from netra.errors.kinds import DeadlineExceededError, NetraError, TooLargeError, UnavailableError

TIMEOUT = 159
OUT_OF_MEMORY = 241
TOO_MANY_QUERIES = 202
OUT_OF_SPACE = 243
CANNOT_WRITE = 75
LIVE_CALLS_ARE_KEPT = "calls that come in live are still kept, and stored when it is back"
"""What holds whenever the store is away: they wait in the outbox."""


class AnalyticsUnavailableError(UnavailableError):
    """The analytics store cannot be reached, is overloaded or has no disk left; nothing is half-stored."""

    code = "analytics_unavailable"


class AnalyticsAwayError(AnalyticsUnavailableError):
    """The analytics store does not answer at all; the call may be repeated."""


class AnalyticsBusyError(AnalyticsUnavailableError):
    """The analytics store has more queries than it takes; the call may be repeated."""


class AnalyticsDeadlineError(DeadlineExceededError):
    """A query was stopped at its time limit."""

    code = "analytics_deadline"


class AnalyticsMemoryError(TooLargeError):
    """A query was stopped at its memory limit."""

    code = "analytics_memory"


class AnalyticsQueryError(NetraError):
    """The store refuses the query itself: a defect of ours, not of the user. `details`: code, reason."""

    code = "analytics_query"


def from_server(code: int, reason: str) -> NetraError:
    """The error for a numbered answer of the store."""
    if code == TIMEOUT:
        return AnalyticsDeadlineError(
            "the analytics query took too long and was stopped",
            hint="ask for a shorter period or fewer groups",
        )
    if code == OUT_OF_MEMORY:
        return AnalyticsMemoryError(
            "the analytics query needs more memory than it may use",
            hint="ask for a shorter period, fewer groups, or percentiles of one column at a time; "
            "NETRA_QUERY_MEMORY_MB sets how much it may use",
        )
    if code == TOO_MANY_QUERIES:
        return AnalyticsBusyError(
            "the analytics store has too many queries at the moment", hint="try again in a few seconds"
        )
    if code == OUT_OF_SPACE or "No space left on device" in reason:
        return AnalyticsUnavailableError(
            "the disk of the analytics store is full; nothing of this insert was kept",
            hint="make room and repeat the same command",
        )
    return AnalyticsQueryError(
        "the analytics store refused a query",
        hint="this is a defect of Netra: please report it with the log",
        details={"code": code, "reason": reason[:500]},
    )
