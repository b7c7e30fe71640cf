"""Whatever is odd about rows of a file is counted and named; a file without oddities has a clean report."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.optimization.registry import LEVERS
from netra.usage.importing.cycles import References
from netra.usage.importing.parsing import FileParser, ImportOptions
from netra.usage.importing.quality import LEVER_COLUMNS, DataQuality, Finding

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2025, 6, 1, tzinfo=UTC)


def call(number: int, **changes: Any) -> dict[str, Any]:
    ts = START + timedelta(minutes=number)
    row = {
        "call_id": f"c{number}",
        "ts": ts.isoformat(),
        "model": "m",
        "input_tokens": 10,
        "output_tokens": 1,
    }
    return {**row, **changes}


def report(
    tmp_path: Path, rows: list[dict[str, Any]], block: int = 1 << 20, **options: Any
) -> tuple[DataQuality, pl.DataFrame]:
    file = tmp_path / "file"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    parser = FileParser(ImportOptions("calls", "file", **options), now=NOW)
    frames = [chunk.frame for chunk in parser.parse(file, block_bytes=block) if chunk.frame.height]
    return parser.quality.report(conflicts=0, duplicates=0, unpriced={}), pl.concat(frames)


def found(quality: DataQuality) -> dict[tuple[str, str | None], tuple[int, int | None]]:
    return {(f.code, f.column): (f.rows, f.first_line) for f in quality.findings}


def test_a_clean_file_has_nothing_to_report(tmp_path: Path) -> None:
    quality, _ = report(tmp_path, [call(n) for n in range(100)])
    assert quality.findings == ()
    assert quality.rows == 100
    assert (quality.since, quality.until) == (START, START + timedelta(minutes=99))


@pytest.mark.parametrize("block", [300, 1 << 20])
def test_every_oddity_is_counted_with_its_first_line(tmp_path: Path, block: int) -> None:
    rows = [call(n) for n in range(100)]
    rows[3] |= {"ts": "2025-05-31T00:00:00Z"}
    rows[10] |= {"ts": "1970-01-02T00:00:00Z"}
    rows[20] |= {"latency_ms": 4_000_000}
    rows[21] |= {"latency_ms": 100, "ttft_ms": 200}
    rows[30] |= {"latency_ms": 100, "ttft_ms": 100}
    rows[31] |= {"ttft_ms": -1}
    rows[32] |= {"ttft_ms": 5}
    rows[22] |= {"input_tokens": 30_000_000}
    rows[23] |= {"max_output_tokens": 5, "output_tokens": 6}
    rows[24] |= {"temperature": 3}
    rows[25] |= {"input_tokens": 0, "output_tokens": 0}
    rows[26] |= {"input_tokens": -1}
    rows[27] |= {"input_tokens": -2}
    rows[28] |= {"model": None}
    rows[99] |= {"ts": "2026-01-01T09:00:00Z"}
    quality, kept = report(tmp_path, rows, block)
    assert kept["ttft_ms"].drop_nulls().to_list() == [100.0, 5.0]
    assert found(quality) == {
        ("negative", "input_tokens"): (2, 27),
        ("missing_value", "model"): (1, 29),
        ("absurd", "latency_ms"): (1, 21),
        ("clock_skew", "ttft_ms"): (2, 22),
        ("absurd", "input_tokens"): (1, 23),
        ("absurd", "output_tokens"): (1, 24),
        ("absurd", "temperature"): (1, 25),
        ("empty_call", "input_tokens"): (1, 26),
        ("clock_ahead", "ts"): (1, 100),
        ("far_before", "ts"): (1, None),
        ("before_llms", "ts"): (1, 11),
        ("out_of_order", "ts"): (2, 4),
    }
    assert all(finding.hint for finding in quality.findings)
    examples = {(f.code, f.column): f.example for f in quality.findings if f.example}
    assert examples["absurd", "latency_ms"] == "latency_ms 4000000.0"
    assert examples["clock_ahead", "ts"] == "ts 2026-01-01 09:00:00+00:00"
    ranks = [finding.severity for finding in quality.findings]
    assert ranks == sorted(ranks, key=["rejected", "warning", "note"].index)


def test_old_data_is_not_a_wrong_clock(tmp_path: Path) -> None:
    old = [call(n, ts=(START - timedelta(days=400, minutes=-n)).isoformat()) for n in range(50)]
    quality, _ = report(tmp_path, old + [call(n + 100) for n in range(50)])
    assert found(quality) == {}


def test_costs_in_another_currency_go_to_the_tags(tmp_path: Path) -> None:
    rows = [
        call(0, reported_cost_usd=1.5),
        call(1, reported_cost_usd=2.5, reported_currency="eur", tags={"team": "a"}),
        call(2, reported_cost_usd=3.5, reported_currency="USD"),
        call(3, reported_currency="GBP"),
        call(4, reported_cost_usd=4.5, reported_currency="CHF"),
    ]
    quality, frame = report(tmp_path, rows)
    assert quality.currencies == {"EUR": 1, "CHF": 1}
    assert found(quality) == {("mixed_currency", "reported_cost_usd"): (2, 2)}
    costs = [None if cost is None else float(cost) for cost in frame["reported_cost_usd"]]
    assert costs == [1.5, None, 3.5, None, None]
    assert orjson.loads(frame["tags"][1]) == {
        "reported_cost": "2.500000000000000",
        "reported_currency": "EUR",
        "team": "a",
    }
    all_euro, frame = report(tmp_path, [call(0, reported_cost_usd=1)], values={"reported_currency": "EUR"})
    assert all_euro.currencies == {"EUR": 1}
    assert frame["reported_cost_usd"].to_list() == [None]


@pytest.mark.parametrize("block", [400, 1 << 20])
def test_cycles_of_spans_and_retries(tmp_path: Path, block: int) -> None:
    rows = [
        call(n, trace_id="t", span_id=f"s{n}", parent_span_id=f"s{n - 1}" if n else "", input_tokens=n)
        for n in range(20)
    ]
    rows[19] |= {"input_tokens": 18}
    rows[5] |= {"parent_span_id": "s7"}
    rows.append(call(20, trace_id="other", span_id="s19", parent_span_id="s0"))
    rows.append(call(21, retry_of="c21"))
    rows.append(call(22, retry_of="c23"))
    rows.append(call(23, retry_of="c22"))
    rows.append(call(24, retry_of="c23"))
    quality, _ = report(tmp_path, rows, block)
    assert found(quality) == {
        ("span_cycle", "parent_span_id"): (3, 6),
        ("retry_cycle", "retry_of"): (3, 22),
        ("nested_call", "parent_span_id"): (1, 20),
    }


def test_block_hashes_must_fit_the_input(tmp_path: Path) -> None:
    blocks = [call(n, prefix_hashes=list(range(n)), input_tokens=1_100) for n in range(1, 6)]
    quality, frame = report(tmp_path, blocks, values={"prefix_block_tokens": "512"})
    assert found(quality) == {("block_mismatch", "prefix_block_tokens"): (3, 1)}
    assert frame["prefix_hashes"].list.len().to_list() == [1, 2, 2, 2, 2]


@given(st.integers(1, 40), st.randoms())
def test_cycles_are_what_following_each_name_finds(size: int, chance: random.Random) -> None:
    named = [chance.randrange(size + 3) for _ in range(size)]
    expected: list[int] = []
    for start in range(size):
        at, steps = named[start], 0
        while at < size and at != start and steps <= size:
            at, steps = named[at], steps + 1
        if at == start:
            expected.append(start)
    references = References()
    for part in np.array_split(np.arange(size), 3):
        own = part.astype(np.uint64)
        references.add(own, np.array(named, dtype=np.uint64)[part], part.astype(np.int64))
    assert references.on_cycles().tolist() == expected


def test_what_the_data_can_carry(tmp_path: Path) -> None:
    rows = [call(n, session_id="s", user=None) for n in range(3)] + [
        call(3, request_hash="h", latency_ms=1, prefix_hashes=[1], prefix_block_tokens=4)
    ]
    quality, _ = report(tmp_path, rows, values={"interactive": "false"})
    carried = {lever.lever: (lever.rows, lever.percent) for lever in quality.levers}
    assert carried["context-growth"] == (3, 75.0)
    assert carried["batch"] == carried["flex"] == (4, 100.0)
    assert carried["duplicate-inflight"] == (1, 25.0)
    assert carried["retry-waste"] == (0, 0.0)
    assert (quality.filled["user"], quality.filled["prefix_hashes"]) == (0.0, 25.0)


def test_levers_are_those_there_are_and_read_these_columns() -> None:
    levers = {lever.name: lever for lever in LEVERS}
    for name, needs in LEVER_COLUMNS.items():
        assert set(needs) <= set(levers[name].columns)


def test_what_only_the_store_can_tell_is_part_of_the_report(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(orjson.dumps(call(1)))
    parser = FileParser(ImportOptions("calls"), now=NOW)
    list(parser.parse(file))
    quality = parser.quality.report(conflicts=2, duplicates=3, unpriced={"m": 1})
    told: list[Finding] = list(quality.findings)
    assert [(f.code, f.severity, f.rows) for f in told] == [
        ("conflict", "rejected", 2),
        ("unpriced", "warning", 1),
        ("duplicate", "note", 3),
    ]
    assert DataQuality.model_validate_json(quality.model_dump_json()) == quality
