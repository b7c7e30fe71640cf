"""Exports of other tools, in the shape those tools write, become the calls they stand for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from netra.usage.errors import InvalidOptionError, MissingColumnsError
from netra.usage.importing.parsing import FileParser, ImportOptions
from testkit.foreign_exports import NOW, csv, jsonl, parse, rows_of

OBSERVATION: dict[str, Any] = {
    "id": "obs-1",
    "traceId": "trace-1",
    "type": "GENERATION",
    "name": "answer",
    "startTime": "2025-10-02T09:00:00.000Z",
    "endTime": "2025-10-02T09:00:02.500Z",
    "completionStartTime": "2025-10-02T09:00:00.400Z",
    "model": "gpt-4o-2024-08-06",
    "modelParameters": {"temperature": "0.2", "max_tokens": 512},
    "usageDetails": {"input": 400, "input_cached_tokens": 600, "output": 80, "output_reasoning_tokens": 20},
    "costDetails": {"input": 0.001, "output": 0.0008, "total": 0.00255},
    "parentObservationId": "span-0",
    "level": "DEFAULT",
    "statusMessage": None,
    "environment": "production",
    "sessionId": "sess-1",
    "userId": "ada",
    "tags": ["beta"],
}
SNAKE = {
    "id": "obs-1",
    "trace_id": "trace-1",
    "type": "GENERATION",
    "name": "answer",
    "start_time": "2025-10-02 09:00:00.000000",
    "end_time": "2025-10-02 09:00:02.500000",
    "completion_start_time": "2025-10-02 09:00:00.400000",
    "provided_model_name": "gpt-4o-2024-08-06",
    "model_parameters": '{"temperature": "0.2", "max_tokens": 512}',
    "usage_details": OBSERVATION["usageDetails"],
    "cost_details": OBSERVATION["costDetails"],
    "parent_observation_id": "span-0",
    "level": "DEFAULT",
    "environment": "production",
    "session_id": "sess-1",
    "user_id": "ada",
    "tags": ["beta"],
}


@pytest.mark.parametrize(
    "export",
    [
        orjson.dumps({"data": [OBSERVATION, {**OBSERVATION, "type": "SPAN"}], "meta": {"page": 1}}),
        orjson.dumps([OBSERVATION, {**OBSERVATION, "type": "EVENT"}], option=orjson.OPT_INDENT_2),
        jsonl(SNAKE, {**SNAKE, "type": "SPAN"}),
        csv(SNAKE, {**SNAKE, "type": "SPAN"}),
    ],
)
def test_langfuse_generations(tmp_path: Path, export: bytes) -> None:
    chunks = parse(tmp_path, export, "langfuse")
    assert sum(chunk.ignored for chunk in chunks) == 1
    row = rows_of(chunks).row(0, named=True)
    assert (row["input_tokens"], row["cache_read_tokens"]) == (1_000, 600)
    assert (row["output_tokens"], row["reasoning_tokens"]) == (100, 20)
    assert (row["latency_ms"], row["ttft_ms"]) == (2_500.0, 400.0)
    assert (row["max_output_tokens"], row["temperature"]) == (512, 0.2)
    assert (row["session_id"], row["user"], row["trace_id"]) == ("sess-1", "ada", "trace-1")
    assert str(row["reported_cost_usd"]) == "0.002550000000000"
    assert orjson.loads(row["tags"]) == {"environment": "production", "tags": "beta"}


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        # What Anthropic reports, with its parts side by side.
        (
            {"input": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 50, "output": 5},
            (150, 90, 50, 0, 5),
        ),
        (
            {"input": 1, "input_cache_creation_5m": 2, "input_cache_creation_1h": 3, "output": 1},
            (6, 0, 2, 3, 1),
        ),
        # An application that counted cached tokens inside the input: the total says so.
        ({"input": 100, "input_cached_tokens": 80, "output": 10, "total": 110}, (100, 80, 0, 0, 10)),
        ({"input": 100, "output": 10, "total": 110}, (100, 0, 0, 0, 10)),
        ({"prompt_tokens": 100, "completion_tokens": 10, "total": 110}, (100, 0, 0, 0, 10)),
    ],
)
def test_langfuse_parts_of_usage(
    tmp_path: Path, details: dict[str, int], tokens: tuple[int, int, int, int, int]
) -> None:
    row = rows_of(parse(tmp_path, jsonl({**OBSERVATION, "usageDetails": details}), "langfuse"))
    names = (
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
    )
    assert row.select(names).row(0) == tokens


def test_langfuse_usage_of_older_versions(tmp_path: Path) -> None:
    old = {name: value for name, value in OBSERVATION.items() if name != "usageDetails"}
    usages = [
        {"usage": {"input": 0, "output": 7, "unit": "TOKENS"}},
        {"promptTokens": 3, "completionTokens": 7},
    ]
    rows = rows_of(
        parse(
            tmp_path, jsonl(*({**old, "id": str(n), **usage} for n, usage in enumerate(usages))), "langfuse"
        )
    )
    assert rows.select("input_tokens", "output_tokens").rows() == [(0, 7), (3, 7)]


REQUEST: dict[str, Any] = {
    "response_id": "res-1",
    "response_created_at": "2025-10-02T09:00:01.900Z",
    "response_status": 200,
    "response_model": "gpt-4o-mini-2024-07-18",
    "request_id": "req-1",
    "request_created_at": "2025-10-02T09:00:00.000Z",
    "request_model": "gpt-4o-mini",
    "request_path": "https://api.openai.com/v1/chat/completions",
    "request_user_id": "ada",
    "request_properties": {"Helicone-Session-Id": "s-1", "tenant": "shop"},
    "provider": "OPENAI",
    "delay_ms": 1_900,
    "time_to_first_token": 310,
    "total_tokens": 1_050,
    "prompt_tokens": 1_000,
    "prompt_cache_read_tokens": 400,
    "prompt_cache_write_tokens": 0,
    "completion_tokens": 50,
    "cost": 0.00015,
    "country_code": "CH",
    "cache_reference_id": "00000000-0000-0000-0000-000000000000",
}


@pytest.mark.parametrize(
    "export", [jsonl(REQUEST), orjson.dumps({"data": [REQUEST], "error": None}), csv(REQUEST)]
)
def test_helicone_requests(tmp_path: Path, export: bytes) -> None:
    row = rows_of(parse(tmp_path, export, "helicone")).row(0, named=True)
    assert (row["call_id"], row["provider"], row["model"]) == ("req-1", "openai", "gpt-4o-mini-2024-07-18")
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]) == (1_000, 400, 50)
    assert (row["latency_ms"], row["ttft_ms"], row["status"]) == (1_900.0, 310.0, "ok")
    assert (row["session_id"], row["user"]) == ("s-1", "ada")
    assert orjson.loads(row["tags"])["tenant"] == "shop"


def test_helicone_prompts_of_anthropic_leave_out_the_cache(tmp_path: Path) -> None:
    claude = {
        **REQUEST,
        "provider": "ANTHROPIC",
        "response_model": "claude-sonnet-4-5",
        "prompt_tokens": 10,
        "prompt_cache_write_tokens": 300,
    }
    cached = {**REQUEST, "cache_reference_id": "req-0"}
    failed = {**REQUEST, "request_id": "req-2", "response_status": 429, "completion_tokens": 0}
    chunks = parse(tmp_path, jsonl(claude, cached, failed), "helicone")
    rows = rows_of(chunks)
    assert rows.select("input_tokens", "cache_read_tokens", "cache_write_tokens", "status").rows() == [
        (710, 400, 300, "ok"),
        (1_000, 400, 0, "rate_limited"),
    ]
    assert sum(chunk.ignored for chunk in chunks) == 1


SPEND: dict[str, Any] = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": "88dc28d0",
    "spend": 0.00234,
    "total_tokens": 1_210,
    "prompt_tokens": 1_200,
    "completion_tokens": 10,
    "startTime": "2025-10-02T09:00:00.000Z",
    "endTime": "2025-10-02T09:00:03.000Z",
    "completionStartTime": "2025-10-02T09:00:00.750Z",
    "model": "anthropic/claude-sonnet-4-5",
    "custom_llm_provider": "anthropic",
    "model_group": "smart",
    "user": "default_user_id",
    "end_user": "ada",
    "team_id": "team-1",
    "session_id": "sess-9",
    "cache_hit": "False",
    "status": "success",
    "request_tags": ["nightly"],
    "metadata": {
        "user_api_key_team_alias": "shop",
        "usage_object": {
            "prompt_tokens": 1_200,
            "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 900},
            "cache_read_input_tokens": 900,
            "cache_creation_input_tokens": 200,
        },
    },
}


@pytest.mark.parametrize("export", [jsonl(SPEND), orjson.dumps([SPEND]), csv(SPEND)])
def test_litellm_spend_logs(tmp_path: Path, export: bytes) -> None:
    row = rows_of(parse(tmp_path, export, "litellm")).row(0, named=True)
    assert (row["call_id"], row["provider"], row["model"]) == ("chatcmpl-1", "anthropic", "claude-sonnet-4-5")
    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (1_200, 900, 200)
    assert (row["latency_ms"], row["ttft_ms"], row["status"]) == (3_000.0, 750.0, "ok")
    assert (row["user"], row["session_id"], row["app"]) == ("ada", "sess-9", "shop")
    assert orjson.loads(row["tags"])["request_tags"] == "nightly"


def test_litellm_logging_payloads(tmp_path: Path) -> None:
    payload: dict[str, Any] = {
        "id": "chatcmpl-2",
        "trace_id": "t-1",
        "call_type": "completion",
        "stream": True,
        "response_cost": 0.001,
        "status": "failure",
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "startTime": 1_759_395_600.25,
        "endTime": 1_759_395_601.25,
        "completionStartTime": 1_759_395_601.25,
        "model": "gpt-4o",
        "custom_llm_provider": "azure",
        "end_user": "",
        "metadata": {"user_api_key_hash": "88dc28d0", "user_api_key_user_id": "bob"},
        "error_information": {"error_code": "429", "error_class": "RateLimitError"},
        "cache_hit": None,
    }
    hit = {**payload, "id": "chatcmpl-3", "cache_hit": True}
    embedding = {**payload, "id": "chatcmpl-4", "call_type": "aembedding"}
    chunks = parse(tmp_path, jsonl(payload, hit, embedding), "litellm")
    assert sum(chunk.ignored for chunk in chunks) == 2
    row = rows_of(chunks).row(0, named=True)
    assert row["ts"] == datetime(2025, 10, 2, 9, 0, 0, 250_000, tzinfo=UTC)
    assert (row["status"], row["ttft_ms"], row["latency_ms"]) == ("rate_limited", None, 1_000.0)
    assert (row["user"], row["api_key_id"], row["streaming"]) == ("bob", "88dc28d0", True)


def test_formats_that_know_their_columns_take_no_map() -> None:
    with pytest.raises(InvalidOptionError, match="knows its own columns"):
        FileParser(ImportOptions("langfuse", names={"user": "who"}))


@pytest.mark.parametrize("kind", ["claude-code", "openai-usage", "langfuse", "helicone", "litellm"])
@pytest.mark.parametrize("junk", [b'{"a": {"b": [1, null, "x"]}}\n' * 3, b"a,b\n1,2\n"])
def test_rows_of_something_else_are_ignored_or_refused_never_stored(
    tmp_path: Path, kind: str, junk: bytes
) -> None:
    file = tmp_path / "junk"
    file.write_bytes(junk)
    if kind == "claude-code" and junk.startswith(b"a"):
        with pytest.raises(MissingColumnsError):
            list(FileParser(ImportOptions(kind), now=NOW).parse(file))
        return
    chunks = list(FileParser(ImportOptions(kind), now=NOW).parse(file))
    assert sum(chunk.frame.height for chunk in chunks) == 0
    assert sum(chunk.read for chunk in chunks) == len(junk.splitlines()) - junk.startswith(b"a")
