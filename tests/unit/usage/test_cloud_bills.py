"""Bills of clouds and FOCUS files, made by hand after the columns the clouds publish."""

import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation import documents
from netra.usage.reconciliation.bill_words import BilledModels
from netra.usage.reconciliation.lines import span_of
from netra.usage.reconciliation.reading import Report, read_invoice

Told = tuple[str, str, int | None, str]

AZURE = """InvoiceSectionName,SubscriptionName,ResourceGroup,Date,ProductName,MeterCategory,MeterSubCategory,\
MeterId,MeterName,UnitOfMeasure,Quantity,EffectivePrice,CostInBillingCurrency,BillingCurrencyCode,ChargeType
AI,prod,rg,03/02/2026,Azure OpenAI - gpt 4o 1120 Inp glbl - US East,Foundry Models,Azure OpenAI,m1,\
gpt 4o 1120 Inp glbl Tokens,1K,1234.5,0.0025,3.08625,USD,Usage
AI,prod,rg,03/02/2026,Azure OpenAI - gpt 4o 1120 Inp glbl - US West,Foundry Models,Azure OpenAI,m1,\
gpt 4o 1120 Inp glbl Tokens,1K,100,0.0025,0.25,USD,Usage
AI,prod,rg,03/02/2026,Azure OpenAI,Foundry Models,Azure OpenAI,m2,\
gpt 4o 1120 cached Inp glbl Tokens,1K,10,0.00125,0.0125,USD,Usage
AI,prod,rg,03/02/2026,Azure OpenAI GPT5,Foundry Models,Azure OpenAI GPT5,m3,\
GPT 5 Mini outpt Glbl 1M Tokens,1M,0.5,2,1,USD,Usage
AI,prod,rg,03/02/2026,Azure OpenAI,Foundry Models,Azure OpenAI,m4,\
Code-Interpreter-global Session,1,3,0.03,0.09,USD,Usage
AI,prod,rg,03/02/2026,Virtual Machines Dv5,Virtual Machines,Dv5,m5,D2 v5,1 Hour,24,0.1,2.4,USD,Usage
"""
AZURE_LINES: list[Told] = [
    ("Code-Interpreter-global Session", "other", None, "0.09"),
    ("gpt-4o", "cache_read", 10_000, "0.0125"),
    ("gpt-4o", "input", 1_334_500, "3.33625"),
    ("gpt-5-mini", "output", 500_000, "1"),
]

AWS_CUR = """identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/ProductCode,\
lineItem/UsageType,lineItem/UsageAmount,lineItem/CurrencyCode,lineItem/UnblendedCost,product/ProductName,pricing/unit
a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,AmazonBedrock,USE1-NovaLite-input-tokens,12.5,USD,0.00075,\
Amazon Bedrock,1K tokens
b,2026-03-02T05:00:00Z,2026-03-02T06:00:00Z,AmazonBedrock,USE1-NovaLite-input-tokens-batch,1,USD,0.00003,\
Amazon Bedrock,1K tokens
c,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,AmazonBedrock,USE1-Claude4.5Sonnet-cache-read-input-token-count,\
40,USD,0.012,Amazon Bedrock,1K tokens
d,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,4pqu4ghepj27c,USE1-MP:USE1_OutputTokenCount-Units,2,USD,30,\
Claude Sonnet 4.5 (Amazon Bedrock Edition),Units
e,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,AmazonEC2,DataTransfer-In-Bytes,9,USD,0.5,Amazon EC2,GB
"""
AWS_LINES: list[Told] = [
    ("claude-sonnet-4-5", "cache_read", 40_000, "0.012"),
    ("claude-sonnet-4-5", "output", None, "30"),
    ("nova-lite", "input", 13_500, "0.00078"),
]

