"""Reports of providers, as their interfaces and consoles give them, read into invoice lines."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation.reading import read_invoice, usage_of

DAY = date(2026, 3, 2)

OPENAI = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1772409600,
            "end_time": 1772496000,
            "results": [
                {
                    "object": "organization.costs.result",
                    "amount": {"value": 1.25, "currency": "usd"},
                    "line_item": "priority | gpt-4o-2024-08-06, cached input",
                    "project_id": "p",
                },
                {
                    "object": "organization.costs.result",
                    "amount": {"value": 0.5, "currency": "usd"},
                    "line_item": "web search tool calls",
                },
            ],
        }
    ],
}
ANTHROPIC = {
    "data": [
        {
            "starting_at": "2026-03-02T00:00:00Z",
            "ending_at": "2026-03-03T00:00:00Z",
            "results": [
                {
                    "currency": "USD",
                    "amount": "123.78912",
                    "model": "claude-sonnet-4-5",
                    "cost_type": "tokens",
                    "token_type": "cache_creation.ephemeral_1h_input_tokens",
                },
                {"currency": "USD", "amount": "50", "cost_type": "web_search", "description": "Web Search"},
            ],
        }
    ]
}
CSVS = {
    "openai-costs": "start_time,end_time,start_time_iso,amount_value,amount_currency,line_item\n"
    '1772409600,1772496000,2026-03-02T00:00:00,0.00383598,usd,"gpt-4o-mini, input"\n'
    "1772496000,1772582400,2026-03-03T00:00:00,,,\n",
    "openai-usage": "start_time,model,num_model_requests,input_tokens,input_cached_tokens,output_tokens\n"
    "1772409600,gpt-4o,3,1000,400,50\n",
    "anthropic-usage": "usage_date_utc,model_version,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens\n2026-03-02,claude-sonnet-4-5,10,20,30,40,50\n",
    "anthropic-cost": "usage_date_utc,model,token_type,cost_usd,cost_type\n"
    "2026-03-02,claude-sonnet-4-5,input_no_cache,1.50,token\n",
    "generic": "date,model,usage_type,tokens,cost_usd\n2026-03-02,m,output,7,$1.20\n2026-03-02,m,,,3\n",
}


def told(content: Any) -> tuple[str, list[tuple[Any, ...]]]:
    text = content if isinstance(content, str) else json.dumps(content)
    kind, found = read_invoice(text.encode(), "auto")[:2]
    assert {one.day for one in found} == {DAY}
    return kind, [(one.model, one.usage, one.tokens, one.cost) for one in found]


def test_documents_of_the_interfaces() -> None:
    assert told(OPENAI) == (
        "openai-costs",
        [
            ("gpt-4o-2024-08-06", "cache_read", None, Decimal("1.25")),
            ("web search tool calls", "other", None, Decimal("0.5")),
        ],
    )
    assert told(ANTHROPIC) == (
        "anthropic-cost",
        [
            ("claude-sonnet-4-5", "cache_write_1h", None, Decimal("1.2378912")),
            ("Web Search", "other", None, Decimal("0.50")),
        ],
    )


def test_exports_of_the_consoles() -> None:
    assert told(CSVS["openai-costs"])[1] == [("gpt-4o-mini", "input", None, Decimal("0.00383598"))]
    assert told(CSVS["openai-usage"]) == (
        "openai-usage",
        [
            ("gpt-4o", "input", 600, None),
            ("gpt-4o", "cache_read", 400, None),
            ("gpt-4o", "output", 50, None),
        ],
    )
    spoken = CSVS["openai-usage"].replace(",output_tokens", ",output_tokens,input_audio_tokens,")
    spoken = spoken.replace("audio_tokens,\n", "audio_tokens,output_audio_tokens,input_cache_write_tokens\n")
    assert [row[1:3] for row in told(spoken.replace(",50\n", ",50,7,9,100\n"))[1]] == [
        ("input", 507),
        ("cache_read", 400),
        ("cache_write", 100),
        ("output", 59),
    ]
    assert [row[1:3] for row in told(CSVS["anthropic-usage"])[1]] == [
        ("input", 10),
        ("cache_read", 40),
        ("cache_write", 20),
        ("cache_write_1h", 30),
        ("output", 50),
    ]
    assert told(CSVS["anthropic-cost"]) == (
        "anthropic-cost",
        [("claude-sonnet-4-5", "input", None, Decimal("1.50"))],
    )
    assert told(CSVS["generic"])[1] == [("m", "output", 7, Decimal("1.20")), ("m", "all", None, Decimal(3))]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"a,b\n1,2\n",
        b"date,model,cost_usd,currency\n2026-03-02,m,1,eur\n",
        b"date,model,cost_usd\nsoon,m,1\n",
        b'{"data": [{"start_time": 1, "results": [{"num_model_requests": 1, "input_tokens": 5}]}]}',
    ],
)
def test_what_is_no_report_is_refused_with_the_row(content: bytes) -> None:
    with pytest.raises(UnreadableInvoiceError):
        read_invoice(content, "auto")


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ("input", "input"),
        ("uncached_input_tokens", "input"),
        ("cache_read_input_tokens", "cache_read"),
        ("cache_creation.ephemeral_5m_input_tokens", "cache_write"),
        ("input_cache_write_1h", "cache_write_1h"),
        ("output, long context", "output"),
        ("audio input", "other"),
        ("fine-tuning hours", "other"),
    ],
)
def test_words_of_providers(words: str, usage: str) -> None:
    assert usage_of(words) == usage


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        ("Usage", "all"),
        ("regular", "all"),
        ("-", "all"),
        ("Discounted Usage", "all"),
        ("VAT taxes", "tax"),
        ("EdpDiscount", "discount"),
        ("RIFee", "purchase"),
        ("support_fee", "purchase"),
        ("Unused savings plan", "purchase"),
        ("free trial", "credit"),
        ("taxonomy", "other"),
        ("coffee", "other"),
        ("feedback", "other"),
        ("Unused tokens", "other"),
        ("税", "other"),
        ("prompt tokens", "input"),
        ("completion_tokens", "output"),
        ("Total tokens", "all"),
    ],
)
def test_any_tables_words_are_read_whole(words: str, usage: str) -> None:
    # The model of a charge that is about none is its own words.
    (read,) = told(f"date,model,usage_type,cost_usd\n2026-03-02,m,{words},10\n")[1]
    assert read == ("m", usage, None, Decimal(10))
    (apart,) = told(f"date,usage_type,cost_usd\n2026-03-02,{words},10\n")[1]
    assert apart[0] == ("" if usage in ("all", "input", "output") else words)
