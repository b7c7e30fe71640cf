"""What is planted in each profile is found, to the amount the generator computed by itself."""

import pytest

from netra.generator.profiles import COMPANIES
from testkit.planted import planted_and_found


@pytest.mark.parametrize("name", COMPANIES)
def test_each_planted_saving_is_found_exactly(name: str) -> None:
    for planted in planted_and_found(name, seed=7, calls=6_000):
        planted.check()
