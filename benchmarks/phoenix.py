"""Arize Phoenix as its documentation says to run it, in an environment of its own, for comparison."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_S = 400.0


@dataclass(frozen=True)
class Phoenix:
    """A running Phoenix: where it takes traces, and its database."""

    url: str
    database: Path
    version: str

    def stored(self) -> int:
        """Spans in its database."""
        if not self.database.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            try:
                return int(connection.execute("select count(*) from spans").fetchone()[0])
            except sqlite3.OperationalError:
                return 0


def installed(folder: Path) -> Path:
    """An environment with `arize-phoenix`, made when it is not there."""
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "arize-phoenix"], check=True)
        (folder / "done").touch()
    return folder


@contextmanager
def running_phoenix(python: Path, work: Path) -> Iterator[Phoenix]:
    """`phoenix serve` over a new working directory, until the block ends."""
    work.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as probe, socket.create_server(("127.0.0.1", 0)) as other:
        port, grpc = probe.getsockname()[1], other.getsockname()[1]
    environment = {
        **os.environ,
        "PHOENIX_WORKING_DIR": str(work),
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    url = f"http://127.0.0.1:{port}"
    with (work / "phoenix.log").open("wb") as log:
        command = [str(python.with_name("phoenix")), "serve"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(url, process, work)
            told = "import importlib.metadata as m; print(m.version('arize-phoenix'))"
            version = subprocess.run([str(python), "-c", told], capture_output=True, text=True, check=True)
            yield Phoenix(url, work / "phoenix.db", version.stdout.strip())
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]", work: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"Phoenix did not start; see {work / 'phoenix.log'}")
