"""The golden vectors: exact to the last digit, on any build of the catalogue."""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import CallUsage


@pytest.fixture(scope="module")
def catalogue() -> PriceCatalogue:
    return PriceCatalogue()


def test_cache_write_on_claude(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(12_307, 550, cache_write_tokens=12_304)
    cost = catalogue.cost(usage, model="claude-3-7-sonnet-20250219")
    assert cost.cost_usd == Decimal("0.054399")
    assert [(p.usage, p.tokens) for p in cost.parts] == [
        ("input", 3),
        ("cache_write", 12_304),
        ("output", 550),
    ]
    assert sum(p.cost_usd for p in cost.parts) == cost.cost_usd


def test_cache_read_on_gpt_and_flex_is_half(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(2_000, 500, cache_read_tokens=1_000)
    assert catalogue.cost(usage, model="gpt-5-mini").cost_usd == Decimal("0.001275")
    assert catalogue.cost(usage, model="gpt-5-mini", tier="flex").cost_usd == Decimal("0.0006375")


def test_cache_read_on_gemini(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(20_212, 931, cache_read_tokens=16_298)
    assert catalogue.cost(usage, model="gemini-3-flash-preview").cost_usd == Decimal("0.0055649")


def test_every_aider_message_costs_what_the_file_says(catalogue: PriceCatalogue) -> None:
    folder = os.environ.get("NETRA_REAL_DATA")
    if not folder:
        pytest.skip("NETRA_REAL_DATA is not set: 107 priced messages not compared")
    total, equal, messages = Decimal(0), 0, 0
    for line in (Path(folder) / "aider_sample_analytics.jsonl").read_text().splitlines():
        event = json.loads(line, parse_float=Decimal)
        data = event["properties"]
        if event["event"] != "message_send" or not data.get("cost"):
            continue
        usage = CallUsage(data["prompt_tokens"], data["completion_tokens"])
        at = datetime.fromtimestamp(event["time"], UTC)
        cost = catalogue.cost(usage, model=data["main_model"], at=at).cost_usd
        assert cost is not None
        messages += 1
        # The file carries binary floats; a double holds no more than 1e-12 of these amounts.
        equal += abs(cost - Decimal(data["cost"])) < Decimal("1e-12")
        total += cost
    assert (equal, messages) == (107, 107)
    assert total == Decimal("5.305332")
