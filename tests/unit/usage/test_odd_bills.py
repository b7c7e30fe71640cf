"""Bills of any shape: each is read or refused, never half understood."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation.reading import read_invoice

_VALUES = st.one_of(
    st.none(),
    st.integers(-5, 2 * 10**9),
    st.sampled_from(
        ["", "x", "NaN", "1e999999999", "-Infinity", "9999-12", "2026-03-02", "$1,5", "USD", "[1]", "1K", "{"]
    ),
)
_NAMES = st.sampled_from(
    [
        *(
            "date",
            "model",
            "cost_usd",
            "tokens",
            "until",
            "start_time",
            "amount",
            "currency",
            "results",
            "data",
        ),
        *(
            "BilledCost",
            "ChargePeriodStart",
            "ChargePeriodEnd",
            "SkuMeter",
            "ConsumedUnit",
            "ConsumedQuantity",
        ),
        *("lineItem/UsageType", "lineItem/UnblendedCost", "lineItem/UsageStartDate", "MeterName", "Cost"),
        *("sku", "service", "usage_start_time", "credits", "ResultsByTime", "properties", "ServiceName"),
    ]
)


@given(
    st.recursive(
        _VALUES,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner)),
        max_leaves=12,
    )
)
def test_odd_documents_are_read_or_refused(document: Any) -> None:
    table = "\n".join(",".join(map(str, row)) for row in document) if _is_table(document) else ""
    for content in (json.dumps(document), table):
        try:
            lines = read_invoice(content.encode(), "auto").lines
        except UnreadableInvoiceError:
            continue
        assert all(line.days > 0 and (line.cost is None or line.cost.is_finite()) for line in lines)


def _is_table(document: Any) -> bool:
    return isinstance(document, list) and all(isinstance(row, list | dict) for row in document)
