"""Invoices and usage reports of providers, read into lines of one day, model and usage type.

Formats, as the providers publish them:
- openai-costs: `GET /v1/organization/costs` (pages of daily buckets, `amount.value`, `line_item` such as
  `gpt-4o-2024-08-06, cached input`) and the cost export of the dashboard (`amount_value`, `line_item`).
- openai-usage: `GET /v1/organization/usage/completions` and its export: tokens by model, no amounts.
- anthropic-cost: `GET /v1/organizations/cost_report` (amounts in cents as text, grouped by description) and
  the console's cost export (`usage_date_utc`, `token_type`, `cost_usd`).
- anthropic-usage: `GET /v1/organizations/usage_report/messages` and the console's usage export.
- generic: CSV or JSON lines with `date`, `model` and any of `provider`, `usage_type`, `tokens`, `cost_usd`.

A row is about the day it begins on, up to the end it states (`end_time`, `ending_at`, `until`, exclusive), or
about a month where it is dated `2026-03`.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation.schemas import InvoiceFormat

ALL = "all"
OTHER = "other"
LARGEST_ROUNDING = Decimal("0.005")
_CENTS = Decimal("0.01")
_EPOCH_DIGITS = re.compile(r"\d{9,11}(\.\d+)?\Z")
_MONTH = re.compile(r"\d{4}-\d{2}\Z")
_BEGINS = ("start_time", "starting_at", "usage_date_utc", "date", "day", "ts")
_ENDS = ("end_time", "ending_at", "until")
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Tokens and USD of one usage type of one model on one day (UTC, as the provider counts), or on `days` of
    them from `day` on.

    `usage`: input (uncached), cache_read, cache_write, cache_write_1h, output (reasoning included), `all`
    where the report does not say, `other` where it is not about tokens. `rounding`: by how much writing the
    amount down may have changed it.
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


def read_invoice(content: bytes, wanted: InvoiceFormat) -> tuple[InvoiceFormat, list[InvoiceLine]]:
    """The format and the lines of a report. Raises UnreadableInvoiceError."""
    rows = list(_rows(content))
    if not rows:
        raise UnreadableInvoiceError("The report has no rows.")
    kind = _guessed(rows[0]) if wanted == "auto" else wanted
    reader = {
        "openai-costs": _openai_cost,
        "openai-usage": _openai_usage,
        "anthropic-cost": _anthropic_cost,
        "anthropic-usage": _anthropic_usage,
        "generic": _generic,
    }[kind]
    lines: list[InvoiceLine] = []
    for number, row in enumerate(rows, 1):
        try:
            days = _covered(row)
            lines += (replace(line, days=days) for line in reader(row))
        except (KeyError, ValueError, InvalidOperation, TypeError) as error:
            raise UnreadableInvoiceError(
                f"Row {number} is no row of {kind}: {error}", hint="Name the format with --format."
            ) from None
    return kind, lines if kind == "generic" else _as_fine(lines)


def _as_fine(lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    """Amounts of a provider's report are as precise as the most precise of them: numbers lose their zeros."""
    finest = min((line.rounding for line in lines if line.cost is not None), default=Decimal(0))
    return [replace(line, rounding=min(line.rounding, finest)) for line in lines]


