"""A whole server for end-to-end tests: `netra up` as a user starts it, and the command line beside it.

A folder of tests takes the fixtures with `from testkit.live_server import *`.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from netra.cli.failures import exit_code_after
from netra.cli.main import app
from testkit.real_services import SharedEngines

__all__ = ["command_line", "live_server"]

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class CommandLine:
    """Runs `netra` over one data directory, with `cwd` as the current directory."""

    data_dir: Path
    cwd: Path

    def __call__(self, *arguments: str, text: str = "", over_data_dir: bool = True) -> Ended:
        """Run the command in this process, which spares reading the program again; the outcome."""
        extra = ["--data-dir", str(self.data_dir)] if over_data_dir else []
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.cwd)
            patch.setattr(sys, "stdin", io.StringIO(text))
            for name in [name for name in os.environ if name.startswith("NETRA_")]:
                patch.delenv(name)
            code = exit_code_after(lambda: app([*arguments, *extra], prog_name="netra"))
        return Ended(code, out.getvalue(), err.getvalue())

    def as_process(self, *arguments: str) -> Ended:
        """Run the command as a process of its own, as a user does."""
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "netra", *arguments, "--data-dir", str(self.data_dir)],
            cwd=self.cwd,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def json(self, *arguments: str) -> Any:
        """Run with `--json`; what it printed. Fails the test when it ends badly."""
        ended = self(*arguments, "--json")
        assert ended.returncode == 0, (
            f"netra {' '.join(arguments)} ended with {ended.returncode}: {ended.stderr}"
        )
        return json.loads(ended.stdout)


@dataclass(frozen=True)
class LiveServer:
    """A running `netra up`."""

    url: str
    data_dir: Path
    pid: int


def child_environment() -> dict[str, str]:
    """Our environment without settings of Netra, and with this checkout on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NETRA_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


@contextmanager
def running_up(**settings: str) -> Generator[LiveServer]:
    """`netra up` on a free port over a data directory of its own, with settings as variables."""
    with (
        tempfile.TemporaryDirectory(prefix="netra-e2e-") as folder,
        starting_up(Path(folder) / "data", **settings) as server,
    ):
        yield server


@contextmanager
def starting_up(data_dir: Path, **settings: str) -> Generator[LiveServer]:
    """`netra up` on a free port over a data directory, which stays."""
    command = [sys.executable, "-P", "-m", "netra", "up", "--port", "0", "--json"]
    command += ["--data-dir", str(data_dir)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**child_environment(), **settings}, stdout=log, stderr=log)
        try:
            yield LiveServer(_ready(process, data_dir, log), data_dir, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@pytest.fixture(scope="session")
def live_server(shared_engines: SharedEngines) -> LiveServer:
    """One server for the whole run; each test makes accounts or workspaces of its own."""
    data_dir = shared_engines.directory / "live"
    command = [sys.executable, "-P", "-m", "netra", "up", "--port", "0", "--json", "--data-dir"]
    ready = shared_engines.lasting("live-server", [*command, str(data_dir)], child_environment())
    pid = json.loads((data_dir / "server.json").read_text(encoding="utf-8"))["pid"]
    return LiveServer(json.loads(ready)["url"], data_dir, pid)


@pytest.fixture
def command_line(live_server: LiveServer, tmp_path: Path) -> CommandLine:
    """The command line over the live server's data directory, in an empty folder."""
    return CommandLine(live_server.data_dir, tmp_path)


def _ready(process: "subprocess.Popen[bytes]", data_dir: Path, log: IO[bytes]) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    server_file = data_dir / "server.json"
    while time.monotonic() < deadline and process.poll() is None:
        if server_file.exists():
            server = json.loads(server_file.read_text(encoding="utf-8"))
            if server["pid"] == process.pid:
                return str(server["url"])
        time.sleep(0.05)
    log.seek(0)
    raise RuntimeError(f"the server did not start:\n{log.read().decode(errors='replace')[-4000:]}")
