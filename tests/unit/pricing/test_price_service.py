"""The answers of the price service."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.schemas import CostRequest
from netra.pricing.service import PriceService

PRICES = PriceService(PriceCatalogue())
AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_cost_names_its_parts_and_source() -> None:
    answer = PRICES.cost(
        CostRequest(
            model="claude-3-7-sonnet-20250219",
            input_tokens=12_307,
            cache_write_tokens=12_304,
            output_tokens=550,
        )
    )
    assert answer.cost_usd == "0.054399"
    assert answer.unpriced is False
    assert [part.cost_usd for part in answer.parts] == ["0.000009", "0.04614", "0.00825"]
    assert answer.price_source is not None
    assert "genai-prices" in answer.price_source


def test_unknown_model_is_unpriced() -> None:
    answer = PRICES.cost(CostRequest(model="house-model", input_tokens=5))
    assert (answer.cost_usd, answer.unpriced) == (None, True)
    shown = PRICES.show("house-model")
    assert shown.unpriced
    assert shown.tiers == {}


def test_show_lists_tiers_bands_and_cache_terms() -> None:
    shown = PRICES.show("claude-sonnet-4-5", at=AT)
    assert [band.above_input_tokens for band in shown.tiers["standard"]] == [0, 200_000]
    assert shown.tiers["standard"][0].usd_per_mtok["cache_write_1h"] == "6"
    assert shown.tiers["batch"][0].usd_per_mtok["input"] == "1.5"
    assert "flex" not in shown.tiers
    assert shown.cache is not None
    assert shown.cache.min_tokens == 1_024


def test_a_naive_instant_is_utc() -> None:
    assert PRICES.show("gpt-4o", at=datetime(2026, 1, 1)).at == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001


def test_parts_larger_than_the_whole_are_refused() -> None:
    with pytest.raises(ValidationError, match="input tokens"):
        CostRequest(model="gpt-4o", input_tokens=1, cache_read_tokens=2)
    with pytest.raises(ValidationError, match="reasoning"):
        CostRequest(model="gpt-4o", output_tokens=1, reasoning_tokens=2)
