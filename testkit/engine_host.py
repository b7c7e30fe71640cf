"""The process that runs the engines of a test run: `python -m testkit.engine_host DIRECTORY`.

Prints their addresses as a line of JSON when they are ready; stops on SIGTERM.
"""

import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from netra.config.environment import IsolatedEnvironment
from netra.config.settings import load_settings
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock
from netra.storage.embedded.engines import running_engines


async def serve(directory: Path) -> None:
    """Run the engines until somebody asks to stop."""
    settings = load_settings(IsolatedEnvironment(), home=directory / "home")
    data = DataDirectory(settings.home)
    data.prepare()
    lock = DirectoryLock(data)
    lock.acquire()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_engines(settings) as urls:
        print(json.dumps(asdict(urls)), flush=True)
        await stop.wait()
    lock.release()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
