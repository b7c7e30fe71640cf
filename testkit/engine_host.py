"""The process that runs the engines of a test run: `python -m testkit.engine_host DIRECTORY OWNER_PID`.

Its own process, so that every pytest worker can share the engines whichever of them ends first. Writes
`urls.json` when they are ready, or `failed.txt`; stops with its owner, or on SIGTERM.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from netra.config.environment import IsolatedEnvironment
from netra.config.settings import load_settings
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock
from netra.storage.embedded.engines import running_engines


async def serve(directory: Path, owner: int) -> None:
    """Run the engines until the owner has ended or somebody asks to stop."""
    settings = load_settings(IsolatedEnvironment(), home=directory / "home")
    data = DataDirectory(settings.home)
    data.prepare()
    lock = DirectoryLock(data)
    lock.acquire()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    owned = asyncio.create_task(_owner_ended(owner, stop))
    async with running_engines(settings) as urls:
        write_whole(directory / "urls.json", json.dumps(asdict(urls)))
        await stop.wait()
    owned.cancel()
    lock.release()


def write_whole(path: Path, text: str) -> None:
    """Write a file that readers see whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


async def _owner_ended(owner: int, stop: asyncio.Event) -> None:
    while True:
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            stop.set()
            return
        await asyncio.sleep(0.5)


def main() -> None:
    """Leave the process that started us, serve; leave the reason in `failed.txt` when that is impossible."""
    if os.fork() > 0:
        os._exit(0)
    directory = Path(sys.argv[1])
    write_whole(directory / "host.pid", str(os.getpid()))
    try:
        asyncio.run(serve(directory, int(sys.argv[2])))
    except BaseException:
        write_whole(directory / "failed.txt", traceback.format_exc())
        raise


if __name__ == "__main__":
    main()
