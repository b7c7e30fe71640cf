"""One child process: its output, its end, its bond to us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from netra.storage.embedded import child_process
from netra.storage.embedded.child_process import ChildProcess, ChildSpec, python_environment

POLITE = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
print("up", flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from netra.storage.embedded.child_process import ChildProcess, ChildSpec
command = [sys.executable, "-c", "import time; time.sleep(600)"]
child = ChildProcess.start(ChildSpec("sleeper", command, Path(sys.argv[1])))
print(child.pid, flush=True)
time.sleep(600)
"""


def spec(tmp_path: Path, program: str, **changes: object) -> ChildSpec:
    values: dict = {"name": "child", "command": [sys.executable, "-c", program], "log_file": tmp_path / "log"}
    return ChildSpec(**{**values, **changes})


async def test_its_exit_code_and_last_words_are_kept(tmp_path: Path) -> None:
    child = ChildProcess.start(spec(tmp_path, "print('one'); print('two'); raise SystemExit(3)"))
    assert await child.wait() == 3
    assert child.returncode == 3
    assert child.last_words(1) == "two"


async def test_its_first_input_arrives(tmp_path: Path) -> None:
    program = "import sys; print(sys.stdin.readline())"
    child = ChildProcess.start(spec(tmp_path, program, first_input=b"a secret\n"))
    await child.wait()
    assert "a secret" in child.last_words()


async def test_what_does_not_stop_is_killed(tmp_path: Path) -> None:
    child = ChildProcess.start(spec(tmp_path, STUBBORN))
    wait_for(lambda: "deaf" in child.last_words())
    assert await child.stop(grace_s=0.05) == -signal.SIGKILL


async def test_it_is_asked_with_its_own_signal(tmp_path: Path) -> None:
    child = ChildProcess.start(spec(tmp_path, POLITE, stop_signal=signal.SIGINT))
    wait_for(lambda: "up" in child.last_words())
    assert await child.stop() == 7
    assert await child.stop() == 7


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's bond exists on Linux only")
def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_the_watcher_ends_it_where_the_kernel_does_not(tmp_path: Path) -> None:
    child = ChildProcess.start(spec(tmp_path, "import time; time.sleep(600)"))
    watcher = child_process._start_watcher(child.pid)
    assert watcher.stdin is not None
    watcher.stdin.close()  # what the kernel does when we are gone
    assert await child.wait() == -signal.SIGTERM
    watcher.wait(10)


def test_a_large_log_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "LARGEST_LOG_BYTES", 10)
    (tmp_path / "log").write_text("x" * 11)
    child_process._rotate(tmp_path / "log")
    assert not (tmp_path / "log").exists()
    assert (tmp_path / "log.1").read_text() == "x" * 11


def wait_for(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_numeric_libraries_start_no_threads_unless_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs and those of the levers would wait for each other at full load."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert python_environment()["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert python_environment()["OPENBLAS_NUM_THREADS"] == "3"
