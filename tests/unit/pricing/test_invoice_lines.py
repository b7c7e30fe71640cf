"""Lines of invoices worked by hand from the providers' public price pages, on the day of the call."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import CallUsage, ServiceTier


@pytest.fixture(scope="module")
def catalogue() -> PriceCatalogue:
    return PriceCatalogue()


def at(written: str) -> datetime:
    moment = datetime.fromisoformat(written if "T" in written else f"{written}T12:00:00")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Line = tuple[str, str, tuple[int, int, int, int, int], str]
"""(model, when, tokens: input, read from cache, written for 5 min, for 1 h, output; USD)"""

STANDARD: list[Line] = [
    ("gpt-4o", "2025-03-01", (1_000, 0, 0, 0, 500), "0.0075"),
    ("gpt-4o-2024-05-13", "2025-03-01", (1_000, 0, 0, 0, 500), "0.0125"),
    ("gpt-4o", "2025-03-01", (10_000, 8_192, 0, 0, 500), "0.01976"),
    ("gpt-4.1", "2025-06-01", (100_000, 50_000, 0, 0, 1_000), "0.133"),
    ("gpt-4.1-nano", "2025-06-01", (100_000, 50_000, 0, 0, 1_000), "0.00665"),
    ("o1", "2025-03-11", (10_000, 5_000, 0, 0, 3_000), "0.2925"),
    ("o3-mini", "2025-06-11", (10_000, 5_000, 0, 0, 3_000), "0.02145"),
    ("o4-mini", "2025-08-11", (10_000, 5_000, 0, 0, 3_000), "0.020075"),
    # o3 became cheaper on 10 June 2025, cached input included.
    ("o3", "2025-06-09T23:59:59", (10_000, 5_000, 0, 0, 3_000), "0.1825"),
    ("o3", "2025-06-10T00:00:00", (10_000, 5_000, 0, 0, 3_000), "0.0365"),
    ("o3", "2025-06-09T20:00:00-04:00", (10_000, 5_000, 0, 0, 3_000), "0.0365"),
    ("gpt-5-nano", "2025-12-11", (10_000, 5_000, 0, 0, 3_000), "0.001475"),
    # 3,000 uncached + 4,000 read + 2,000 and 1,000 written, at 1, 0.1, 1.25 and 2 times the input price.
    ("claude-opus-4-1-20250805", "2025-09-01", (10_000, 4_000, 2_000, 1_000, 500), "0.156"),
    ("claude-opus-4-5", "2025-12-01", (10_000, 4_000, 2_000, 1_000, 500), "0.052"),
    ("claude-haiku-4-5", "2025-12-01", (10_000, 4_000, 2_000, 1_000, 500), "0.0104"),
    ("claude-3-5-haiku-20241022", "2025-03-01", (10_000, 4_000, 2_000, 1_000, 500), "0.00832"),
    # Above 200,000 tokens in, caches included, every token of the call costs more.
    ("claude-sonnet-4-5", "2025-12-01", (200_000, 100_000, 2_000, 1_000, 500), "0.342"),
    ("claude-sonnet-4-5", "2025-12-01", (200_001, 100_000, 2_000, 1_000, 500), "0.680256"),
    ("claude-sonnet-4-20250514", "2025-09-01", (250_000, 0, 0, 0, 500), "1.51125"),
    ("claude-sonnet-4-20250514", "2025-09-01", (200_000, 0, 0, 0, 500), "0.6075"),
    # Cached input was a quarter of the input price in 2025, later a tenth.
    ("gemini-2.5-pro", "2025-09-01", (200_000, 100_000, 0, 0, 500), "0.161"),
    ("gemini-2.5-pro", "2025-09-01", (200_001, 100_000, 0, 0, 500), "0.3200025"),
    ("gemini-2.5-pro", "2025-12-01", (200_000, 100_000, 0, 0, 500), "0.1425"),
    ("gemini-2.5-pro", "2025-12-01", (200_001, 100_000, 0, 0, 500), "0.2825025"),
    ("gemini-2.5-flash", "2025-09-01", (20_000, 10_000, 0, 0, 500), "0.005"),
    ("gemini-2.5-flash", "2025-12-01", (20_000, 10_000, 0, 0, 500), "0.00455"),
    ("gemini-1.5-pro", "2025-03-01", (128_001, 0, 0, 0, 500), "0.3250025"),
    ("gemini-2.5-flash-lite", "2025-12-01", (20_000, 10_000, 0, 0, 500), "0.0013"),
    # xAI's step begins with the 128,000th token; cached input costs the same above it.
    ("grok-4", "2025-12-01", (127_999, 27_999, 0, 0, 500), "0.32849925"),
    ("grok-4", "2025-12-01", (128_000, 28_000, 0, 0, 500), "0.636"),
    ("grok-4-fast-reasoning", "2025-12-01", (127_999, 0, 0, 0, 500), "0.0258498"),
    ("grok-4-fast-reasoning", "2025-12-01", (128_000, 0, 0, 0, 500), "0.0517"),
    ("ft:gpt-4o-2024-08-06:acme::9x", "2025-12-01", (10_000, 4_000, 0, 0, 500), "0.0375"),
    # Off-peak from 16:30 to 00:30 UTC, until it ended on 5 September 2025 at 16:00 UTC.
    ("deepseek-chat", "2025-03-01T16:29:59", (20_000, 10_000, 0, 0, 500), "0.00395"),
    ("deepseek-chat", "2025-03-01T16:30:00", (20_000, 10_000, 0, 0, 500), "0.001975"),
    ("deepseek-reasoner", "2025-03-02T00:29:59", (20_000, 10_000, 0, 0, 500), "0.001975"),
    ("deepseek-reasoner", "2025-03-02T00:30:00", (20_000, 10_000, 0, 0, 500), "0.007995"),
    ("deepseek-chat", "2025-09-06T20:00:00", (20_000, 10_000, 0, 0, 500), "0.00714"),
    ("deepseek-reasoner", "2025-10-20T20:00:00", (20_000, 10_000, 0, 0, 500), "0.00329"),
    ("mistral-large-latest", "2025-06-01", (20_000, 0, 0, 0, 500), "0.043"),
    ("text-embedding-3-small", "2025-06-01", (20_000, 0, 0, 0, 0), "0.0004"),
    ("gpt-3.5-turbo", "2025-06-01", (20_000, 0, 0, 0, 500), "0.01075"),
]
IN_TIERS: list[tuple[ServiceTier, Line]] = [
    ("batch", ("gpt-4o-mini", "2025-03-01", (1_000_000, 0, 0, 0, 200_000), "0.135")),
    ("batch", ("gpt-5", "2025-12-11", (10_000, 5_000, 0, 0, 3_000), "0.0184375")),
    ("batch", ("claude-sonnet-4-5", "2025-12-01", (10_000, 4_000, 2_000, 1_000, 500), "0.0156")),
    ("batch", ("claude-sonnet-4-20250514", "2025-09-01", (250_000, 0, 0, 0, 500), "0.755625")),
    ("batch", ("gemini-2.5-flash", "2025-12-01", (20_000, 0, 0, 0, 500), "0.003625")),
    ("batch", ("mistral-large-latest", "2025-06-01", (20_000, 0, 0, 0, 500), "0.0215")),
    ("batch", ("text-embedding-3-small", "2025-06-01", (20_000, 0, 0, 0, 0), "0.0002")),
    # No discount for cached input in a batch where the page's batch table has none.
    ("batch", ("gpt-4.1", "2025-06-01", (100_000, 50_000, 0, 0, 1_000), "0.104")),
    ("batch", ("o4-mini", "2026-11-01", (10_000, 5_000, 0, 0, 3_000), "0.0121")),
    ("batch", ("gemini-2.5-pro", "2026-11-01", (200_000, 100_000, 0, 0, 500), "0.0775")),
    ("batch", ("gemini-2.5-pro", "2026-11-01", (200_001, 100_000, 0, 0, 500), "0.15375125")),
    ("batch", ("gemini-3.7-flash", "2026-11-01", (20_000, 10_000, 0, 0, 500), "0.0050625")),
    ("flex", ("gemini-2.5-pro", "2026-11-01", (200_000, 100_000, 0, 0, 500), "0.0775")),
    ("flex", ("gemini-2.5-pro", "2026-04-01T00:00:00", (20_000, 10_000, 0, 0, 500), "0.01")),
    ("priority", ("gemini-2.5-pro", "2026-11-01", (200_000, 100_000, 0, 0, 500), "0.2565")),
    ("flex", ("gpt-5.4", "2026-11-01", (272_000, 0, 0, 0, 1_000), "0.3475")),
    ("flex", ("gpt-5.4", "2026-11-01", (272_001, 0, 0, 0, 1_000), "0.6912525")),
    ("flex", ("o4-mini", "2025-08-11", (10_000, 0, 0, 0, 3_000), "0.0121")),
    ("priority", ("gpt-5", "2025-12-11", (10_000, 5_000, 0, 0, 3_000), "0.07375")),
    ("priority", ("gpt-5-mini", "2025-12-11", (10_000, 5_000, 0, 0, 3_000), "0.013275")),
]
SOLD_BY: list[tuple[str, str, tuple[int, int, int, int, int], str]] = [
    # One endpoint of the world costs a tenth less than one of a region; both double above 200,000 tokens.
    ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", (200_000, 0, 0, 0, 500), "0.6075"),
    ("aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", (200_000, 0, 0, 0, 500), "0.66825"),
    ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", (200_001, 100_000, 1, 0, 500), "0.6712575"),
    ("aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", (200_001, 100_000, 0, 1, 500), "0.7383882"),
    ("aws", "us.anthropic.claude-sonnet-4-20250514-v1:0", (250_000, 0, 0, 0, 500), "1.51125"),
    ("google", "claude-sonnet-4@20250514", (250_000, 0, 0, 0, 500), "1.51125"),
]
CONTRACT = """
[[price]]
model = "gpt-4.1"
from = 2026-03-15T00:00:00-08:00
until = 2026-04-01
input = "1.50"
cache_read = "0.30"

