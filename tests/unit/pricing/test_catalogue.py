"""Names, dates, tiers, long context, caching terms and local overrides."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.errors import PriceOverridesError
from netra.pricing.models import MAX_FEMTO, CallUsage, ServiceTier
from netra.pricing.money import usd_string
from netra.pricing.shipped_data import load_shipped_data, utc_midnight

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> PriceCatalogue:
    return PriceCatalogue()


@pytest.mark.parametrize(
    ("model", "provider", "biller", "canonical"),
    [
        ("claude-sonnet-4-5-20250929", None, "anthropic", "claude-sonnet-4-5"),
        ("Claude-Sonnet-4.5", None, "anthropic", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5", None, "anthropic", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5", "openrouter", "openrouter", "claude-sonnet-4-5"),
        ("openrouter/anthropic/claude-sonnet-4.5", None, "openrouter", "claude-sonnet-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock", "aws", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "vertex_ai", "google", "claude-sonnet-4-5"),
        ("gpt-4o-2024-08-06", None, "openai", "gpt-4o"),
        ("gpt-4o-mini", "azure.ai.openai", "azure", "gpt-4o-mini"),
        ("gemini/gemini-2.5-pro", None, "google", "gemini-2.5-pro"),
        ("models/gemini-2.5-flash", None, "google", "gemini-2.5-flash"),
        ("house-model-7b", None, None, "house-model-7b"),
    ],
)
def test_names_resolve(
    catalogue: PriceCatalogue, model: str, provider: str | None, biller: str | None, canonical: str
) -> None:
    found = catalogue.canonical(model, provider)
    assert (found.provider, found.model) == (biller, canonical)


def test_unknown_price_is_none_and_never_zero(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(1_000, 10)
    for model, provider in [("house-model-7b", None), ("gpt-4o", "some-gateway"), ("claude-zzz", None)]:
        cost = catalogue.cost(usage, model=model, provider=provider)
        assert cost.cost_usd is None
        assert cost.parts == ()


def test_a_tier_nobody_sells_is_unpriced(catalogue: PriceCatalogue) -> None:
    assert catalogue.resolve("claude-sonnet-4-5", tier="flex", at=NOW) is None


def test_long_context_steps_reprice_the_whole_call(catalogue: PriceCatalogue) -> None:
    below = catalogue.cost(CallUsage(200_000), model="gemini-2.5-pro", at=NOW).cost_usd
    above = catalogue.cost(CallUsage(200_001), model="gemini-2.5-pro", at=NOW).cost_usd
    assert below == Decimal("0.25")
    assert above == Decimal("0.5000025")


def test_a_price_change_by_date(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(300_000)
    before = datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)
    after = datetime(2026, 3, 13, tzinfo=UTC)
    assert catalogue.cost(usage, model="claude-sonnet-4-6", at=before).cost_usd == Decimal("1.8")
    assert catalogue.cost(usage, model="claude-sonnet-4-6", at=after).cost_usd == Decimal("0.9")


def test_batch_before_the_catalogue_recorded_it(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(1_000_000, 0)
    sold = datetime(2025, 6, 1, tzinfo=UTC)
    assert catalogue.cost(usage, model="gpt-4o", tier="batch", at=sold).cost_usd == Decimal("1.25")
    assert (
        catalogue.cost(usage, model="gpt-4o", tier="batch", at=datetime(2024, 1, 1, tzinfo=UTC)).cost_usd
        is None
    )
    assert catalogue.cost(usage, model="claude-opus-4-1", tier="batch", at=sold).cost_usd == Decimal("7.5")


@pytest.mark.parametrize(
    ("model", "tier", "day", "corrected"),
    [
        # Half of a corrected standard price, cached input as corrected, and Flex, sold at the price of Batch.
        ("claude-sonnet-4-20250514", "batch", "2025-12-01", True),
        ("gemini-2.5-pro", "batch", "2025-09-01", True),
        ("gemini-2.5-pro", "batch", "2025-11-01", False),
        ("gemini-2.5-pro", "standard", "2025-09-01", True),
        ("gemini-2.5-pro", "flex", "2026-05-01", False),
        ("claude-opus-4-1", "batch", "2025-12-01", False),
    ],
)
def test_a_price_made_of_a_corrected_one_says_so(
    catalogue: PriceCatalogue, model: str, tier: ServiceTier, day: str, corrected: bool
) -> None:
    price = catalogue.resolve(model, None, datetime.fromisoformat(f"{day}T00:00:00Z"), tier)
    assert price is not None
    assert price.source.endswith(", corrected") == corrected


@pytest.mark.parametrize(
    ("model", "bound"),
    [("gpt-audio", True), ("gpt-realtime", True), ("gpt-4o", False), ("gemini-2.5-flash", False)],
)
def test_a_model_that_answers_in_audio_has_a_lower_bound_for_a_price(
    catalogue: PriceCatalogue, model: str, bound: bool
) -> None:
    source = catalogue.cost(CallUsage(1, 1), model=model, at=NOW).price_source
    assert source is not None
    assert source.endswith(", audio as if it were text: a lower bound") == bound


def test_every_date_of_the_shipped_data_is_a_break(catalogue: PriceCatalogue) -> None:
    folder = files("netra.pricing") / "data"
    stated = [
        entry[key]
        for name in ("tiers.toml", "corrections.toml")
        for section in tomllib.loads((folder / name).read_text()).values()
        for entry in section
        for key in ("since", "from", "until")
        if key in entry
    ]
    days = {when if isinstance(when, datetime) else utc_midnight(when) for when in stated}
    assert len(days) > 10
    assert days <= set(catalogue.breaks("gpt-4o").dates)
    shipped = load_shipped_data()
    assert replace(shipped, tiers=()).instants() == {rule.since for rule in shipped.uncached} != set()


def test_prices_by_time_of_day(catalogue: PriceCatalogue) -> None:
    usage = CallUsage(1_000_000)
    day, night = (datetime(2025, 5, 1, hour, tzinfo=UTC) for hour in (12, 20))
    assert catalogue.cost(usage, model="deepseek-chat", at=day).cost_usd == Decimal("0.27")
    assert catalogue.cost(usage, model="deepseek-chat", at=night).cost_usd == Decimal("0.135")


@pytest.mark.parametrize(
    ("model", "at", "input_usd"),
    [
        # One price at all hours before 2026-08-16, 16:00 UTC; then double on 01-04 and 06-10 UTC.
        ("deepseek-v4-pro", "2026-06-03T02:00", "0.435"),
        ("deepseek-v4-pro", "2026-08-16T15:59", "0.435"),
        ("deepseek-v4-pro", "2026-08-16T16:00", "0.66"),
        ("deepseek-v4-pro", "2026-08-22T02:00", "1.32"),  # the last Saturday with peak hours
        ("deepseek-v4-pro", "2026-08-23T02:00", "0.66"),
        ("deepseek-v4-pro", "2026-08-24T02:00", "1.32"),
        ("deepseek-v4-pro", "2026-08-24T04:00", "0.66"),
        ("deepseek-v4-pro", "2026-11-14T09:59", "0.66"),
        ("deepseek-v4-pro", "2027-02-05T09:59", "1.32"),
        ("deepseek-v4-pro", "2026-10-02T09:59", "0.66"),  # National Day
        ("deepseek-v4-flash", "2026-09-09T06:00", "0.44"),
        ("deepseek-v4-flash", "2026-09-10T03:59", "0.44"),
        ("deepseek-v4-flash", "2026-09-10T04:00", "0.15"),
        ("deepseek-v4-flash", "2026-09-05T06:00", "0.22"),
        ("deepseek-v4-flash", "2026-09-11T06:00", "0.3"),
        ("deepseek-flash", "2026-09-12T06:00", "0.15"),
        ("deepseek-flash", "2026-09-25T06:00", "0.15"),
    ],
)
def test_prices_by_day_of_the_week(catalogue: PriceCatalogue, model: str, at: str, input_usd: str) -> None:
    instant = datetime.fromisoformat(f"{at}:00Z")
    assert catalogue.cost(CallUsage(10**6), model=model, at=instant).cost_usd == Decimal(input_usd)


def test_one_hour_writes_cost_more_than_five_minute_writes(catalogue: PriceCatalogue) -> None:
    five = catalogue.cost(CallUsage(10_000, cache_write_tokens=10_000), model="claude-sonnet-4-5", at=NOW)
    hour = catalogue.cost(CallUsage(10_000, cache_write_1h_tokens=10_000), model="claude-sonnet-4-5", at=NOW)
    assert (five.cost_usd, hour.cost_usd) == (Decimal("0.0375"), Decimal("0.06"))


def test_reasoning_is_part_of_the_output_and_billed_once(catalogue: PriceCatalogue) -> None:
    plain = catalogue.cost(CallUsage(0, 1_000), model="gpt-5", at=NOW).cost_usd
    thinking = catalogue.cost(CallUsage(0, 1_000, reasoning_tokens=800), model="gpt-5", at=NOW)
    assert thinking.cost_usd == plain == Decimal("0.01")
    assert [(p.usage, p.tokens) for p in thinking.parts] == [("output", 200), ("reasoning", 800)]


def test_an_absurd_amount_is_unpriced_rather_than_wrapped(catalogue: PriceCatalogue) -> None:
    assert catalogue.cost(CallUsage(MAX_FEMTO), model="gpt-4o").cost_usd is None


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-sonnet-4-5", 1_024),
        ("claude-haiku-4-5", 4_096),
        ("claude-opus-4-5", 4_096),
        ("claude-3-5-haiku-20241022", 2_048),
        ("claude-opus-5", 512),
        ("gpt-4o", 1_024),
        ("gemini-2.5-pro", 2_048),
        ("house-model-7b", None),
    ],
)
def test_minimum_cacheable_prefix(catalogue: PriceCatalogue, model: str, tokens: int | None) -> None:
    assert catalogue.min_cacheable_tokens(model) == tokens


def test_cache_terms_name_the_write_and_the_source(catalogue: PriceCatalogue) -> None:
    terms = catalogue.cache_terms("claude-sonnet-4-5")
    assert terms is not None
    assert [(t.seconds, t.write) for t in terms.ttls] == [(300, "cache_write"), (3_600, "cache_write_1h")]
    longer = terms.covering(600)
    assert longer is not None
    assert longer.seconds == 3_600
    assert terms.covering(7_200) is None
    assert "documentation" in terms.source


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_contract_price_and_discount_by_date(tmp_path: Path) -> None:
    plain = PriceCatalogue()
    local = PriceCatalogue(
        write(
            tmp_path / "contract.toml",
            """
            [[price]]
            provider = "anthropic"
            model = "claude-sonnet-4-5"
            from = 2026-07-01
            until = 2027-01-01
            input = "2.40"
            output = "12"

            [[price]]
            model = "house-model-7b"
            input = "0.10"
            output = "0.20"

            [[discount]]
            provider = "openai"
            percent = "12.5"
            """,
        )
    )
    assert local.version != plain.version
    usage = CallUsage(1_000_000, 1_000_000)
    june = datetime(2026, 6, 30, tzinfo=UTC)
    assert local.cost(CallUsage(1_000), model="claude-sonnet-4-5", at=june).cost_usd == Decimal("0.003")
    cost = local.cost(CallUsage(1_000, 1_000), model="claude-sonnet-4-5", at=NOW)
    assert cost.cost_usd == Decimal("0.0144")
    assert cost.price_source is not None
    assert "contract.toml" in cost.price_source
    batch = local.cost(CallUsage(1_000), model="claude-sonnet-4-5", at=NOW, tier="batch")
    assert batch.cost_usd == Decimal("0.0012")
    assert local.cost(usage, model="house-model-7b").cost_usd == Decimal("0.3")
    assert local.cost(usage, model="gpt-4o", at=NOW).cost_usd == Decimal("10.9375")


def test_a_contract_with_long_context_steps_and_an_exact_beginning(tmp_path: Path) -> None:
    text = """[[price]]
