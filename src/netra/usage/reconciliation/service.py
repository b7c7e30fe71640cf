"""ReconciliationService: reads a report, asks the store for the same days, hands both to the comparison."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial
from typing import Any, Literal

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.data_access.number_lists import LIST_SETTINGS
from netra.pricing.base_catalogue import BaseCatalogue
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.money import usd_from_femto
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.arrow import frame_of
from netra.usage.errors import UnreadableInvoiceError
from netra.usage.money import money_text
from netra.usage.reconciliation.bill_words import BilledModels
from netra.usage.reconciliation.cloud_bills import CLOUD_FORMATS, seller_of
from netra.usage.reconciliation.comparing import Difference, OurHour, compare
from netra.usage.reconciliation.lines import InvoiceLine, span_of
from netra.usage.reconciliation.other_prices import known_prices, list_prices
from netra.usage.reconciliation.reading import read_invoice
from netra.usage.reconciliation.schemas import (
    BASES,
    CAUSES,
    Cause,
    Compared,
    InvoiceFormat,
    ReconcileOptions,
    Reconciliation,
    Subtotal,
)
from netra.usage.reconciliation.stored import stored_report
from netra.usage.repricing.expression import BILLABLE, price_sql
from netra.usage.repricing.schemas import RepriceRequest
from netra.usage.repricing.service import sold_models

_PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure",
    "aws": "aws",
    "google": "google",
}
_MARGIN = timedelta(hours=15)
_SHOWN = 2_000
_QUANTUM = Decimal(1).scaleb(-15)

_HOURS = """SELECT toUnixTimestamp(toStartOfHour(ts, 'UTC')) AS hour, model, provider, count() AS calls,
countIf(isNull(cost_usd)) AS unpriced_calls, sum(cost_usd) AS stored, {sums} FROM llm_calls
WHERE workspace_id = {{workspace:String}} AND llm_calls.day BETWEEN {{first:Date}} AND {{last:Date}}
AND (empty({{providers:Array(String)}}) OR provider IN {{providers:Array(String)}})
GROUP BY hour, model, provider"""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What holds for the whole comparison; `first` and `last` are days of the invoice."""

    format: InvoiceFormat
    first: date
    last: date
    offset: int
    valued: Literal["as invoiced", "at our prices"]
    prices_version: str
    other_rows: int
    other_usd: Decimal


class ReconciliationService:
    """Holds no state between calls."""

    def __init__(self, access: DataAccessFactory, prices: WorkspacePrices) -> None:
        self._access = access
        self._prices = prices

    async def reconcile(
        self, context: UserExecutionContext, content: bytes, options: ReconcileOptions
    ) -> Reconciliation:
        """Every difference between a report and our sums; without content, of the usage lines that were
        imported. Raises UnreadableInvoiceError.
        """
        if not content:
            content = await stored_report(self._access.for_context(context).analytics, options.format)
        report = await asyncio.to_thread(read_invoice, content, options.format)
        kind, lines = report.format, report.lines
        if not lines:
            raise UnreadableInvoiceError("The report has no tokens and no amounts.")
        catalogue = await self._prices.for_context(context)
        provider = options.provider or _provider(kind, lines)
        first, last = span_of(lines)
        rows = await self._hours(context, catalogue, provider, (first, last))
        known_names = _model_names(rows, catalogue, provider) if kind in CLOUD_FORMATS else None
        named = [
            line
            if line.is_apart
            else replace(line, model=_canonical(catalogue, _called(line, known_names), provider))
            for line in lines
        ]
        ours = list(_our_hours(rows, catalogue))
        stated = list_prices(named, catalogue, provider)
        known = partial(known_prices, catalogue, provider)
        offset, found = await asyncio.to_thread(compare, named, ours, stated, known)
        inside = [row for row in rows if first <= _utc_day(row["hour"]) <= last]
        found += _stale(inside, catalogue)
        return _result(
            found,
            inside,
            _Facts(
                kind,
                first,
                last,
                offset,
                "as invoiced" if any(line.cost is not None for line in lines) else "at our prices",
                catalogue.version,
                report.other_rows,
                report.other_usd,
            ),
        )

    async def _hours(
        self,
        context: UserExecutionContext,
        catalogue: PriceCatalogue,
        provider: str,
        days: tuple[date, date],
    ) -> list[dict[str, Any]]:
        analytics = self._access.for_context(context).analytics
        begin = datetime.combine(days[0], time(), UTC) - _MARGIN
        end = datetime.combine(days[1], time(), UTC) + timedelta(days=1) + _MARGIN
        sold = await sold_models(analytics, RepriceRequest())
        priced = price_sql(sold, catalogue)
        sums = ", ".join(
            f"sum({tokens}) AS all_{usage}, sumIf({tokens}, isNull({priced.cost})) AS unpriced_{usage}, "
            f"toString(sum({priced.parts[usage]})) AS femto_{usage}"
            for usage, tokens in BILLABLE.items()
        )
        # Gateways and instrumentations have their own names of a provider: `bedrock`, `azure.ai.openai`.
        spellings = {
            one.provider for one in sold if _billed_by(catalogue, one.model, one.provider) == provider
        }
        billed = sorted({provider, *spellings}) if provider else []
        params = {"first": str(begin.date()), "last": str(end.date()), "providers": billed}
        found = await analytics.query_arrow(_HOURS.format(sums=sums), params, LIST_SETTINGS)
        return calls_of(frame_of(found).rows(named=True), catalogue, provider)


