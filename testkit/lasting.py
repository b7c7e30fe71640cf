"""A process that lasts as long as a test run: `python -m testkit.lasting NAME OWNER_PID COMMAND...`.

Outside of the pytest processes, so that each of them can use what runs in it whichever ends first. The
command's first line of output goes to `NAME.ready`, all else it says to `NAME.log`, our id to `NAME.pid`. The
command is asked to stop when the owner of the run has ended, or on SIGTERM.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

PATIENCE_S = 30.0


def main() -> None:
    """Leave the process that started us, run the command, stop it with its owner."""
    if os.fork() > 0:
        os._exit(0)
    name, owner = Path(sys.argv[1]), int(sys.argv[2])
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, ask)
    name.with_suffix(".pid").write_text(str(os.getpid()), encoding="utf-8")
    with name.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=name.parent
        )
    threading.Thread(target=_keep_output, args=(process, name), daemon=True).start()
    while process.poll() is None and _lives(owner) and not asked.wait(0.2):
        pass
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _keep_output(process: "subprocess.Popen[bytes]", name: Path) -> None:
    """Write the first line where those who wait look for it, and read on so that nothing blocks."""
    assert process.stdout is not None
    draft = name.with_suffix(".draft")
    draft.write_bytes(process.stdout.readline())
    draft.replace(name.with_suffix(".ready"))
    with name.with_suffix(".log").open("ab") as log:
        for line in process.stdout:
            log.write(line)


def _lives(owner: int) -> bool:
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
