"""What reading each import format costs, without storing it: rows/s and memory of a process of its own.

The files are made row by row from the same numbers, in the shape that each tool writes, without text of
prompts and answers. `python -m benchmarks.import_formats FORMAT FILE` reads one file and prints what it took.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks.record import record

Row = dict[str, Any]
START = 1_759_363_200


def _iso(number: int) -> str:
    return datetime.fromtimestamp(START + number, UTC).isoformat()


def _call(n: int) -> Row:
    return {
        "call_id": f"call-{n}", "ts": (START + n) * 1000, "provider": "openai", "model": "gpt-4o-mini",
        "input_tokens": 900 + n % 300, "output_tokens": 40 + n % 7, "cache_read_tokens": 512,
        "latency_ms": 800.0 + n % 90, "user": f"user-{n % 500}", "session_id": f"s-{n // 8}",
        "prefix_hashes": [n // 8, n // 4], "prefix_block_tokens": 256,
    }  # fmt: skip


def _eval(n: int) -> Row:
    return {"item_id": f"item-{n}", "model": "gpt-4o-mini", "score": n % 2, "group": f"g{n % 50}"}


def _azure(n: int) -> Row:
    return {"TIMESTAMP": _iso(n).replace("T", " "), "ContextTokens": 900 + n % 300, "GeneratedTokens": 40}


def _mooncake(n: int) -> Row:
    blocks = list(range(n // 8, n // 8 + 8))
    return {"timestamp": n * 40, "input_length": 8 * 512, "output_length": 40, "hash_ids": blocks}


def _aider(n: int) -> Row:
    properties = {"main_model": "gpt-4o-mini", "prompt_tokens": 900 + n % 300, "completion_tokens": 40,
                  "total_tokens": 940, "cost": 0.0002, "total_cost": 0.5, "edit_format": "diff"}  # fmt: skip
    return {"event": "message_send", "properties": properties, "user_id": "u", "time": START + n}


def _claude(n: int) -> Row:
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 18_000,
             "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0},
             "output_tokens": 200 + n % 2, "service_tier": "standard"}  # fmt: skip
    message = {"id": f"msg_{n // 2}", "model": "claude-sonnet-4-5-20250929", "usage": usage}
    return {"type": "assistant", "timestamp": _iso(n), "sessionId": f"s-{n // 400}", "cwd": "/src",
            "version": "2.1.0", "gitBranch": "main", "uuid": str(n), "message": message}  # fmt: skip


def _bucket(n: int) -> Row:
    result = {"object": "organization.usage.completions.result", "input_tokens": 9_000, "output_tokens": 400,
              "input_cached_tokens": 5_000, "num_model_requests": 9, "model": f"gpt-{n % 7}"}  # fmt: skip
    start = START - 3600 * n
    return {"object": "bucket", "start_time": start, "end_time": start + 3600, "results": [result]}


def _langfuse(n: int) -> Row:
    return {
        "id": f"obs-{n}", "traceId": f"t-{n // 3}", "type": "GENERATION", "name": "answer",
        "startTime": _iso(n), "endTime": _iso(n + 2), "model": "gpt-4o-mini", "level": "DEFAULT",
        "usageDetails": {"input": 400, "input_cached_tokens": 512, "output": 40, "total": 952},
        "costDetails": {"total": 0.0002}, "userId": f"user-{n % 500}", "environment": "production",
    }  # fmt: skip


def _helicone(n: int) -> Row:
    return {
        "request_id": f"r-{n}", "request_created_at": _iso(n), "response_status": 200, "provider": "OPENAI",
        "response_model": "gpt-4o-mini", "prompt_tokens": 912, "prompt_cache_read_tokens": 512,
        "completion_tokens": 40, "delay_ms": 800 + n % 90, "request_user_id": f"user-{n % 500}",
        "request_properties": {"tenant": f"t{n % 20}", "Helicone-Session-Id": f"s-{n // 8}"}, "cost": 0.0002,
    }  # fmt: skip


def _litellm(n: int) -> Row:
    usage = {"prompt_tokens": 912, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 512}}
    return {
        "request_id": f"r-{n}", "call_type": "acompletion", "startTime": _iso(n), "endTime": _iso(n + 2),
        "model": "openai/gpt-4o-mini", "custom_llm_provider": "openai", "prompt_tokens": 912,
        "completion_tokens": 40, "spend": 0.0002, "api_key": "88dc28d0", "end_user": f"user-{n % 500}",
        "metadata": {"status": "success", "usage_object": usage}, "request_tags": ["nightly"],
    }  # fmt: skip


ROWS: dict[str, Callable[[int], Row]] = {
    "calls": _call,
    "evals": _eval,
    "azure-llm": _azure,
    "mooncake": _mooncake,
    "aider-analytics": _aider,
    "claude-code": _claude,
    "openai-usage": _bucket,
    "langfuse": _langfuse,
    "helicone": _helicone,
    "litellm": _litellm,
}


def write_export(path: Path, kind: str, rows: int) -> None:
    """Write one export of a format: CSV for `azure-llm`, JSON lines for all others."""
    made: Iterator[Row] = (ROWS[kind](number) for number in range(rows))
    if kind == "azure-llm":
        names: list[str] = list(ROWS[kind](0))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(made)
        return
    with path.open("wb") as file:
        for row in made:
            file.write(orjson.dumps(row) + b"\n")


def read(kind: str, path: Path) -> Row:
    """Read a file; seconds, rows, and the process's memory before and at its peak in MiB."""
    from netra.usage.importing.parsing import FileParser, ImportOptions

    before = peak_mb()
    started, used = time.perf_counter(), time.process_time()
    rows = sum(chunk.read for chunk in FileParser(ImportOptions(kind)).parse(path))
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    told = {"rows": rows, "seconds": seconds, "cpu_seconds": cpu}
    return {**told, "before_mb": before, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """The most memory this process has held, in MiB. Not of `getrusage`, which counts the parent's too."""
    (line,) = (s for s in Path("/proc/self/status").read_text().splitlines() if s.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure_formats(rows: int) -> None:
    """Read a generated export of every format and record what it took."""
    load = os.getloadavg()[0]
    results: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as folder:
        for kind in ROWS:
            path = Path(folder) / kind
            write_export(path, kind, rows)
            command = [sys.executable, "-m", "benchmarks.import_formats", kind, str(path)]
            told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            if told["rows"] != rows:
                raise RuntimeError(f"{kind}: {told['rows']} of {rows} rows read")
            results.append(
                {
                    "format": kind,
                    "rows": rows,
                    "mebibytes": round(path.stat().st_size / 2**20, 1),
                    "rows_per_second": round(rows / told["seconds"]),
                    "rows_per_cpu_second": round(rows / told["cpu_seconds"]),
                    "memory_before_mb": round(told["before_mb"]),
                    "peak_memory_mb": round(told["peak_mb"]),
                }
            )
            path.unlink()
    averages = {"before": round(load, 2), "after": round(os.getloadavg()[0], 2)}
    record("import_formats", {"load_average": averages, "results": results}, "netra bench import --formats")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read(sys.argv[1], Path(sys.argv[2]))) + "\n")
