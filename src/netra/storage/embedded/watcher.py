"""Ends a process when our parent ends, where the kernel cannot: reads a pipe that only the parent holds open.

Started as a file with `python -I -S`: `watcher.py PID`. Used where there is no parent-death signal (macOS).
"""

import os
import signal
import sys
import time

GRACE_S = 5.0


def watch(pid: int) -> None:
    """Wait for the end of standard input, then ask the process to stop and, after a grace time, kill it."""
    while os.read(0, 4096):
        pass
    try:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    watch(int(sys.argv[1]))
