"""The main job on a fresh data directory, exactly as a newcomer starts it."""

import json
import re
from pathlib import Path

import psutil
import pytest

from testkit.live_server import CommandLine

pytestmark = pytest.mark.protects("W1")


@pytest.mark.timeout(300)
def test_demo_finds_and_reports_savings_and_leaves_nothing_running(tmp_path: Path) -> None:
    home, out = tmp_path / "home dir", tmp_path / "out dir"
    ended = CommandLine(home, tmp_path).as_process("demo", "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    for mark in ("Signed up", "Imported calls.parquet", "Imported evals.jsonl", "supervisor", "Answered in"):
        assert mark in ended.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["answer"] == "answered"
    assert {finding["verdict"] for finding in report["findings"]} >= {"recommend", "refuse"}
    assert float(report["joint"]["savings_usd"]) > 0
    cited = set(re.findall(r"\{\{f:(\w+)\}\}", report["summary"]))
    assert cited
    assert cited <= {figure["id"] for figure in report["figures"]}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://", page)
    assert str(out / "report.html") in ended.stdout.replace("\n", "")
    assert [process for process in psutil.process_iter(["cmdline"]) if _is_of(process, home)] == []


def _is_of(process: psutil.Process, home: Path) -> bool:
    return any(str(home) in word for word in process.info["cmdline"] or [])
