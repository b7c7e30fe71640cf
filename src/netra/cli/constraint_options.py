"""What a plan must hold to, as people write it: 30%, $500, $500/month, 0.9, 2s, 350ms."""

import re
from typing import Any

import typer

_MONEY = re.compile(r"\$?\s*(\d+(?:[.,]\d+)*)\s*(?:usd)?\s*(/\s*month|a month|per month)?", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min)?", re.IGNORECASE)
_MILLISECONDS = {"ms": 1.0, "s": 1_000.0, "m": 60_000.0, "min": 60_000.0}


def constraints_of(
    target: str | None, quality: str | None, max_drop: str | None, p95: str | None, p99: str | None
) -> dict[str, Any] | None:
    """The constraints of a request, None where no option is given. Exits with 2 for what cannot be read."""
    asked: dict[str, Any] = {}
    if target is not None:
        asked |= _saving(target)
    if quality is not None:
        asked["min_quality"] = _share(quality, "--quality", "0.9 or 90%")
    if max_drop is not None:
        asked["max_quality_drop"] = _share(max_drop, "--max-drop", "0.02 or 2%")
    for option, name, written in (("--p95", "max_p95_ms", p95), ("--p99", "max_p99_ms", p99)):
        if written is not None:
            asked[name] = _milliseconds(written, option)
    return asked or None


def _saving(text: str) -> dict[str, Any]:
    percent = _PERCENT.fullmatch(text.strip())
    if percent is not None and 0 < float(percent[1]) <= 100:
        return {"min_savings_pct": float(percent[1])}
    money = _MONEY.fullmatch(text.strip())
    if percent is not None or money is None:
        raise typer.BadParameter(f"{text!r} is not 30%, $500 or $500/month", param_hint="--target")
    return {"min_savings_usd_per_month" if money[2] else "min_savings_usd": money[1].replace(",", "")}


def _share(text: str, option: str, example: str) -> float:
    percent = _PERCENT.fullmatch(text.strip())
    try:
        value = float(percent[1]) / 100 if percent is not None else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text!r} is not a share such as {example}", param_hint=option)
    return value


def _milliseconds(text: str, option: str) -> float:
    found = _SPAN.fullmatch(text.strip())
    value = 0.0 if found is None else float(found[1]) * _MILLISECONDS[(found[2] or "ms").lower()]
    if value <= 0:
        raise typer.BadParameter(f"{text!r} is not a time such as 2s or 350ms", param_hint=option)
    return value
