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
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from netra.storage.embedded.engines import EngineUrls

DIRECTORY_VARIABLE = "NETRA_TEST_ENGINES"
ROOT = Path(__file__).resolve().parent.parent
PYTHON_PATH = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 20.0


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
        self.made_once(name, work)

    def made_once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` returned, as JSON keeps it, the one time it was called in the whole run."""
        with self.one_at_a_time(name):
            made = self.directory / f"{name}.made"
            if not made.exists():
                made.write_text(json.dumps(make()), encoding="utf-8")
            return json.loads(made.read_text(encoding="utf-8"))

    def lasting(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
        """The first line that a process of the whole run printed; started now when nobody has asked before.

        It lasts until the owner of the run removes it, or ends.
        """
        path = self.directory / name
        ready = path.with_suffix(".ready")
        with self.one_at_a_time(name):
            if not ready.exists():
                subprocess.run(
                    [sys.executable, "-m", "testkit.lasting", str(path), str(self.owner), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    cwd=ROOT,
                    env={**environment, "PYTHONPATH": PYTHON_PATH},
                    check=True,
                )
            deadline = time.monotonic() + START_TIMEOUT_S
            while not ready.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        line = ready.read_text(encoding="utf-8") if ready.exists() else ""
        if not line:
            said = path.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{name} did not start:\n{said[-4000:]}")
        return line

    def urls(self) -> EngineUrls:
        """Addresses of the engines of the run."""
        command = [sys.executable, "-m", "testkit.engine_host", str(self.directory)]
        return EngineUrls(**json.loads(self.lasting("engines", command, os.environ)))

    def remove(self) -> None:
        """Stop what lasts and delete everything of the run. Only the owner calls this."""
        hosts = [_process(int(file.read_text(encoding="utf-8"))) for file in self.directory.glob("*.pid")]
        running = [host for host in hosts if host is not None]
        for host in running:
            with suppress(psutil.NoSuchProcess):
                host.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(running, STOP_TIMEOUT_S)
        for host in left:
            host.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