model = "house-model-7b"
from = 2026-07-01T12:00:00Z
input = "1"
output = "2"
long_context = [{ above = 1000, input = "3" }]"""
    local = PriceCatalogue(write(tmp_path / "contract.toml", text))
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert local.cost(CallUsage(1_000), model="house-model-7b", at=noon).cost_usd == Decimal("0.001")
    assert local.cost(CallUsage(1_001), model="house-model-7b", at=noon).cost_usd == Decimal("0.003003")
    assert local.cost(CallUsage(1), model="house-model-7b", at=noon.replace(hour=11)).cost_usd is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[price]]\nmodel='x'\ninput=2.4", "float"),
        ("[[price]]\nmodel='x'", "names no price"),
        ("[[price]]\ninputs='2'", "inputs"),
        ("[[price]]\ninput='-1'", "no price"),
        ("[[price]]\ninput='1'\ntier='gold'", "gold"),
        ("[[price]]\ninput='1'\nfrom='soon'", "soon"),
        ("[[discount]]\npercent='101'", "101"),
        ("[[offers]]\npercent='1'", "offers"),
        ("[[price]]\ninput='cheap'", "no number"),
        ("[[price]]\ninput='1'\nfrom=2026-01-01T00:00:00", "time zone"),
        ("[[price]]\ninput='1'\nlong_context=[{input='2'}]", "above"),
        ("[[price]]\ninput='1'\nlong_context=[{above=9, output='2'}]", "without a base price"),
        ("[[price]]\ninput='1'\nlong_context=[{above=9, inputs='2'}]", "unknown key 'inputs'"),
        ("[[price]]\ninput='1'\nlong_context=[{above=9}]", "names no price"),
        ("not toml", "overrides.toml"),
    ],
)
def test_a_wrong_overrides_file_is_refused_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PriceOverridesError, match=says):
        PriceCatalogue(write(tmp_path / "overrides.toml", text))


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.054399000", "0.054399"), ("192.50", "192.5"), ("0E-15", "0"), ("1E+3", "1000"), ("-0.10", "-0.1")],
)
def test_money_is_written_in_plain_digits(amount: str, text: str) -> None:
    assert usd_string(Decimal(amount)) == text
