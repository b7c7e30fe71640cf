"""Over fifty seeds of every profile: each planted saving is found, exactly and within its interval; and the
interval of one month says something about the other forty-nine.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

from netra.generator.profiles import COMPANIES
from testkit.planted import Planted, planted_and_found

SEEDS = 50


@pytest.mark.parametrize("name", COMPANIES)
def test_planted_savings_are_found_over_fifty_seeds(name: str) -> None:
    found: defaultdict[str, list[Planted]] = defaultdict(list)
    for seed in range(SEEDS):
        for planted in planted_and_found(name, seed, calls=6_000):
            planted.check()
            found[planted.name].append(planted)
    for what, months in found.items():
        savings = [month.savings for month in months if month.savings is not None]
        if not savings:
            continue
        usual = sum(savings, Decimal(0)) / len(savings)
        holding = sum(month.holds(usual) for month in months)
        # A 95 % interval would be held by fewer than 42 of 50 months once in 1,300 times.
        assert holding >= 42, (what, holding)