COST_EXPLORER = """"Usage type","USE1-NovaLite-input-tokens($)","USE1-NovaLite-output-tokens($)",\
"Total costs($)"
"Usage type total","3","4","7"
"2026-03-02","3","4","7"
"""
COST_EXPLORER_JSON = {
    "ResultsByTime": [
        {
            "TimePeriod": {"Start": "2026-03-02", "End": "2026-03-03"},
            "Groups": [
                {
                    "Keys": [
                        "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
                        "USE1-MP:USE1_CacheWriteInputTokenCount-Units",
                    ],
                    "Metrics": {"UnblendedCost": {"Amount": "3.75", "Unit": "USD"}},
                },
                {
                    "Keys": ["EC2 - Other", "BoxUsage:t3.micro"],
                    "Metrics": {"UnblendedCost": {"Amount": "9", "Unit": "USD"}},
                },
            ],
        }
    ]
}

GOOGLE = [
    {
        "service": {"id": "C7E2", "description": "Vertex AI"},
        "sku": {"id": "FDAB", "description": sku},
        "usage_start_time": "2026-03-02 07:00:00 UTC",
        "usage_end_time": "2026-03-02 08:00:00 UTC",
        "cost": cost,
        "currency": "USD",
        "usage": {"amount": amount, "unit": "count"},
        "credits": [
            {"name": "Free trial", "type": "PROMOTION", "amount": -0.5},
            {"name": "Spending based discount", "amount": -0.25},
        ]
        if "Thinking" in sku
        else [],
    }
    for sku, amount, cost in (
        ("Gemini 2.5 Flash GA Text Input - Predictions", 1_000, 0.0003),
        ("Gemini 2.5 Flash GA Text Output (Thinking On) - Predictions", 400_000, 1.0),
        (" Gemini 2.5 Flash Lite Input Text Caching", 2_000, 0.00002),
        ("Gemini 2.5 Flash Live Audio Input - Predictions", 10, 0.01),
    )
]
GOOGLE_LINES: list[Told] = [
    ("Free trial", "credit", None, "-0.5"),
    ("Gemini 2.5 Flash Live Audio Input - Predictions", "other", None, "0.01"),
    ("gemini-2.5-flash", "input", 1_000, "0.0003"),
    ("gemini-2.5-flash", "output", 400_000, "0.75"),
    ("gemini-2.5-flash-lite", "cache_read", 2_000, "0.00002"),
]
COST_TABLE = """Invoice number,123
Currency,USD

Billing account name,Service description,SKU description,Credit type,Cost type,Usage start date,\
Usage end date,Usage amount,Usage unit,Unrounded Cost ($),Cost ($)
Acme,Vertex AI,Gemini 2.5 Pro Text Input - Predictions,,Usage,2026-03-02,2026-03-04,"1,000,000",\
count,1.25,1.25
Acme,Compute Engine,N2 Instance Core,,Usage,2026-03-02,2026-03-04,3,hour,7,7.00
"""
FOCUS = """BilledCost,BillingCurrency,ChargeCategory,ChargeDescription,ChargePeriodEnd,ChargePeriodStart,\
ConsumedQuantity,ConsumedUnit,ProviderName,ServiceName,SkuMeter,x_SkuDescription
1.5,USD,Usage,,2026-03-03T00:00:00Z,2026-03-02T00:00:00Z,600,1K Tokens,Microsoft,Azure OpenAI,\
gpt 4.1 Inp glbl Tokens,Azure OpenAI - gpt 4.1 Inp glbl - EU West
2,USD,Usage,,2026-03-03T00:00:00Z,2026-03-02T00:00:00Z,24,Hours,Microsoft,Virtual Machines,D2 v5,
"""
KNOWN = BilledModels(
    [
        *("gpt-4o", "gpt-4.1", "gpt-5-mini", "claude-sonnet-4-5", "nova-lite", "gemini-2.5-flash"),
        *("gemini-2.5-flash-lite", "gemini-2.5-pro", "gpt-4", "claude-opus-4"),
    ]
)


def read(content: Any, wanted: Any = "auto") -> Report:
    return read_invoice(content if isinstance(content, bytes) else content.encode(), wanted)