def calls_of(
    rows: Sequence[dict[str, Any]], catalogue: PriceCatalogue, provider: str
) -> list[dict[str, Any]]:
    """The rows (`model`, `provider` as calls name them) that `provider` bills, all where it is empty. Calls
    that name a gateway, or nobody, are billed by whom their model is of.
    """
    return [
        row
        for row in rows
        if provider in ("", row["provider"], _billed_by(catalogue, row["model"], row["provider"]))
    ]


def _our_hours(rows: Sequence[dict[str, Any]], catalogue: PriceCatalogue) -> Iterable[OurHour]:
    for row in rows:
        model = _canonical(catalogue, row["model"], row["provider"])
        hour = datetime.fromtimestamp(row["hour"], UTC)
        for usage, members in _BILLED_AS.items():
            tokens = sum(row[f"all_{name}"] for name in members)
            if tokens:
                femto = sum(int(row[f"femto_{name}"]) for name in members)
                unpriced = sum(row[f"unpriced_{name}"] for name in members)
                yield OurHour(hour, (model, usage), tokens, unpriced, usd_from_femto(femto))


_BILLED_AS: dict[str, tuple[str, ...]] = {
    "input": ("input",),
    "cache_read": ("cache_read",),
    "cache_write": ("cache_write",),
    "cache_write_1h": ("cache_write_1h",),
    "output": ("output", "reasoning"),
}
"""Providers bill reasoning as output."""


def _stale(rows: Sequence[dict[str, Any]], catalogue: PriceCatalogue) -> list[Difference]:
    """What calls were stored at, against what they cost at the prices in force."""
    sums: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    for row in rows:
        today = sum(int(row[f"femto_{usage}"]) for usage in BILLABLE)
        difference = Fraction(usd_from_femto(today)) - Fraction(row["stored"] or 0)
        sums[_utc_day(row["hour"]), _canonical(catalogue, row["model"], row["provider"])] += difference
    return [
        Difference(day, (model, "stored"), None, 0, Fraction(0), -amount, {"stale_prices": amount})
        for (day, model), amount in sorted(sums.items())
        if amount
    ]


def _result(found: Sequence[Difference], rows: Sequence[dict[str, Any]], facts: _Facts) -> Reconciliation:
    exact = [_Exact(one) for one in found]
    differing = sorted((one for one in exact if one.causes), key=lambda one: -one.weight)
    invoice, ours = _total(one.invoice for one in exact), _total(one.ours for one in exact)
    return Reconciliation(
        format=facts.format,
        since=str(facts.first),
        until=str(facts.last + timedelta(days=1)),
        utc_offset_hours=facts.offset,
        valued=facts.valued,
        prices_version=facts.prices_version,
        other_rows=facts.other_rows,
        other_usd=_text(facts.other_usd),
        invoice_usd=_text(invoice),
        our_usd=_text(ours),
        difference_usd=_text(invoice - ours),
        causes=_texts(_causes(exact)),
        meaning={cause: CAUSES[cause] for cause in _causes(exact)},
        bases={basis: BASES[basis] for basis in BASES if any(one.of.basis == basis for one in differing)},
        assumed_usd=_text(_total(one.weight for one in exact if one.of.basis == "our_price")),
        by_model=_subtotals(exact, lambda one: one.of.key[0] or "all models"),
        by_day=_subtotals(exact, lambda one: str(one.of.day)),
        by_usage=_subtotals(exact, lambda one: one.of.key[1]),
        lines=[one.shown() for one in differing[:_SHOWN]],
        compared_lines=len(exact),
        our_calls=sum(row["calls"] for row in rows),
        our_unpriced_calls=sum(row["unpriced_calls"] for row in rows),
    )


