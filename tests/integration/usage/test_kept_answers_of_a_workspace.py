"""Answers kept by the usage service follow the data and stay in their workspace."""

from typing import Any

import orjson


def line(number: int, tokens: int) -> bytes:
    return orjson.dumps(
        {
            "call_id": f"c{number}",
            "ts": 1_749_992_400_000 + number,
            "provider": "openai",
            "model": "gpt-4o",
            "input_tokens": tokens,
            "output_tokens": 1,
        }
    )


async def test_an_import_is_seen_at_once_and_rows_given_out_are_the_callers_own(bench: Any) -> None:
    await bench.load(line(1, 100))
    first = await bench.ask("calls", "input_tokens")
    first.rows[0]["calls"] = "spoilt"
    assert (await bench.ask("calls", "input_tokens")).rows[0]["calls"] == 1
    await bench.load(line(2, 200))
    again = await bench.ask("calls", "input_tokens")
    assert (again.rows[0]["calls"], again.rows[0]["input_tokens"], again.calls) == (2, 300, 2)


async def test_workspaces_share_a_service_and_no_answer(new_bench: Any) -> None:
    mine, other = new_bench(), new_bench()
    other.usage = mine.usage
    await mine.load(line(1, 100))
    await other.load(line(1, 7))
    assert (await mine.ask("input_tokens")).rows[0]["input_tokens"] == 100
    assert (await other.ask("input_tokens")).rows[0]["input_tokens"] == 7