def told(report: Report) -> list[Told]:
    assert {str(line.day) for line in report.lines} == {"2026-03-02"}
    return sorted(
        (
            line.model if line.is_apart else KNOWN.find(line.model),
            line.usage,
            line.tokens,
            f"{line.cost.normalize():f}" if line.cost is not None else "",
        )
        for line in report.lines
    )


def parquet(text: str) -> bytes:
    sink = io.BytesIO()
    pl.read_csv(text.encode(), infer_schema=False).write_parquet(sink)
    return sink.getvalue()


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode()), parquet])
def test_azure(pack: Any) -> None:
    report = read(pack(AZURE))
    assert (report.format, report.other_rows, report.other_usd) == ("azure-cost", 1, Decimal("2.4"))
    assert told(report) == AZURE_LINES


def test_members_of_a_gzip_file_are_one_bill() -> None:
    half = len(AZURE) // 2
    members = [gzip.compress(part.encode()) for part in (AZURE[:half], AZURE[half:])]
    assert told(read(b"".join(members) + bytes(512))) == AZURE_LINES
    for broken in (members[0] + members[1][:-9], members[0][:-4], members[0] + b"behind"):
        with pytest.raises(UnreadableInvoiceError, match="no whole gzip file"):
            read(broken)


@pytest.mark.parametrize(
    "content",
    [
        *(
            AZURE.encode(),
            parquet(AZURE),
            COST_EXPLORER.encode(),
            "\n".join(map(json.dumps, GOOGLE)).encode(),
        ),
        json.dumps({"properties": {"columns": [{"name": "MeterName"}], "rows": [["m"]] * 4}}).encode(),
        json.dumps(GOOGLE).encode(),
    ],
)
def test_a_bill_of_too_many_rows_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_ROWS", 1)
    with pytest.raises(UnreadableInvoiceError, match="more than 1 rows"):
        read(content)


def test_a_bill_of_mere_repetition_or_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LEAST_BOMB_BYTES", 1 << 16)
    with pytest.raises(UnreadableInvoiceError, match="more than 200 times its size, or 1 GiB, when"):
        read(gzip.compress(AZURE.encode() + bytes(1 << 21)))
    assert told(read(gzip.compress(AZURE.encode()))) == AZURE_LINES
    with monkeypatch.context() as narrow:
        narrow.setattr(documents, "MOST_CELLS", 14)
        for content in (AZURE, parquet(AZURE)):
            with pytest.raises(UnreadableInvoiceError, match="more than 14 cells"):
                read(content)
    monkeypatch.setattr(documents, "MOST_BYTES", 100_000)
    same_in_every_row = parquet("date,model,note,cost_usd\n" + f"2026-03-02,m,{'x' * 1_000},1\n" * 200)
    for content in (gzip.compress(AZURE.encode() * 200), parquet(AZURE * 200), same_in_every_row):
        with pytest.raises(UnreadableInvoiceError, match="when unpacked"):
            read(content)


def test_aws() -> None:
    report = read(AWS_CUR)
    assert (report.format, report.other_rows, report.other_usd) == ("aws-cost", 1, Decimal("0.5"))
    assert told(report) == AWS_LINES
    head, *rows = AWS_CUR.splitlines()
    assert told(read("\n".join([head, *(row + "," for row in rows)]))) == AWS_LINES
    newer = AWS_CUR.replace("lineItem/", "line_item_").replace("product/ProductName", "product_product_name")
    assert told(read(newer.replace("pricing/unit", "pricing_unit"))) == AWS_LINES


@pytest.mark.parametrize("kept", ["pairs", "text"])
def test_the_newer_report_of_aws_keeps_the_product_in_a_map(kept: str) -> None:
    named = {"product_name": "Claude Sonnet 4.5 (Amazon Bedrock Edition)", "region": "us-east-1"}
    pairs = [{"key": key, "value": value} for key, value in named.items()]
    row = {
        "line_item_usage_start_date": datetime(2026, 3, 2, tzinfo=UTC),
        "line_item_usage_type": "USE1-MP:USE1_OutputTokenCount-Units",
        "line_item_unblended_cost": 30.0,
        "line_item_currency_code": "USD",
        "product": pairs if kept == "pairs" else json.dumps(named),
    }
    sink = io.BytesIO()
    pl.DataFrame([row]).write_parquet(sink)
    assert told(read(sink.getvalue())) == [("claude-sonnet-4-5", "output", None, "30")]


