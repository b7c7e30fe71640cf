"""`netra up`: engines, schemas, worker and HTTP application as one process tree over one data directory."""

import asyncio
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from netra import __version__
from netra.assembly.lifecycle import Component, LifecycleManager
from netra.assembly.listening import bind, url_of
from netra.assembly.web_server import WebServer, WebServerError
from netra.assembly.worker_process import READY_FILE, WorkerProcess
from netra.config.settings import Settings
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock
from netra.storage.embedded.engine import SupervisedEngine
from netra.storage.embedded.engines import EmbeddedEngines
from netra.telemetry.logs import configure_logging

if TYPE_CHECKING:
    import socket

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = structlog.get_logger("netra.up")


async def run_up(settings: Settings, *, as_json: bool = False) -> None:
    """Run everything until SIGTERM or SIGINT, then drain (at most 25 s; a second signal cuts that short).

    Prints one line when ready. Raises, after everything that had come up is stopped again:
    DataDirectoryHeldError, DataDirectoryUnusableError, AddressTakenError, AddressRefusedError,
    EngineStartError, the errors of the migrations, WebServerError.
    """
    begun = time.perf_counter()
    configure_logging(settings.log_level, service="netra-up")
    server = Up(settings)
    async with _signals() as (stop, hurry):
        starting = asyncio.create_task(server.lifecycle.start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                with suppress(asyncio.CancelledError):
                    await starting
                return
            await starting
            _announce(server, time.perf_counter() - begun, as_json=as_json)
            ended = asyncio.create_task(server.ended())
            await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
            broken = ended.done()
            ended.cancel()
            await _drain(server.lifecycle, hurry)
        finally:
            stopping.cancel()
            await server.lifecycle.stop()
    if broken:
        raise WebServerError("the HTTP server ended by itself", hint="the log says why")


class Up:
    """The parts of `netra up` and the order in which they start."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = ""
        self.lifecycle = LifecycleManager()
        self._directory = DataDirectory(settings.home)
        self._lock = DirectoryLock(self._directory)
        self._listening: socket.socket | None = None
        self._engines = EmbeddedEngines(settings)
        self._worker: SupervisedEngine | None = None
        self._migrated = asyncio.Event()
        self._application: Any = None
        self._web: WebServer | None = None
        self._parts = AsyncExitStack()
        self._register()

    async def ended(self) -> None:
        """Return when the HTTP server has ended without being asked to."""
        if self._web is not None:
            await self._web.ended()

    def _register(self) -> None:
        add = self.lifecycle.add
        add(Component("data directory", start=self._hold, stop=self._let_go))
        add(Component("address", start=self._bind, stop=self._unbind, needs=("data directory",)))
        add(Component("engines", start=self._start_engines, stop=self._engines.stop, check=self._ask_engines,
                      needs=("address",)))  # fmt: skip
        # Reading the program takes longer than starting the engines: here and in the worker it happens
        # meanwhile.
        add(Component("program", start=_read_program, needs=("address",)))
        add(Component("schemas", start=self._migrate, needs=("engines", "program")))
        add(Component("worker", start=self._start_worker, drain=self._stop_worker, stop=self._stop_worker,
                      check=self._ask_worker, needs=("address",)))  # fmt: skip
        add(Component("application", start=self._assemble, stop=self._parts.aclose, needs=("schemas",)))
        add(Component("http", start=self._serve, drain=self._drain_http, stop=self._stop_http,
                      needs=("application", "worker")))  # fmt: skip

    async def _hold(self) -> None:
        self._directory.prepare()
        self._lock.acquire()

    async def _let_go(self) -> None:
        self._lock.release()

    async def _bind(self) -> None:
        self._listening = bind(self.settings.host, self.settings.port)
        self.url = url_of(self._listening, self.settings.host)
        urls = self._engines.prepare()
        self.settings = replace(
            self.settings,
            port=self._listening.getsockname()[1],
            database_url=urls.database_url,
            valkey_url=urls.valkey_url,
            clickhouse_url=urls.clickhouse_url,
        )

    async def _unbind(self) -> None:
        if self._listening is not None:
            self._listening.close()

    async def _start_engines(self) -> None:
        await self._engines.start()

    async def _ask_engines(self) -> str | None:
        down = [name for name, health in self._engines.health().items() if health.state != "up"]
        return f"{', '.join(down)} restarts" if down else None

    async def _migrate(self) -> None:
        from netra.assembly.migrating import migrate_schemas

        await migrate_schemas(self.settings)
        self._migrated.set()

    async def _start_worker(self) -> None:
        process = WorkerProcess(self.settings)
        self._worker = SupervisedEngine(process)

        async def release() -> None:
            await self._migrated.wait()
            process.release()

        releasing = asyncio.create_task(release())
        try:
            await self._worker.start()
        finally:
            releasing.cancel()
            await asyncio.gather(releasing, return_exceptions=True)

    async def _stop_worker(self) -> None:
        if self._worker is not None:
            await self._worker.stop()
            (self.settings.home / READY_FILE).unlink(missing_ok=True)

    async def _ask_worker(self) -> str | None:
        up = self._worker is not None and self._worker.health.state == "up"
        return None if up else "the worker restarts"

    async def _assemble(self) -> None:
        from netra.assembly.apex import assemble
        from netra.assembly.http_app import build_http_app
        from netra.assembly.local_owner import give_owner_a_key

        apex = await self._parts.enter_async_context(assemble(self.settings))
        await give_owner_a_key(apex.auth.administration, self.settings.home, self.url)
        self._application = build_http_app(apex)
        self._application.state.lifecycle = self.lifecycle

    async def _serve(self) -> None:
        if self._listening is None:
            raise RuntimeError("the address is bound before the application is served")
        self._web = WebServer(self._application, self._listening)
        await self._web.start()
        self._directory.write_server_file(
            {"pid": os.getpid(), "url": self.url, "version": __version__, "data_dir": str(self.settings.home)}
        )
        self._lock.describe(url=self.url)

    async def _drain_http(self) -> None:
        self._directory.server_file.unlink(missing_ok=True)
        if self._web is not None:
            # Before uvicorn closes them without a word: sockets are told when to come back.
            await self._application.state.drain_sockets()
            await self._web.drain()

    async def _stop_http(self) -> None:
        self._directory.server_file.unlink(missing_ok=True)
        if self._web is not None:
            await self._web.stop()


@asynccontextmanager
async def _signals() -> AsyncGenerator[tuple[asyncio.Event, asyncio.Event]]:
    """Events set by the first and the second request to stop."""
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, asked)
    try:
        yield stop, hurry
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _drain(lifecycle: LifecycleManager, hurry: asyncio.Event) -> None:
    draining = asyncio.create_task(lifecycle.drain())
    hurried = asyncio.create_task(hurry.wait())
    await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, hurried):
        task.cancel()
    await asyncio.gather(draining, hurried, return_exceptions=True)


async def _read_program() -> None:
    await asyncio.to_thread(importlib.import_module, "netra.assembly.http_app")


def _announce(server: Up, seconds: float, *, as_json: bool) -> None:
    facts = {
        "event": "ready",
        "url": server.url,
        "pid": os.getpid(),
        "data_dir": str(server.settings.home),
        "version": __version__,
        "seconds": round(seconds, 2),
    }
    told = f"after {seconds:.1f} s (data in {server.settings.home}; Ctrl-C stops it)"
    line = f"Netra is ready at {server.url} {told}"
    sys.stdout.write((json.dumps(facts) if as_json else line) + "\n")
    sys.stdout.flush()
    _log.debug("ready", url=server.url, seconds=round(seconds, 2))