class _Exact:
    """A difference in Decimals of fifteen places; rounding goes where the largest cause is."""

    def __init__(self, of: Difference) -> None:
        self.of = of
        self.invoice, self.ours = _decimal(of.invoice), _decimal(of.ours)
        self.causes: dict[Cause, Decimal] = {cause: _decimal(amount) for cause, amount in of.causes.items()}
        left = self.invoice - self.ours - _total(self.causes.values())
        if left:
            largest: Cause = "rounding"
            for cause, amount in self.causes.items():
                if abs(amount) >= abs(self.causes.get(largest, Decimal(0))):
                    largest = cause
            self.causes[largest] = self.causes.get(largest, Decimal(0)) + left

    @property
    def weight(self) -> Decimal:
        """By how much this matters, also where causes cancel."""
        return _total(abs(amount) for amount in self.causes.values())

    def shown(self) -> Compared:
        """As the API says it."""
        return Compared(
            day=str(self.of.day),
            days=self.of.days,
            model=self.of.key[0] or "all models",
            usage=self.of.key[1],
            invoice_tokens=self.of.invoice_tokens,
            our_tokens=self.of.our_tokens,
            invoice_usd=_text(self.invoice),
            our_usd=_text(self.ours),
            difference_usd=_text(self.invoice - self.ours),
            causes=_texts(self.causes),
            basis=self.of.basis,
            note=self.of.note,
        )


def _subtotals(exact: Sequence[_Exact], key: Callable[[_Exact], str]) -> list[Subtotal]:
    groups: dict[str, list[_Exact]] = defaultdict(list)
    for one in exact:
        groups[key(one)].append(one)
    found: list[Subtotal] = []
    for name, members in sorted(groups.items()):
        invoice, ours = _total(m.invoice for m in members), _total(m.ours for m in members)
        found.append(
            Subtotal(
                key=name,
                invoice_usd=_text(invoice),
                our_usd=_text(ours),
                difference_usd=_text(invoice - ours),
                causes=_texts(_causes(members)),
            )
        )
    return found


def _causes(exact: Iterable[_Exact]) -> dict[Cause, Decimal]:
    sums: dict[Cause, Decimal] = defaultdict(lambda: Decimal(0))
    for one in exact:
        for cause, amount in one.causes.items():
            sums[cause] += amount
    return dict(sums)


def _provider(kind: str, lines: Sequence[InvoiceLine]) -> str:
    return _PROVIDERS.get(kind.split("-")[0]) or seller_of(lines)


def _billed_by(catalogue: PriceCatalogue, model: str, provider: str) -> str | None:
    return catalogue.canonical(model, provider or None).provider


def _model_names(rows: Sequence[dict[str, Any]], catalogue: PriceCatalogue, provider: str) -> BilledModels:
    """The models of our calls first, then those the provider lists, then those of anybody."""
    ours = (_canonical(catalogue, row["model"], row["provider"]) for row in rows)
    listed = sorted(BaseCatalogue().entries(), key=lambda entry: (entry[0] != provider, "/" in entry[1]))
    return BilledModels([*ours, *(name for _, name in listed)])


def _called(line: InvoiceLine, known: BilledModels | None) -> str:
    return line.model if known is None else known.find(line.model)


def _canonical(catalogue: PriceCatalogue, model: str, provider: str) -> str:
    return catalogue.canonical(model, provider or None).model if model else ""


def _utc_day(hour: int) -> date:
    return datetime.fromtimestamp(hour, UTC).date()


def _decimal(amount: Fraction) -> Decimal:
    with localcontext() as exactly:
        exactly.prec = 80
        return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(_QUANTUM)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext() as exactly:
        exactly.prec = 80
        return sum(amounts, Decimal(0))


def _text(amount: Decimal) -> str:
    return str(money_text(amount))


def _texts(causes: dict[Cause, Decimal]) -> dict[Cause, str]:
    return {cause: _text(amount) for cause, amount in causes.items()}
