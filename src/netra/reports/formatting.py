"""How values are written for people: money, percents, counts, times. Exact values stay in the JSON."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from netra.reports.figures import Figure

_CENT = Decimal("0.01")
_EXACT_BELOW = Decimal("0.0995")
UNKNOWN = "unpriced"
"""What stands where a cost is unknown; never a zero."""


def format_money(amount: Decimal | str | None) -> str:
    """US dollars with cents; amounts under ten cents keep three significant digits; None is "unpriced"."""
    if amount is None:
        return UNKNOWN
    value = Decimal(amount)
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size == 0 or size >= _EXACT_BELOW:
        return f"{sign}${size.quantize(_CENT, ROUND_HALF_EVEN):,}"
    return f"{sign}${_significant(size, 3)}"


def format_percent(value: Decimal | float | int) -> str:
    """A percent with one decimal, two when it is under one: `5.2 %`, `0.04 %`."""
    number = Decimal(str(value))
    places = Decimal("0.1") if abs(number) >= 1 or number == 0 else _CENT
    return f"{number.quantize(places, ROUND_HALF_EVEN):,} %"


def format_count(value: Decimal | float | int) -> str:
    """A whole number with thousands separators; one decimal when it is not whole."""
    number = Decimal(str(value))
    if number == number.to_integral_value():
        return f"{int(number):,}"
    return f"{number.quantize(Decimal('0.1'), ROUND_HALF_EVEN):,}"


def format_milliseconds(value: Decimal | float | int) -> str:
    """Milliseconds, or seconds from one second on: `840 ms`, `1.47 s`."""
    number = Decimal(str(value))
    if abs(number) < 1000:
        return f"{format_count(number.quantize(Decimal(1), ROUND_HALF_EVEN))} ms"
    return f"{(number / 1000).quantize(_CENT, ROUND_HALF_EVEN):,} s"


def counted(number: int, one: str, many: str) -> str:
    """A number with its word, or its words with their verb: `1 call has`, `2,000 calls have`."""
    return f"{number:,} {one if number == 1 else many}"


def format_figure(figure: Figure) -> str:
    """The figure's value with its unit, as prose shows it."""
    if figure.value is None:
        return UNKNOWN if figure.unit == "usd" else "unknown"
    if figure.unit == "text":
        return str(figure.value)
    value = Decimal(str(figure.value))
    match figure.unit:
        case "usd":
            return format_money(value)
        case "percent":
            return format_percent(value)
        case "points":
            return f"{value.quantize(_CENT, ROUND_HALF_EVEN):,} points"
        case "ms":
            return format_milliseconds(value)
        case "seconds":
            return f"{value.quantize(_CENT, ROUND_HALF_EVEN):,} s"
        case "tokens":
            return f"{format_count(value)} tokens"
        case "days":
            return f"{format_count(value)} {'day' if value == 1 else 'days'}"
        case "per_second":
            return f"{format_count(value)} / s"
        case "per_minute":
            return f"{format_count(value)} / min"
        case "ratio":
            return f"{value.quantize(_CENT, ROUND_HALF_EVEN):,}"
        case "count":
            return format_count(value)


def format_instant(moment: datetime | None, timezone: str) -> str:
    """A moment in the given IANA time zone to the minute: `2026-03-01 14:05`; empty for None."""
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def format_period(since: datetime | None, until: datetime | None, timezone: str) -> str:
    """The time range of a figure: both ends, one, or "all stored data"."""
    start, end = format_instant(since, timezone), format_instant(until, timezone)
    if start and end:
        return f"{start} to {end} {timezone}"
    if start or end:
        return f"from {start} {timezone}" if start else f"until {end} {timezone}"
    return "all stored data"


def _significant(value: Decimal, digits: int) -> str:
    exponent = value.adjusted() - digits + 1
    return format(value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_EVEN).normalize(), "f")
