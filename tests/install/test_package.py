"""`pip install .` gives the same product, with the page inside."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
@pytest.mark.protects("W4")
def test_a_wheel_carries_page_and_migrations_and_runs(tmp_path: Path) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True, env=environment)
    (wheel,) = tmp_path.glob("netra_apex-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "netra/page/index.html" in names
    assert any(name.startswith("netra/page/assets/") for name in names)
    assert any(name.startswith("netra/migrations/app/") for name in names)
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "netra", "version"],
        env={**environment, "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip()
