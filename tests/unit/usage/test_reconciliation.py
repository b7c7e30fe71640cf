"""An invoice against our sums: each difference named by its cause, causes adding up to the last digit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.pricing.catalogue import PriceCatalogue
from netra.usage.errors import UnreadableInvoiceError
from netra.usage.reconciliation.comparing import Difference, OurHour, compare
from netra.usage.reconciliation.explaining import KnownPrices
from netra.usage.reconciliation.lines import InvoiceLine
from netra.usage.reconciliation.reading import read_invoice
from netra.usage.reconciliation.service import calls_of

DAY = date(2026, 3, 2)
NO_ROUNDING = Decimal(0)
INPUT, OUTPUT = ("gpt-4o", "input"), ("gpt-4o", "output")


def line(
    day: int, tokens: int | None, cost: str | None, key: tuple[str, str] = INPUT, rounding: str = "0"
) -> InvoiceLine:
    amount = None if cost is None else Decimal(cost)
    return InvoiceLine(DAY + timedelta(days=day), key[0], key[1], tokens, amount, Decimal(rounding))


def ours(
    day: int, tokens: int, cost: str, key: tuple[str, str] = INPUT, *, hour: int = 12, unpriced: int = 0
) -> OurHour:
    moment = datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day)
    return OurHour(moment, key, tokens, unpriced, Decimal(cost))


def causes(found: list[Difference]) -> dict[str, Fraction]:
    sums: dict[str, Fraction] = {}
    for one in found:
        for cause, amount in one.causes.items():
            sums[cause] = sums.get(cause, Fraction(0)) + amount
    return {cause: amount for cause, amount in sums.items() if amount}


def test_equal_sides_differ_in_nothing() -> None:
    offset, found = compare(
        [line(0, 100, "1"), line(1, 50, "0.5")], [ours(0, 100, "1"), ours(1, 50, "0.5")], {}
    )
    assert (offset, causes(found)) == (0, {})


def test_a_line_that_only_says_usage_is_of_all_the_tokens_of_its_model() -> None:
    table = b"date,model,usage_type,cost_usd\n2026-03-02,gpt-4o,Usage,10\n"
    mine = [ours(0, 4_000_000, "9"), ours(0, 100_000, "1", OUTPUT)]
    assert causes(compare(read_invoice(table, "auto").lines, mine, {})[1]) == {}


def test_calls_we_never_saw_and_another_price() -> None:
    # The invoice has 120 tokens at 0.02: 20 we lack cost 0.40, and our 100 were priced at 0.01.
    _, found = compare([line(0, 120, "2.40")], [ours(0, 100, "1")], {})
    assert causes(found) == {"missing_calls": Fraction(2, 5), "price": 1}


def test_calls_that_were_not_invoiced() -> None:
    _, found = compare([line(0, 80, "0.80")], [ours(0, 100, "1")], {})
    assert causes(found) == {"not_invoiced": Fraction(-1, 5)}


def test_calls_without_a_known_price() -> None:
    # 40 of our 100 tokens have no price; the invoice says what they cost.
    _, found = compare([line(0, 100, "1")], [ours(0, 100, "0.6", unpriced=40)], {})
    assert causes(found) == {"unpriced": Fraction(2, 5)}


def test_half_a_cent_is_rounding() -> None:
    _, found = compare([line(0, 100, "1.00", rounding="0.005")], [ours(0, 100, "1.0041")], {})
    assert causes(found) == {"rounding": Fraction(-41, 10_000)}


def test_a_discount_shows_in_amounts_alone() -> None:
    lines = [line(day, None, str(Decimal(day + 1) * 9), INPUT) for day in range(5)]
    _, found = compare(lines, [ours(day, 100, str((day + 1) * 10)) for day in range(5)], {})
    assert causes(found) == {"price": -15}


def test_a_lost_day_shows_in_amounts_alone() -> None:
    lines = [line(day, None, "10") for day in range(6)]
    held = [ours(day, 100, "10") for day in range(6) if day != 3]
    assert causes(compare(lines, held, {})[1]) == {"missing_calls": 10}


def told_of(
    lines: list[InvoiceLine], held: list[OurHour], known: KnownPrices | None = None
) -> list[tuple[dict[str, Fraction], str, str]]:
    found = compare(lines, held, {}, known)[1]
    return [({**one.causes}, one.basis, one.note) for one in found]


def test_one_amount_alone_is_calls_at_our_price_and_says_what_that_stands_on() -> None:
    # 100 tokens at 0.1; 12 is 120 of them, 12.34 is no whole number of them.
    known = [("the priority price", Fraction(1, 5)), ("the batch price", Fraction(1, 20))]
    assert told_of([line(0, None, "12")], [ours(0, 100, "10")], lambda *_: known) == [
        ({"missing_calls": 2}, "whole_tokens", "20 tokens more than ours at our price")
    ]
    assert told_of([line(0, None, "9.876")], [ours(0, 100, "10")], lambda *_: known) == [
        ({"not_invoiced": Fraction(-124, 1000)}, "our_price", "1 token fewer than ours at our price")
    ]
    assert told_of([line(0, None, "5")], [ours(0, 100, "10")], lambda *_: known) == [
        ({"price": -5}, "known_price", "the batch price")
    ]


def test_a_discount_on_a_single_day_shows_in_several_lines() -> None:
    # 7 % off on both kinds of token; of the third, 10 of its 40 tokens at 1.00 are missing besides.
    cached = ("gpt-4o", "cache_read")
    held = [ours(0, 100, "10"), ours(0, 37, "111", OUTPUT), ours(0, 30, "30", cached)]
    lines = [line(0, None, "9.3"), line(0, None, "103.23", OUTPUT), line(0, None, "37.2", cached)]
    (of_cached, _, _), *others = told_of(lines, held)
    assert of_cached == {"price": Fraction("-2.1"), "missing_calls": Fraction("9.3")}
    assert [one[:2] for one in others] == [
        ({"price": Fraction("-0.7")}, "ratio"),
        ({"price": Fraction("-7.77")}, "ratio"),
    ]


def test_calls_lost_on_a_single_day_are_no_price() -> None:
    # Every tenth call is missing: about the same share of input and output, never exactly.
    held = [ours(0, 90_000, "0.9"), ours(0, 9_100, "0.91", OUTPUT)]
    lines = [line(0, None, "1.00037"), line(0, None, "1.0131", OUTPUT)]
    assert causes(compare(lines, held, {})[1]) == {"missing_calls": Fraction("0.20347")}
    # Ten equal calls of which we have nine: one ratio, but whole tokens.
    held = [ours(0, 9_000, "0.09"), ours(0, 900, "0.09", OUTPUT)]
    lines = [line(0, None, "0.10"), line(0, None, "0.10", OUTPUT)]
    assert {told[1] for told in told_of(lines, held)} == {"whole_tokens"}
    assert causes(compare(lines, held, {})[1]) == {"missing_calls": Fraction("0.02")}
    # One model of an invoice lacks calls; the others are as ours.
    models = [(f"m{number}", "all") for number in range(3)]
    held = [ours(0, 100, "1.1", key) for key in models]
    lines = [line(0, None, cost, key) for cost, key in zip(("1.1", "1.1", "1.5"), models, strict=True)]
    assert told_of(lines, held)[2][:2] == ({"missing_calls": Fraction("0.4")}, "ratio")


def test_a_single_day_in_another_time_zone() -> None:
    held = [
        ours(day, 100 + 7 * day + hour, f"{day + 2}.{hour}", hour=hour)
        for day in (-1, 0, 1)
        for hour in range(24)
    ]
    of_day = [one for one in held if (one.hour - timedelta(hours=8)).date() == DAY]
    invoice = [line(0, None, str(sum(one.cost for one in of_day)))]
    offset, found = compare(invoice, held, {})
    assert offset == -8
    assert set(causes(found)) == {"day_shift"}


def test_a_month_in_one_line_meets_all_its_days() -> None:
    content = (
        "date,until,model,usage_type,tokens,cost_usd\n2026-03,,gpt-4o,input,3200,32\n"
        "2026-04-01,2026-04-03,gpt-4o,input,200,2\n2026-04-05,,gpt-4o,input,100,1\n"
    )
    lines = read_invoice(content.encode(), "auto")[1]
    assert [(str(one.day), one.days) for one in lines] == [
        ("2026-03-01", 31),
        ("2026-04-01", 2),
        ("2026-04-05", 1),
    ]
    days = range(-1, 35)  # 1 March to 5 April, 100 tokens a day
    _, found = compare(lines, [ours(day, 100, "1") for day in days], {})
    assert [(str(one.day), one.days, one.causes) for one in found] == [
        ("2026-03-01", 31, {"missing_calls": 1}),
        ("2026-04-01", 2, {}),
        ("2026-04-03", 1, {"not_invoiced": -1}),
        ("2026-04-04", 1, {"not_invoiced": -1}),
        ("2026-04-05", 1, {}),
    ]
    with pytest.raises(UnreadableInvoiceError, match="ends"):
        read_invoice(b"date,until,model,cost_usd\n2026-03-02,2026-03-02,m,1\n", "auto")


def test_a_provider_that_counts_days_in_another_time_zone() -> None:
    # Ours by hour; the invoice counts days eight hours behind UTC.
    held = [ours(day, 100 + 37 * day, str(100 + 37 * day), hour=hour) for day in range(7) for hour in (3, 20)]
    lines: dict[date, int] = {}
    for one in held:
        day = (one.hour - timedelta(hours=8)).date()
        lines[day] = lines.get(day, 0) + one.tokens
    invoice = [line((day - DAY).days, tokens, str(tokens)) for day, tokens in lines.items() if day >= DAY]
    offset, found = compare(invoice, held, {})
    # Any offset that moves the calls of 03:00 to the day before explains the same days.
    assert -8 <= offset <= -4
    assert set(causes(found)) == {"day_shift"}


def test_a_usage_report_without_amounts_is_valued_at_our_prices() -> None:
    _, found = compare([line(0, 150, None)], [ours(0, 100, "1")], {})
    assert found[0].invoice == Fraction(3, 2)
    assert causes(found) == {"missing_calls": Fraction(1, 2)}
    _, unseen = compare([line(0, 150, None)], [], {(DAY, INPUT): Fraction(1, 50)})
    assert causes(unseen) == {"missing_calls": 3}


def test_a_report_without_models_meets_all_of_ours() -> None:
    _, found = compare([line(0, None, "3", ("", "all"))], [ours(0, 10, "1"), ours(0, 10, "2", OUTPUT)], {})
    assert causes(found) == {}


def test_a_gateways_calls_belong_to_whom_their_model_is_of() -> None:
    catalogue = PriceCatalogue()
    rows = [
        {"model": model, "provider": called}
        for model, called in (
            *(("gpt-4o", "litellm"), ("claude-sonnet-4-5", "litellm"), ("gpt-4o", ""), ("never-listed", "")),
            *(("never-listed", "openai"), ("never-listed", "bedrock"), ("gpt-4o", "azure.ai.openai")),
        )
    ]
    assert calls_of(rows, catalogue, "openai") == [rows[0], rows[2], rows[4]]
    assert calls_of(rows, catalogue, "anthropic") == [rows[1]]
    assert calls_of(rows, catalogue, "aws") == [rows[5]]
    assert calls_of(rows, catalogue, "") == rows


amounts = st.decimals(min_value=0, max_value=10_000, places=6)
keys = st.sampled_from([INPUT, OUTPUT, ("claude", "all"), ("claude", "input")])
lines = st.lists(
    st.builds(
        lambda day, key, tokens, cost, rounding, days: InvoiceLine(
            DAY + timedelta(days=day), *key, tokens, cost, rounding, days=days
        ),
        st.integers(0, 4),
        keys,
        st.one_of(st.none(), st.integers(0, 10**9)),
        st.one_of(st.none(), amounts),
        st.sampled_from([Decimal(0), Decimal("0.005")]),
        st.sampled_from([1, 1, 3]),
    ),
    min_size=1,
    max_size=12,
)
hours = st.lists(
    st.builds(
        lambda day, hour, key, tokens, unpriced, cost: ours(
            day, tokens, str(cost), key, hour=hour, unpriced=min(unpriced, tokens)
        ),
        st.integers(-1, 5),
        st.integers(0, 23),
        keys.filter(lambda key: key[1] != "all"),
        st.integers(1, 10**9),
        st.integers(0, 10**9),
        amounts,
    ),
    max_size=12,
)


@given(lines, hours)
def test_causes_add_up_exactly(invoice: list[InvoiceLine], held: list[OurHour]) -> None:
    _, found = compare(invoice, held, {})
    for one in found:
        assert sum(one.causes.values(), Fraction(0)) == one.invoice - one.ours
    inside = [
        one for one in held if min(i.day for i in invoice) <= one.hour.date() <= max(i.last for i in invoice)
    ]
    assert sum((one.ours for one in found), Fraction(0)) == sum(
        (Fraction(o.cost) for o in inside), Fraction(0)
    )