def test_cost_explorer() -> None:
    assert told(read(COST_EXPLORER)) == [
        ("nova-lite", "input", None, "3"),
        ("nova-lite", "output", None, "4"),
    ]
    report = read(json.dumps(COST_EXPLORER_JSON))
    assert (report.format, report.other_rows) == ("aws-cost", 1)
    assert told(report) == [("claude-sonnet-4-5", "cache_write", None, "3.75")]


def test_google() -> None:
    report = read("\n".join(map(json.dumps, GOOGLE)))
    assert report.format == "google-cost"
    assert told(report) == GOOGLE_LINES
    table = read(COST_TABLE)
    assert told(table) == [("gemini-2.5-pro", "input", 1_000_000, "1.25")]
    assert (table.lines[0].days, table.other_rows, table.other_usd) == (3, 1, Decimal(7))


def test_focus() -> None:
    report = read(FOCUS)
    assert (report.format, report.other_rows) == ("focus", 1)
    assert told(report) == [("gpt-4.1", "input", 600_000, "1.5")]


def test_a_discount_is_of_the_usage_and_other_charges_stand_apart() -> None:
    head, *rows = AWS_CUR.splitlines()
    month = "2026-03-02T00:00:00Z,2026-04-01T00:00:00Z,AmazonBedrock"
    used = "a,2026-03-02T00:00:00Z,2026-03-02T01:00:00Z,AmazonBedrock,USE1-NovaLite-input-tokens,12.5,USD"
    kinds = [
        f"{row},{kind}" for row, kind in zip(rows, ("Usage", "DiscountedUsage", *["Usage"] * 3), strict=True)
    ]
    added = [
        f"{used},-0.00008,Amazon Bedrock,1K tokens,EdpDiscount",
        f"x,{month},USE1-NovaLite-input-tokens,1,USD,3,Amazon Bedrock,,Tax",
        f"x,{month},USE1-NovaLite-input-tokens,,USD,-2,Amazon Bedrock,,Credit",
    ]
    for ordered in ([*kinds, *added], [*added, *kinds]):
        report = read("\n".join([f"{head},lineItem/LineItemType", *ordered]))
        assert told(report) == sorted(
            [
                *AWS_LINES[:2],
                ("nova-lite", "input", 13_500, "0.0007"),
                ("Tax", "tax", None, "3"),
                ("USE1-NovaLite-input-tokens", "credit", None, "-2"),
            ]
        )
    _, row, _ = FOCUS.splitlines()
    credit = row.replace("1.5,USD,Usage", "-0.5,USD,Credit").replace(",600,1K Tokens,", ",,,")
    apart = ("gpt 4.1 Inp glbl Tokens", "credit", None, "-0.5")
    assert told(read(FOCUS + credit)) == [apart, ("gpt-4.1", "input", 600_000, "1.5")]
    assert told(read(FOCUS.replace(row, credit))) == [apart]


def test_every_kind_of_charge_on_azure_is_told_apart() -> None:
    """Amounts beside usage: none is summed into it, and none makes the bill one of other days."""
    head, row = AZURE.splitlines()[:2]
    kinds = {
        "Refund": "refund",
        "Purchase": "purchase",
        "UnusedReservation": "purchase",
        "Tax": "tax",
        "RoundingAdjustment": "adjustment",
        "": "input",
        "usage": "input",
    }
    for kind, charge in kinds.items():
        other = row.replace("3.08625,USD,Usage", f"-1,USD,{kind}").replace("03/02", "02/27")
        report = read("\n".join([head, row, other]))
        of_usage = [line for line in report.lines if not line.is_apart]
        if charge == "input":
            assert [str(line.cost) for line in of_usage] == ["3.08625", "-1"]
            continue
        assert [(line.usage, line.tokens, line.cost) for line in report.lines if line.is_apart] == [
            (charge, None, Decimal(-1))
        ]
        assert [(line.tokens, line.cost) for line in of_usage] == [(1_234_500, Decimal("3.08625"))]
        assert {str(day) for day in span_of(report.lines)} == {"2026-03-02"}


