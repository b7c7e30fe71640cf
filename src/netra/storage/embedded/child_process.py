"""One child process: started bound to our life, its output in a file, watched, stopped with grace."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netra.config.environment import ONE_THREAD, IsolatedEnvironment

LARGEST_LOG_BYTES = 16 * 1024 * 1024
POLL_S = 0.05
LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_", "PYTHON")
"""Without them an interpreter that needed them would not start a second time."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How a child is started and stopped.

    `first_input` is written to its standard input, which stays open for as long as we live. `stop_signal`
    asks it to end; `death_signal` is what the kernel sends it when we are gone. `owns` are directories it
    takes over when we are root and it must not be (None: it runs as we do). `grace_s` is how long a stop
    may take before it is killed. `pass_fds` are file descriptors it inherits.
    """

    name: str
    command: Sequence[str]
    log_file: Path
    first_input: bytes | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    owns: Sequence[Path] = ()
    pass_fds: Sequence[int] = ()
    environment: dict[str, str] | None = None
    grace_s: float = 10.0


class ChildProcess:
    """A running child. Start it on the main thread: the kernel ties its life to the thread that started
    it.
    """

    def __init__(self, spec: ChildSpec, process: "subprocess.Popen[bytes]") -> None:
        self.spec = spec
        self._process = process
        self._watcher = None if sys.platform.startswith("linux") else _start_watcher(process.pid)

    @classmethod
    def start(cls, spec: ChildSpec) -> "ChildProcess":
        """Start the child in a session of its own, so that Ctrl-C in a terminal reaches only us.

        Raises OSError when it cannot be started at all.
        """
        _rotate(spec.log_file)
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py"))]
        command += ["--parent", str(os.getpid()), "--death-signal", str(int(spec.death_signal))]
        for directory in spec.owns:
            command += ["--unprivileged", str(directory)]
        with spec.log_file.open("ab") as log:
            process = subprocess.Popen(
                [*command, "--", *spec.command],
                stdin=subprocess.DEVNULL if spec.first_input is None else subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=tuple(spec.pass_fds),
                env=spec.environment,
                start_new_session=True,
            )
        child = cls(spec, process)
        if spec.first_input:
            child.tell(spec.first_input)
        return child

    @property
    def pid(self) -> int:
        """Process id, the engine's own: the launcher becomes the engine."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal, None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def tell(self, line: bytes) -> None:
        """Write to its standard input (see `first_input`); nothing happens when it has ended."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        code = self._process.poll()
        while code is None:
            await _ended(self._process.pid)
            code = self._process.poll()
        self._release()
        return code

    async def stop(self, grace_s: float | None = None) -> int:
        """Ask it to stop, kill it after the grace time, return the exit code."""
        self.send(self.spec.stop_signal)
        try:
            return await asyncio.wait_for(self.wait(), self.spec.grace_s if grace_s is None else grace_s)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, for an error message."""
        try:
            with self.spec.log_file.open("rb") as log:
                log.seek(max(0, self.spec.log_file.stat().st_size - 8192))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _release(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
            if self._watcher.stdin is not None:
                self._watcher.stdin.close()
            self._watcher = None


def python_environment(
    extra: Mapping[str, str] | None = None, *, include: tuple[str, ...] = ()
) -> dict[str, str]:
    """Environment of a Python child that finds this very package, with our variables that begin with
    `include`, then `extra`; `ONE_THREAD` unless we were given another number.
    """
    kept = (*LOADER_VARIABLES, *ONE_THREAD, *include)
    environment = {**ONE_THREAD, **IsolatedEnvironment().for_subprocess(extra, include=kept)}
    package = str(Path(__file__).resolve().parents[3])
    known = environment.get("PYTHONPATH")
    return {**environment, "PYTHONPATH": os.pathsep.join([package, known] if known else [package])}


async def _ended(pid: int) -> None:
    """Return when the process has ended or after a while, whichever is first."""
    if not sys.platform.startswith("linux"):
        await asyncio.sleep(POLL_S)
        return
    try:
        watched = os.pidfd_open(pid)
    except OSError:
        await asyncio.sleep(POLL_S)
        return
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_reader(watched, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)


def _start_watcher(pid: int) -> "subprocess.Popen[bytes]":
    program = str(Path(__file__).with_name("watcher.py"))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", program, str(pid)], stdin=subprocess.PIPE, start_new_session=True
    )


def _rotate(log_file: Path) -> None:
    """Keep one older log file once the current one is large."""
    with contextlib.suppress(OSError):
        if log_file.stat().st_size > LARGEST_LOG_BYTES:
            log_file.replace(log_file.with_suffix(log_file.suffix + ".1"))
