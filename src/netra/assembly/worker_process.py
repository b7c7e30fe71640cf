"""The worker as a child of `netra up`: started with our addresses, supervised like an engine.

Run as a module it is that child. Reading the program takes seconds, so the child is started while the
engines are and waits for a line on its standard input before it touches them.
"""

import sys
from pathlib import Path

import uvloop

from netra.config.environment import IsolatedEnvironment
from netra.config.settings import Settings, load_settings
from netra.storage.embedded.child_process import ChildProcess, ChildSpec, python_environment
from netra.storage.embedded.data_directory import DataDirectory
from netra.telemetry.logs import configure_logging

GO = b"go\n"
READY_FILE = "worker.ready"
DRAIN_S = 25.0


class WorkerProcess:
    """Describes the child for `SupervisedEngine`. Ready when the worker itself has said so in the data
    directory.
    """

    name = "worker"
    url = ""

    def __init__(self, settings: Settings) -> None:
        directory = DataDirectory(settings.home)
        self._settings = settings
        self._log_file = directory.log / "worker.log"
        self._ready_file = settings.home / READY_FILE
        self._child: ChildProcess | None = None
        self._released = False
        self.pid_file = directory.root / "worker.pid"

    async def prepare(self) -> None:
        """Forget the word of a former worker."""
        self._ready_file.unlink(missing_ok=True)

    def launch(self) -> ChildProcess:
        """Start a worker process; it begins to work once `release` was called."""
        self._child = ChildProcess.start(
            ChildSpec(
                name=self.name,
                command=[sys.executable, "-P", "-m", "netra.assembly.worker_process"],
                log_file=self._log_file,
                first_input=GO if self._released else b"",
                environment=python_environment(self._variables(), include=("NETRA_",)),
                grace_s=DRAIN_S,
            )
        )
        return self._child

    def release(self) -> None:
        """The engines are up and migrated: let this worker, and those that replace it, work."""
        self._released = True
        if self._child is not None:
            self._child.tell(GO)

    async def answers(self, pid: int) -> bool:
        """Whether the worker with this id has said that it takes runs."""
        return read_ready(self._ready_file) == pid

    def _variables(self) -> dict[str, str]:
        settings = self._settings
        given = {
            "NETRA_ENV": settings.environment,
            "NETRA_HOME": str(settings.home),
            "NETRA_HOST": settings.host,
            "NETRA_PORT": str(settings.port),
            "NETRA_DATABASE_URL": settings.database_url,
            "NETRA_VALKEY_URL": settings.valkey_url,
            "NETRA_CLICKHOUSE_URL": settings.clickhouse_url,
        }
        return {name: value for name, value in given.items() if value is not None}


def say_ready(settings: Settings, pid: int) -> None:
    """Called by a worker once it takes runs; whoever supervises it waits for this."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = settings.home / f"{READY_FILE}.{pid}"
    draft.write_text(str(pid), encoding="ascii")
    draft.replace(settings.home / READY_FILE)


def read_ready(path: Path) -> int | None:
    """The process id in a ready file, None while there is none."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def main() -> None:
    """Read the program, wait for the word, work. Ends at once when the parent closes the pipe instead."""
    from netra.assembly.worker import run_worker

    settings = load_settings(IsolatedEnvironment())
    configure_logging(settings.log_level, service="netra-worker")
    if sys.stdin.buffer.readline() == GO:
        uvloop.run(run_worker(settings))


if __name__ == "__main__":
    main()
