"""Exports as other versions, providers and settings of each tool write them: the same definitions hold."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from netra.usage.importing.parsing import FileParser, ImportOptions
from testkit.foreign_exports import NOW, csv, jsonl, parse, rows_of

TOKENS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
GENERATION: dict[str, Any] = {"id": "g", "type": "GENERATION", "startTime": 1_759_395_600_000, "model": "m"}
SPENT: dict[str, Any] = {
    "request_id": "r",
    "startTime": "2025-10-02 09:00:00.5+00",
    "endTime": "2025-10-02 09:00:01+00",
    "model": "gpt-5",
    "prompt_tokens": 1_000,
    "completion_tokens": 90,
}
REQUEST: dict[str, Any] = {
    "request_id": "r",
    "request_created_at": "2025-10-02 09:00:00",
    "response_status": 200,
    "response_model": "claude-sonnet-4-5",
    "prompt_tokens": 1_000,
    "prompt_cache_read_tokens": 400,
    "completion_tokens": 90,
}


def answer(**usage: Any) -> dict[str, Any]:
    """A line of a Claude Code session."""
    told = {"input_tokens": 10, "output_tokens": 20, **usage}
    message = {"id": "msg_1", "model": "claude-opus-4-6", "usage": told}
    return {"type": "assistant", "timestamp": "2025-10-02T09:00:00Z", "message": message}


def tokens_of(tmp_path: Path, kind: str, *rows: dict[str, Any]) -> list[tuple[int | None, ...]]:
    return rows_of(parse(tmp_path, jsonl(*rows), kind)).select(TOKENS).rows()


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        # Langfuse's own conversion of OpenAI's usage: audio and text stand apart, or overlap the cached part.
        (
            {"input": 0, "input_cached_tokens": 2, "input_audio_tokens": 3, "output": 11, "total": 16},
            (5, 2, 0, 0, 11, None),
        ),
        (
            {"input": 0, "input_cached_tokens": 4, "input_audio_tokens": 3, "output": 11, "total": 16},
            (5, 4, 0, 0, 11, None),
        ),
        (
            {"input": 5, "output": 0, "output_text_tokens": 11, "output_reasoning_tokens": 4, "total": 16},
            (5, 0, 0, 0, 11, 4),
        ),
        # pydantic-ai over OpenTelemetry: a detail that the output holds already, added up by Langfuse.
        ({"input": 100, "output": 50, "reasoning_tokens": 30, "total": 180}, (100, 0, 0, 0, 50, 30)),
        (
            {"input": 9, "output": 5, "accepted_prediction_tokens": 2, "rejected_prediction_tokens": 1},
            (9, 0, 0, 0, 5, None),
        ),
        # Both sides hold their parts: OpenAI's numbers as they are, under Langfuse's names.
        (
            {
                "input": 100,
                "input_cached_tokens": 80,
                "output": 10,
                "output_reasoning_tokens": 6,
                "total": 110,
            },
            (100, 80, 0, 0, 10, 6),
        ),
        (
            {
                "input": 20,
                "input_cached_tokens": 80,
                "output": 10,
                "output_reasoning_tokens": 6,
                "total": 110,
            },
            (100, 80, 0, 0, 10, 6),
        ),
        ({"input": "7", "output": "3", "total": "10", "cost": None}, (7, 0, 0, 0, 3, None)),
    ],
)
def test_langfuse_parts_overlap_as_the_total_says(
    tmp_path: Path, details: dict[str, Any], tokens: tuple[int, ...]
) -> None:
    assert tokens_of(tmp_path, "langfuse", {**GENERATION, "usageDetails": details}) == [tokens]
    as_text = {**GENERATION, "usageDetails": orjson.dumps(details).decode()}
    assert rows_of(parse(tmp_path, csv(as_text), "langfuse")).select(TOKENS).rows() == [tokens]


def test_langfuse_generations_without_usage(tmp_path: Path) -> None:
    failed: dict[str, Any] = {
        **GENERATION,
        "level": "ERROR",
        "usageDetails": {},
        "latency": 1.5,
        "timeToFirstToken": 0.25,
    }
    unknown = {**GENERATION, "id": "h", "usageDetails": {"total": 500}}
    negative = {**GENERATION, "id": "i", "usageDetails": {"input": -5, "input_cached_tokens": 9, "output": 1}}
    (chunk,) = parse(tmp_path, jsonl(failed, unknown, negative), "langfuse")
    assert [(r.line, r.code) for r in chunk.rejects] == [(2, "missing_value"), (3, "negative")]
    told = chunk.frame.row(0, named=True)
    assert (told["input_tokens"], told["output_tokens"], told["status"]) == (0, 0, "error")
    assert (told["latency_ms"], told["ttft_ms"]) == (1_500.0, 250.0)


def test_langfuse_generations_within_generations_are_told(tmp_path: Path) -> None:
    usage = {"usageDetails": {"input": 10, "output": 2}, "traceId": "t"}
    outer = {**GENERATION, **usage, "id": "outer", "parentObservationId": "span"}
    inner = {**GENERATION, **usage, "id": "inner", "parentObservationId": "outer"}
    file = tmp_path / "export"
    file.write_bytes(jsonl(inner, outer))
    parser = FileParser(ImportOptions("langfuse"), now=NOW)
    assert sum(chunk.frame.height for chunk in parser.parse(file)) == 2
    findings = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
    assert [(f.code, f.rows, f.first_line) for f in findings] == [("nested_call", 1, 1)]


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"provider": "ANTHROPIC"}, (1_400, 400, 0, 0, 90, None)),
        ({"provider": "AWS"}, (1_400, 400, 0, 0, 90, None)),
        # OpenRouter answers in OpenAI's words, whose prompt holds what was cached.
        ({"provider": "OPENROUTER"}, (1_000, 400, 0, 0, 90, None)),
        ({"provider": "OPENAI", "response_model": "gpt-5"}, (1_000, 400, 0, 0, 90, None)),
        ({"prompt_tokens": "1000", "completion_tokens": "90", "provider": "X"}, (1_400, 400, 0, 0, 90, None)),
        (
            {"response_status": 500, "prompt_tokens": None, "completion_tokens": None,
             "prompt_cache_read_tokens": None},
            (0, 0, 0, 0, 0, None),
        ),
    ],
)  # fmt: skip
def test_helicone_providers_count_as_they_do(
    tmp_path: Path, changes: dict[str, Any], tokens: tuple[int, ...]
) -> None:
    assert tokens_of(tmp_path, "helicone", {**REQUEST, **changes}) == [tokens]


@pytest.mark.parametrize(
    ("metadata", "tokens", "tier"),
    [
        # Versions that kept no usage, OpenAI's details, Anthropic's fields, and those of pass-through.
        ({}, (1_000, 0, 0, 0, 90, None), "standard"),
        (
            {
                "usage_object": {
                    "prompt_tokens_details": {"cached_tokens": 300, "text_tokens": None},
                    "completion_tokens_details": {"reasoning_tokens": 40},
                    "service_tier": "flex",
                }
            },
            (1_000, 300, 0, 0, 90, 40),
            "flex",
        ),
        (
            {
                "additional_usage_values": {
                    "cache_read_input_tokens": 300,
                    "cache_creation_input_tokens": 200,
                    "prompt_tokens_details": {
                        "cache_creation_token_details": {
                            "ephemeral_5m_input_tokens": 50,
                            "ephemeral_1h_input_tokens": 150,
                        }
                    },
                }
            },
            (1_000, 300, 50, 150, 90, None),
            "standard",
        ),
        # A version whose prompt left the cache out.
        (
            {"usage_object": {"cache_read_input_tokens": 5_000, "cache_creation_input_tokens": 0}},
            (6_000, 5_000, 0, 0, 90, None),
            "standard",
        ),
    ],
)
def test_litellm_usage_of_several_versions(
    tmp_path: Path, metadata: dict[str, Any], tokens: tuple[int, ...], tier: str
) -> None:
    for row in ({**SPENT, "metadata": metadata}, {**SPENT, "metadata": orjson.dumps(metadata).decode()}):
        told = rows_of(parse(tmp_path, jsonl(row), "litellm"))
        assert told.select(TOKENS).rows() == [tokens]
        assert told["service_tier"].to_list() == [tier]
        assert told["ts"].to_list() == [datetime(2025, 10, 2, 9, 0, 0, 500_000, tzinfo=UTC)]
        assert told["latency_ms"].to_list() == [500.0]


def test_litellm_calls_of_no_model_are_ignored_and_parameters_kept(tmp_path: Path) -> None:
    kinds = [
        "aembedding",
        "aimage_edit",
        "call_mcp_tool",
        "arerank",
        "acreate_file",
        "asearch",
        "acompletion",
    ]
    rows = [{**SPENT, "request_id": kind, "call_type": kind} for kind in kinds]
    rows[-1]["model_parameters"] = {"max_tokens": 128, "temperature": 0.5, "reasoning_effort": "low"}
    rows[-1] |= {"model": "bedrock/anthropic.claude-sonnet-4-5-v1:0", "custom_llm_provider": "bedrock"}
    (chunk,) = parse(tmp_path, jsonl(*rows), "litellm")
    assert chunk.ignored == 6
    columns = ("provider", "model", "max_output_tokens", "temperature", "reasoning_effort")
    assert chunk.frame.select(columns).rows() == [
        ("aws", "anthropic.claude-sonnet-4-5-v1:0", 128, 0.5, "low")
    ]


@pytest.mark.parametrize(
    ("usage", "tokens", "tier"),
    [
        ({}, (10, 0, 0, 0, 20, None), "standard"),
        ({"cache_creation_input_tokens": 7, "cache_creation": None}, (17, 0, 7, 0, 20, None), "standard"),
        (
            {"cache_creation_input_tokens": 0, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
            (19, 0, 0, 9, 20, None),
            "standard",
        ),
        ({"speed": "fast", "cache_read_input_tokens": 5}, (15, 5, 0, 0, 20, None), "priority"),
        ({"iterations": []}, (10, 0, 0, 0, 20, None), "standard"),
        # Two turns on the server: both are billed, the usage above them has the input of the first.
        (
            {
                "iterations": [
                    {"type": "message", "input_tokens": 10, "output_tokens": 8, "cache_read_input_tokens": 0},
                    {
                        "type": "message",
                        "input_tokens": 1,
                        "output_tokens": 12,
                        "cache_read_input_tokens": 18,
                    },
                ]
            },
            (29, 18, 0, 0, 20, None),
            "standard",
        ),
    ],
)
def test_claude_code_usage_of_several_versions(
    tmp_path: Path, usage: dict[str, Any], tokens: tuple[int, ...], tier: str
) -> None:
    rows = rows_of(parse(tmp_path, jsonl(answer(**usage)), "claude-code"))
    assert rows.select(TOKENS).rows() == [tokens]
    assert rows["service_tier"].to_list() == [tier]


def test_claude_code_advisers_are_calls_of_their_own(tmp_path: Path) -> None:
    advice = {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 800, "output_tokens": 90}
    turns = [{"type": "message", "input_tokens": 10, "output_tokens": 20}, advice]
    chunks = parse(tmp_path, jsonl(answer(output_tokens=1), answer(iterations=turns)), "claude-code")
    rows = rows_of(chunks).sort("call_id")
    assert rows.select("call_id", "model", "feature", "input_tokens", "output_tokens").rows() == [
        ("msg_1", "claude-opus-4-6", "main", 10, 20),
        ("msg_1/1", "claude-opus-5", "adviser", 800, 90),
    ]
    assert sum(chunk.ignored for chunk in chunks) == 1


def test_claude_code_takes_the_most_complete_line_whole(tmp_path: Path) -> None:
    early = answer(output_tokens=1, cache_creation_input_tokens=300)
    final = answer(cache_creation_input_tokens=300, cache_creation={"ephemeral_1h_input_tokens": 300})
    for lines in ((early, final), (final, early), (early, final, early, final)):
        assert tokens_of(tmp_path, "claude-code", *lines) == [(310, 0, 0, 300, 20, None)]


def test_claude_code_wrong_counts_are_rejected_not_summed_away(tmp_path: Path) -> None:
    bad = [answer(input_tokens=-5, cache_read_input_tokens=100), answer(cache_read_input_tokens="many")]
    for number, row in enumerate(bad):
        row["message"] |= {"id": f"msg_{number}"}
    rejects = [reject for chunk in parse(tmp_path, jsonl(*bad), "claude-code") for reject in chunk.rejects]
    assert [(reject.line, reject.code) for reject in rejects] == [(1, "negative"), (2, "invalid_value")]


BUCKET: dict[str, Any] = {
    "object": "bucket",
    "start_time": 1_759_363_200,
    "end_time": 1_759_449_600,
    "results": [
        {"object": "organization.usage.completions.result", "input_tokens": 7, "model": "gpt-5"},
        {"object": "organization.usage.embeddings.result", "input_tokens": 5, "num_model_requests": 1},
    ],
}


def page(day: int, *, more: bool) -> dict[str, Any]:
    span = {name: BUCKET[name] + day * 86_400 for name in ("start_time", "end_time")}
    empty: dict[str, Any] = {**BUCKET, "start_time": 0, "end_time": 1, "results": []}
    return {"object": "page", "data": [{**BUCKET, **span}, empty], "has_more": more, "next_page": "p"}


@pytest.mark.parametrize("block", [64, 1 << 20])
@pytest.mark.parametrize("option", [0, orjson.OPT_INDENT_2])
@pytest.mark.parametrize("more", [False, True])
def test_pages_one_after_the_other_are_all_read(tmp_path: Path, block: int, option: int, more: bool) -> None:
    pages = [page(0, more=True), page(1, more=True), page(2, more=more)]
    file = tmp_path / "export"
    file.write_bytes(b"\n".join(orjson.dumps(one, option=option) for one in pages))
    parser = FileParser(ImportOptions("openai-usage"), now=NOW)
    chunks = list(parser.parse(file, block_bytes=block))
    rows = rows_of(chunks)
    assert rows["input_tokens"].sum() == 3 * (7 + 5)
    assert rows["line_item"].to_list() == ["completions", "embeddings"] * 3
    assert rows["ts"].n_unique() == 3
    assert sum(chunk.ignored for chunk in chunks) == 3
    findings = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
    assert [finding.code for finding in findings] == ["cut_off"] * more


def test_what_stands_behind_a_list_is_never_dropped_silently(tmp_path: Path) -> None:
    one, two = ({**BUCKET, "start_time": number} for number in (1, 2))
    both = parse(tmp_path, orjson.dumps([one]) + b"\n" + orjson.dumps([two]), "openai-usage")
    assert rows_of(both).height == 4
    chunks = parse(tmp_path, orjson.dumps([one]) + b"\n{}", "openai-usage")
    assert [reject.code for chunk in chunks for reject in chunk.rejects] == ["malformed_row"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-10 00:00:00.009930+00:00", datetime(2024, 5, 10, 0, 0, 0, 9_930, tzinfo=UTC)),
        ("2024-05-10 00:00:00+00:00", datetime(2024, 5, 10, tzinfo=UTC)),
        ("2023-11-16 18:17:03.9799600", datetime(2023, 11, 16, 18, 17, 3, 979_960, tzinfo=UTC)),
        ("2024-05-10 02:00:00.5+02", datetime(2024, 5, 10, 0, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_azure_times_of_both_years(tmp_path: Path, text: str, expected: datetime) -> None:
    content = f"TIMESTAMP,ContextTokens,GeneratedTokens\n{text},4808,10\n".encode()
    assert rows_of(parse(tmp_path, content, "azure-llm")).select("ts", "input_tokens").rows() == [
        (expected, 4_808)
    ]


@pytest.mark.parametrize(
    "moment",
    [1_759_395_600, 1_759_395_600.0, "1759395600000", 1_759_395_600_000_000, "2025-10-02T11:00+02:00"],
)
def test_foreign_times_of_any_unit(tmp_path: Path, moment: object) -> None:
    row = {**GENERATION, "startTime": moment, "usageDetails": {"input": 1, "output": 1}}
    assert rows_of(parse(tmp_path, jsonl(row), "langfuse"))["ts"][0] == datetime(2025, 10, 2, 9, tzinfo=UTC)


def test_mooncake_traces_of_other_tools(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"timestamp": 0.5, "input_length": 40, "output_length": 1, "hash_ids": [1, 2, 3], "session_id": "a"},
        {"timestamp": 30, "input_length": 16, "output_length": 1, "hash_ids": [], "chat_id": 7},
        {"timestamp": 31, "input_length": 9, "output_length": 1},
    ]
    file = tmp_path / "trace"
    file.write_bytes(jsonl(*rows))
    for values, lengths, codes in (
        ({"prefix_block_tokens": "16"}, [2, 0, 0], []),
        ({}, [0, 0, 0], ["block_mismatch"]),
    ):
        parser = FileParser(ImportOptions("mooncake", "t", values), now=NOW)
        frame = pl.concat([chunk.frame for chunk in parser.parse(file)])
        assert frame["prefix_hashes"].list.len().to_list() == lengths
        assert frame["session_id"].to_list() == ["a", "", ""]
        findings = parser.quality.report(conflicts=0, duplicates=0, unpriced={}).findings
        assert [f.code for f in findings if f.code != "missing_model"] == codes


def test_exports_as_parquet(tmp_path: Path) -> None:
    details = {"input": 20, "input_cached_tokens": 80, "output": 10}
    start = datetime(2025, 10, 2, 9, tzinfo=UTC)
    named = [{**GENERATION, "startTime": start, "usageDetails": details}, {**GENERATION, "type": "SPAN"}]
    frame = pl.DataFrame(named, strict=False, schema_overrides={"startTime": pl.Datetime("us", "UTC")})
    frame.write_parquet(tmp_path / "export")
    chunks = list(FileParser(ImportOptions("langfuse"), now=NOW).parse(tmp_path / "export"))
    assert sum(chunk.ignored for chunk in chunks) == 1
    assert rows_of(chunks).select("ts", *TOKENS).rows() == [(start, 100, 80, 0, 0, 10, None)]
