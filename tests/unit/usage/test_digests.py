"""Digests are kept in the store: they may never change, and different values must not meet."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from netra.usage.digests import hex_ids, mix, row_digests, seed_of, text_digests
from netra.usage.identity import derived_ids, id_hashes
from netra.usage.schema import CALL_COLUMNS

SEED = seed_of("test")


def test_digests_are_those_of_earlier_versions() -> None:
    assert id_hashes(pl.Series(["", "a", "call-0000001", "ü" * 9])).tolist() == GOLDEN_IDS
    frame = pl.DataFrame(
        {
            "call_id": ["a"],
            "ts": pl.Series([1_750_000_000_000_000]).cast(pl.Datetime("us", "UTC")),
            "model": ["m"],
            "input_tokens": [7],
            "temperature": [0.5],
            "streaming": [True],
            "reported_cost_usd": pl.Series(["1.25"]).cast(pl.Decimal(38, 15)),
            "prefix_hashes": pl.Series([[1, 2]], dtype=pl.List(pl.UInt64)),
            "tags": ['{"a":1}'],
        }
    )
    assert row_digests(frame, CALL_COLUMNS, "calls").tolist() == GOLDEN_ROW


GOLDEN_IDS = [
    8_247_232_028_263_880_244,
    13_840_112_246_429_185_011,
    13_743_918_470_352_452_016,
    9_412_189_291_860_338_158,
]
GOLDEN_ROW = [2_452_548_660_898_415_221]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=50, unique=True), st.integers(0, 5))
def test_different_texts_have_different_digests_wherever_they_stand(texts: list[str], skip: int) -> None:
    series = pl.Series(texts, dtype=pl.String)
    digests = text_digests(series, SEED)
    assert len(set(digests.tolist())) == len(texts)
    assert text_digests(series[skip:], SEED).tolist() == digests[skip:].tolist()
    alone = [int(text_digests(pl.Series([text]), SEED)[0]) for text in texts]
    assert alone == digests.tolist()


def test_labels_and_texts_are_digested_alike() -> None:
    """Many rows with few labels take another way than few rows."""
    labels = pl.DataFrame({"model": [f"m{n % 7}" for n in range(5_000)]})
    many = row_digests(labels, CALL_COLUMNS, "s")
    few = row_digests(labels.head(7), CALL_COLUMNS, "s")
    assert many.tolist() == np.resize(few, 5_000).tolist()


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50, unique=True))
def test_mixing_loses_nothing(values: list[int]) -> None:
    assert len(set(mix(np.array(values, dtype=np.uint64)).tolist())) == len(values)


def test_lists_differ_by_their_order_and_length() -> None:
    lists = [[1, 2], [2, 1], [1], [], [1, 2, 0], [0, 1, 2]]
    frame = pl.DataFrame({"prefix_hashes": pl.Series(lists, dtype=pl.List(pl.UInt64))})
    assert len(set(row_digests(frame, CALL_COLUMNS, "s").tolist())) == len(lists)


def test_values_do_not_change_places_between_columns() -> None:
    first = pl.DataFrame(
        {"app": ["x"], "feature": ["y"], "cache_read_tokens": [1], "cache_write_tokens": [2]}
    )
    second = pl.DataFrame(
        {"app": ["y"], "feature": ["x"], "cache_read_tokens": [2], "cache_write_tokens": [1]}
    )
    assert row_digests(first, CALL_COLUMNS, "s") != row_digests(second, CALL_COLUMNS, "s")


def test_ids_of_rows_without_one() -> None:
    high, low = np.array([1, 1], dtype=np.uint64), np.array([2**63, 2**63], dtype=np.uint64)
    assert hex_ids(high, low).to_list() == ["h01000000000000000000000000000080"] * 2
    numbered = derived_ids(high, low, np.array([0, 1]))
    assert numbered[0] == "h01000000000000000000000000000080"
    assert numbered[1] != numbered[0]
