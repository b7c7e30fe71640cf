"""Amounts in USD with fifteen decimal places, exact."""

from decimal import Context, Decimal, InvalidOperation
from typing import Any

import numpy as np
import polars as pl

from netra.usage.schema import MONEY_SCALE

_TYPE = pl.Decimal(38, MONEY_SCALE)
_LIMIT = 9_000.0
"""Amounts above this (USD, one call) go the slow, digit-by-digit way: their femto-dollars leave int64."""


def to_money(source: pl.Series) -> pl.Series:
    """Amounts as Decimal(38, 15). A binary float means the shortest decimal it prints as, at 15 digits."""
    if source.dtype.is_decimal() or source.dtype.is_integer():
        return source.cast(_TYPE, strict=False)
    if source.dtype.is_float():
        return _of_floats(source.cast(pl.Float64))
    if source.dtype == pl.String:
        return pl.Series(source.name, [_of_text(value) for value in source.to_list()], dtype=_TYPE)
    return pl.Series(source.name, [None] * len(source), dtype=_TYPE)


def _of_floats(source: pl.Series) -> pl.Series:
    known = source.is_not_null()
    values = source.fill_null(0.0).to_numpy()
    if not np.isfinite(values).all() or (np.abs(values) > _LIMIT).any():
        texts = [None if value is None else f"{value:.15g}" for value in source.to_list()]
        return to_money(pl.Series(source.name, texts, dtype=pl.String))
    return (
        pl.select(pl.when(known).then(femto_to_money(pl.Series(femto_dollars(values)))))
        .to_series()
        .alias(source.name)
    )


def femto_dollars(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """USD (|x| <= 9000) to integer 1e-15 USD, through the 15 significant digits a float64 carries."""
    magnitude = np.floor(np.log10(np.maximum(np.abs(values), 1e-15))).astype(np.int64) + 1
    places = np.clip(MONEY_SCALE - np.maximum(magnitude, 0), 0, MONEY_SCALE)
    powers = 10 ** np.arange(MONEY_SCALE + 1, dtype=np.int64)
    digits = np.rint(values * powers[places].astype(np.float64)).astype(np.int64)
    return digits * powers[MONEY_SCALE - places]


def femto_to_money(femto: pl.Series) -> pl.Series:
    """Integers of 1e-15 USD as decimals, without passing through a float."""
    unit = pl.lit(Decimal(1).scaleb(-MONEY_SCALE), dtype=_TYPE)
    return femto.cast(pl.Decimal(38, 0)).to_frame("femto").select(pl.col("femto") * unit).to_series()


def _of_text(value: str | None) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(value.strip().removeprefix("$"))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 20:
        return None
    return amount.quantize(Decimal(1).scaleb(-MONEY_SCALE), context=Context(prec=38))


def money_text(amount: Decimal | None) -> str | None:
    """An amount as exact text without trailing zeros; None stays None (unpriced)."""
    if amount is None:
        return None
    text = format(amount.normalize(), "f")
    return "0" if text == "-0" else text
