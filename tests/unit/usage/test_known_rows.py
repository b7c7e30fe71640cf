"""What is remembered of a workspace's rows answers exactly as the store would."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.usage.arrow import table_of
from netra.usage.importing import known_rows
from netra.usage.importing.known_rows import DigestTable, KnownRows

pairs = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 3)), unique_by=lambda pair: pair[0], max_size=20
)


def frame_of_pairs(rows: Sequence[tuple[int, int]]) -> pl.DataFrame:
    schema = {"id_hash": pl.UInt64, "content_hash": pl.UInt64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(st.lists(pairs, max_size=6), st.lists(st.integers(0, 30), max_size=20))
def test_a_table_of_digests_finds_what_a_dictionary_would(
    added: list[list[tuple[int, int]]], wanted: list[int]
) -> None:
    table, known = DigestTable(), dict[int, int]()
    for part in added:
        fresh = [pair for pair in part if pair[0] not in known]
        known |= dict(fresh)
        frame = frame_of_pairs(fresh)
        table.add(frame["id_hash"].to_numpy(), frame["content_hash"].to_numpy())
    ids, contents = table.find(np.array(sorted(set(wanted)), dtype=np.uint64))
    assert dict(zip(ids.tolist(), contents.tolist(), strict=True)) == {
        number: known[number] for number in set(wanted) if number in known
    }


class Store:
    """A workspace's rows in memory, which counts the questions it was asked."""

    def __init__(self, rows: list[tuple[int, int]]) -> None:
        self.rows = rows
        self.asked = 0
        self.fetched = 0

    async def count(self) -> int:
        return len(self.rows)

    async def existing(self, hashes: Sequence[int]) -> Any:
        self.asked += 1
        found = frame_of_pairs([row for row in self.rows if row[0] in set(hashes)])
        return table_of(
            found.with_columns(
                pl.lit("imp").alias("import_id"), pl.lit(1).alias("position"), pl.lit(0).alias("unpriced")
            )
        )

    async def digests(self) -> AsyncIterator[Any]:
        self.fetched += 1
        yield table_of(frame_of_pairs(self.rows))


async def known_ids(known: KnownRows, ids: list[int], *, exactly: bool = False) -> list[int]:
    found = await known.of(pl.Series(ids, dtype=pl.UInt64), exactly=exactly)
    return sorted(found["id_hash"].to_list())


async def test_a_new_workspace_is_never_asked_for_ids() -> None:
    store = Store([])
    known = KnownRows(store)  # type: ignore[arg-type]
    for start in (0, 10, 20):
        rows = [(start + n, n) for n in range(10)]
        assert await known_ids(known, [row[0] for row in rows] + [0]) == ([0] if start else [])
        store.rows += rows
        known.written(frame_of_pairs(rows))
    assert (store.asked, store.fetched) == (0, 0)


async def test_digests_are_fetched_after_a_few_questions_and_again_when_somebody_else_wrote() -> None:
    store = Store([(n, 0) for n in range(5)])
    known = KnownRows(store)  # type: ignore[arg-type]
    for _ in range(4):
        assert await known_ids(known, [1, 99]) == [1]
    assert (store.asked, store.fetched) == (2, 1)
    store.rows.append((99, 7))
    for _ in range(5):
        assert await known_ids(known, [1, 99]) == [1, 99]
    assert (store.asked, store.fetched) == (6, 2)
    assert await known_ids(known, [99], exactly=True) == [99]
    assert store.asked == 7


async def test_a_workspace_too_large_to_remember_is_asked_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_rows, "MOST_ROWS", 3)
    store = Store([(n, 0) for n in range(5)])
    known = KnownRows(store)  # type: ignore[arg-type]
    for _ in range(4):
        assert await known_ids(known, [2]) == [2]
    assert (store.asked, store.fetched) == (4, 0)
