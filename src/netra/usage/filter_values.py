"""The values that filters compare with, in the type of their column."""

from decimal import Decimal
from math import isfinite
from typing import Any

from netra.usage.errors import InvalidQueryError

Scalar = str | int | float | bool
_KINDS = {
    "Int64": "a whole number",
    "Float64": "a number",
    "Bool": "true or false",
    "Decimal": "an amount",
}
_UNITS = {
    "_ms": "Milliseconds: 10 seconds are 10000.",
    "_usd": "US dollars: 5 cents are 0.05. At most 15 places.",
    "_tokens": "Tokens in full: 100k are 100000.",
}


def _whole(value: Scalar) -> int:
    """The number, where the store has room for it: a larger one would come out as another."""
    number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value).strip())
    if not -(2**63) <= number < 2**63:
        raise ValueError(value)
    return number


def _amount(text: str) -> str:
    """The amount, where the store holds it exactly and any call could cost it."""
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) >= 10**12 or amount != round(amount, 15):
        raise ValueError(text)
    return str(amount)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def typed_value(value: Scalar, kind: str, column: str) -> Any:
    """The value in the type of its column, as the driver binds it. Raises InvalidQueryError."""
    text = str(value).strip()
    try:
        if kind == "String":
            return str(value)
        if kind == "Int64":
            return _whole(value)
        if kind == "Float64":
            return _finite(text)
        if kind == "Bool":
            return {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}[
                text.lower()
            ]
        return _amount(text)
    except (ValueError, KeyError, ArithmeticError):
        raise InvalidQueryError(
            f"{column} compares with {_KINDS[kind.split('(')[0]]}, not {text[:60]!r}.",
            hint=next((hint for end, hint in _UNITS.items() if column.endswith(end)), None),
        ) from None
