"""The script `./netra`: makes the environment once, from anywhere, and says plainly what it lacks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "netra"
PROGRAM = "import os, sys; print('|'.join([*sys.argv[1:], os.getcwd(), sys.prefix]))"
PREPARING = "preparing the environment"


def make_checkout(root: Path) -> Path:
    """A checkout with lock files that lock nothing and a command that tells how it was run."""
    model = root / "src" / "netra" / "usage" / "embedding"
    model.mkdir(parents=True)
    (model / "requirements.lock").write_text("")
    shutil.copy2(SCRIPT, root / "netra")
    (root / "requirements.lock").write_text("")
    (root / "requirements-dev.lock").write_text("")
    (root / "src" / "netra" / "__init__.py").write_text("")
    (root / "src" / "netra" / "__main__.py").write_text(PROGRAM)
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout without an environment."""
    return make_checkout(tmp_path / "my checkout")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in a folder with a space in its name, whose environment two commands made at once."""
    root = make_checkout(tmp_path_factory.mktemp("prepared") / "my checkout")
    both = [
        subprocess.Popen(
            ["/bin/sh", str(root / "netra"), str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum(PREPARING in stderr for _, stderr in told) == 1
    return root


def run(
    script: Path, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(script), *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def test_it_runs_from_anywhere_without_preparing_again(prepared: Path, tmp_path: Path) -> None:
    ended = run(prepared / "netra", "ask", "two words", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == f"ask|two words|{tmp_path}|{prepared / '.venv'}"


def test_it_runs_through_a_link_with_an_empty_environment(prepared: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(prepared / "netra")
    command = ["/usr/bin/env", "-i", str(link), "x"]
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == f"x|/|{prepared / '.venv'}"


def test_the_callers_folder_is_no_place_for_modules(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "netra").mkdir()
    (tmp_path / "netra" / "__main__.py").write_text("print('the wrong one')")
    assert run(prepared / "netra", "z", cwd=tmp_path).stdout.startswith("z|")


def test_tests_add_their_own_packages_once(prepared: Path) -> None:
    assert "what the tests need" in run(prepared / "netra", "test", cwd=prepared).stderr
    assert run(prepared / "netra", "test", cwd=prepared).stderr == ""


def test_the_embedding_model_is_added_once_and_only_where_it_is_used(prepared: Path) -> None:
    assert "embedding model" not in run(prepared / "netra", "embed", "--help", cwd=prepared).stderr
    assert "embedding model" in run(prepared / "netra", "embed", "calls.jsonl", cwd=prepared).stderr
    assert run(prepared / "netra", "embed", "calls.jsonl", cwd=prepared).stderr == ""


def test_a_changed_lock_or_a_half_made_environment_is_brought_in_order(prepared: Path) -> None:
    (prepared / "requirements.lock").write_text("# newer\n")
    assert PREPARING in run(prepared / "netra", cwd=prepared).stderr
    assert run(prepared / "netra", cwd=prepared).stderr == ""
    (prepared / ".venv" / ".netra-lock").unlink()
    shutil.rmtree(prepared / ".venv" / "lib")
    repaired = run(prepared / "netra", "y", cwd=prepared)
    assert repaired.returncode == 0, repaired.stderr
    assert PREPARING in repaired.stderr


def path_with(tmp_path: Path, python: str) -> dict[str, str]:
    """A PATH whose only Python is this script; further tools come from the system."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cat", "cksum", "dirname", "env", "mkdir", "mv", "readlink", "rm", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    (tools / "python3").write_text(python)
    (tools / "python3").chmod(0o755)
    return {"PATH": str(tools)}


def test_an_old_python_gets_one_clear_line(checkout: Path, tmp_path: Path) -> None:
    env = path_with(tmp_path, "#!/bin/sh\nexit 0\n")
    ended = run(checkout / "netra", cwd=tmp_path, env=env)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "netra: Python 3.11 or newer is needed and none is on PATH; install python3.11 (or newer)."
    ]
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_gets_one_clear_line(checkout: Path, tmp_path: Path) -> None:
    python = "\n".join(
        [
            "#!/bin/sh",
            'case "$*" in',
            f"    *realpath*) echo {tmp_path}/tools/python3; exit ;;",
            "    *ensurepip*) exit 1 ;;",
            "esac",
            f'exec "{sys.executable}" "$@"',
        ]
    )
    ended = run(checkout / "netra", cwd=tmp_path, env=path_with(tmp_path, python + "\n"))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "python3-venv" in ended.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_checkout_gets_one_clear_line(checkout: Path) -> None:
    checkout.chmod(0o555)
    try:
        ended = run(checkout / "netra", cwd=checkout)
    finally:
        checkout.chmod(0o755)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "cannot write to" in ended.stderr
