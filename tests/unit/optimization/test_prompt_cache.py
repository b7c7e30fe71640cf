"""prompt-cache: hand-worked calls, verdicts, parameters."""

from decimal import Decimal

import pytest

from netra.optimization.errors import InvalidLeverParamError
from testkit.optimization_bench import calls, only, run_levers

CLAUDE = "claude-sonnet-4-5"


def traffic(gap: float, n: int = 60, **common: object):
    """The same 2,048-token prefix every `gap` seconds, 52 more tokens, 100 out."""
    rows = [{"at": gap * number} for number in range(n)]
    prefix = {"prefix_hashes": [1, 2, 3, 4], "prefix_block_tokens": 512, "input_tokens": 2_100}
    return calls(rows, **{"model": CLAUDE, **prefix, **common})


def test_two_calls_by_hand() -> None:
    analysis = run_levers(traffic(60, n=2), "prompt-cache", model=CLAUDE, ttl="5m")
    # Under 50 calls there is no interval, so no figures either; the joint replay has none to apply.
    finding = only(analysis)
    assert finding.verdict == "insufficient_data"
    assert finding.savings_usd is None
    assert "50" in finding.missing[0].what


def test_sixty_calls_by_hand() -> None:
    finding = only(run_levers(traffic(60), "prompt-cache", model=CLAUDE, ttl="5m"))
    plain = 60 * (Decimal(2_100) * 3 + 100 * 15) / 1_000_000
    cached = (
        Decimal(2_048) * Decimal("3.75") + 59 * Decimal(2_048) * Decimal("0.3") + 60 * (52 * 3 + 100 * 15)
    ) / 1_000_000
    assert Decimal(finding.baseline_usd) == plain
    assert Decimal(finding.counterfactual_usd) == cached
    assert Decimal(finding.savings_usd) == plain - cached
    assert finding.verdict == "recommend"
    assert finding.rows == 60


def test_writes_that_are_never_read_lose_money_and_are_refused() -> None:
    finding = only(run_levers(traffic(301), "prompt-cache", model=CLAUDE, ttl="5m"))
    assert finding.verdict == "refuse"
    assert Decimal(finding.savings_usd) == -60 * Decimal(2_048) * Decimal("0.75") / 1_000_000
    assert Decimal(finding.interval_95[1]) < 0


def test_an_hour_of_retention_where_five_minutes_lose() -> None:
    short, long = run_levers(traffic(301), "prompt-cache").findings
    assert (short.params["ttl"], short.verdict) == ("5m", "refuse")
    assert (long.params["ttl"], long.verdict) == ("1h", "recommend")
    assert 'ttl": "1h"' in long.apply.snippet.text


def test_a_retention_whose_writes_have_no_price_is_not_taken_as_free() -> None:
    frame = traffic(301, model="claude-3-5-sonnet", provider="google")
    assert only(run_levers(frame, "prompt-cache")).params["ttl"] == "5m"
    asked = only(run_levers(frame, "prompt-cache", ttl="1h"))
    as_if = only(run_levers(frame, "prompt-cache", model="google/claude-3-5-sonnet", ttl="1h"))
    for finding in (asked, as_if):
        assert (finding.verdict, finding.savings_usd) == ("insufficient_data", None)
        assert "a price for what" in finding.missing[0].what


def test_short_prompts_are_neither_read_nor_written() -> None:
    frame = traffic(1, prefix_hashes=[1], prefix_block_tokens=512, input_tokens=600)
    finding = only(run_levers(frame, "prompt-cache", ttl="5m"))
    assert finding.savings_usd == "0"
    assert finding.verdict == "refuse"


def test_keys_do_not_share_a_cache() -> None:
    rows = [{"at": n, "api_key_id": f"k{n}"} for n in range(60)]
    frame = calls(rows, model=CLAUDE, prefix_hashes=[1, 2, 3, 4], prefix_block_tokens=512, input_tokens=2_100)
    assert only(run_levers(frame, "prompt-cache", ttl="5m")).verdict == "refuse"


def test_recorded_caching_is_the_baseline_in_use_and_ignored_as_if() -> None:
    frame = traffic(60, cache_read_tokens=2_048)
    in_use = only(run_levers(frame, "prompt-cache", ttl="5m"))
    # Everything is read already; the replay only adds the one write.
    assert Decimal(in_use.savings_usd) == -Decimal(2_048) * Decimal("3.45") / 1_000_000
    as_if = only(run_levers(frame, "prompt-cache", model=CLAUDE, ttl="5m"))
    assert as_if.verdict == "recommend"


def test_calls_that_do_not_say_what_was_cached_are_left_out_and_keep_the_cache_warm() -> None:
    # Every call within the retention; each second one is silent about its caching.
    rows: list[dict[str, object]] = [
        {"at": 60 * number, "cache_unreported": number % 2 == 1} for number in range(120)
    ]
    prefix: dict[str, object] = {
        "prefix_hashes": [1, 2, 3, 4],
        "prefix_block_tokens": 512,
        "input_tokens": 2_100,
    }
    finding = only(run_levers(calls(rows, model=CLAUDE, **prefix), "prompt-cache", ttl="5m"))
    saved = (59 * Decimal("2.7") - Decimal("0.75")) * 2_048 / 1_000_000
    assert (finding.rows, Decimal(finding.savings_usd)) == (60, saved)
    assert any(said.startswith("60 further calls do not say") for said in finding.assumptions)
    silent = only(run_levers(traffic(60, cache_unreported=True), "prompt-cache", ttl="5m"))
    assert (silent.verdict, silent.savings_usd) == ("insufficient_data", None)
    assert "read from the cache" in silent.missing[0].what
    as_if = only(run_levers(traffic(60, cache_unreported=True), "prompt-cache", model=CLAUDE, ttl="5m"))
    assert as_if.verdict == "recommend"


def test_a_provider_without_write_premium_never_loses() -> None:
    finding = only(run_levers(traffic(3_600, model="gpt-4o"), "prompt-cache", ttl="10m"))
    assert finding.savings_usd == "0"
    assert any("your assumption" in said for said in finding.assumptions)


def test_no_prefixes_unknown_terms_and_unknown_prices_say_what_is_missing() -> None:
    without = only(run_levers(calls([{}] * 60), "prompt-cache"))
    assert without.verdict == "insufficient_data"
    assert "prefix_hashes" in without.missing[0].what
    unknown = only(run_levers(traffic(60, model="house-7b"), "prompt-cache"))
    assert [m.what.split(" ")[1] for m in unknown.missing] == ["price", "terms"]
    assert unknown.baseline_usd is None


@pytest.mark.parametrize("ttl", ["soon", "-5m", "0s", "2h"])
def test_a_wrong_retention_is_refused(ttl: str) -> None:
    with pytest.raises(InvalidLeverParamError):
        run_levers(traffic(60), "prompt-cache", model=CLAUDE, ttl=ttl)


def test_a_retention_not_on_sale_is_billed_as_the_next_longer_one() -> None:
    ten = only(run_levers(traffic(400), "prompt-cache", model=CLAUDE, ttl="10m"))
    hour = only(run_levers(traffic(400), "prompt-cache", model=CLAUDE, ttl="1h"))
    assert ten.savings_usd == hour.savings_usd
    assert any("billed as for 1h" in said for said in ten.assumptions)
