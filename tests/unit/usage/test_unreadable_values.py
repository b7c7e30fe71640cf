"""A value that cannot be understood is rejected with its row or counted; it never becomes nothing."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from netra.usage.arrow import arrow, arrow_parquet
from netra.usage.importing.parsing import FileParser, ImportOptions, ParsedChunk
from testkit.foreign_exports import NOW, csv, jsonl, parse, rows_of

GENERATION: dict[str, Any] = {
    "id": "g",
    "startTime": "2025-10-02T09:00:00Z",
    "model": "m",
    "usageDetails": {"input": 10, "output": 2},
}
SPENT: dict[str, Any] = {
    "request_id": "r",
    "startTime": "2025-10-02T09:00:00Z",
    "model": "gpt-5",
    "prompt_tokens": 100,
    "completion_tokens": 9,
}
REQUEST: dict[str, Any] = {
    "request_id": "r",
    "request_created_at": "2025-10-02 09:00:00",
    "response_status": 200,
    "response_model": "claude-sonnet-4-5",
    "prompt_tokens": 100,
    "completion_tokens": 9,
}
USAGE: dict[str, Any] = {"input_tokens": 10, "output_tokens": 2}
MESSAGE: dict[str, Any] = {
    "type": "assistant",
    "timestamp": "2025-10-02T09:00:00Z",
    "message": {"id": "msg", "model": "m", "usage": USAGE},
}
COSTS: dict[str, Any] = {"start_time": 1_759_363_200, "end_time": 1_759_449_600, "line_item": "x"}
CALL: dict[str, Any] = {
    "call_id": "c",
    "ts": 1_750_000_000_000,
    "model": "m",
    "input_tokens": 10,
    "output_tokens": 1,
    "prefix_block_tokens": 4,
}
JUNE = datetime(2025, 6, 1, tzinfo=UTC)


def saying(**usage: Any) -> dict[str, Any]:
    """What changes in a line of a Claude Code session that tells this usage."""
    return {"message": {"id": "bad", "model": "m", "usage": {**USAGE, **usage}}}


@pytest.mark.parametrize(
    ("kind", "good", "changes", "code", "words"),
    [
        ("langfuse", GENERATION, {"usageDetails": '{"input": 5, "outp'}, "invalid_value", "whole JSON"),
        ("langfuse", GENERATION, {"usageDetails": {"input": "many", "output": 2}}, "invalid_value", "'many'"),
        ("langfuse", GENERATION, {"usageDetails": {"input": 12.7, "output": 2}}, "invalid_value", "12.7"),
        ("langfuse", GENERATION, {"usageDetails": {"input": True, "output": 2}}, "invalid_value", "True"),
        ("langfuse", GENERATION, {"usageDetails": {"input": "1e400"}}, "invalid_value", "1e400"),
        ("langfuse", GENERATION, {"usageDetails": [1, 2]}, "invalid_value", "JSON object"),
        ("langfuse", GENERATION, {"modelParameters": "{temperature: 1}"}, "invalid_value", "modelParameters"),
        ("langfuse", GENERATION, {"modelParameters": {"temperature": "hot"}}, "invalid_value", "'hot'"),
        ("langfuse", GENERATION, {"costDetails": "[object Object]"}, "invalid_value", "costDetails"),
        ("langfuse", GENERATION, {"tags": '["a", "b'}, "invalid_value", "tags"),
        ("langfuse", GENERATION, {"endTime": "in a while"}, "invalid_value", "time"),
        ("langfuse", GENERATION, {"latency": "slow"}, "invalid_value", "'slow'"),
        ("litellm", SPENT, {"metadata": '{"usage_object": {"cache_re'}, "invalid_value", "metadata"),
        (
            "litellm",
            SPENT,
            {"metadata": {"usage_object": {"cache_creation_input_tokens": -3}}},
            "negative",
            "-3",
        ),
        (
            "litellm",
            SPENT,
            {"metadata": {"usage_object": {"prompt_tokens_details": "Details(cached_tokens=5)"}}},
            "invalid_value",
            "Details",
        ),
        ("litellm", SPENT, {"request_tags": '["a"'}, "invalid_value", "request_tags"),
        ("litellm", SPENT, {"completionStartTime": "31/12/2025"}, "invalid_value", "31/12/2025"),
        ("helicone", REQUEST, {"request_properties": '{"tenant": '}, "invalid_value", "request_properties"),
        ("helicone", REQUEST, {"response_status": "well"}, "invalid_value", "'well'"),
        ("helicone", REQUEST, {"prompt_cache_read_tokens": "Infinity"}, "invalid_value", "Infinity"),
        ("helicone", REQUEST, {"cache_reference_id": [1]}, None, ""),
        (
            "claude-code",
            MESSAGE,
            saying(cache_creation={"ephemeral_1h_input_tokens": "x"}),
            "invalid_value",
            "'x'",
        ),
        ("claude-code", MESSAGE, saying(iterations=7), "invalid_value", "JSON list"),
        ("claude-code", MESSAGE, {"message": "text"}, "invalid_value", "text"),
        ("openai-usage", COSTS, {"cost": "free"}, "invalid_value", "'free'"),
        ("openai-usage", COSTS, {"amount": 3.5}, "invalid_value", "JSON object"),
    ],
)  # fmt: skip
def test_what_a_nested_row_says_is_never_lost(
    tmp_path: Path, kind: str, good: dict[str, Any], changes: dict[str, Any], code: str | None, words: str
) -> None:
    bad = {**good, **changes}
    contents = [jsonl(good, bad, {**good, "note": 1})]
    if kind in {"langfuse", "litellm", "helicone"} and len(bad) == len(good):
        contents.append(csv(good, bad, good))
    for content in contents:
        chunks = parse(tmp_path, content, kind)
        rejects = [reject for chunk in chunks for reject in chunk.rejects]
        assert [reject.code for reject in rejects] == ([] if code is None else [code])
        assert all(words in reject.reason for reject in rejects)
        assert sum(chunk.read for chunk in chunks) == 3
        assert {reject.line for reject in rejects} <= {2, 3}


def test_broken_json_in_a_cell_names_its_column_and_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "export"
    file.write_bytes(csv(*({**SPENT, "request_id": str(n), "metadata": '{"usage_ob'} for n in range(3))))
    parser = FileParser(ImportOptions("litellm"), now=NOW)
    assert sum(chunk.frame.height for chunk in parser.parse(file)) == 0
    (found,) = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
    assert (found.code, found.column, found.rows, found.first_line) == ("invalid_value", "metadata", 3, 2)
    assert "'{\"usage_ob'" in found.message


def test_what_is_understood_in_another_form_is_kept(tmp_path: Path) -> None:
    row = {
        **GENERATION,
        "modelParameters": {"max_tokens": "Infinity", "temperature": "0.5"},
        "tags": "plain",
        "totalCost": 0,
        "costDetails": "null",
    }
    told = rows_of(parse(tmp_path, jsonl(row), "langfuse")).row(0, named=True)
    assert (told["max_output_tokens"], told["temperature"]) == (None, 0.5)
    assert (told["tags"], told["reported_cost_usd"]) == ('{"tags":"plain"}', 0)


@pytest.mark.parametrize(
    ("kind", "good", "changes", "column", "counted", "word"),
    [
        ("litellm", SPENT, {"service_tier": "Scale"}, "service_tier", "standard", "Scale"),
        ("litellm", SPENT, {"model_parameters": {"service_tier": "auto"}}, "service_tier", "standard", None),
        ("litellm", SPENT, {"status": "Cancelled"}, "status", "error", "cancelled"),
        ("litellm", SPENT, {"status": "failure"}, "status", "error", None),
        (
            "litellm",
            SPENT,
            {"status": "dropped", "error_information": {"error_code": "429"}},
            "status",
            "rate_limited",
            None,
        ),
        ("claude-code", MESSAGE, saying(service_tier="ultra"), "service_tier", "standard", "ultra"),
        ("claude-code", MESSAGE, saying(service_tier=["batch"]), "service_tier", "standard", "['batch']"),
        ("claude-code", MESSAGE, saying(service_tier=None), "service_tier", "standard", None),
        ("langfuse", GENERATION, {"level": "FATAL"}, "status", "ok", "FATAL"),
        ("langfuse", GENERATION, {"level": "warning"}, "status", "ok", None),
    ],
)
def test_words_that_are_not_known_are_told_and_kept(
    tmp_path: Path,
    kind: str,
    good: dict[str, Any],
    changes: dict[str, Any],
    column: str,
    counted: str,
    word: Any,
) -> None:
    """The call counts as its format says, with a warning, and has the word among its tags."""
    file = tmp_path / "export"
    file.write_bytes(jsonl({**good, **changes}))
    parser = FileParser(ImportOptions(kind), now=NOW)
    row = rows_of(list(parser.parse(file))).row(0, named=True)
    assert row[column] == counted
    assert orjson.loads(row["tags"] or "{}").get(column) == word
    findings = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
    told = [(f.code, f.severity, f.column, f.rows, f.first_line, f.example) for f in findings]
    expected = ("unknown_word", "warning", column, 1, 1, f"{column} {word}")
    assert told == ([] if word is None else [expected])
    assert all(finding.hint for finding in findings)


@pytest.mark.parametrize("block", [150, 1 << 20])
@pytest.mark.parametrize(
    ("repeated", "reason"),
    [
        (b'"model": "a", "model": "b"', "'model' is named twice, with different values"),
        (b'"model" : "a", "model": "b", "status": "ok"', "'model' is named twice, with different values"),
        (b'"model":"a","model":7', "'model' is named twice, with different values"),
        (b'"model":"a","tags":{"n":1,"n":2}', "'n' is named twice, with different values"),
        (b'"model":"m","model":"m"', ""),
        (b'"model":null,"model":"m"', ""),
        (b'"model":"m","model":null', ""),
        (b'"model":"m","tags":{"model":"x","input_tokens":3}', ""),
        (b'"model":"m","user":"\\"model\\": \\"b\\"","tags":{"a\\\\":1}', ""),
    ],
)
def test_a_key_that_is_named_twice_is_no_guess(
    tmp_path: Path, repeated: bytes, reason: str, block: int
) -> None:
    """However the file is cut into blocks, whatever decodes it, as lines and as an array."""
    rest = b'"ts":1750000000000,"input_tokens":10,"output_tokens":1}'
    plain = b'{"model":"m",' + rest
    lines = [plain, b"{" + repeated + b"," + rest, plain]
    for content in (b"\n".join(lines) + b"\n", b"[" + b",".join(lines) + b"]"):
        chunks = parse(tmp_path, content, "calls", block)
        rejects = [(one.line, one.code, one.reason) for chunk in chunks for one in chunk.rejects]
        assert rejects == ([(2, "repeated_key", reason)] if reason else [])
        models = [model for chunk in chunks if chunk.frame.height for model in chunk.frame["model"]]
        assert models == ["m"] * (2 if reason else 3)


def test_spans_of_clocks_that_differ_are_left_out_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "export"
    late = {**GENERATION, "id": "h", "endTime": "2025-10-02T08:59:59Z"}
    file.write_bytes(jsonl({**GENERATION, "endTime": "2025-10-02T09:00:01Z"}, late))
    parser = FileParser(ImportOptions("langfuse"), now=NOW)
    assert rows_of(list(parser.parse(file)))["latency_ms"].to_list() == [1_000.0, None]
    (found,) = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
    assert (found.code, found.column, found.rows, found.first_line) == ("clock_skew", "latency_ms", 1, 2)
    assert found.example == "latency_ms -1000.0"


def test_messages_without_an_id_are_calls_of_their_own(tmp_path: Path) -> None:
    nameless = {**MESSAGE, "message": {"model": "m", "usage": USAGE}}
    chunks = parse(tmp_path, jsonl(nameless, nameless), "claude-code")
    assert rows_of(chunks)["call_id"].n_unique() == 2


def as_parquet(tmp_path: Path, name: str, values: Any) -> list[ParsedChunk]:
    table: Any = arrow.table({key: [value] for key, value in CALL.items() if key != name})
    target = io.BytesIO()
    arrow_parquet.write_table(table.append_column(name, values), target)
    return parse(tmp_path, target.getvalue(), "calls")


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("input_tokens", Decimal("12.7"), arrow.decimal128(10, 2)),
        ("latency_ms", timedelta(seconds=2), arrow.duration("ms")),
        ("streaming", timedelta(seconds=2), arrow.duration("ms")),
        ("streaming", [True], arrow.list_(arrow.bool_())),
        ("service_tier", ["batch"], arrow.list_(arrow.string())),
        ("user", b"ada", arrow.binary()),
        ("prefix_hashes", [1.5], arrow.list_(arrow.float64())),
        ("prefix_hashes", [True], arrow.list_(arrow.bool_())),
        ("prefix_hashes", [[1]], arrow.list_(arrow.list_(arrow.int64()))),
        ("prefix_hashes", [None], arrow.list_(arrow.null())),
        ("tags", [{"key": "a", "value": "b"}], arrow.list_(arrow.struct({"key": arrow.string()}))),
        ("tags", {"a": b"x"}, arrow.struct({"a": arrow.binary()})),
    ],
)
def test_types_of_parquet_that_do_not_fit_reject_the_row(
    tmp_path: Path, name: str, value: Any, kind: Any
) -> None:
    chunks = as_parquet(tmp_path, name, arrow.array([value], type=kind))
    assert [(r.code, r.column) for chunk in chunks for r in chunk.rejects] == [("invalid_value", name)]


@pytest.mark.parametrize(
    ("name", "value", "kind", "expected"),
    [
        ("ts", JUNE, arrow.timestamp("ns", "+05:30"), JUNE),
        ("ts", JUNE.replace(tzinfo=None), arrow.timestamp("s"), JUNE),
        ("input_tokens", Decimal(12), arrow.decimal256(50, 0), 12),
        ("user", float("nan"), arrow.float64(), ""),
        ("tags", [("a", "b")], arrow.map_(arrow.string(), arrow.string()), '{"a":"b"}'),
        ("prefix_hashes", [], arrow.list_(arrow.float64()), []),
    ],
)  # fmt: skip
def test_types_of_parquet_that_say_the_same_are_read(
    tmp_path: Path, name: str, value: Any, kind: Any, expected: Any
) -> None:
    assert rows_of(as_parquet(tmp_path, name, arrow.array([value], type=kind)))[name].to_list() == [expected]


@pytest.mark.parametrize("name", ["service_tier", "streaming", "prefix_hashes"])
def test_a_list_of_nothing_where_none_belongs_rejects_its_row_alone(tmp_path: Path, name: str) -> None:
    (chunk,) = parse(tmp_path, jsonl({**CALL, name: [None]}), "calls")
    assert [(reject.code, reject.column) for reject in chunk.rejects] == [("invalid_value", name)]


def test_large_amounts_are_exact_in_every_kind_of_file(tmp_path: Path) -> None:
    text = {**CALL, "reported_cost_usd": "1750000000000000.123456789012345"}
    for content in (jsonl(text), csv(text)):
        (cost,) = rows_of(parse(tmp_path, content, "calls"))["reported_cost_usd"]
        assert cost == Decimal("1750000000000000.123456789012345")
