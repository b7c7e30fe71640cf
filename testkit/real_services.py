"""Real engines for tests: one set for the whole run, whoever asks first starts it.

`tests/conftest.py` tells this module when a run begins and ends. With pytest-xdist the controlling process
owns the directory and every worker uses the same engines; tests keep apart by making their own users and
workspaces.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from netra.storage.embedded.engines import EngineUrls

DIRECTORY_VARIABLE = "NETRA_TEST_ENGINES"
START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class SharedEngines:
    """The directory that the processes of one test run share, and the process that owns it."""

    directory: Path
    owner: int

    @classmethod
    def create(cls) -> "SharedEngines":
        """Make the directory of a run; nothing is started yet."""
        return cls(Path(tempfile.mkdtemp(prefix="netra-test-")), os.getpid())

    @classmethod
    def from_environment(cls) -> "SharedEngines | None":
        """The run that an owning process has announced, if there is one."""
        announced = os.environ.get(DIRECTORY_VARIABLE)
        if not announced:
            return None
        directory, _, owner = announced.rpartition(":")
        return cls(Path(directory), int(owner))

    def announce(self) -> None:
        """Let processes started from here on find this run."""
        os.environ[DIRECTORY_VARIABLE] = f"{self.directory}:{self.owner}"

    @contextmanager
    def one_at_a_time(self, name: str) -> Generator[None]:
        """Hold a lock that all processes of the run share."""
        with (self.directory / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def once(self, name: str, work: Callable[[], None]) -> None:
        """Do something once in the whole run, whichever process comes first."""
        with self.one_at_a_time(name):
            done = self.directory / f"{name}.done"
            if not done.exists():
                work()
                done.touch()

    def urls(self) -> EngineUrls:
        """Addresses of the engines, started now when nobody has asked before."""
        with self.one_at_a_time("start"):
            written = self.directory / "urls.json"
            if not written.exists():
                self._start(written)
        return EngineUrls(**json.loads(written.read_text(encoding="utf-8")))

    def remove(self) -> None:
        """Stop the engines and delete everything of the run. Only the owner calls this."""
        pid_file = self.directory / "host.pid"
        if pid_file.exists():
            _stop(int(pid_file.read_text(encoding="utf-8")))
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self, written: Path) -> None:
        failed = self.directory / "failed.txt"
        log_file = self.directory / "host.log"
        with log_file.open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "testkit.engine_host", str(self.directory), str(self.owner)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": _python_path()},
                check=False,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not written.exists():
            if failed.exists() or time.monotonic() > deadline:
                reason = (failed if failed.exists() else log_file).read_text(encoding="utf-8")
                raise RuntimeError(f"the engines of the test run did not start:\n{reason}")
            time.sleep(0.02)


def _python_path() -> str:
    root = Path(__file__).resolve().parent.parent
    return os.pathsep.join([str(root / "src"), str(root)])


def _stop(pid: int) -> None:
    try:
        host = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    try:
        host.send_signal(signal.SIGTERM)
        host.wait(timeout=15)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        host.kill()
