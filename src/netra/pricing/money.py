"""Exact conversion between Decimal dollars, integer femto-dollars and the strings people read."""

from decimal import Decimal, localcontext
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow

from netra.pricing.models import FEMTO_PER_USD

_SCALE = 15
_INT64_DIGITS = 19
_HALF = 32
_LOW_HALF = (1 << _HALF) - 1
_PA = cast(Any, pyarrow)
"""pyarrow ships no types."""


def usd_from_femto(femto: int) -> Decimal:
    """Exact dollars of an integer count of femto-dollars."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(femto).scaleb(-_SCALE)


def femto_from_usd(usd: Decimal) -> int:
    """Femto-dollars of an exact amount; raises ValueError where it has more than 15 decimals."""
    with localcontext() as context:
        context.prec = 60
        scaled = usd * FEMTO_PER_USD
        whole = int(scaled)
        if scaled != whole:
            raise ValueError(f"{usd} has more than {_SCALE} decimals")
        return whole


def usd_string(usd: Decimal) -> str:
    """The exact amount in plain digits without trailing zeros, e.g. `0.054399`, `192.5`, `0`."""
    with localcontext() as context:
        context.prec = 60
        text = format(usd.normalize(), "f")
    return "0" if text in ("-0", "0") else text


def femto_string(femto: int) -> str:
    """`usd_string` of an integer count of femto-dollars."""
    return usd_string(usd_from_femto(femto))


def total_femto(amounts: npt.NDArray[np.int64]) -> int:
    """Exact sum of int64 amounts; a sum of calls leaves int64 at 9,223 USD, so it is taken in two halves."""
    high = int((amounts >> _HALF).sum())
    low = int((amounts & _LOW_HALF).sum())
    return (high << _HALF) + low


def femto_to_decimal(femto: pl.Series) -> pl.Series:
    """Int64 femto-dollars to Decimal(38, 15) dollars, exact, nulls kept."""
    whole = _PA.array(femto.cast(pl.Int64).to_arrow()).cast(_PA.decimal128(_INT64_DIGITS, 0))
    return _reread(whole, _PA.decimal128(38, _SCALE)).alias(femto.name)


def decimal_to_femto(usd: pl.Series) -> pl.Series:
    """Decimal(38, 15) dollars to Int64 femto-dollars, exact, nulls kept; raises beyond int64."""
    scaled = _PA.array(usd.cast(pl.Decimal(38, _SCALE)).to_arrow())
    return _reread(scaled, _PA.decimal128(38, 0), _PA.int64()).alias(usd.name)


def _reread(decimals: Any, kind: Any, then: Any = None) -> pl.Series:
    """The same 128-bit integers at another scale: a power of ten without arithmetic."""
    read = _PA.Array.from_buffers(kind, len(decimals), decimals.buffers(), offset=decimals.offset)
    return cast("pl.Series", cast(Any, pl).from_arrow(read if then is None else read.cast(then)))
