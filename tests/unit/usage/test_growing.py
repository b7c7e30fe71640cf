"""Of records of one id the most complete remains, whatever the order and the chunks they come in."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from netra.usage.importers.claude_code import CLAUDE_CODE
from netra.usage.importers.openai_usage import OPENAI_USAGE
from netra.usage.importing.growing import compare, most_complete

COUNTS = CLAUDE_CODE.grows
records = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["a", "b"]), st.integers(0, 2), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


def frame_of(drawn: list[tuple[int, str, int, int]], position: int = 1) -> pl.DataFrame:
    rows = [
        {
            "id_hash": key,
            "model": model,
            **dict.fromkeys(COUNTS, 0),
            "output_tokens": output,
            "cache_write_1h_tokens": longer,
            "position": place,
        }
        for place, (key, model, output, longer) in enumerate(drawn, start=position)
    ]
    return pl.DataFrame(rows)


def settled(chunks: list[list[tuple[int, str, int, int]]]) -> dict[tuple[int, str], tuple[int, int]]:
    """What is stored after these chunks, by id and model: the first model of an id is the one that counts."""
    stored = frame_of([])
    for chunk in chunks:
        rows = most_complete(frame_of(chunk), CLAUDE_CODE)
        rows = rows.unique("id_hash", keep="first", maintain_order=True)
        known = (
            rows.filter(pl.col("id_hash").is_in(stored["id_hash"].implode()))
            if stored.height
            else rows.clear()
        )
        new = rows.filter(~pl.col("id_hash").is_in(known["id_hash"].implode()))
        if known.height:
            larger = compare(known, stored, CLAUDE_CODE).larger
            stored = stored.filter(~pl.col("id_hash").is_in(larger["id_hash"].implode()))
            stored = pl.concat([stored, larger])
        stored = pl.concat([stored, new]) if stored.height else new
    names = ("id_hash", "model", "output_tokens", "cache_write_1h_tokens")
    return {(key, model): (output, longer) for key, model, output, longer in stored.select(names).rows()}


@given(records, st.integers(1, 5))
def test_the_largest_of_each_id_remains(drawn: list[tuple[int, str, int, int]], size: int) -> None:
    alike = [(key, "a", output, longer) for key, _, output, longer in drawn]
    chunks = [alike[start : start + size] for start in range(0, len(alike), size)]
    expected: dict[tuple[int, str], tuple[int, int]] = {}
    for key, model, output, longer in alike:
        expected[key, model] = max(expected.get((key, model), (0, 0)), (output, longer))
    assert settled(chunks) == expected
    assert settled(chunks[::-1]) == expected


@given(records)
def test_another_model_under_the_same_id_is_no_growth(drawn: list[tuple[int, str, int, int]]) -> None:
    stored = frame_of([(key, "a", 1, 1) for key in (1, 2, 3)])
    growth = compare(frame_of(drawn), stored, CLAUDE_CODE)
    assert growth.unlike == [place for place, row in enumerate(drawn) if row[1] != "a"]
    larger = [place + 1 for place, row in enumerate(drawn) if row[1] == "a" and row[2:] > (1, 1)]
    assert growth.larger["position"].to_list() == larger


def test_lines_that_name_no_cost_are_less_than_those_that_do() -> None:
    columns = {
        column.name: pl.Series(column.name, [None], dtype=column.dtype) for column in OPENAI_USAGE.columns
    }
    empty = pl.DataFrame(
        {**columns, "id_hash": np.array([7], dtype=np.uint64), "position": [1]}
    ).with_columns(pl.lit(datetime(2025, 1, 1, tzinfo=UTC)).alias("ts"), pl.lit("USD").alias("currency"))
    costly = empty.with_columns(pl.lit("1.5").cast(pl.Decimal(38, 15)).alias("cost"))
    assert compare(costly, empty, OPENAI_USAGE).larger.height == 1
    assert compare(empty, costly, OPENAI_USAGE).larger.height == 0
