"""Bills of clouds, and files of FOCUS, read into invoice lines: each layout is a declaration of its columns.

- azure-cost: Cost Management's cost and usage details (enterprise and customer agreements, exports and the
  answer of its Query interface): Azure OpenAI and other models of Foundry by meter.
- aws-cost: Cost and Usage Reports, old and 2.0, and what Cost Explorer answers or exports by usage type:
  Bedrock's own models, and those that are sold there through the Marketplace.
- google-cost: the billing export (standard and detailed) and the console's cost table: Vertex AI and Gemini.
- focus: the FinOps Open Cost and Usage Specification, 1.0 on, as clouds and this product write it.

Columns are compared by letters and digits alone: `lineItem/UsageType`, `line_item_usage_type` and nested
`{"lineItem": {"UsageType": ...}}` are one. A bill holds more than language models: rows of other services are
left out and summed, so that the reader sees what was not compared. Tokens are read where the unit says how
many a quantity is; else the amounts stand alone.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, cast

from netra.usage.reconciliation.bill_words import billed_usage, model_words
from netra.usage.reconciliation.charges import Charge, charge_of, credits_of
from netra.usage.reconciliation.documents import Row
from netra.usage.reconciliation.lines import (
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

_MODEL_SERVICES = re.compile(
    r"bedrock|openai|foundry models|azure [a-z0-9 ]+ models|vertex ai|gemini|generative language|claude|"
    r"language model|mistral|llama|anthropic|token",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\(([^)]*)\)")
_LOTS = (
    (re.compile(r"1\s*k\b|1,?000\b|thousand", re.IGNORECASE), 1_000),
    (re.compile(r"1\s*m\b|1,?000,?000\b|million", re.IGNORECASE), 1_000_000),
    (re.compile(r"(tokens?|counts?|1)\Z", re.IGNORECASE), 1),
)


@dataclass(frozen=True, slots=True)
class BillLayout:
    """Columns of one kind of bill, the first that is filled wins. `marks`: a bill has one of each; `last`: an
    inclusive end; `label`: the words of what was billed; `model`: where the model is named if not there;
    `service`: what tells a service of language models; `credits`: amounts to be added; `kind`: what kind of
    charge a row is (`charges`); `correction`: whether it corrects an earlier invoice.
    """

    format: InvoiceFormat
    provider: str
    marks: tuple[tuple[str, ...], ...]
    begin: tuple[str, ...]
    cost: tuple[str, ...]
    label: tuple[str, ...]
    service: tuple[str, ...]
    end: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    quantity: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    seller: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    correction: str = ""
    credits: str = ""


LAYOUTS: tuple[BillLayout, ...] = (
    BillLayout(
        "focus",
        provider="",
        marks=(("billedcost", "effectivecost"), ("chargeperiodstart",)),
        begin=("chargeperiodstart",),
        end=("chargeperiodend",),
        cost=("billedcost", "effectivecost"),
        currency=("billingcurrency",),
        label=(
            *("xusagetype", "skumeter", "xskumetername", "xskudescription", "xskumetersubcategory"),
            "chargedescription",
        ),
        model=("xmodel", "skumeter", "xskudescription", "chargedescription", "resourcename", "skuid"),
        service=("servicename", "xskumetercategory", "xskumetersubcategory", "chargedescription"),
        quantity=("consumedquantity",),
        unit=("consumedunit",),
        seller=("serviceprovidername", "providername", "provider", "hostprovidername"),
        kind=("chargecategory",),
        correction="chargeclass",
    ),
    BillLayout(
        "aws-cost",
        provider="aws",
        marks=(("lineitemunblendedcost", "lineitemnetunblendedcost"), ("lineitemusagetype",)),
        begin=("lineitemusagestartdate", "identitytimeinterval"),
        end=("lineitemusageenddate",),
        cost=("lineitemnetunblendedcost", "lineitemunblendedcost"),
        currency=("lineitemcurrencycode",),
        label=("lineitemusagetype",),
        model=("productmodel", "productproductname", "productservicename", "lineitemlineitemdescription"),
        service=("lineitemproductcode", "productproductname", "productservicename", "productservicecode"),
        quantity=("lineitemusageamount",),
        unit=("pricingunit",),
        kind=("lineitemlineitemtype",),
    ),
    BillLayout(
        "aws-cost",
        provider="aws",
        marks=(
            ("usagetype",),
            ("unblendedcost", "metricsunblendedcostamount", "metricsamortizedcostamount"),
            ("start",),
        ),
        begin=("start",),
        end=("end",),
        cost=("unblendedcost", "metricsunblendedcostamount", "metricsamortizedcostamount"),
        currency=("metricsunblendedcostunit", "metricsamortizedcostunit"),
        label=("usagetype",),
        service=("usagetype",),
        quantity=("metricsusagequantityamount",),
        unit=("metricsusagequantityunit",),
        kind=("recordtype", "chargetype"),
    ),
    BillLayout(
        "azure-cost",
        provider="azure",
        marks=(
            ("metername", "meter"),
            ("costinusd", "costusd", "costinbillingcurrency", "pretaxcost", "cost"),
        ),
        begin=("date", "usagedate", "usagedatetime"),
        cost=("costinusd", "costusd", "costinbillingcurrency", "pretaxcost", "cost"),
        currency=("billingcurrency", "billingcurrencycode", "currency", "currencycode"),
        label=("metername", "meter", "productname", "product"),
        model=("productname", "product"),
        service=("metercategory", "metersubcategory", "productname", "product", "servicename"),
        quantity=("quantity", "usagequantity", "consumedquantity"),
        unit=("unitofmeasure",),
        kind=("chargetype",),
    ),
    BillLayout(
        "google-cost",
        provider="google",
        marks=(
            ("skudescription", "sku"),
            ("unroundedcost", "cost", "subtotal"),
            ("usagestarttime", "usagestartdate", "date", "day"),
        ),
        begin=("usagestarttime", "usagestartdate", "date", "day"),
        end=("usageendtime",),
        last=("usageenddate",),
        cost=("unroundedcost", "subtotal", "cost"),
        currency=("currency",),
        label=("skudescription", "sku"),
        service=("servicedescription", "service", "skudescription"),
        quantity=("usageamount",),
        unit=("usageunit",),
        kind=("credittype", "costtype"),
        credits="credits",
    ),
)
CLOUD_FORMATS: frozenset[InvoiceFormat] = frozenset(layout.format for layout in LAYOUTS)


_Slot = tuple[date, int, str, str, str]
"""(day, days, model, usage type, provider)"""


@dataclass(slots=True)
class CloudBill:
    """What a bill says of language models; `other_rows`, `other_usd`: of everything else on it."""

    lines: list[InvoiceLine]
    other_rows: int = 0
    other_usd: Decimal = field(default_factory=Decimal)


def layout_of(row: Row, wanted: InvoiceFormat = "auto") -> BillLayout | None:
    """The layout that a bill's first row has."""
    names = set(_flat(row))
    for layout in LAYOUTS:
        if wanted in ("auto", layout.format) and all(names.intersection(mark) for mark in layout.marks):
            return layout
    return None


