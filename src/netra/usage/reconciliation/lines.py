"""What every report is read into: lines of one day, model and usage type; and how their values are read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

ALL = "all"
OTHER = "other"
APART = frozenset([OTHER, "discount", "tax", "credit", "refund", "purchase", "adjustment"])
"""What is on an invoice and not for tokens of a model."""
LARGEST_ROUNDING = Decimal("0.005")
_PLACES = 40
_EPOCH_DIGITS = re.compile(r"\d{9,11}(\.\d+)?\Z")
_MONTH = re.compile(r"\d{4}-\d{2}\Z")
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?\Z")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Tokens and USD of one usage type of one model on one day (UTC, as the provider counts), or on `days` of
    them from `day` on.

    `usage`: input (uncached), cache_read, cache_write, cache_write_1h, output (reasoning included), `all`
    where the report does not say, and one of `APART` where it is not about tokens. `rounding`: by how much
    writing the amount down may have changed it.
    """

    day: date
    model: str
    usage: str
    tokens: int | None
    cost: Decimal | None
    rounding: Decimal
    provider: str = ""
    days: int = 1

    @property
    def last(self) -> date:
        """The last day it is about."""
        return self.day + timedelta(days=self.days - 1)

    @property
    def is_apart(self) -> bool:
        """Whether it is about something else than tokens."""
        return self.usage in APART


def span_of(lines: Sequence[InvoiceLine]) -> tuple[date, date]:
    """The first and the last day that an invoice's tokens are of; of all lines where none is about tokens.

    A tax for the month or a refund for an earlier one does not make the invoice one of those days' calls.
    """
    about = [line for line in lines if not line.is_apart] or lines
    return min(line.day for line in about), max(line.last for line in about)


def day_of(value: object) -> date:
    """The day (UTC) of an instant as reports write it. Raises ValueError."""
    return moment_of(value).date()


def moment_of(value: object) -> datetime:
    """An instant: ISO 8601, seconds since 1970, `2026-03`, or month first, `03/02/2026`, as Microsoft writes.

    Raises ValueError.
    """
    text = str(value).strip().removesuffix(" UTC")
    if _EPOCH_DIGITS.match(text):
        return datetime.fromtimestamp(float(text), UTC)
    american = _AMERICAN.match(text)
    if american:
        month, day, year, rest = american.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    moment = datetime.fromisoformat(f"{text}-01" if _MONTH.match(text) else text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def days_between(begin: object, end: object) -> int:
    """Days from the one something begins on to the one it ends in; `end` None: of that day, or of the month
    where `begin` names one. Raises ValueError.
    """
    first = day_of(begin)
    if end in (None, ""):
        month = _MONTH.match(str(begin).strip())
        return ((first + timedelta(days=31)).replace(day=1) - first).days if month else 1
    if moment_of(end) <= moment_of(begin):
        raise ValueError(f"it ends ({end}) before it begins ({begin})")
    return ((moment_of(end) - timedelta(microseconds=1)).date() - first).days + 1


def amount_of(written: object) -> Decimal:
    """An amount or a count as it is written, `$` and commas between thousands aside. Raises ValueError for
    what is no number that an invoice could hold.
    """
    plain = str(written).strip().replace("$", "", 1)
    try:
        amount = Decimal(plain.replace(",", "") if _THOUSANDS.match(plain) else plain)
    except InvalidOperation:
        raise ValueError(f"{str(written)[:60]!r} is no number") from None
    if not amount.is_finite() or not -_PLACES <= amount.adjusted() <= _PLACES:
        raise ValueError(f"{str(written)[:60]} is no amount")
    return amount


def rounding_of(written: object) -> Decimal:
    """Half of the last decimal place of an amount as it is written, at most half a cent."""
    exponent = amount_of(written).as_tuple().exponent
    places = exponent if isinstance(exponent, int) else 0
    return min(Decimal(1).scaleb(places) / 2, LARGEST_ROUNDING)


def check_usd(currency: object) -> None:
    """Raises ValueError for amounts in another currency."""
    if currency not in (None, "") and str(currency).lower() != "usd":
        raise ValueError(f"amounts in {currency}; only USD can be compared")