[[discount]]
provider = "openai"
percent = "12.5"
from = 2026-03-20
"""


@pytest.mark.parametrize(("tier", "line"), [*(("standard", line) for line in STANDARD), *IN_TIERS])
def test_a_line_costs_what_the_price_page_says(
    catalogue: PriceCatalogue, tier: ServiceTier, line: Line
) -> None:
    model, when, (tokens, read, written, written_1h, output), usd = line
    usage = CallUsage(tokens, output, read, written, written_1h)
    told = catalogue.cost(usage, model=model, at=at(when), tier=tier)
    assert told.cost_usd == Decimal(usd), told


@pytest.mark.parametrize(("provider", "model", "tokens", "usd"), SOLD_BY)
def test_a_line_of_another_seller(
    catalogue: PriceCatalogue, provider: str, model: str, tokens: tuple[int, int, int, int, int], usd: str
) -> None:
    read, written, written_1h, output = tokens[1:]
    usage = CallUsage(tokens[0], output, read, written, written_1h)
    told = catalogue.cost(usage, model=model, provider=provider, at=at("2025-12-01"))
    assert told.cost_usd == Decimal(usd), told


def test_a_contract_without_the_lists_steps_has_none_in_a_batch_either(tmp_path: Path) -> None:
    file = tmp_path / "contract.toml"
    file.write_text('[[price]]\nmodel = "claude-sonnet-4-5"\ninput = "2.40"')
    catalogue = PriceCatalogue(file)
    # 250,000 at 2.40, 1,000 out at the list's 22.50 above 200,000; in a batch half of both.
    tiers: dict[ServiceTier, str] = {"standard": "0.6225", "batch": "0.31125"}
    for tier, usd in tiers.items():
        told = catalogue.cost(
            CallUsage(250_000, 1_000), model="claude-sonnet-4-5", at=at("2025-12-01"), tier=tier
        )
        assert told.cost_usd == Decimal(usd), told


def test_a_tier_is_unpriced_before_it_is_sold(catalogue: PriceCatalogue) -> None:
    eve = at("2026-03-31T23:59:59")
    tiers: list[ServiceTier] = ["flex", "priority"]
    assert [catalogue.resolve("gemini-2.5-pro", at=eve, tier=tier) for tier in tiers] == [None, None]


@pytest.mark.parametrize(
    ("when", "tier", "usd"),
    [
        # 50,000 at 2, 50,000 at 0.50, 1,000 at 8.
        ("2026-03-15T07:59:59", "standard", "0.133"),
        # The contract begins at midnight in California: 1.50 and 0.30, output by the list.
        ("2026-03-15T08:00:00", "standard", "0.098"),
        # 12.5 % off everything from the 20th.
        ("2026-03-20T00:00:00", "standard", "0.08575"),
        # A batch is half of the contract's input and of the list's output, with no discount for cached input.
        ("2026-03-20T00:00:00", "batch", "0.069125"),
        ("2026-04-01T00:00:00", "standard", "0.116375"),
    ],
)
def test_contract_prices_that_begin_within_a_month(
    tmp_path: Path, when: str, tier: ServiceTier, usd: str
) -> None:
    file = tmp_path / "contract.toml"
    file.write_text(CONTRACT)
    usage = CallUsage(100_000, 1_000, 50_000)
    told = PriceCatalogue(file).cost(usage, model="gpt-4.1", at=at(when), tier=tier)
    assert told.cost_usd == Decimal(usd), told