def read_bill(rows: Sequence[Row], layout: BillLayout) -> CloudBill:
    """Lines of language models, one for each day, model and usage type. Raises ValueError naming the row."""
    sums: dict[_Slot, _Sum] = defaultdict(_Sum)
    bill = CloudBill([])
    _check_header(rows[0], layout)
    for number, row in enumerate(rows, 1):
        try:
            _add(_flat(row), layout, sums, bill)
        except (KeyError, ValueError, ArithmeticError, TypeError, AttributeError) as error:
            raise ValueError(f"Row {number} is no row of {layout.format}: {error}") from None
    for (day, days, model, usage, seller), total in sums.items():
        if usage not in APART and not total.is_usage:
            # A discount on the usage of other days than its own says nothing of one day's price.
            model, usage = total.label, "discount"
        counted = total.tokens if usage not in APART else None
        tokens = None if counted is None else round(counted)
        bill.lines.append(InvoiceLine(day, model, usage, tokens, total.cost, total.rounding, seller, days))
    return bill


def _check_header(row: Row, layout: BillLayout) -> None:
    for name in row:
        unit = _UNIT.search(str(name))
        if unit and _plain(str(name)) in layout.cost:
            check_usd(unit[1].replace("US$", "usd").replace("$", "usd"))


@dataclass(slots=True)
class _Sum:
    """`tokens` None once a row of usage has not said how many; `is_usage` once there is such a row; `label`:
    the bill's words for the last row.
    """

    is_usage: bool = False
    label: str = ""
    tokens: Decimal | None = field(default_factory=Decimal)
    cost: Decimal = field(default_factory=Decimal)
    rounding: Decimal = field(default_factory=Decimal)


