"""Invoices and usage reports of providers, read into lines of one day, model and usage type.

Formats, as the providers publish them:
- openai-costs: `GET /v1/organization/costs` (pages of daily buckets, `amount.value`, `line_item` such as
  `gpt-4o-2024-08-06, cached input`) and the cost export of the dashboard (`amount_value`, `line_item`).
- openai-usage: `GET /v1/organization/usage/completions` and its export: tokens by model, no amounts.
- anthropic-cost: `GET /v1/organizations/cost_report` (amounts in cents as text, grouped by description) and
  the console's cost export (`usage_date_utc`, `token_type`, `cost_usd`).
- anthropic-usage: `GET /v1/organizations/usage_report/messages` and the console's usage export.
- azure-cost, aws-cost, google-cost, focus: bills of clouds (`cloud_bills`).
- generic: CSV or JSON lines with `date`, `model` and any of `provider`, `usage_type`, `tokens`, `cost_usd`.

A row is about the day it begins on, up to the end it states (`end_time`, `ending_at`, `until`, exclusive), or
about a month where it is dated `2026-03`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation.charges import charge_named
from netra.usage.reconciliation.cloud_bills import CLOUD_FORMATS, layout_of, read_bill
from netra.usage.reconciliation.documents import rows_of
from netra.usage.reconciliation.lines import (
    ALL,
    APART,
    OTHER,
    InvoiceLine,
    amount_of,
    check_usd,
    day_of,
    days_between,
    rounding_of,
)
from netra.usage.reconciliation.schemas import InvoiceFormat

_CENTS = Decimal("0.01")
_BEGINS = ("start_time", "starting_at", "usage_date_utc", "date", "day", "ts")
_ENDS = ("end_time", "ending_at", "until")
_AMOUNTS = ("cost_usd", "amount_usd", "amount", "cost")
_COMPLETION = ("completion", "completion tokens")
_ANY = ("", ALL, "total", "tokens", "total tokens", "text tokens")
_SHOWN = 25
_READ = (
    "Read are reports of OpenAI (costs, usage) and Anthropic (cost, usage), bills of Azure (meter and cost), "
    "AWS (usage type and unblended cost) and Google Cloud (SKU description, usage date and cost), FOCUS, and "
    "any table with date, model and some of usage_type, tokens, cost_usd."
)
_Row = Mapping[str, Any]


class Report(NamedTuple):
    """What a report says: its format, its lines, and how much on a cloud's bill was not about models."""

    format: InvoiceFormat
    lines: list[InvoiceLine]
    other_rows: int = 0
    other_usd: Decimal = Decimal(0)


def read_invoice(content: bytes, wanted: InvoiceFormat) -> Report:
    """The format and the lines of a report. Raises UnreadableInvoiceError."""
    rows = rows_of(content)
    if not rows:
        raise UnreadableInvoiceError("The report has no rows.")
    kind = _guessed(rows[0]) if wanted == "auto" else wanted
    if kind in CLOUD_FORMATS:
        return _of_cloud(rows, kind)
    reader = {
        "openai-costs": _openai_cost,
        "openai-usage": _openai_usage,
        "anthropic-cost": _anthropic_cost,
        "anthropic-usage": _anthropic_usage,
        "generic": _generic,
    }[kind]
    if kind == "generic":
        _check_columns(rows[0])
    lines: list[InvoiceLine] = []
    for number, row in enumerate(rows, 1):
        try:
            days = _covered(row)
            lines += (replace(line, days=days) for line in reader(row))
        except (KeyError, ValueError, ArithmeticError, TypeError, AttributeError) as error:
            raise UnreadableInvoiceError(
                f"Row {number} is no row of {kind}: {_told(error)}. {_found(row)}",
                hint="Name the format with --format.",
            ) from None
    return Report(kind, lines if kind == "generic" else _as_fine(lines))


def _of_cloud(rows: Sequence[_Row], kind: InvoiceFormat) -> Report:
    layout = layout_of(rows[0], kind)
    if layout is None:
        raise UnreadableInvoiceError(f"This is no {kind}. {_found(rows[0])}", hint=_READ)
    try:
        bill = read_bill(rows, layout)
    except ValueError as error:
        raise UnreadableInvoiceError(str(error), hint="Name the format with --format.") from None
    if not bill.lines:
        raise UnreadableInvoiceError(
            f"None of the {bill.other_rows} rows of this {kind} is about a language model.",
            hint="Export it by meter, usage type or SKU rather than by service.",
        )
    return Report(kind, _as_fine(bill.lines), bill.other_rows, bill.other_usd)


def _check_columns(row: _Row) -> None:
    begin, amount = set(row).intersection(_BEGINS), set(row).intersection((*_AMOUNTS, "tokens"))
    if not begin or not amount:
        lacking = "a day (`date`)" if not begin else "tokens or an amount (`tokens`, `cost_usd`)"
        raise UnreadableInvoiceError(f"No column says {lacking}. {_found(row)}", hint=_READ)


def _told(error: Exception) -> str:
    return f"it has no `{error.args[0]}`" if isinstance(error, KeyError) else str(error)


def _found(row: _Row) -> str:
    names = [str(name)[:60] for name in row]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Its columns are {', '.join(names[:_SHOWN])}{more}."


