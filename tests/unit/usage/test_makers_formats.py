"""Session logs of Claude Code and usage reports of OpenAI: calls, and lines beside the calls."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from testkit.foreign_exports import csv, jsonl, parse, rows_of


def event(message: str, output: int, **changes: Any) -> dict[str, Any]:
    """A line of a Claude Code session."""
    return {
        "parentUuid": None,
        "isSidechain": False,
        "userType": "external",
        "cwd": "/home/ada/shop",
        "sessionId": "7f1c9a52-0000-4000-8000-000000000001",
        "version": "2.0.14",
        "gitBranch": "main",
        "type": "assistant",
        "requestId": f"req_{message}",
        "uuid": f"{message}-{output}",
        "timestamp": "2025-10-02T09:14:03.120Z",
        "message": {
            "id": message,
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5-20250929",
            "content": [{"type": "text", "text": "…"}],
            "usage": {
                "input_tokens": 7,
                "cache_creation_input_tokens": 1_200,
                "cache_read_input_tokens": 18_000,
                "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 1_000},
                "output_tokens": output,
                "service_tier": "standard",
            },
        },
        **changes,
    }


@pytest.mark.parametrize("block", [500, 1 << 20])
def test_claude_code_counts_each_message_once_with_its_last_usage(tmp_path: Path, block: int) -> None:
    user = {"type": "user", "sessionId": "s", "message": {"role": "user", "content": "hi"}}
    invented = event("x", 0)
    invented["message"] = {**invented["message"], "model": "<synthetic>"}
    log = jsonl(
        {"type": "summary", "summary": "Shop", "leafUuid": "u"},
        user,
        event("msg_1", 3),
        event("msg_2", 5, isSidechain=True, agentId="a1"),
        event("msg_1", 41, timestamp="2025-10-02T09:14:09.000Z"),
        invented,
        event("msg_1", 41),
    )
    chunks = parse(tmp_path, log, "claude-code", block)
    assert sum(chunk.read for chunk in chunks) == 7
    assert sum(chunk.ignored for chunk in chunks) == 5
    rows = rows_of(chunks).sort("call_id")
    assert rows.select("call_id", "output_tokens", "position").rows() == [("msg_1", 41, 7), ("msg_2", 5, 4)]
    first = rows.row(0, named=True)
    assert first["ts"] == datetime(2025, 10, 2, 9, 14, 3, 120_000, tzinfo=UTC)
    assert (first["input_tokens"], first["cache_read_tokens"]) == (7 + 1_200 + 18_000, 18_000)
    assert (first["cache_write_tokens"], first["cache_write_1h_tokens"]) == (200, 1_000)
    assert (first["app"], first["feature"], rows["feature"][1]) == ("claude-code", "main", "subagent")
    assert orjson.loads(first["tags"])["cwd"] == "/home/ada/shop"


def test_claude_code_messages_copied_into_a_resumed_session_have_the_same_content(tmp_path: Path) -> None:
    first = rows_of(parse(tmp_path, jsonl(event("msg_1", 41)), "claude-code"))
    resumed = event("msg_1", 41, sessionId="other", uuid="z", cwd="/elsewhere")
    second = rows_of(parse(tmp_path, jsonl(resumed), "claude-code"))
    for name in ("id_hash", "content_hash"):
        assert first[name].to_list() == second[name].to_list()


def test_claude_code_older_lines_without_cache_details(tmp_path: Path) -> None:
    old = event("msg_1", 9)
    del old["message"]["usage"]["cache_creation"], old["requestId"], old["type"]
    row = rows_of(parse(tmp_path, jsonl({**old, "costUSD": 0.0125}), "claude-code")).row(0, named=True)
    assert (row["cache_write_tokens"], row["cache_write_1h_tokens"]) == (1_200, 0)
    assert str(row["reported_cost_usd"]) == "0.012500000000000"


BUCKET: dict[str, Any] = {
    "object": "bucket",
    "start_time": 1_759_363_200,
    "end_time": 1_759_449_600,
    "results": [
        {
            "object": "organization.usage.completions.result",
            "input_tokens": 141_201,
            "output_tokens": 9_756,
            "input_cached_tokens": 64_000,
            "input_audio_tokens": 0,
            "output_audio_tokens": 0,
            "num_model_requests": 470,
            "project_id": "proj_a",
            "user_id": None,
            "api_key_id": "key_1",
            "model": "gpt-4o-mini-2024-07-18",
            "batch": False,
            "service_tier": None,
        },
        {
            "object": "organization.usage.completions.result",
            "input_tokens": 1_000,
            "output_tokens": 10,
            "num_model_requests": 2,
            "model": "gpt-5-2025-08-07",
            "batch": True,
        },
    ],
}


@pytest.mark.parametrize(
    "export",
    [
        orjson.dumps({"object": "page", "data": [BUCKET], "has_more": False, "next_page": None}),
        orjson.dumps({"object": "page", "data": [BUCKET]}, option=orjson.OPT_INDENT_2),
        jsonl(BUCKET),
        orjson.dumps([BUCKET]),
    ],
)
def test_openai_usage_buckets_are_lines_beside_the_calls(tmp_path: Path, export: bytes) -> None:
    rows = rows_of(parse(tmp_path, export, "openai-usage"))
    assert rows.select("provider", "model", "requests", "input_tokens", "cache_read_tokens").rows() == [
        ("openai", "gpt-4o-mini-2024-07-18", 470, 141_201, 64_000),
        ("openai", "gpt-5-2025-08-07", 2, 1_000, 0),
    ]
    assert rows["service_tier"].to_list() == ["", "batch"]
    assert rows["line_item"].to_list() == ["completions"] * 2
    assert rows["ts"][0] == datetime(2025, 10, 2, tzinfo=UTC)
    assert rows["until"][0] == datetime(2025, 10, 3, tzinfo=UTC)


def test_openai_usage_from_the_dashboard_is_the_same_line(tmp_path: Path) -> None:
    times = {
        "start_time": 1_759_363_200,
        "end_time": 1_759_449_600,
        "start_time_iso": "2025-10-02T00:00:00+00:00",
        "end_time_iso": "2025-10-03T00:00:00+00:00",
    }
    used = {name: value for name, value in BUCKET["results"][0].items() if name != "object"}
    listed = rows_of(parse(tmp_path, csv({**times, **used}), "openai-usage"))
    answered = rows_of(parse(tmp_path, jsonl(BUCKET), "openai-usage")).head(1)
    assert listed.drop("position").equals(answered.drop("position"))


def test_openai_costs_keep_their_currency(tmp_path: Path) -> None:
    cost = {
        "object": "organization.costs.result",
        "amount": {"value": 0.06, "currency": "usd"},
        "line_item": "gpt-4o-mini-2024-07-18, input",
        "project_id": "proj_a",
    }
    row = rows_of(parse(tmp_path, jsonl({**BUCKET, "results": [cost]}), "openai-usage")).row(0, named=True)
    assert (str(row["cost"]), row["currency"]) == ("0.060000000000000", "USD")
    assert (row["line_item"], row["requests"]) == ("gpt-4o-mini-2024-07-18, input", 0)
