"""Price x volume x mix: the parts add up to the last digit and mean what they say."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from netra.usage.insights.compare import Segment, decompose

amounts = st.decimals(min_value=0, max_value=1_000, places=9)
segments = st.builds(Segment, st.integers(1, 10**6), st.integers(0, 10**9), amounts)
periods = st.dictionaries(st.tuples(st.sampled_from("abcd")), segments, max_size=4)


def close(first: Decimal, second: str) -> bool:
    return abs(first - Decimal(second)) < Decimal("1e-12")


@given(periods, periods)
def test_the_parts_add_up_exactly(
    before: dict[tuple[str, ...], Segment], after: dict[tuple[str, ...], Segment]
) -> None:
    result = decompose(before, after)
    assert result.volume + result.mix + result.size + result.price == result.change
    for segment in result.segments:
        assert segment.volume + segment.mix + segment.size + segment.price == segment.change
    assert sum((segment.change for segment in result.segments), Decimal(0)) == result.change


def test_more_calls_alone_are_volume() -> None:
    result = decompose({("a",): Segment(10, 100, Decimal(5))}, {("a",): Segment(30, 300, Decimal(15))})
    assert (result.volume, result.mix, result.size, result.price) == (10, 0, 0, 0)


def test_longer_prompts_alone_are_size() -> None:
    result = decompose({("a",): Segment(10, 100, Decimal(5))}, {("a",): Segment(10, 200, Decimal(10))})
    assert (result.volume, result.mix, result.size, result.price) == (0, 0, 5, 0)


def test_dearer_tokens_alone_are_price() -> None:
    result = decompose({("a",): Segment(10, 100, Decimal(5))}, {("a",): Segment(10, 100, Decimal(8))})
    assert (result.volume, result.mix, result.size, result.price) == (0, 0, 0, 3)


def test_a_shift_to_the_dear_model_is_mix() -> None:
    before = {("cheap",): Segment(90, 900, Decimal(9)), ("dear",): Segment(10, 100, Decimal(10))}
    after = {("cheap",): Segment(50, 500, Decimal(5)), ("dear",): Segment(50, 500, Decimal(50))}
    result = decompose(before, after)
    assert close(result.volume, "0")
    assert close(result.mix, "36")
    assert close(result.size, "0")
    assert close(result.price, "0")


def test_what_is_new_is_mix_and_what_has_gone_is_too() -> None:
    result = decompose({("old",): Segment(10, 10, Decimal(4))}, {("new",): Segment(10, 10, Decimal(7))})
    assert close(result.mix, "3")
    nothing = decompose({("a",): Segment(10, 10, Decimal(4))}, {})
    assert nothing.volume == -4
    assert nothing.change == -4
    assert decompose({}, {("a",): Segment(1, 1, Decimal(2))}).mix == 2


def test_what_cost_nothing_and_then_something_is_price() -> None:
    free = {("a",): Segment(10, 100, Decimal(0)), ("b",): Segment(10, 100, Decimal(10))}
    paid = {("a",): Segment(20, 400, Decimal(8)), ("b",): Segment(10, 100, Decimal(10))}
    result = decompose(free, paid)
    # Ten more calls at an average of 0.50 USD, all of a model whose calls cost nothing: volume less mix.
    assert (result.volume, result.mix, result.size, result.price) == (5, -5, 0, 8)
    back = decompose(paid, free)
    assert (back.change, back.size) == (-8, Decimal(-2))
    assert back.volume + back.mix + back.size + back.price == -8


def test_given_out_as_text() -> None:
    result = decompose({("a",): Segment(1, 1, Decimal("0.10"))}, {("a",): Segment(1, 1, Decimal("0.30"))})
    written = result.to_dict()
    assert written["change_usd"] == "0.2"
    assert written["price_usd"] == "0.2"
