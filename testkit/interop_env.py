"""Environments of the interop tests: other people's packages, locked by hash, apart from ours.

Each lock of `tests/interop` has an environment under `.venv/interop`, named by the lock's digest and made
when it is not there.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "tests" / "interop"
HOME = ROOT / ".venv" / "interop"


def environment_of(lock: str) -> Path:
    """Where the environment of `tests/interop/<lock>.lock` is, or will be."""
    digest = hashlib.sha256((LOCKS / f"{lock}.lock").read_bytes()).hexdigest()[:12]
    return HOME / f"{lock}-{digest}"


def python_of(lock: str) -> Path | None:
    """Its Python; None while it is not made."""
    folder = environment_of(lock)
    return folder / "bin" / "python" if (folder / "done").exists() else None


def make_environments() -> None:
    """Make what is missing; older ones of the same lock go. Raises CalledProcessError."""
    for lock in sorted(path.stem for path in LOCKS.glob("*.lock")):
        if python_of(lock) is not None:
            continue
        for old in HOME.glob(f"{lock}-????????????"):
            shutil.rmtree(old)
        _make(environment_of(lock), LOCKS / f"{lock}.lock")


def _make(folder: Path, lock: Path) -> None:
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv is None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [python, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    else:
        make = [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)]
        subprocess.run(make, check=True)
        install = [uv, "pip", "install", "--quiet", "--no-progress", "--python", python]
    subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=True)
    (folder / "done").touch()