def _add(
    row: Mapping[str, Any],
    layout: BillLayout,
    sums: dict[_Slot, _Sum],
    bill: CloudBill,
) -> None:
    priced_by = next((name for name in layout.cost if row.get(name) not in (None, "")), "")
    written = row.get(priced_by)
    cost = Decimal(0) if written is None else amount_of(written)
    credited = list(credits_of(_credits(row.get(layout.credits))))
    if not _MODEL_SERVICES.search(" ".join(str(row.get(name) or "") for name in layout.service)):
        every = cost + sum((amount for _, _, amount in credited), Decimal(0))
        bill.other_rows, bill.other_usd = bill.other_rows + 1, bill.other_usd + every
        return
    if not priced_by.endswith("usd"):
        check_usd(_first(row, layout.currency))
    quantity = _first(row, layout.quantity)
    if not cost and not quantity and not credited:
        return
    begin = _first(row, layout.begin)
    if begin is None:
        raise ValueError(f"no day in any of {', '.join(layout.begin)}")
    when, seller = _days(str(begin), row, layout), str(_first(row, layout.seller) or "")
    kind = str(_first(row, layout.kind) or "")
    charge = charge_of(kind, row.get(layout.correction))
    named, usage, label = _billed(row, layout, charge, kind)
    total = sums[*when, named, usage, seller]
    total.label = label
    if charge == "usage":
        tokens = _tokens(quantity, str(_first(row, layout.unit) or ""))
        total.tokens = None if tokens is None or total.tokens is None else total.tokens + tokens
        total.is_usage = True
    total.cost += cost
    total.rounding += Decimal(0) if written is None else rounding_of(written)
    for kind_of_credit, name, amount in credited:
        (total if kind_of_credit == "discount" else sums[*when, name, kind_of_credit, seller]).cost += amount


def _billed(row: Mapping[str, Any], layout: BillLayout, charge: Charge, kind: str) -> tuple[str, str, str]:
    """The model, the usage type, and the bill's words for both; charges that are no usage go by the words."""
    labels = [str(row[name]) for name in layout.label if row.get(name)]
    told = ((text, usage) for text in labels if (usage := billed_usage(text)) not in (None, OTHER))
    label, usage = next(told, (labels[0] if labels else "", OTHER))
    if charge not in ("usage", "discount"):
        return kind if charge == "tax" or not label else label, charge, label
    if usage == OTHER:
        return label, OTHER if charge == "usage" else charge, label
    named = [label, *(str(row[name]) for name in layout.model if row.get(name))]
    return next((words for text in named if (words := model_words(text))), ""), usage, label


def _days(begin: str, row: Mapping[str, Any], layout: BillLayout) -> tuple[date, int]:
    begin, slash, finish = begin.partition("/") if begin.count("-") > 2 and "/" in begin else (begin, "", "")
    last = _first(row, layout.last)
    if last is not None:
        return day_of(begin), (day_of(last) - day_of(begin)).days + 1
    end = finish if slash else _first(row, layout.end)
    if end is not None and str(end) == begin:
        return day_of(begin), 1
    return day_of(begin), days_between(begin, end)


def _tokens(quantity: object, unit: str) -> Decimal | None:
    if quantity in (None, ""):
        return None
    lot = next((size for pattern, size in _LOTS if pattern.match(unit.strip())), None)
    return None if lot is None else amount_of(quantity) * lot


def _credits(told: object) -> list[Mapping[str, Any]]:
    """Google's credits: a list, also as its JSON text; in tables they are rows of their own."""
    if isinstance(told, str):
        told = json.loads(told, parse_float=Decimal) if told.strip().startswith("[") else []
    return cast("list[Mapping[str, Any]]", told) if isinstance(told, list) else []


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _flat(row: Row, above: str = "") -> dict[str, Any]:
    """A row by the letters and digits of its names; what is nested, by the names above it too."""
    return dict(_entries(row, above))


def _entries(row: Row, above: str) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        plain = above + _plain(str(name))
        inner = _mapping(value)
        if inner is None:
            yield plain, value
        else:
            yield from _entries(inner, plain)


def _mapping(value: object) -> Row | None:
    """What is nested: an object, its JSON text, or the pairs that Parquet keeps a map as."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value, parse_float=Decimal)
        except (json.JSONDecodeError, RecursionError):
            return None
    if isinstance(value, Mapping):
        return cast("Row", value)
    pairs = cast("list[Any]", value) if isinstance(value, list) else []
    if pairs and all(
        isinstance(pair, Mapping) and set(cast("Row", pair)) == {"key", "value"} for pair in pairs
    ):
        return {str(pair["key"]): pair["value"] for pair in pairs}
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _UNIT.sub("", name.lower()))


_SELLERS = {
    "microsoft": "azure",
    "azure": "azure",
    "aws": "aws",
    "amazon": "aws",
    "google": "google",
    "openai": "openai",
    "anthropic": "anthropic",
}


def seller_of(lines: Sequence[InvoiceLine]) -> str:
    """The provider that all lines are billed by, in the catalogue's words; empty where they are several."""
    named = {line.provider.lower() for line in lines}
    if len(named) != 1:
        return ""
    name = named.pop()
    return next((seller for word, seller in _SELLERS.items() if word in name.split()), name)
