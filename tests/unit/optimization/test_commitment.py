"""commitment by hand."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.levers.commitment import Commitment
from netra.optimization.params import LeverParams
from netra.optimization.provisioned import capacity_tokens, needed_capacity, with_capacity
from netra.optimization.workload import Workload
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.errors import PriceOverridesError
from netra.pricing.overrides import parse_overrides
from netra.pricing.vectorised import Tokens
from testkit.optimization_bench import calls, only, run_levers
from testkit.properties import examples

DAY = 86_400
# gpt-4o: 2.50 USD in, 10 out per million; an output token counts as 4. A call of 1,000 and 100 takes 1,400.
COST = Decimal("0.0035")


def steady(days: int = 10, every: int = 600, **columns: object) -> list[dict[str, object]]:
    """A call every ten minutes, and one in the last minute of the last day."""
    rows: list[dict[str, object]] = [{"at": at} for at in range(0, days * DAY, every)]
    return [{**row, **columns} for row in [*rows, {"at": days * DAY - 30}]]


def column(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_tokens_taken_and_capacity_needed() -> None:
    none = column(0, 0)
    tokens = Tokens(column(1_000, 500), column(400, 600), none, none, column(100, 10), none)
    assert capacity_tokens(tokens, 4.0, 0.0).tolist() == [1_000, 40]
    assert capacity_tokens(tokens, 4.0, 0.5).tolist() == [1_200, 290]
    assert needed_capacity(column(1, 1, 2, 5, 5), column(10, 20, 7, 1, 1)).tolist() == [10, 30, 7, 1, 2]
    assert needed_capacity(column(), column()).tolist() == []


def test_the_fee_is_spread_over_the_calls_carried_or_nothing_is_bought() -> None:
    needed, cost = column(10, 30, 7), column(100, 100, 50)
    assert with_capacity(needed, cost, 10, 7).tolist() == [4, 100, 3]
    assert with_capacity(needed, cost, 10, 150).tolist() == [100, 100, 50]
    assert with_capacity(needed, cost, 5, 0).tolist() == [100, 100, 50]


def test_units_that_carry_more_than_they_cost_are_recommended_to_the_cent() -> None:
    rows = steady()
    finding = only(
        run_levers(calls(rows), "commitment", unit_usd_per_hour="0.01", unit_tokens_per_minute="1400")
    )
    # 1,440 calls of ten days fit one a minute; the one half a minute before midnight stands alone too.
    assert finding.verdict == "recommend"
    assert finding.params["units"] == "1"
    assert Decimal(finding.baseline_usd) == 1_441 * COST
    assert Decimal(finding.counterfactual_usd) == 240 * Decimal("0.01")
    low, high = (float(end) for end in finding.interval_95)
    assert low < float(finding.savings_usd) < high
    assert "--sku-capacity 1" in finding.apply.snippet.text


def test_spill_over_is_billed_on_demand() -> None:
    rows = [row for row in steady(every=600) for _ in range(3)]
    given_units = {"unit_usd_per_hour": "0.001", "unit_tokens_per_minute": "1400"}
    two = only(run_levers(calls(rows), "commitment", units="2", **given_units))
    assert Decimal(two.counterfactual_usd) == 1_441 * COST + 240 * Decimal("0.002")
    best = only(run_levers(calls(rows), "commitment", **given_units))
    assert best.params["units"] == "3"
    assert Decimal(best.counterfactual_usd) == 240 * Decimal("0.003")
    in_fives = only(run_levers(calls(rows), "commitment", min_units="15", step="5", **given_units))
    assert in_fives.params["units"] == "15"


def test_dearer_than_on_demand_is_refused_with_the_figure() -> None:
    finding = only(
        run_levers(calls(steady()), "commitment", unit_usd_per_hour="1", unit_tokens_per_minute="1400")
    )
    assert finding.verdict == "refuse"
    assert Decimal(finding.savings_usd) == 1_441 * COST - 240


def test_without_a_unit_price_it_says_what_it_would_have_to_be() -> None:
    finding = only(run_levers(calls(steady(every=30)), "commitment"))
    assert finding.verdict == "insufficient_data"
    # Two calls a minute on demand: 120 x 0.0035 an hour.
    assert "2,800 tokens in the median minute (p90 2,800, p99 2,800, most 4,200)" in finding.missing[0].what
    assert "less than $0.4200 an hour" in finding.missing[0].what
    assert "unit_usd_per_hour" in finding.missing[0].how


def test_local_prices_of_capacity_are_asked_for_every_model(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(
        """[[capacity]]
