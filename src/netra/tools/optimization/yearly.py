"""A year's saving: the saving of the observed period x 365 / its days."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext

SECONDS_A_DAY = 86_400
SHORT_DAYS = 7


def observed_days(since: datetime | None, until: datetime | None) -> Decimal | None:
    """Length of the period in days, exact to the microsecond; None when it has no length."""
    if since is None or until is None or until <= since:
        return None
    with localcontext() as context:
        context.prec = 40
        span = until - since
        microseconds = span.days * SECONDS_A_DAY * 10**6 + span.seconds * 10**6 + span.microseconds
        return Decimal(microseconds) / (SECONDS_A_DAY * 10**6)


def per_year(saving: Decimal, days: Decimal) -> Decimal:
    """Dollars a year, to the cent's hundredth."""
    with localcontext() as context:
        context.prec = 40
        return (saving * 365 / days).quantize(Decimal("0.0001"))


def in_words(days: Decimal) -> str:
    """The length of a period as people say it: `3.5 days`, `5.2 hours`, `17 minutes`."""
    if days >= 1:
        return f"{days:.1f} days"
    hours = days * 24
    return f"{hours:.1f} hours" if hours >= 1 else f"{max(hours * 60, Decimal(1)):.0f} minutes"


def short_period_assumption(days: Decimal) -> str | None:
    """The assumption to state when less than a week was observed."""
    if days >= SHORT_DAYS:
        return None
    return (
        f"The year is projected from {in_words(days)} of data, less than a week: it assumes that the rest "
        f"of the "
        f"year looks like them."
    )
