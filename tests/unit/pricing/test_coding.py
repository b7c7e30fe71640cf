"""Text columns as numbers: the same groups as comparing the text."""

import numpy as np
import polars as pl
import pytest

from netra.pricing import coding
from netra.pricing.coding import as_labels, coded, combined


def test_null_is_empty_text_and_codes_lead_back_to_the_values() -> None:
    column = pl.Series(["b", None, "a", "b", ""])
    found = coded(column)
    assert [found.value_of(row) for row in range(5)] == ["b", "", "a", "b", ""]
    assert found.code_of("a") == found.codes[2]
    assert found.code_of("c") == -1
    assert coded(as_labels(column)).values == found.values


@pytest.mark.parametrize("radix", [1 << 22, 4])
def test_combinations_are_those_that_occur(monkeypatch: pytest.MonkeyPatch, radix: int) -> None:
    monkeypatch.setattr(coding, "_LARGEST_RADIX", radix)
    rows = [("x", "1"), ("y", "1"), ("x", "2"), ("x", "1"), ("z", "3")]
    columns = [coded(pl.Series([row[side] for row in rows])) for side in (0, 1)]
    numbers, values = combined(columns)
    assert [values[number] for number in numbers] == rows
    assert sorted(values) == sorted(set(rows))
    assert np.array_equal(np.unique(numbers), np.arange(4))


def test_no_rows() -> None:
    empty = coded(pl.Series([], dtype=pl.String))
    numbers, values = combined([empty, empty])
    assert (len(numbers), values) == (0, [])
