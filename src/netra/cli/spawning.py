"""A server started for one command and stopped after it."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from netra.cli.connecting import find_running, read_json
from netra.cli.failures import CommandError
from netra.cli.output import progress_console, telling
from netra.storage.embedded.child_process import ChildProcess, ChildSpec
from netra.storage.embedded.data_directory import read_holder

START_LIMIT_S = 180.0
STOP_LIMIT_S = 40.0
_POLL_S = 0.05


@asynccontextmanager
async def server_for_the_duration(home: Path) -> AsyncGenerator[str]:
    """Start `netra up` on a free port over `home`; its address once it is ready; stop it at the end.

    When another command is just starting one over the same directory, that one is used and left running.
    Raises CommandError when it does not come up, with the end of its log.
    """
    child = _start(home)
    try:
        with telling(progress_console(), f"Starting Netra over {home} ..."):
            url = await asyncio.wait_for(_ready(home, child), START_LIMIT_S)
        yield url
    except TimeoutError:
        if another_starts(home):
            raise CommandError(
                f"the server over {home} is still starting after {START_LIMIT_S:.0f} s",
                hint="try again when `netra up` says that it is ready, or stop it",
            ) from None
        raise CommandError(
            f"the server did not get ready in {START_LIMIT_S:.0f} s", hint=f"its log: {child.spec.log_file}"
        ) from None
    finally:
        if child.returncode is None:
            with telling(progress_console(), "Stopping ..."):
                await child.stop(STOP_LIMIT_S)


def _start(home: Path) -> ChildProcess:
    log = home / "log"
    try:
        log.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ChildProcess.start(
            ChildSpec(
                name="up",
                command=[
                    sys.executable,
                    "-P",
                    "-m",
                    "netra",
                    "up",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--data-dir",
                    str(home),
                    "--json",
                ],
                log_file=log / "up.log",
                death_signal=signal.SIGTERM,
            )
        )
    except OSError as failure:
        raise CommandError(
            f"the data directory {home} cannot be used: {failure.strerror}",
            hint="choose a writable one with --data-dir",
        ) from failure


async def _ready(home: Path, child: ChildProcess) -> str:
    while True:
        facts = read_json(home / "server.json")
        ours = facts.get("pid") == child.pid
        wait_for_another = another_starts(home)
        if (ours or child.returncode is not None) and (url := await find_running(home)):
            return url
        if child.returncode is not None and not wait_for_another:
            raise CommandError("the server could not be started:\n" + _reason(child))
        await asyncio.sleep(_POLL_S)


def another_starts(home: Path) -> bool:
    """Whether a living process holds the data directory and has no address yet: it is worth waiting for."""
    import psutil

    holder = read_holder(home)
    pid = holder.get("pid")
    return isinstance(pid, int) and holder.get("url") is None and psutil.pid_exists(pid)


def _reason(child: ChildProcess) -> str:
    words = child.last_words(12)
    told = re.findall(r"^netra: (.+(?:\n {7}\S.*)?)", words, re.MULTILINE)  # a failure, its hint below it
    return (told[-1] if told else "") or words or f"it ended with {child.returncode}"
