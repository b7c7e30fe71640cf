"""How values are written for people."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from netra.reports.figures import Figure
from netra.reports.formatting import format_figure, format_money, format_percent, format_period


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("5.305332", "$5.31"),
        ("1234567.891", "$1,234,567.89"),
        ("-21.4", "-$21.40"),
        ("0.0042", "$0.0042"),
        ("0.00000012345", "$0.000000123"),
        ("-0.0055649", "-$0.00556"),
        ("0.01", "$0.01"),
        (None, "unpriced"),
    ],
)
def test_money(amount: str | None, text: str) -> None:
    assert format_money(amount) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.24, "5.2 %"), (0.037, "0.04 %"), (0, "0.0 %"), (100, "100.0 %"), (-41.7, "-41.7 %")],
)
def test_percent(value: float, text: str) -> None:
    assert format_percent(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("612.448210000000001", "usd", "$612.45"),
        (None, "usd", "unpriced"),
        (None, "ms", "unknown"),
        (128_400, "count", "128,400"),
        (12.5, "points", "12.50 points"),
        (840.4, "ms", "840 ms"),
        (1470, "ms", "1.47 s"),
        (1, "days", "1 day"),
        (31, "days", "31 days"),
        (1_000, "tokens", "1,000 tokens"),
        (2.5, "per_second", "2.5 / s"),
        (0.4567, "ratio", "0.46"),
        ("gpt-5-mini", "text", "gpt-5-mini"),
    ],
)
def test_figures(value: object, unit: str, text: str) -> None:
    figure = Figure.model_validate({"id": "1", "value": value, "unit": unit, "label": "x"})
    assert format_figure(figure) == text


def test_money_of_a_figure_keeps_every_digit_through_json() -> None:
    figure = Figure.model_validate(
        {"id": "1", "value": Decimal("0.100000000000000001"), "unit": "usd", "label": "x"}
    )
    again = Figure.model_validate_json(figure.model_dump_json())
    assert again.decimal() == Decimal("0.100000000000000001")


@pytest.mark.parametrize(
    ("value", "unit"), [(1.5, "usd"), ("nan", "usd"), ("many", "usd"), ("7", "count"), (7, "text")]
)
def test_a_value_that_does_not_fit_its_unit_is_refused(value: object, unit: str) -> None:
    with pytest.raises(ValidationError):
        Figure.model_validate({"id": "1", "value": value, "unit": unit, "label": "x"})


def test_periods_are_told_in_the_display_time_zone() -> None:
    since, until = datetime(2026, 3, 1, 23, 30, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    assert (
        format_period(since, until, "Europe/Berlin") == "2026-03-02 00:30 to 2026-03-02 01:00 Europe/Berlin"
    )
    assert format_period(None, None, "UTC") == "all stored data"
