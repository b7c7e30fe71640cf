"""What holds for any file: every row is accounted for, ids depend on content alone, paths agree."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netra.usage.identity import OccurrenceCounter
from netra.usage.importing.parsing import FileParser, ImportOptions, ParsedChunk
from netra.usage.money import femto_dollars, to_money
from netra.usage.reading.json_lines import read_json_lines
from netra.usage.reading.lines import LineChunk
from netra.usage.reconciliation.importing import reconcile
from testkit.properties import examples

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RELAXED = settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])

rows = st.fixed_dictionaries(
    {
        "ts": st.one_of(st.integers(0, 1_760_000_000_000), st.just("2025-01-01"), st.just("soon")),
        "model": st.sampled_from(["a", "b", "", None]),
        "input_tokens": st.one_of(st.integers(-2, 50), st.floats(0, 5), st.just("7")),
        "output_tokens": st.integers(0, 3),
    },
    optional={
        "call_id": st.sampled_from(["x", "y", "z"]),
        "user": st.text(max_size=5),
        "interactive": st.one_of(st.booleans(), st.just("no")),
        "reported_cost_usd": st.floats(0, 20, allow_nan=False),
        "prefix_hashes": st.lists(st.integers(0, 9), max_size=3),
        "tags": st.dictionaries(st.sampled_from(["k", "l"]), st.text(max_size=3)),
    },
)
lines = st.lists(st.one_of(rows.map(orjson.dumps), st.sampled_from([b"{", b"", b"[]", b"\xff"])), max_size=30)


def parse(folder: Path, content: bytes, block: int = 1 << 20, kind: str = "calls") -> list[ParsedChunk]:
    file = folder / "file"
    file.write_bytes(content)
    return list(FileParser(ImportOptions(kind), now=NOW).parse(file, block_bytes=block))


def table(chunks: list[ParsedChunk]) -> pl.DataFrame:
    frames = [chunk.frame for chunk in chunks if chunk.frame.height]
    return pl.concat(frames) if frames else pl.DataFrame()


HEAD = orjson.dumps(
    {
        "ts": 0,
        "model": "a",
        "input_tokens": 1,
        "output_tokens": 1,
        "call_id": "head",
        "prefix_block_tokens": 4,
    }
)


@RELAXED
@given(lines, st.integers(40, 400))
def test_every_row_is_stored_or_rejected_wherever_chunks_end(
    tmp_path: Path, drawn: list[bytes], block: int
) -> None:
    content = b"\n".join([HEAD, *drawn])
    whole, parts = parse(tmp_path, content), parse(tmp_path, content, block)
    numbers = [line for line, text in enumerate([HEAD, *drawn], start=1) if text.strip()]
    rejected = [reject for chunk in whole for reject in chunk.rejects]
    assert sorted(table(whole)["position"].to_list() + [reject.line for reject in rejected]) == numbers
    assert sum(chunk.read for chunk in whole) == len(numbers)
    assert table(parts).equals(table(whole))
    assert [reject for chunk in parts for reject in chunk.rejects] == rejected


@RELAXED
@given(st.lists(rows, min_size=1, max_size=20), st.randoms())
def test_ids_depend_on_content_alone(
    tmp_path: Path, drawn: list[dict[str, Any]], chance: random.Random
) -> None:
    """Neither on the order of rows nor on whether the vectorised or the line-by-line path read them."""
    first = table(parse(tmp_path, b"\n".join([HEAD, *map(orjson.dumps, drawn)])))
    marred = table(parse(tmp_path, b"\n".join([HEAD, *map(orjson.dumps, drawn), b"{"])))
    assert marred.equals(first)
    shuffled = list(drawn)
    chance.shuffle(shuffled)
    second = table(parse(tmp_path, b"\n".join([HEAD, *map(orjson.dumps, shuffled)])))
    assert sorted(first["call_id"]) == sorted(second["call_id"])
    assert sorted(first["content_hash"]) == sorted(second["content_hash"])


def test_a_clean_chunk_takes_the_vectorised_path() -> None:
    chunk = LineChunk([b'{"a": 1, "b": "x"}', b'{"a": 2.5}'], [1, 2], [])
    (raw,) = read_json_lines([chunk], frozenset({"a"}))
    assert raw.frame["a"].to_list() == [1.0, 2.5]
    assert raw.names == ("a", "b")


@given(st.lists(st.lists(st.integers(0, 6), max_size=12), max_size=6))
def test_occurrences_count_equal_rows_over_all_chunks(chunks: list[list[int]]) -> None:
    counter = OccurrenceCounter()
    seen: dict[int, int] = {}
    for chunk in chunks:
        numbers = counter.number(np.array(chunk, dtype=np.uint64)).tolist()
        for value, number in zip(chunk, numbers, strict=True):
            assert number == seen.get(value, 0)
            seen[value] = number + 1


@given(st.integers(0, 9_000 * 10**9))
def test_amounts_keep_every_digit_a_float_has(nano: int) -> None:
    value = nano / 10**9
    exact = femto_dollars(np.array([value]))[0]
    assert float(exact) / 1e15 == value or abs(exact - nano * 10**6) == 0
    assert to_money(pl.Series([f"{nano}e-9"]))[0] == to_money(pl.Series([nano / 10**9]))[0]


ids = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=15)


def chunk_of(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id_hash": [pair[0] for pair in pairs],
            "content_hash": [pair[1] for pair in pairs],
            "position": list(range(1, len(pairs) + 1)),
        },
        schema={"id_hash": pl.UInt64, "content_hash": pl.UInt64, "position": pl.Int64},
    )


@given(ids, ids)
def test_reconciling_is_what_a_dictionary_would_do(
    before: list[tuple[int, int]], now: list[tuple[int, int]]
) -> None:
    known = dict(reversed(before))
    existing = pl.DataFrame(
        {
            "id_hash": list(known),
            "content_hash": list(known.values()),
            "import_id": ["other"] * len(known),
            "position": [1] * len(known),
            "unpriced": [0] * len(known),
        },
        schema={
            "id_hash": pl.UInt64,
            "content_hash": pl.UInt64,
            "import_id": pl.String,
            "position": pl.UInt64,
            "unpriced": pl.UInt8,
        },
    )
    result = reconcile(chunk_of(now), existing, "mine")
    new: list[int] = []
    conflicts: list[int] = []
    duplicates = 0
    for position, (identity, content) in enumerate(now, start=1):
        if identity not in known:
            known[identity] = content
            new.append(position)
        elif known[identity] == content:
            duplicates += 1
        else:
            conflicts.append(position)
    assert result.new["position"].to_list() == new
    assert [reject.line for reject in result.conflicts] == conflicts
    assert (result.duplicates, result.kept) == (duplicates, 0)


def test_rows_of_the_interrupted_import_itself_are_kept() -> None:
    existing = pl.DataFrame(
        {
            "id_hash": [1, 2],
            "content_hash": [1, 2],
            "import_id": ["mine", "mine"],
            "position": [1, 9],
            "unpriced": [1, 0],
        }
    ).with_columns(pl.col("id_hash", "content_hash", "position").cast(pl.UInt64))
    result = reconcile(chunk_of([(1, 1), (2, 2), (3, 0)]), existing, "mine")
    assert (result.kept, result.kept_unpriced, result.duplicates, result.new.height) == (1, 1, 1, 1)