model = "gpt-4o"
usd_per_hour = "0.01"
tokens_per_minute = 1400

[[capacity]]
model = "gpt-4o-mini"
usd_per_hour = "1.00"
tokens_per_minute = 1400
min_units = 2
output_weight = "1"
"""
    )
    frame = calls([*steady(), *steady(model="gpt-4o-mini")])
    lever = Commitment()
    drafts = lever.drafts(
        Workload(frame, PriceCatalogue(prices)), pl.DataFrame(), LeverParams("commitment", {})
    )
    assert [(d.params["model"], d.params["units"]) for d in drafts] == [("gpt-4o", "1"), ("gpt-4o-mini", "2")]
    assert "prices.toml: capacity 1" in " ".join(drafts[0].assumptions)
    assert "an output token counts as 1 input" in " ".join(drafts[1].assumptions)
    assert drafts[0].effect is not None
    assert drafts[0].effect.savings > 0


@pytest.mark.parametrize(
    "wrong",
    [
        "tokens_per_minute = 0",
        "tokens_per_minute = 10\nmin_units = -1",
        "tokens_per_minute = 10\ntokens = 3",
        "",
    ],
)
def test_wrong_prices_of_capacity_name_the_entry(wrong: str) -> None:
    with pytest.raises(PriceOverridesError, match="capacity 1"):
        parse_overrides(f'[[capacity]]\nusd_per_hour = "1"\n{wrong}', "prices.toml")


def test_a_week_is_needed_and_calls_that_can_use_it() -> None:
    units = {"unit_usd_per_hour": "0.01", "unit_tokens_per_minute": "1400"}
    short = only(run_levers(calls(steady(days=6)), "commitment", **units))
    assert short.verdict == "insufficient_data"
    assert "6 where 7 are needed" in short.missing[0].what
    for rows in (steady(model="nobody-knows"), steady(service_tier="batch"), steady(status="error")):
        assert "standard-tier" in only(run_levers(calls(rows), "commitment", **units)).missing[0].what
    other = only(run_levers(calls(steady()), "commitment", model="claude-sonnet-4-5", **units))
    assert "claude-sonnet-4-5" in other.missing[0].what
    with pytest.raises(InvalidLeverParamError):
        run_levers(calls(steady()), "commitment", units="1000000", **units)


def test_beside_other_levers_capacity_is_bought_only_while_it_pays() -> None:
    frame = calls(steady(interactive=False))
    units = {"commitment.unit_usd_per_hour": "0.01", "commitment.unit_tokens_per_minute": "1400"}
    analysis = run_levers(frame, "batch", "commitment", **units)
    assert [f.verdict for f in analysis.findings] == ["recommend", "recommend"]
    # In batch the calls cost half, 2.52, still more than the 2.40 of the unit.
    assert Decimal(analysis.joint.counterfactual_usd) == 240 * Decimal("0.01")
    dearer = run_levers(frame, "batch", "commitment", **{**units, "commitment.unit_usd_per_hour": "0.015"})
    assert Decimal(dearer.joint.counterfactual_usd) == 1_441 * COST / 2


@settings(max_examples=examples(5))
@given(
    st.lists(st.tuples(st.integers(0, 7 * DAY), st.integers(1, 3_000)), min_size=60, max_size=80),
    st.integers(500, 4_000),
    st.sampled_from(["0.0001", "0.001", "0.01"]),
)
def test_no_other_number_of_units_costs_less(load: list[tuple[int, int]], unit: int, price: str) -> None:
    rows = [{"at": at, "input_tokens": tokens, "output_tokens": 0} for at, tokens in load]
    frame = calls([*rows, {"at": 0}, {"at": 7 * DAY}])
    given_units = {"unit_usd_per_hour": price, "unit_tokens_per_minute": str(unit)}
    best = only(run_levers(frame, "commitment", **given_units))
    for number in range(1, 9):
        other = only(run_levers(frame, "commitment", units=str(number), **given_units))
        if best.savings_usd is not None and other.savings_usd is not None:
            assert Decimal(other.savings_usd) <= Decimal(best.savings_usd) + Decimal("1e-12")
        assert best.savings_usd is None or Decimal(best.savings_usd) <= Decimal(best.baseline_usd)
