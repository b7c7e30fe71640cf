"""The whole application served inside this process, over its own database, so that defects can be planted."""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from netra.assembly.apex import Apex, assemble
from netra.assembly.http_app import build_http_app
from netra.assembly.listening import bind, url_of
from netra.assembly.migrating import migrate_schemas
from netra.assembly.web_server import WebServer
from netra.config.secret import Secret
from netra.config.settings import Settings
from netra.storage.embedded.engines import EngineUrls
from testkit.databases import own_database
from testkit.stores import ROLE_SECRET

T = TypeVar("T")
START_S = 60.0


class ServedApex:
    """A server on a thread of its own; no worker takes its runs."""

    def __init__(self, engines: EngineUrls, home: Path) -> None:
        self.url = ""
        self._engines = engines
        self._home = home
        self._apex: Apex | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def apex(self) -> Apex:
        """What is served."""
        assert self._apex is not None, "the server runs"
        return self._apex

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's own loop."""
        assert self._loop is not None, "the server runs"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    @contextmanager
    def running(self) -> Generator["ServedApex"]:
        """Serve as long as the block lasts."""
        thread = threading.Thread(target=self._run, name="served-apex")
        thread.start()
        try:
            assert self._ready.wait(START_S), "the server starts"
            if self._failure is not None:
                raise self._failure
            yield self
        finally:
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(START_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with own_database(self._engines) as own:
            settings = Settings(
                environment="test",
                home=self._home,
                database_url=own.url("admin").libpq_url(),
                valkey_url=self._engines.valkey_url,
                clickhouse_url=self._engines.clickhouse_url,
                secret_key=Secret(ROLE_SECRET.decode()),
            )
            listening = bind("127.0.0.1", 0)
            settings = replace(settings, port=listening.getsockname()[1])
            await migrate_schemas(settings)
            async with assemble(settings) as apex:
                server = WebServer(build_http_app(apex), listening)
                await server.start()
                self._apex, self.url = apex, url_of(listening, "127.0.0.1")
                self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
                self._ready.set()
                await self._stop.wait()
                await server.stop()
