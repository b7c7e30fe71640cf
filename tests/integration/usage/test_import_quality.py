"""What an import says about its data is kept with it, and an import can be taken back."""

import asyncio
from typing import Any

import orjson
import pytest

from netra.usage.errors import ImportNotFoundError, ImportRunningError
from netra.usage.importing.quality import DataQuality
from netra.usage.reconciliation.stored import stored_report

pytestmark = pytest.mark.protects("W10")


def call(number: int, **changes: object) -> dict[str, object]:
    return {
        "call_id": f"call-{number}",
        "ts": 1_750_000_000_000 + number * 1_000,
        "model": "gpt-4o-mini",
        "input_tokens": 1_000,
        "output_tokens": 50,
        **changes,
    }


def lines(*rows: dict[str, object]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def found(quality: DataQuality | None) -> dict[str, int]:
    assert quality is not None
    return {finding.code: finding.rows for finding in quality.findings}


async def test_the_report_is_kept_with_the_import(bench: Any) -> None:
    await bench.load(lines(call(1), call(2)))
    result = await bench.load(
        lines(
            call(1, input_tokens=7),
            call(2),
            call(3, model="a-model-nobody-sells"),
            call(4, output_tokens=-1),
            call(5, retry_of="call-5"),
        )
        + b'{"call_id": "call-6", "ts'
    )
    expected = {
        "conflict": 1,
        "duplicate": 1,
        "unpriced": 1,
        "negative": 1,
        "retry_cycle": 1,
        "half_written": 1,
    }
    assert {finding.code: finding.rows for finding in result.findings} == expected
    record = await bench.imports.get_import(bench.context, result.import_id)
    assert found(record.quality) == expected
    assert record.quality.unpriced_models == {"a-model-nobody-sells": 1}
    assert record.read == record.stored + record.duplicates + record.rejected + record.ignored == 6


async def test_an_import_that_failed_tells_what_it_had_seen(bench: Any) -> None:
    with pytest.raises(Exception, match="needs"):
        await bench.load(b"a,b\n1,2\n")
    record = (await bench.imports.list_imports(bench.context))[0]
    assert (record.status, found(record.quality)) == ("failed", {})


async def test_an_import_is_taken_back_whole_and_nothing_else(bench: Any, new_bench: Any) -> None:
    other = new_bench()
    await other.load(lines(call(1)))
    first = await bench.load(lines(call(1), call(2)))
    second = await bench.load(lines(call(2), call(3)))
    version = await bench.usage.data_version(bench.context)
    undone = await bench.imports.undo_import(bench.context, first.import_id)
    assert (undone.status, undone.stored) == ("undone", 2)
    assert undone.undone_at is not None
    assert await bench.usage.data_version(bench.context) > version
    assert (await bench.ask("calls")).rows == [{"calls": 1}]
    assert (await other.ask("calls")).rows == [{"calls": 1}]
    assert (await bench.imports.undo_import(bench.context, first.import_id)).status == "undone"
    again = await bench.load(lines(call(1), call(2)))
    assert (again.stored, again.duplicates, again.resumed) == (2, 0, False)
    assert (await bench.load(lines(call(2), call(3)))).duplicates == 2
    assert (await bench.imports.get_import(bench.context, second.import_id)).status == "completed"
    with pytest.raises(ImportNotFoundError):
        await other.imports.undo_import(other.context, first.import_id)


async def test_an_import_under_way_is_not_taken_back(bench: Any) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def wait(progress: Any) -> None:
        entered.set()
        await release.wait()

    loading = asyncio.create_task(bench.load(lines(call(1)), on_progress=wait))
    await entered.wait()
    records = await bench.imports.list_imports(bench.context)
    with pytest.raises(ImportRunningError):
        await bench.imports.undo_import(bench.context, records[0].id)
    release.set()
    assert (await loading).stored == 1


async def test_usage_lines_stand_beside_the_calls(bench: Any) -> None:
    bucket: dict[str, Any] = {
        "object": "bucket",
        "start_time": 1_750_032_000,
        "end_time": 1_750_118_400,
        "results": [
            {
                "object": "organization.usage.completions.result",
                "input_tokens": 100,
                "output_tokens": 5,
                "num_model_requests": 2,
                "model": "gpt-4o-mini-2024-07-18",
            }
        ],
    }
    assert (await bench.load(lines(bucket), "openai-usage")).stored == 1
    assert (await bench.load(orjson.dumps([bucket]), "openai-usage")).duplicates == 1
    bucket["results"][0]["input_tokens"] = 200
    later = await bench.load(lines(bucket), "openai-usage")
    assert {finding.code: finding.rows for finding in later.findings} == {"grown": 1}
    bucket["results"][0]["input_tokens"] = 150
    assert (await bench.load(lines(bucket), "openai-usage")).duplicates == 1
    assert (await bench.ask("calls")).rows == [{"calls": 0}]
    report = await stored_report(bench.usage._access.for_context(bench.context).analytics, "auto")
    assert orjson.loads(report)["input_tokens"] == 200
    undone = (await bench.imports.list_imports(bench.context))[-1]
    await bench.imports.undo_import(bench.context, undone.id)
    assert (await bench.load(lines(bucket), "openai-usage")).stored == 1


async def test_many_chunks_find_what_is_stored_by_whichever_way(bench: Any) -> None:
    """The first chunks ask the store for their ids, later ones remember all of the workspace."""
    await bench.load(lines(*(call(number) for number in range(200))))
    changed = [call(number, output_tokens=51 if number % 10 == 0 else 50) for number in range(100, 300)]
    bench.imports._block_bytes = 2_000
    result = await bench.load(lines(*changed, *changed[150:]))
    assert (result.read, result.stored, result.duplicates, result.rejected) == (250, 100, 140, 10)
    assert (await bench.ask("calls", "output_tokens")).rows == [{"calls": 300, "output_tokens": 15_010}]


def message(output: int, *, written: dict[str, int] | None = None, model: str = "claude-sonnet-4-5") -> bytes:
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 300, "output_tokens": output}
    answer = {"id": "msg_1", "model": model, "usage": {**usage, "cache_creation": written or {}}}
    return lines({"type": "assistant", "timestamp": "2025-10-02T09:14:03Z", "message": answer})


async def test_the_most_complete_record_of_a_message_stays_in_whatever_order_it_comes(bench: Any) -> None:
    longer = message(500, written={"ephemeral_1h_input_tokens": 300})
    asked = ("calls", "output_tokens", "cache_write_1h_tokens", "cost_usd")
    assert (await bench.load(message(3), "claude-code")).stored == 1
    grown = await bench.load(longer + message(3, model="other"), "claude-code")
    assert {f.code: f.rows for f in grown.findings} == {"grown": 1}
    counts = [
        (result.read, result.stored, result.duplicates, result.rejected, result.ignored)
        for result in [
            grown,
            await bench.load(message(3), "claude-code"),
            await bench.load(message(499), "claude-code"),
            await bench.load(longer, "claude-code"),
        ]
    ]
    assert counts == [(2, 0, 1, 0, 1), *[(1, 0, 1, 0, 0)] * 3]
    # 5 input at 3, 300 written for an hour at 6, 500 output at 15 USD a million.
    assert (await bench.ask(*asked)).rows == [
        {
            "calls": 1,
            "output_tokens": 500,
            "cache_write_1h_tokens": 300,
            "cost_usd": "0.009315",
        }
    ]
    assert (await bench.load(message(900, model="other"), "claude-code")).rejected == 1
