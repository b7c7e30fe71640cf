"""Columns of the FOCUS specification (FinOps Open Cost and Usage Specification) as we fill them.

Version 1.2 of the specification, with the names that version 1.0 of the foundation's validator still asks for
(`Provider`, `Publisher`, `InvoiceIssuer`, `ResourceID`, `ChargeType`) beside the specified ones. What FOCUS
has no column for begins with `x_`, as it says. A row is tokens of one kind of one model on one day (UTC).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson

MONEY = (
    "BilledCost",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "ListCost",
    "ListUnitPrice",
    "ConsumedQuantity",
    "PricingQuantity",
)
"""Columns of decimals; unit prices are USD a token."""

TEXT = (
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ChargeType",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedUnit",
    "InvoiceId",
    "InvoiceIssuer",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingCurrency",
    "PricingUnit",
    "Provider",
    "ProviderName",
    "Publisher",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceID",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_Model",
    "x_ServiceTier",
    "x_UsageType",
)
COLUMNS = tuple(sorted([*MONEY, *TEXT], key=lambda name: (name.startswith("x_"), name)))

_METERS = {
    "input": "Input Tokens",
    "cache_read": "Cached Input Tokens",
    "cache_write": "Cache Write Tokens (5 min)",
    "cache_write_1h": "Cache Write Tokens (1 h)",
    "output": "Output Tokens",
    "reasoning": "Reasoning Tokens",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """Tokens of one kind: what they cost by contract and by list. `listed` None: not in the list."""

    usage: str
    tokens: int
    unit_price: Decimal
    cost: Decimal
    list_unit_price: Decimal | None
    list_cost: Decimal | None


def usage_row(group: Mapping[str, Any], charge: Charge, workspace_id: str, publisher: str) -> dict[str, Any]:
    """A row of usage. A list price nobody publishes is the contract's."""
    tier, model, provider = group["service_tier"], group["model"], group["provider"] or "unknown"
    meter = _METERS[charge.usage]
    sku = f"{provider}/{model}/{charge.usage}"
    row = _row(group, workspace_id, publisher)
    row.update(
        BilledCost=charge.cost,
        ContractedCost=charge.cost,
        ContractedUnitPrice=charge.unit_price,
        EffectiveCost=charge.cost,
        ListCost=charge.cost if charge.list_cost is None else charge.list_cost,
        ListUnitPrice=charge.unit_price if charge.list_unit_price is None else charge.list_unit_price,
        ConsumedQuantity=Decimal(charge.tokens),
        ConsumedUnit="Tokens",
        PricingQuantity=Decimal(charge.tokens),
        PricingUnit="Tokens",
        PricingCategory="Standard",
        ChargeCategory="Usage",
        ChargeType="Usage",
        ChargeFrequency="Usage-Based",
        ChargeDescription=f"{model}: {meter.lower()}, {tier}",
        SkuId=sku,
        SkuMeter=meter,
        SkuPriceId=f"{sku}/{tier}/{charge.unit_price.normalize():f}",
        x_UsageType=charge.usage,
    )
    return row


def adjustment_row(
    group: Mapping[str, Any], amount: Decimal, workspace_id: str, publisher: str
) -> dict[str, Any]:
    """What stored costs differ by from today's prices, so that a file adds up to what is stored."""
    row = _row(group, workspace_id, publisher)
    row.update(
        BilledCost=amount,
        ContractedCost=amount,
        EffectiveCost=amount,
        ListCost=amount,
        ChargeCategory="Adjustment",
        ChargeType="Adjustment",
        ChargeFrequency="One-Time",
        ChargeDescription=f"{group['model']}: stored at other prices than today's",
    )
    return row


def _row(group: Mapping[str, Any], workspace_id: str, publisher: str) -> dict[str, Any]:
    day: date = group["charged"]
    month = day.replace(day=1)
    provider = group["provider"] or "unknown"
    tags = {name: group[name] for name in ("app", "feature", "team") if group[name]}
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row.update(
        BillingAccountId=workspace_id,
        BillingAccountType="Workspace",
        BillingCurrency="USD",
        BillingPeriodStart=_instant(month),
        BillingPeriodEnd=_instant((month + timedelta(days=32)).replace(day=1)),
        ChargePeriodStart=_instant(day),
        ChargePeriodEnd=_instant(day + timedelta(days=1)),
        InvoiceIssuer=provider,
        InvoiceIssuerName=provider,
        PricingCurrency="USD",
        Provider=provider,
        ProviderName=provider,
        Publisher=publisher,
        PublisherName=publisher,
        ResourceID=group["model"],
        ResourceId=group["model"],
        ResourceName=group["model"],
        ResourceType="Language Model",
        ServiceCategory="AI and Machine Learning",
        ServiceSubcategory="Generative AI",
        ServiceName=f"{provider} language models",
        SubAccountId=group["api_key_id"] or None,
        SubAccountType="API key" if group["api_key_id"] else None,
        Tags=orjson.dumps(tags).decode(),
        x_Model=group["model"],
        x_ServiceTier=group["service_tier"],
    )
    return row


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
