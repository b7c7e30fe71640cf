"""Something is killed with -9 while the command line imports: the import ends well or says so, and the same
command again brings exactly the rows.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
import pytest

from testkit.live_server import CommandLine, LiveServer, child_environment, running_up, starting_up

pytestmark = [pytest.mark.protects("W13"), pytest.mark.timeout(300)]

ROWS = 500_000
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a million calls in several chunks, every fifth without an id of its own, some of them equal."""
    numbers = pl.int_range(ROWS, eager=True)
    path = tmp_path_factory.mktemp("calls") / "calls.jsonl"
    pl.DataFrame(
        {
            "call_id": pl.Series([None if n % 5 == 0 else f"c{n}" for n in range(ROWS)], dtype=pl.String),
            "ts": pl.Series([datetime(2026, 3, 1, tzinfo=UTC)]) + numbers // 2 * timedelta(milliseconds=1),
            "model": pl.Series(["gpt-5-mini"]).new_from_index(0, ROWS),
            "input_tokens": 100 + numbers % 400,
            "output_tokens": pl.Series([5]).new_from_index(0, ROWS),
        }
    ).with_columns(pl.col("ts").dt.to_string("iso:strict")).write_ndjson(path)
    return path


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for two minutes at most."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def importing(server: LiveServer, calls: Path) -> "subprocess.Popen[str]":
    """The command line, importing as a user does; returns when rows are being stored."""
    run = CommandLine(server.data_dir, calls.parent)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "netra", "import", calls.name, "--data-dir", str(server.data_dir)],
        cwd=run.cwd, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: process.poll() is not None or stored(run) > 0)
    assert process.poll() is None, "the import ended before anything could be killed"
    return process


def stored(run: CommandLine) -> int:
    """How many calls the workspace has."""
    rows = run.json("usage", "-m", "calls")["rows"]
    return rows[0]["calls"] if rows else 0


def check_repeated(run: CommandLine, calls: Path) -> None:
    """The same command again: every row is there once, and once more adds nothing."""
    for _ in range(2):
        result = run.json("import", calls.name)
        assert (result["read"], result["rejected"]) == (ROWS, 0)
    assert (result["stored"], result["duplicates"]) == (0, ROWS)
    assert stored(run) == ROWS
    assert list((run.data_dir / "uploads").iterdir()) == []


@pytest.mark.parametrize("engine", ["analytics", "postgres", "valkey"])
def test_an_engine_killed_under_an_import(calls: Path, engine: str) -> None:
    with running_up() as server:
        run = CommandLine(server.data_dir, calls.parent)
        process = importing(server, calls)
        os.kill(int((server.data_dir / f"{engine}.pid").read_text().split()[0]), signal.SIGKILL)
        _, told = process.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in told
        if process.returncode:
            assert process.returncode == 1
            assert "again" in told or "repeat" in told, told
        until(lambda: httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200)
        check_repeated(run, calls)


def test_the_server_killed_under_an_import(calls: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "home"
    with starting_up(data_dir) as server:
        process = importing(server, calls)
        os.kill(server.pid, signal.SIGKILL)
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
        assert "Traceback" not in told
        assert "again" in told, told
    with starting_up(data_dir):
        check_repeated(CommandLine(data_dir, calls.parent), calls)
