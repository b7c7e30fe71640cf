"""`netra up` as a process: one holder, clean ends, unclean ends, what is in its way."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = pytest.mark.protects("W4")

START_LIMIT_S = 90
CLONE_NEWNS = 0x00020000


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NETRA_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def up_command(home: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "netra", "up", "--data-dir", str(home), "--json", *more]


@contextmanager
def started(home: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A running `up` and what it said when it was ready; killed at the end if it still runs."""
    with subprocess.Popen(
        up_command(home, "--port", "0"), stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline() or "{}")
        finally:
            process.kill()


def refused(home: Path, *more: str) -> str:
    """What an `up` that cannot start says."""
    outcome = subprocess.run(
        up_command(home, *more), capture_output=True, text=True, env=environment(), timeout=START_LIMIT_S,
        check=False,
    )  # fmt: skip
    assert outcome.returncode != 0
    assert "Traceback" not in outcome.stderr
    return outcome.stderr


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def worker_of(pid: int) -> psutil.Process:
    return next(
        child
        for child in psutil.Process(pid).children()
        if "netra.assembly.worker_process" in child.cmdline()
    )


def test_one_holder_a_new_worker_and_a_clean_end(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    with started(home) as (process, ready):
        assert ready["event"] == "ready"
        assert json.loads((home / "server.json").read_text())["url"] == ready["url"]
        answer = httpx.get(f"{ready['url']}/readyz", trust_env=False)
        assert answer.status_code == 200
        assert answer.json()["components"] == dict.fromkeys(
            ("postgres", "valkey", "analytics", "worker"), "ok"
        )

        told = refused(home, "--port", "0")
        assert f"process {process.pid}" in told
        assert ready["url"] in told

        port = ready["url"].rpartition(":")[2]
        told = refused(tmp_path / "other", "--port", port)
        assert f"port {port}" in told
        assert f"process {process.pid}" in told
        assert "--port 0" in told

        worker = worker_of(process.pid)
        worker.kill()
        until(lambda: (home / "worker.ready").read_text() not in {"", str(worker.pid)})
        assert worker_of(process.pid).pid != worker.pid

        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        assert psutil.wait_procs(family, 1)[1] == []
        assert not (home / "server.json").exists()
        assert not list(home.glob("*.pid"))


def test_a_killed_server_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started(home) as (process, _):
        owner = json.loads((home / "owner.json").read_text())
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 4
        process.kill()
        process.wait()
        assert psutil.wait_procs(family, 10)[1] == []
    with started(home) as (process, ready):
        headers = {"Authorization": f"Bearer {owner['api_key']}"}
        assert httpx.get(f"{ready['url']}/v1/me", headers=headers, trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0


def test_a_port_that_somebody_else_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(tmp_path / "home", "--port", str(port))
    assert f"port {port} on 127.0.0.1 is taken by process {os.getpid()}" in told


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("ro,size=1g", "read-only file system"),
        ("size=8m", "MB are free"),
        ("size=8m,nr_inodes=2", "full disk"),
    ],
)
def test_disks_that_cannot_be_used(tmp_path: Path, options: str, expected: str) -> None:
    """The disk is mounted in a mount namespace of the child's own, so nobody else sees it."""

    def mount() -> None:
        kernel = ctypes.CDLL(None, use_errno=True)
        if kernel.unshare(CLONE_NEWNS) != 0:
            os._exit(77)
        # Private first, or the mount would reach the namespace we came from.
        kernel.mount(b"none", b"/", None, 0x4000 | 0x40000, None)
        flags = 1 if "ro" in options.split(",") else 0
        data = ",".join(part for part in options.split(",") if part != "ro").encode()
        if kernel.mount(b"tmpfs", os.fsencode(tmp_path), b"tmpfs", flags, data) != 0:
            os._exit(77)

    outcome = subprocess.run(
        up_command(tmp_path / "home", "--port", "0"), capture_output=True, text=True, env=environment(),
        preexec_fn=mount, timeout=START_LIMIT_S, check=False,
    )  # fmt: skip
    if outcome.returncode == 77:
        pytest.skip("mounting needs root or user namespaces")
    assert outcome.returncode == 1
    assert expected in outcome.stderr
    assert "--data-dir" in outcome.stderr
    assert "Traceback" not in outcome.stderr
