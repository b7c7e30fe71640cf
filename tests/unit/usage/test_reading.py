"""Every kind of bad input has a clear end: rejected with line and reason, or refused with what to do."""

import gzip
import io
import random
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import polars as pl
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.usage.errors import (
    EmptyFileError,
    InvalidOptionError,
    MissingColumnsError,
    UnknownFormatError,
    UnreadableFileError,
)
from netra.usage.importing.parsing import FileParser, ImportOptions, ParsedChunk
from netra.usage.importing.quality import DataQuality
from netra.usage.reading import lines as lines_module
from netra.usage.reading.chunks import Reject
from netra.usage.reading.lines import LineReader

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD: dict[str, Any] = {"ts": 1_750_000_000_000, "model": "m", "input_tokens": 10, "output_tokens": 1}


def jsonl(*rows: Any) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows) + b"\n"


def parse(
    tmp_path: Path, content: bytes, kind: str = "calls", *, block: int = 1 << 20, **options: Any
) -> list[ParsedChunk]:
    file = tmp_path / "file"
    file.write_bytes(content)
    parser = FileParser(ImportOptions(kind, "file", **options), now=NOW)
    return list(parser.parse(file, block_bytes=block))


def rows_of(chunks: list[ParsedChunk]) -> pl.DataFrame:
    return pl.concat([chunk.frame for chunk in chunks if chunk.frame.height])


def rejects_of(chunks: list[ParsedChunk]) -> list[Reject]:
    return [reject for chunk in chunks for reject in chunk.rejects]


