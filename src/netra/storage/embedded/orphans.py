"""Ends engines that a killed parent left behind in a data directory that is ours now."""

import asyncio
import contextlib
from pathlib import Path

import psutil

GRACE_S = 5.0


def remember(pid_file: Path, pid: int) -> None:
    """Note which process serves a directory, with its start time so that a reused pid is not mistaken for
    it.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        pid_file.write_text(f"{pid} {psutil.Process(pid).create_time()}", encoding="ascii")


async def end_orphan(pid_file: Path) -> None:
    """Kill the process that the file names if it still runs, and wait until it is gone.

    Only called by the holder of the directory's lock: whoever else still serves it lost its parent.
    """
    process = _remembered(pid_file)
    if process is None:
        return
    family = [process]
    with contextlib.suppress(psutil.Error):
        family += process.children(recursive=True)
    await asyncio.to_thread(psutil.wait_procs, family, GRACE_S / 10)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    await asyncio.to_thread(psutil.wait_procs, family, GRACE_S)


def _remembered(pid_file: Path) -> psutil.Process | None:
    try:
        pid, started = pid_file.read_text(encoding="ascii").split()
        process = psutil.Process(int(pid))
        return process if abs(process.create_time() - float(started)) < 1.0 else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
