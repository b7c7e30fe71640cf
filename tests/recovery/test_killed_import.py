"""A process killed with -9 in the middle of an import: the same file again completes it, nothing is twice."""

import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from netra.storage.embedded.engines import EngineUrls

pytestmark = pytest.mark.protects("W13")

SCRIPT = Path(__file__).with_name("dying_import.py")
ROWS = 400
BLOCK = 16_000


def content() -> bytes:
    rows: list[dict[str, object]] = []
    for number in range(ROWS):
        row: dict[str, object] = {
            "ts": 1_750_000_000_000 + number // 2,
            "model": "gpt-4o-mini",
            "input_tokens": 100 + number // 4,
            "output_tokens": 5,
            "session_id": "s" * (number % 40),
        }
        if number % 3 == 0:
            row["call_id"] = f"call-{number}"
        if number % 50 == 7:
            row["output_tokens"] = -1
        rows.append(row)
    rows.append({**rows[0]})
    rows.append({**rows[3], "output_tokens": 6})
    return b"\n".join(orjson.dumps(row) for row in rows)


def rejected_lines(path: str) -> list[int]:
    return [orjson.loads(line)["line"] for line in Path(path).read_bytes().splitlines()]


async def run(order: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        json.dumps(order),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": f"src:{Path.cwd()}", "PATH": "/usr/bin:/bin"},
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else None


DEATHS = [("written", 0), ("before", 0), ("settled", 1), ("written", 3)]


async def test_a_killed_import_is_completed_by_the_same_file(
    bench: Any, migrated: EngineUrls, tmp_path: Path
) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(content())
    order: dict[str, Any] = {
        "urls": asdict(migrated),
        "home": str(tmp_path / "home"),
        "file": str(file),
        "context": bench.context.to_dict(),
        "block_bytes": BLOCK,
    }
    for moment in DEATHS:
        code, _ = await run({**order, "die": moment})
        assert code == -signal.SIGKILL
    running = await bench.imports.list_imports(bench.context)
    assert [record.status for record in running] == ["interrupted"]
    code, result = await run({**order, "die": ("never", 0)})
    assert code == 0
    assert result is not None
    assert result["resumed"] is True
    assert (result["read"], result["stored"], result["duplicates"], result["rejected"]) == (402, 392, 1, 9)
    assert rejected_lines(result["reject_file"]) == [8, 58, 108, 158, 208, 258, 308, 358, 402]
    frame = await bench.usage.load_calls(bench.context, columns=["call_id", "position", "output_tokens"])
    assert frame.height == 392
    assert frame["call_id"].n_unique() == 392
    assert frame["position"].n_unique() == 392
    assert (await bench.ask("calls")).rows == [{"calls": 392}]
    assert list((tmp_path / "home" / "uploads").iterdir()) == []
