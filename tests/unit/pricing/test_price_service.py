"""The answers of the price service."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import ServiceTier
from netra.pricing.overrides import parse_overrides
from netra.pricing.schemas import CostRequest
from netra.pricing.service import PriceService

PRICES = PriceService(PriceCatalogue())
AT = datetime(2026, 11, 1, tzinfo=UTC)
JUST = timedelta(microseconds=1)


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


def test_a_price_says_since_when_it_holds_and_what_changed_it() -> None:
    # Contract days are UTC unless they say otherwise; the second discount begins at 22:00 UTC.
    text = """
        [[price]]
        model = "gpt-4o"
        from = 2026-01-01
        until = 2027-01-01
        input = "2"
        [[discount]]
        provider = "openai"
        from = 2026-06-01T00:00:00+02:00
        percent = "10"
        [[discount]]
        provider = "anthropic"
        percent = "5"
    """
    service = PriceService(PriceCatalogue().with_overrides(parse_overrides(text, "workspace")))
    begins = datetime(2026, 5, 31, 22, tzinfo=UTC)
    ends = datetime(2027, 1, 1, tzinfo=UTC)

    def told(at: datetime, tier: ServiceTier = "standard") -> tuple[object, ...]:
        span = service.show("gpt-4o", at=at).in_force[tier]
        return span.since, span.until, [entry.origin for entry in span.changed_by]

    price, discount = "workspace: price 1", "workspace: discount 1"
    just_before = begins - timedelta(microseconds=1)
    assert told(just_before) == (datetime(2026, 1, 1, tzinfo=UTC), begins, [price])
    assert told(begins) == told(begins, "batch") == (begins, ends, [price, discount])
    assert told(ends) == (ends, None, [discount])
    cost = service.cost(CostRequest(model="gpt-4o", input_tokens=10**6, at=begins))
    assert (cost.cost_usd, cost.in_force) == ("1.8", service.show("gpt-4o", at=begins).in_force["standard"])
    assert cost.in_force is not None
    assert cost.in_force.changed_by[1].percent == "10"
    assert service.cost(CostRequest(model="house-model", input_tokens=5)).in_force is None


def test_a_price_of_the_list_says_since_when_it_is_listed() -> None:
    change = datetime(2025, 6, 10, tzinfo=UTC)  # when OpenAI cut the price of o3 by 80 %
    before, after = (PRICES.show("o3", "openai", at).in_force["standard"] for at in (change - JUST, change))
    assert before.changed_by == []
    assert (before.since, before.until, after.since) == (None, change, change)
    # Off-peak hours: the price holds from one time of day to the next.
    night = PRICES.show("deepseek-chat", "deepseek", datetime(2025, 5, 1, 20, 0, tzinfo=UTC))
    span = night.in_force["standard"]
    assert (str(span.since), str(span.until)) == ("2025-05-01 16:30:00+00:00", "2025-05-02 00:30:00+00:00")
    # Over a weekend without peak hours: from Friday's last one to Monday's first.
    weekend = PRICES.show("deepseek-v4-pro", "deepseek", datetime(2026, 11, 14, 7, tzinfo=UTC))
    span = weekend.in_force["standard"]
    assert (str(span.since), str(span.until)) == ("2026-11-13 10:00:00+00:00", "2026-11-16 01:00:00+00:00")


def test_a_naive_instant_is_utc() -> None:
    assert PRICES.show("gpt-4o", at=datetime(2026, 1, 1)).at == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001


def test_parts_larger_than_the_whole_are_refused() -> None:
    with pytest.raises(ValidationError, match="input tokens"):
        CostRequest(model="gpt-4o", input_tokens=1, cache_read_tokens=2)
    with pytest.raises(ValidationError, match="reasoning"):
        CostRequest(model="gpt-4o", output_tokens=1, reasoning_tokens=2)
