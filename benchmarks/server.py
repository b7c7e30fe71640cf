"""A server for a benchmark: `netra up` on a data directory of its own, as a user would start it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, its owner's key, its process and how long it took to be ready."""

    url: str
    api_key: str
    pid: int
    ready_seconds: float
    data_dir: Path

    def memory_mb(self) -> dict[str, float]:
        """Proportional set size of every process of the server by command, in MiB, with their total."""
        parent = psutil.Process(self.pid)
        sizes: dict[str, float] = {}
        for process in [parent, *parent.children(recursive=True)]:
            try:
                size = process.memory_full_info().pss / 2**20
                name = describe(process.cmdline() or [process.name()])
            except psutil.NoSuchProcess:
                continue
            sizes[name] = round(sizes.get(name, 0.0) + size, 1)
        return {**sizes, "total": round(sum(sizes.values()), 1)}


def describe(command: list[str]) -> str:
    """A short name of a process: engine, or the part of Netra it runs."""
    text = " ".join(command)
    for mark, name in (("analytics_server", "analytics"), ("serve worker", "worker"), ("valkey", "valkey")):
        if mark in text:
            return name
    return "postgres" if "postgres" in text else "app" if "netra" in text else Path(command[0]).name


@contextmanager
def running_server(data_dir: Path, *, timeout: float = 120.0) -> Iterator[Server]:
    """Start `netra up` over `data_dir`, wait until it is ready, stop it after."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "netra", "up", "--port", "0", "--data-dir", str(data_dir), "--json"]
    started = time.monotonic()
    with (data_dir.parent / f"{data_dir.name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=log)
        try:
            ready = wait_for_ready(process, data_dir, started + timeout)
            yield Server(ready["url"], ready["api_key"], process.pid, time.monotonic() - started, data_dir)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def wait_for_ready(process: subprocess.Popen[bytes], data_dir: Path, deadline: float) -> dict[str, Any]:
    """Return server and owner facts once the server of this very process has announced itself."""
    server, owner = data_dir / "server.json", data_dir / "owner.json"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"netra up ended with {process.returncode}; see {data_dir}.log")
        try:
            facts = json.loads(server.read_text(encoding="utf-8"))
            if facts["pid"] == process.pid:
                return {**json.loads(owner.read_text(encoding="utf-8")), **facts}
        except (FileNotFoundError, json.JSONDecodeError):
            pass
        time.sleep(0.01)
    raise TimeoutError(f"netra up was not ready in time; see {data_dir}.log")
