"""A disk that runs full while the engines are in use: nothing is acknowledged that was not stored."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.protects("W13")


def test_what_a_full_disk_refused_was_never_acknowledged(tmp_path: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("full_disk_story.py")), str(tmp_path / "disk")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )
    if outcome.returncode == 77:
        pytest.skip("mounting needs root")
    assert outcome.returncode == 0, outcome.stderr
    told = json.loads(outcome.stdout.splitlines()[-1])
    assert "disk of the analytics store is full" in told["full"]["analytics"]
    assert "DiskFullError" in told["full"]["postgres"]
    assert told["full"]["counted"] == told["rows"]
    assert told["found"] == {"analytics": 2 * told["rows"], "postgres": 2, "restarts": 0}