@pytest.mark.parametrize(
    ("bad", "code", "words"),
    [
        (b'{"ts": 1, ', "malformed_row", "not a JSON object"),
        (b"[1, 2]", "malformed_row", "not a JSON object"),
        (b"null", "malformed_row", "not a JSON object"),
        (b'{"model": "\xff\xfe"}', "wrong_encoding", "not UTF-8 at byte 12"),
        ({**GOOD, "input_tokens": -1}, "negative", "input_tokens is negative"),
        ({**GOOD, "input_tokens": 1.5}, "invalid_value", "must be a whole number"),
        ({**GOOD, "input_tokens": "many"}, "invalid_value", "not 'many'"),
        ({**GOOD, "input_tokens": True}, "invalid_value", "must be a whole number"),
        ({**GOOD, "input_tokens": 2**62}, "invalid_value", "impossibly large"),
        (
            b'{"ts":1,"model":"m","input_tokens":1000000000000000000000000000000,"output_tokens":1}',
            "invalid_value",
            "",
        ),
        ({**GOOD, "output_tokens": None}, "missing_value", "output_tokens is missing"),
        ({**GOOD, "model": ""}, "missing_value", "model is missing"),
        ({**GOOD, "ts": "2026-01-02T00:00:01Z"}, "future", "lies in the future"),
        ({**GOOD, "ts": "yesterday"}, "invalid_value", "RFC 3339"),
        ({**GOOD, "ts": -5}, "invalid_value", "before 1970"),
        ({**GOOD, "status": "fine"}, "invalid_value", "one of ok, error"),
        ({**GOOD, "service_tier": "gold"}, "invalid_value", "one of standard"),
        ({**GOOD, "cache_read_tokens": 6, "cache_write_tokens": 5}, "contradiction", "all input"),
        ({**GOOD, "reasoning_tokens": 2}, "contradiction", "reasoning_tokens exceed"),
        ({**GOOD, "prefix_hashes": [1]}, "contradiction", "prefix_block_tokens"),
        ({**GOOD, "prefix_hashes": "abc", "prefix_block_tokens": 1}, "invalid_value", "list"),
        ({**GOOD, "prefix_hashes": [1, -2], "prefix_block_tokens": 1}, "invalid_value", "list"),
        ({**GOOD, "prefix_hashes": [1, None], "prefix_block_tokens": 1}, "invalid_value", "list"),
        ({**GOOD, "reported_cost_usd": -0.5}, "negative", "reported_cost_usd is negative"),
        ({**GOOD, "reported_cost_usd": "free"}, "invalid_value", "amount in USD"),
        ({**GOOD, "latency_ms": "slow"}, "invalid_value", "must be a number"),
        ({**GOOD, "interactive": "perhaps"}, "invalid_value", "true or false"),
        ({**GOOD, "user": "x" * 2_000}, "invalid_value", "longer than 1024"),
        ({**GOOD, "user": "a\u001fb"}, "invalid_value", "control characters"),
        ({**GOOD, "tags": {"deep": {"er": 1}}}, "invalid_value", "JSON object"),
    ],
)
def test_a_bad_row_is_rejected_alone(tmp_path: Path, bad: Any, code: str, words: str) -> None:
    chunks = parse(tmp_path, jsonl(GOOD, bad, GOOD))
    rejects = rejects_of(chunks)
    assert [(reject.line, reject.code) for reject in rejects] == [(2, code)]
    assert words in rejects[0].reason
    assert rows_of(chunks)["position"].to_list() == [1, 3]
    assert sum(chunk.read for chunk in chunks) == 3


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyFileError, "0 bytes"),
        (b"  \n\n\n", EmptyFileError, "no rows"),
        (b"ts,model,input_tokens,output_tokens\n", EmptyFileError, "no rows"),
        (b"\x7fELF\x00\x00\x01", UnreadableFileError, "binary"),
        (b"PK\x03\x04rest", UnreadableFileError, "ZIP"),
        ('{"ts": 1}'.encode("utf-16"), UnreadableFileError, "UTF-16"),
        (b"PAR1junk", UnreadableFileError, "Parquet"),
        (b"\x1f\x8bnot gzip at all", UnreadableFileError, "compressed"),
        (b"\xe4\xf6,b\n1,2\n", UnreadableFileError, "UTF-8"),
        (b"a,a\n1,2\n", UnreadableFileError, "more than once"),
        (b"a,b\r1,2\r3,4\r", UnreadableFileError, "names no columns"),
        (b"x" * 140_000 + b"\n1\n", UnreadableFileError, "column name of more than"),
        (b"when,what\n1,2\n", MissingColumnsError, "It has: when, what"),
        (jsonl({"ts": 1, "model": "m"}), MissingColumnsError, "needs input_tokens, output_tokens"),
        (b"\x93\x12\x88\xfe\xaa\x7f junk without a zero byte", UnreadableFileError, "UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        parse(tmp_path, content)
    assert words in str(caught.value)
    assert caught.value.hint  # type: ignore[attr-defined]


def test_unknown_format_lists_the_formats() -> None:
    with pytest.raises(
        UnknownFormatError, match="Formats: calls, evals, azure-llm, mooncake, aider-analytics"
    ):
        FileParser(ImportOptions("xlsx"))


@pytest.mark.parametrize(
    "options",
    [
        {"values": {"colour": "red"}},
        {"values": {"input_tokens": "-4"}},
        {"values": {"call_id": "x"}},
        {"names": {"colour": "red"}},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        FileParser(ImportOptions("calls", "", **options))


def test_mapping_to_a_column_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MissingColumnsError, match=r"no column 'tokens_in'.*Columns of the file: ts, model"):
        parse(tmp_path, jsonl(GOOD), names={"input_tokens": "tokens_in"})


def test_a_line_beyond_the_cap_is_skipped_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 4_096)
    huge = b'{"model": "' + b"x" * 100_000 + b'"}'
    chunks = parse(tmp_path, jsonl(GOOD, huge, GOOD, huge), block=1_000)
    assert [(reject.line, reject.code) for reject in rejects_of(chunks)] == [
        (2, "line_too_long"),
        (4, "line_too_long"),
    ]
    assert rows_of(chunks)["position"].to_list() == [1, 3]


@pytest.mark.parametrize("block", [5_000, 100_000, 1 << 22])
def test_a_truncated_gzip_gives_its_good_rows_and_says_where_it_ends(tmp_path: Path, block: int) -> None:
    whole = gzip.compress(b"".join(jsonl({**GOOD, "user": str(n)}) for n in range(5_000)), mtime=0)
    file = tmp_path / "file"
    file.write_bytes(whole[: len(whole) // 2])
    parser = FileParser(ImportOptions("calls"), now=NOW)
    chunks = list(parser.parse(file, block_bytes=block))
    rows = rows_of(chunks)
    assert rows.height > 1_000
    assert rows["position"].to_list() == list(range(1, rows.height + 1))
    assert [(reject.line, reject.code) for reject in rejects_of(chunks)] == [
        (rows.height + 1, "half_written")
    ]
    codes = {(found.code, found.severity) for found in report(parser).findings}
    assert codes >= {("half_written", "rejected")}


def report(parser: FileParser) -> DataQuality:
    return parser.quality.report(conflicts=0, duplicates=0, unpriced={})


def test_a_truncated_zstd_gives_what_could_be_unpacked(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = jsonl(*({**GOOD, "user": str(chance.random())} for _ in range(20_000)))
    with pyarrow.CompressedOutputStream(str(tmp_path / "packed"), "zstd") as stream:
        stream.write(rows)
    whole = (tmp_path / "packed").read_bytes()
    (tmp_path / "packed").write_bytes(whole[: len(whole) * 3 // 4])
    parser = FileParser(ImportOptions("calls"), now=NOW)
    chunks = list(parser.parse(tmp_path / "packed"))
    assert 1_000 < rows_of(chunks).height < 20_000
    assert "half_written" in {found.code for found in report(parser).findings}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (jsonl(GOOD, GOOD) + orjson.dumps(GOOD)[:30], 3),
        (b"ts,model,input_tokens,output_tokens\n1,m,10,1\n1,m", 3),
        (b"[" + orjson.dumps(GOOD) + b",\n" + orjson.dumps(GOOD)[:30], 2),
    ],
)
def test_a_half_written_last_row_is_told_from_a_wrong_one(tmp_path: Path, content: bytes, line: int) -> None:
    chunks = parse(tmp_path, content)
    assert [(reject.line, reject.code) for reject in rejects_of(chunks)] == [(line, "half_written")]
    assert rows_of(chunks).height == line - 1 - content.startswith(b"ts")


@pytest.mark.parametrize("block", [40, 1 << 20])
@pytest.mark.parametrize(
    "document",
    [
        orjson.dumps([GOOD] * 5),
        orjson.dumps([{**GOOD, "tags": {"a": '}],{"'}, "user": "\\"}] * 5, option=orjson.OPT_INDENT_2),
        orjson.dumps({"object": "page", "data": [GOOD] * 5, "has_more": False}, option=orjson.OPT_INDENT_2),
        orjson.dumps({"data": [GOOD] * 5, "meta": {"page": 1}}),
        b"\xef\xbb\xbf  " + orjson.dumps([GOOD] * 5),
        b"\n".join([orjson.dumps(GOOD, option=orjson.OPT_INDENT_2)] * 5),
    ],
)
def test_documents_that_hold_rows_are_read_like_lines(tmp_path: Path, document: bytes, block: int) -> None:
    chunks = parse(tmp_path, document, block=block)
    assert rejects_of(chunks) == []
    assert rows_of(chunks)["position"].to_list() == [1, 2, 3, 4, 5]


def test_what_is_no_object_in_an_array_is_rejected_in_its_place(tmp_path: Path) -> None:
    chunks = parse(tmp_path, b"[" + orjson.dumps(GOOD) + b", 7, [1], " + orjson.dumps(GOOD) + b"]")
    assert [(reject.line, reject.code) for reject in rejects_of(chunks)] == [
        (2, "malformed_row"),
        (3, "malformed_row"),
    ]
    assert rows_of(chunks)["position"].to_list() == [1, 4]


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_compressed_files_are_seen_through(tmp_path: Path, codec: str) -> None:
    with pyarrow.CompressedOutputStream(str(tmp_path / "packed"), codec) as stream:
        stream.write(jsonl(GOOD, GOOD))
    chunks = parse(tmp_path, (tmp_path / "packed").read_bytes())
    assert rows_of(chunks).height == 2


def test_csv_with_quotes_line_breaks_semicolons_and_short_rows(tmp_path: Path) -> None:
    content = (
        b"\xef\xbb\xbfts;model;input_tokens;output_tokens;feature\r\n"
        b'2025-01-01T00:00:00Z;m;10;1;"say ""hi""; twice"\r\n'
        b'2025-01-01T00:00:00Z;m;10;1;"two\r\nlines"\r\n'
        b"2025-01-01T00:00:00Z;m;10\r\n"
        b"2025-01-01T00:00:00Z;m;10;1;last\r\n"
    )
    chunks = parse(tmp_path, content)
    frame = rows_of(chunks)
    assert frame["feature"].to_list() == ['say "hi"; twice', "last"]
    assert frame["position"].to_list() == [2, 6]
    assert {reject.line: reject.code for reject in rejects_of(chunks)} == {
        3: "invalid_value",
        5: "malformed_row",
    }


@given(
    st.lists(st.sampled_from([b"", b" ", b"\r", b"a", b"bc", b" d "]), max_size=12),
    st.integers(1, 9),
    st.booleans(),
)
def test_lines_keep_their_numbers_wherever_blocks_end(texts: list[bytes], block: int, ended: bool) -> None:
    content = b"\n".join(texts) + (b"\n" if ended else b"")
    stream = open_bytes(content)
    chunks = list(LineReader(stream, block_bytes=block))
    found = [pair for chunk in chunks for pair in zip(chunk.numbers, chunk.lines, strict=True)]
    expected = [(n, line) for n, line in enumerate(content.split(b"\n"), 1) if line.strip(b" \t\r")]
    assert found == expected


def open_bytes(content: bytes) -> Any:
    stream: Any = SimpleNamespace(read=io.BytesIO(content).read, cut=None)
    return stream


def test_a_column_that_first_comes_late_or_changes_its_kind_is_read_all_the_same(tmp_path: Path) -> None:
    early, late = (
        {**GOOD, "user": "a", "latency_ms": 5},
        {**GOOD, "user": 7, "latency_ms": 1.5, "feature": "f"},
    )
    content = jsonl(*([early] * 40), *([late] * 40), *([early] * 40))
    whole, parts = rows_of(parse(tmp_path, content)), rows_of(parse(tmp_path, content, block=900))
    assert parts.equals(whole)
    assert parts.group_by("user", "feature", "latency_ms", maintain_order=True).len().rows() == [
        ("a", "", 5.0, 80),
        ("7", "f", 1.5, 40),
    ]


def test_an_unclosed_quote_loses_its_own_line_only(tmp_path: Path) -> None:
    head = b"ts,model,input_tokens,output_tokens\n"
    row = b"2025-01-01T00:00:00Z,m,10,1\n"
    content = head + row + b'2025-01-01T00:00:00Z,"m,10,1\n' + row * 3
    chunks = parse(tmp_path, content, block=60)
    assert [reject.line for reject in rejects_of(chunks)] == [3]
    assert rows_of(chunks).height == 4


def test_a_quote_inside_a_cell_takes_no_other_rows_with_it(tmp_path: Path) -> None:
    head = b"ts,model,input_tokens,output_tokens,feature\n"
    row = b"2025-01-01T00:00:00Z,m,10,1,f\n"
    content = head + row * 2 + b'2025-01-01T00:00:00Z,5" disk,10,1,"a\n' + row * 5
    chunks = parse(tmp_path, content)
    assert [reject.line for reject in rejects_of(chunks)] == [4]
    assert rows_of(chunks)["position"].to_list() == [2, 3, 5, 6, 7, 8, 9]


def test_what_stands_behind_gzip_data_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(jsonl(GOOD))
    for behind, codes in ((b"\0" * 512, []), (packed, []), (b"other", ["cut_off"])):
        (tmp_path / "packed").write_bytes(packed + behind)
        parser = FileParser(ImportOptions("calls"), now=NOW)
        assert sum(chunk.frame.height for chunk in parser.parse(tmp_path / "packed")) >= 1
        assert [found.code for found in report(parser).findings] == codes


def test_parquet_types_from_other_tools(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "ts": pl.Series([datetime(2025, 1, 1, 12, 0, tzinfo=UTC), None]).dt.replace_time_zone(None),
            "model": pl.Series(["a", "b"], dtype=pl.Categorical),
            "input_tokens": [10.0, float("nan")],
            "output_tokens": pl.Series([1, 2], dtype=pl.UInt8),
            "prefix_hashes": [["ab", "cd"], None],
            "prefix_block_tokens": [4, 4],
            "tags": [{"team": "x", "none": None}, None],
        }
    )
    target = io.BytesIO()
    frame.write_parquet(target)
    chunks = parse(tmp_path, target.getvalue())
    row = rows_of(chunks).row(0, named=True)
    assert row["ts"] == datetime(2025, 1, 1, 12, 0, tzinfo=UTC)
    assert (row["model"], row["input_tokens"], row["tags"]) == ("a", 10, '{"team":"x"}')
    assert len(row["prefix_hashes"]) == 2
    assert [reject.code for reject in rejects_of(chunks)] == ["missing_value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-01T10:00:00Z", datetime(2025, 3, 1, 10, tzinfo=UTC)),
        ("2025-03-01T10:00:00.123456+02:00", datetime(2025, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2025-03-01 10:00:00.1234567", datetime(2025, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2025-03-01", datetime(2025, 3, 1, tzinfo=UTC)),
        ("1740823200000", datetime(2025, 3, 1, 10, tzinfo=UTC)),
        (1740823200000, datetime(2025, 3, 1, 10, tzinfo=UTC)),
        (1740823200000.5, datetime(2025, 3, 1, 10, 0, 0, 500, tzinfo=UTC)),
    ],
)
def test_times(tmp_path: Path, text: Any, expected: datetime) -> None:
    frame = rows_of(parse(tmp_path, jsonl({**GOOD, "ts": text})))
    assert frame["ts"][0] == expected


def test_only_full_blocks_count(tmp_path: Path) -> None:
    row = {"timestamp": 0, "input_length": 1_100, "output_length": 3, "hash_ids": [7, 8, 9]}
    frame = rows_of(parse(tmp_path, jsonl(row), "mooncake"))
    assert frame["prefix_hashes"].to_list() == [[7, 8]]
    assert frame["prefix_block_tokens"].to_list() == [512]


def test_aider_events_that_are_no_call_are_ignored_and_bad_ones_rejected(tmp_path: Path) -> None:
    properties = {"main_model": "gpt-5", "prompt_tokens": 5, "completion_tokens": 1, "cost": 0.25}
    event = {"event": "message_send", "properties": properties, "user_id": "u", "time": 1755100406}
    broken = {"event": "message_send", "properties": {}, "time": "x"}
    chunks = parse(tmp_path, jsonl({"event": "exit"}, event, broken), "aider-analytics")
    assert sum(chunk.ignored for chunk in chunks) == 1
    assert [reject.line for reject in rejects_of(chunks)] == [3]
    row = rows_of(chunks).row(0, named=True)
    assert (row["model"], row["app"], row["user"]) == ("gpt-5", "aider", "u")
    assert row["ts"] == datetime(2025, 8, 13, 15, 53, 26, tzinfo=UTC)


def test_scores_must_lie_between_0_and_1(tmp_path: Path) -> None:
    rows = [{"item_id": "a", "model": "m", "score": value} for value in (0, 1, 0.5, 80, -1)]
    chunks = parse(tmp_path, jsonl(*rows), "evals")
    assert {reject.line: reject.code for reject in rejects_of(chunks)} == {4: "invalid_value", 5: "negative"}