def test_charges_of_other_bills_are_told_apart() -> None:
    _, row, _ = FOCUS.splitlines()
    head = FOCUS.splitlines()[0]
    corrected = [f"{head},ChargeClass", f"{row},", row.replace("1.5,USD", "-0.7,USD") + ",Correction"]
    assert [(line.usage, str(line.cost)) for line in read("\n".join(corrected)).lines] == [
        ("input", "1.5"),
        ("adjustment", "-0.7"),
    ]
    credited = COST_TABLE.replace(
        "Acme,Compute",
        "Acme,Vertex AI,Gemini 2.5 Pro Text Input - Predictions,Free trial,Usage,2026-03-02,2026-03-04,,,"
        "-0.25,-0.25\nAcme,Compute",
    )
    assert [(line.usage, str(line.cost)) for line in read(credited).lines] == [
        ("input", "1.25"),
        ("credit", "-0.25"),
    ]
    grouped = json.loads(json.dumps(COST_EXPLORER_JSON))
    grouped["GroupDefinitions"] = [{"Key": "RECORD_TYPE"}, {"Key": "USAGE_TYPE"}]
    tokens = "USE1-MP:USE1_CacheWriteInputTokenCount-Units Claude Sonnet 4.5"
    grouped["ResultsByTime"][0]["Groups"] = [
        {"Keys": [kind, tokens], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
        for kind, amount in (("Usage", "3.75"), ("Refund", "-1"), ("Enterprise Program Discount", "-0.5"))
    ]
    assert [(line.usage, str(line.cost)) for line in read(json.dumps(grouped)).lines] == [
        ("cache_write", "3.25"),
        ("refund", "-1"),
    ]
    generic = "date,model,usage_type,cost_usd\n2026-03-02,gpt-4o,input,2\n2026-02-01,,VAT tax,1\n"
    assert [(line.model, line.usage) for line in read(generic).lines] == [
        ("gpt-4o", "input"),
        ("VAT tax", "tax"),
    ]


@pytest.mark.parametrize(
    ("content", "wanted", "says"),
    [
        ("when,what,how much\n1,2,3\n", "auto", "columns are when, what, how much"),
        ("date,what\n2026-03-02,3\n", "auto", "tokens or an amount"),
        (FOCUS, "aws-cost", "This is no aws-cost. Its columns are BilledCost"),
        (AZURE.replace(",USD,", ",EUR,"), "auto", "Row 1 is no row of azure-cost: amounts in EUR"),
        (COST_TABLE.replace("($)", "(€)"), "auto", "amounts in €"),
        ("\n".join(AZURE.splitlines()[:1] + AZURE.splitlines()[-1:]), "auto", "None of the 1 rows"),
        (AZURE.replace("03/02/2026", "2nd March"), "auto", "Row 1"),
        (COST_TABLE.replace(",1.25,1.25", ',"1,25","1,25"'), "auto", "'1,25' is no number"),
        (COST_TABLE.replace("Acme", "A" * 131_073, 1), "auto", "a cell of more than 131,072 characters"),
        (COST_TABLE.replace("\n", "\r"), "auto", "a line that ends in CR alone"),
        (b"\x1f\x8b\x08broken", "auto", "gzip"),
        (b"PAR1broken", "auto", "Parquet"),
    ],
)
def test_what_cannot_be_read_is_named(content: Any, wanted: str, says: str) -> None:
    with pytest.raises(UnreadableInvoiceError) as refused:
        read(content, wanted)
    assert says in str(refused.value)
