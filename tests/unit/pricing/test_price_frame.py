"""Pricing a frame equals pricing each call."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import CallUsage
from netra.pricing.money import decimal_to_femto, femto_from_usd, femto_to_decimal
from netra.pricing.overrides import parse_overrides
from netra.pricing.vectorised import price_frame
from testkit.properties import examples

CONTRACT = """
[[price]]
model = "deepseek-v4-*"
from = 2026-10-13T12:00:00Z  # between two peaks, on a Tuesday
until = 2026-11-01T21:00:00+02:00
cache_read = "0.001"
"""
CATALOGUE = PriceCatalogue().with_overrides(parse_overrides(CONTRACT, "contract"))
MODELS = [
    ("claude-sonnet-4-5", "anthropic"),
    ("claude-sonnet-4-6", None),
    ("gpt-5-mini", "openai"),
    ("gpt-5.4", None),
    ("deepseek-chat", None),
    ("deepseek-v4-flash", None),
    ("deepseek-v4-pro", "deepseek"),
    ("gemini-2.5-pro", "google"),
    ("text-embedding-3-small", None),
    ("anthropic/claude-3-opus", "aws"),
    ("nobody-knows", None),
]
TOKENS = st.one_of(st.none(), st.integers(0, 400_000))
CALL = st.fixed_dictionaries(
    {
        "named": st.sampled_from(MODELS),
        "ts": st.one_of(
            st.datetimes(begin, datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
            for begin in (datetime(2023, 1, 1), datetime(2026, 8, 14), datetime(2026, 10, 10))  # noqa: DTZ001
        ),
        "service_tier": st.sampled_from([None, "standard", "batch", "flex", "priority", "gold"]),
        "input_tokens": st.integers(0, 600_000),
        "output_tokens": TOKENS,
        "cache_read_tokens": TOKENS,
        "cache_write_tokens": TOKENS,
        "cache_write_1h_tokens": TOKENS,
        "reasoning_tokens": TOKENS,
    }
)


def frame_of(calls: list[dict[str, object]]) -> pl.DataFrame:
    rows = [
        {
            "model": call["named"][0],
            "provider": call["named"][1],
            **{k: v for k, v in call.items() if k != "named"},
        }
        for call in calls
    ]
    tokens = [name for name in rows[0] if name.endswith("_tokens")]
    return pl.DataFrame(
        rows,
        schema={
            "model": pl.String,
            "provider": pl.String,
            "ts": pl.Datetime("us", "UTC"),
            "service_tier": pl.String,
            **dict.fromkeys(tokens, pl.Int64),
        },
    )


@settings(max_examples=examples(120))
@given(st.lists(CALL, min_size=1, max_size=12))
def test_frame_equals_scalar(calls: list[dict[str, object]]) -> None:
    priced = price_frame(frame_of(calls), CATALOGUE)
    for call, femto, source in zip(calls, priced["cost_femto"], priced["price_source"], strict=True):
        model, provider = call["named"]
        tier = call["service_tier"] or "standard"
        price = None if tier == "gold" else CATALOGUE.resolve(model, provider, call["ts"], tier)
        usage = CallUsage(**{name: n or 0 for name, n in call.items() if name.endswith("_tokens")})
        cost = (
            None
            if price is None
            else CATALOGUE.cost(usage, model=model, provider=provider, at=call["ts"], tier=tier)
        )
        if cost is None or cost.cost_usd is None:
            assert femto is None
        else:
            assert femto == femto_from_usd(cost.cost_usd)
            assert source == cost.price_source


def test_a_price_from_noon_on_keeps_the_hours_and_days_of_the_list() -> None:
    hours = [datetime(2026, 10, 10, tzinfo=UTC) + timedelta(hours=number) for number in range(24 * 8)]
    call = example() | {"named": ("deepseek-v4-pro", None), "input_tokens": 10**6}
    priced = price_frame(frame_of([call | {"ts": hour} for hour in hours]), CATALOGUE)
    peaks = [hour for hour in hours if hour.weekday() < 5 and hour.hour in (1, 2, 3, 6, 7, 8, 9)]
    dear = femto_from_usd(Decimal("1.32"))
    assert [hour for hour, femto in zip(hours, priced["cost_femto"], strict=True) if femto == dear] == peaks
    assert priced["cost_femto"].n_unique() == 2


def test_optional_columns_may_be_absent() -> None:
    frame = pl.DataFrame(
        {
            "ts": [datetime(2026, 1, 1, tzinfo=UTC)],
            "model": ["gpt-4o"],
            "input_tokens": [1_000],
            "output_tokens": [0],
        }
    )
    assert price_frame(frame, CATALOGUE)["cost_femto"].to_list() == [2_500_000_000_000]


def test_an_empty_frame_is_priced() -> None:
    assert price_frame(frame_of([example()]).clear(), CATALOGUE).height == 0


def test_amounts_beyond_int64_are_unpriced() -> None:
    frame = frame_of([example() | {"input_tokens": 10**15}])
    assert price_frame(frame, CATALOGUE)["cost_femto"].to_list() == [None]


def test_decimal_round_trip_is_exact() -> None:
    femto = pl.Series("x", [0, 1, -1, None, 2**62, -(2**62), 54_399_000_000_000])
    decimals = femto_to_decimal(femto)
    assert decimals.dtype == pl.Decimal(38, 15)
    assert str(decimals[6]) == "0.054399000000000"
    assert decimal_to_femto(decimals).to_list() == femto.to_list()
    assert decimal_to_femto(decimals.slice(4, 2)).to_list() == femto.to_list()[4:6]


def example() -> dict[str, object]:
    return {
        "named": ("gpt-4o", None),
        "ts": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1),
        "service_tier": None,
        "input_tokens": 10,
        "output_tokens": None,
        "cache_read_tokens": None,
        "cache_write_tokens": None,
        "cache_write_1h_tokens": None,
        "reasoning_tokens": None,
    }