def _rows(content: bytes) -> Iterator[_Row]:
    """Rows of CSV, JSON lines, or the results in pages of an API, each with the times of its bucket."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInvoiceError(f"The report is no UTF-8 text: {error}") from None
    if not text.lstrip().startswith(("{", "[")):
        yield from csv.DictReader(io.StringIO(text))
        return
    try:
        documents = _documents(text)
    except json.JSONDecodeError as error:
        raise UnreadableInvoiceError(f"The report is no JSON: {error}") from None
    for document in documents:
        data: object = document.get("data")
        if not isinstance(data, list):
            yield document
            continue
        for bucket in cast("list[dict[str, Any]]", data):
            times = {key: bucket[key] for key in (*_BEGINS, *_ENDS) if key in bucket}
            for result in bucket.get("results", bucket.get("result", [])):
                yield {**times, **result}


def _documents(text: str) -> list[dict[str, Any]]:
    # Amounts stay the digits they are written with.
    try:
        whole = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    return cast("list[dict[str, Any]]", whole) if isinstance(whole, list) else [whole]


def _guessed(row: _Row) -> InvoiceFormat:
    if "amount_value" in row or row.get("object") == "organization.costs.result":
        return "openai-costs"
    if "num_model_requests" in row or "input_cached_tokens" in row:
        return "openai-usage"
    if "usage_input_tokens_no_cache" in row or "uncached_input_tokens" in row:
        return "anthropic-usage"
    if "starting_at" in row or ("usage_date_utc" in row and "cost_usd" in row):
        return "anthropic-cost"
    return "generic"


def _openai_cost(row: _Row) -> Iterator[InvoiceLine]:
    amount: _Row = row.get("amount") or {"value": row["amount_value"], "currency": row.get("amount_currency")}
    value = amount.get("value")
    if value in (None, ""):
        return
    _check_usd(amount.get("currency"))
    item = str(row.get("line_item") or "").split("|")[-1].strip()
    model, comma, kind = item.partition(",")
    day, cost = _day(row["start_time"]), Decimal(str(value))
    if not item:
        yield InvoiceLine(day, "", ALL, None, cost, _rounding(value))
    elif not comma:
        yield InvoiceLine(day, item, OTHER, None, cost, _rounding(value))
    else:
        yield InvoiceLine(day, model.strip(), usage_of(kind), None, cost, _rounding(value))


def _openai_usage(row: _Row) -> Iterator[InvoiceLine]:
    if not row.get("model"):
        raise ValueError("no model; group the report by model")
    day, model = _day(row["start_time"]), str(row["model"])
    cached = _count(row, "input_cached_tokens")
    yield from _tokens(
        day,
        model,
        {
            "input": _count(row, "input_tokens") - cached,
            "cache_read": cached,
            "output": _count(row, "output_tokens"),
        },
    )


def _anthropic_cost(row: _Row) -> Iterator[InvoiceLine]:
    if "amount" in row:
        _check_usd(row.get("currency"))
        day, cost = _day(row["starting_at"]), Decimal(str(row["amount"])) * _CENTS
        rounding = _rounding(row["amount"]) * _CENTS
    else:
        day, cost = _day(row["usage_date_utc"]), Decimal(str(row["cost_usd"]))
        rounding = _rounding(row["cost_usd"])
    model, kind = str(row.get("model") or ""), str(row.get("token_type") or "")
    other = str(row.get("cost_type") or "tokens").lower() not in ("tokens", "token", "")
    if other:
        yield InvoiceLine(day, str(row.get("description") or row["cost_type"]), OTHER, None, cost, rounding)
    else:
        yield InvoiceLine(day, model, usage_of(kind) if kind else ALL, None, cost, rounding)


def _anthropic_usage(row: _Row) -> Iterator[InvoiceLine]:
    if "usage_date_utc" in row:
        counts = {
            "input": _count(row, "usage_input_tokens_no_cache"),
            "cache_read": _count(row, "usage_input_tokens_cache_read"),
            "cache_write": _count(row, "usage_input_tokens_cache_write_5m"),
            "cache_write_1h": _count(row, "usage_input_tokens_cache_write_1h"),
            "output": _count(row, "usage_output_tokens"),
        }
        yield from _tokens(_day(row["usage_date_utc"]), str(row["model_version"]), counts)
        return
    written: _Row = row.get("cache_creation") or {}
    counts = {
        "input": _count(row, "uncached_input_tokens"),
        "cache_read": _count(row, "cache_read_input_tokens"),
        "cache_write": _count(written, "ephemeral_5m_input_tokens"),
        "cache_write_1h": _count(written, "ephemeral_1h_input_tokens"),
        "output": _count(row, "output_tokens"),
    }
    yield from _tokens(_day(row["starting_at"]), str(row["model"]), counts)


def _generic(row: _Row) -> Iterator[InvoiceLine]:
    _check_usd(row.get("currency"))
    day = next((row[name] for name in _BEGINS if row.get(name)), None)
    if day is None:
        raise ValueError("no column `date`")
    cost = next(
        (row[n] for n in ("cost_usd", "amount_usd", "amount", "cost") if row.get(n) not in (None, "")), None
    )
    tokens = row.get("tokens")
    if cost is None and tokens in (None, ""):
        raise ValueError("neither `cost_usd` nor `tokens`")
    kind = str(row.get("usage_type") or row.get("token_type") or "")
    yield InvoiceLine(
        _day(day),
        str(row.get("model") or ""),
        usage_of(kind) if kind else ALL,
        None if tokens in (None, "") else int(str(tokens)),
        None if cost is None else Decimal(str(cost).strip().removeprefix("$")),
        _rounding(cost) if cost is not None else Decimal(0),
        str(row.get("provider") or ""),
    )


def usage_of(words: str) -> str:
    """The usage type that a provider's words mean: `cached input`, `cache_creation.ephemeral_1h_...`."""
    said = words.lower().replace("_", " ")
    if "audio" in said or "image" in said or "search" in said:
        return OTHER
    if "output" in said or "reasoning" in said:
        return "output"
    if "write" in said or "creation" in said:
        return "cache_write_1h" if "1h" in said or "1 h" in said else "cache_write"
    if "no cache" in said or "uncached" in said:
        return "input"
    if "cache" in said:
        return "cache_read"
    return "input" if "input" in said or "prompt" in said else OTHER if said.strip() not in ("", ALL) else ALL


def _tokens(day: date, model: str, counts: Mapping[str, int]) -> Iterator[InvoiceLine]:
    for usage, tokens in counts.items():
        if tokens:
            yield InvoiceLine(day, model, usage, tokens, None, Decimal(0))


def _count(row: _Row, name: str) -> int:
    value = row.get(name)
    return 0 if value in (None, "") else int(Decimal(str(value)))


def _day(value: object) -> date:
    return _moment(value).date()


def _moment(value: object) -> datetime:
    text = str(value).strip()
    if _EPOCH_DIGITS.match(text):
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(f"{text}-01" if _MONTH.match(text) else text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _covered(row: _Row) -> int:
    """Days from the one a row begins on to the one it ends in."""
    begin = next((row[name] for name in _BEGINS if row.get(name)), None)
    end = next((row[name] for name in _ENDS if row.get(name)), None)
    if begin is None:
        return 1
    first = _day(begin)
    if end is None:
        month = _MONTH.match(str(begin).strip())
        return ((first + timedelta(days=31)).replace(day=1) - first).days if month else 1
    if _moment(end) <= _moment(begin):
        raise ValueError(f"it ends ({end}) before it begins ({begin})")
    return ((_moment(end) - timedelta(microseconds=1)).date() - first).days + 1


def _rounding(written: object) -> Decimal:
    """Half of the last decimal place of an amount as it is written, at most half a cent."""
    exponent = Decimal(str(written).strip().removeprefix("$")).as_tuple().exponent
    places = exponent if isinstance(exponent, int) else 0
    return min(Decimal(1).scaleb(places) / 2, LARGEST_ROUNDING)


def _check_usd(currency: object) -> None:
    if currency not in (None, "") and str(currency).lower() != "usd":
        raise ValueError(f"amounts in {currency}; only USD can be compared")