def _as_fine(lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    """Amounts of a provider's report are as precise as the most precise of them: numbers lose their zeros."""
    finest = min((line.rounding for line in lines if line.cost is not None), default=Decimal(0))
    return [replace(line, rounding=min(line.rounding, finest)) for line in lines]


def _guessed(row: _Row) -> InvoiceFormat:
    if "amount_value" in row or row.get("object") == "organization.costs.result":
        return "openai-costs"
    if "num_model_requests" in row or "input_cached_tokens" in row:
        return "openai-usage"
    if "usage_input_tokens_no_cache" in row or "uncached_input_tokens" in row:
        return "anthropic-usage"
    if "starting_at" in row or ("usage_date_utc" in row and "cost_usd" in row):
        return "anthropic-cost"
    layout = layout_of(row)
    return "generic" if layout is None else layout.format


def _openai_cost(row: _Row) -> Iterator[InvoiceLine]:
    amount: _Row = row.get("amount") or {"value": row["amount_value"], "currency": row.get("amount_currency")}
    value = amount.get("value")
    if value in (None, ""):
        return
    check_usd(amount.get("currency"))
    item = str(row.get("line_item") or "").split("|")[-1].strip()
    model, comma, kind = item.partition(",")
    day, cost = day_of(row["start_time"]), amount_of(value)
    if not item:
        yield InvoiceLine(day, "", ALL, None, cost, rounding_of(value))
    elif not comma:
        yield InvoiceLine(day, item, OTHER, None, cost, rounding_of(value))
    else:
        yield InvoiceLine(day, model.strip(), usage_of(kind), None, cost, rounding_of(value))


def _openai_usage(row: _Row) -> Iterator[InvoiceLine]:
    """Text and audio tokens are reported apart; calls count them together, so they are added up."""
    if not row.get("model"):
        raise ValueError("no model; group the report by model")
    day, model = day_of(row["start_time"]), str(row["model"])
    cached, written = _count(row, "input_cached_tokens"), _count(row, "input_cache_write_tokens")
    plain = _count(row, "input_tokens") - cached - written
    yield from _tokens(
        day,
        model,
        {
            "input": plain + _count(row, "input_audio_tokens"),
            "cache_read": cached,
            "cache_write": written,
            "output": _count(row, "output_tokens") + _count(row, "output_audio_tokens"),
        },
    )


def _anthropic_cost(row: _Row) -> Iterator[InvoiceLine]:
    if "amount" in row:
        check_usd(row.get("currency"))
        day, cost = day_of(row["starting_at"]), amount_of(row["amount"]) * _CENTS
        rounding = rounding_of(row["amount"]) * _CENTS
    else:
        day, cost = day_of(row["usage_date_utc"]), amount_of(row["cost_usd"])
        rounding = rounding_of(row["cost_usd"])
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
        yield from _tokens(day_of(row["usage_date_utc"]), str(row["model_version"]), counts)
        return
    written: _Row = row.get("cache_creation") or {}
    counts = {
        "input": _count(row, "uncached_input_tokens"),
        "cache_read": _count(row, "cache_read_input_tokens"),
        "cache_write": _count(written, "ephemeral_5m_input_tokens"),
        "cache_write_1h": _count(written, "ephemeral_1h_input_tokens"),
        "output": _count(row, "output_tokens"),
    }
    yield from _tokens(day_of(row["starting_at"]), str(row["model"]), counts)


def _generic(row: _Row) -> Iterator[InvoiceLine]:
    check_usd(row.get("currency"))
    day = next((row[name] for name in _BEGINS if row.get(name)), None)
    if day is None:
        raise ValueError("no column `date`")
    cost = next((row[n] for n in _AMOUNTS if row.get(n) not in (None, "")), None)
    tokens = row.get("tokens")
    if cost is None and tokens in (None, ""):
        raise ValueError("neither `cost_usd` nor `tokens`")
    kind = str(row.get("usage_type") or row.get("token_type") or "")
    usage = usage_of(kind) if kind else ALL
    if usage == OTHER:
        charge = charge_named(kind)
        usage = {"usage": ALL, "adjustment": OTHER}.get(charge, charge)
    yield InvoiceLine(
        day_of(day),
        str(row.get("model") or (kind if usage in APART else "")),
        usage,
        None if tokens in (None, "") else int(amount_of(tokens)),
        None if cost is None else amount_of(cost),
        rounding_of(cost) if cost is not None else Decimal(0),
        str(row.get("provider") or ""),
    )


def usage_of(words: str) -> str:
    """The usage type that a provider's words mean: `cached input`, `cache_creation.ephemeral_1h_...`."""
    said = words.lower().replace("_", " ")
    if "audio" in said or "image" in said or "search" in said:
        return OTHER
    if "output" in said or "reasoning" in said or said.strip() in _COMPLETION:
        return "output"
    if "write" in said or "creation" in said:
        return "cache_write_1h" if "1h" in said or "1 h" in said else "cache_write"
    if "no cache" in said or "uncached" in said:
        return "input"
    if "cache" in said:
        return "cache_read"
    return "input" if "input" in said or "prompt" in said else ALL if said.strip() in _ANY else OTHER


def _tokens(day: date, model: str, counts: Mapping[str, int]) -> Iterator[InvoiceLine]:
    for usage, tokens in counts.items():
        if tokens:
            yield InvoiceLine(day, model, usage, tokens, None, Decimal(0))


def _count(row: _Row, name: str) -> int:
    value = row.get(name)
    return 0 if value in (None, "") else int(amount_of(value))


def _covered(row: _Row) -> int:
    """Days from the one a row begins on to the one it ends in."""
    begin = next((row[name] for name in _BEGINS if row.get(name)), None)
    end = next((row[name] for name in _ENDS if row.get(name)), None)
    if begin is None:
        return 1
    return days_between(begin, end)
