"""Starts, together, the engines that were not given by URL."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from netra.config.settings import Settings
from netra.storage.embedded.analytics import AnalyticsEngineProcess
from netra.storage.embedded.data_directory import DataDirectory
from netra.storage.embedded.engine import Engine, EngineHealth, SupervisedEngine
from netra.storage.embedded.postgres import PostgresEngine
from netra.storage.embedded.valkey import ValkeyEngine


@dataclass(frozen=True, slots=True)
class EngineUrls:
    """Where the three engines answer, embedded or not, credentials included."""

    database_url: str
    valkey_url: str
    clickhouse_url: str


class EmbeddedEngines:
    """The engines of one data directory. The caller holds the directory's lock from before `start` to
    after `stop`.
    """

    def __init__(self, settings: Settings) -> None:
        self._directory = DataDirectory(settings.home)
        self._settings = settings
        self._running: dict[str, SupervisedEngine] = {}
        self._analytics: AnalyticsEngineProcess | None = None
        self._urls: EngineUrls | None = None

    def prepare(self) -> EngineUrls:
        """Lay out the directory and allot addresses; they hold from before the start until after `stop`.

        Raises DataDirectoryUnusableError, and EngineStartError for a package that is missing.
        """
        if self._urls is not None:
            return self._urls
        self._directory.prepare()
        given = self._settings
        self._urls = EngineUrls(
            given.database_url or self._add(PostgresEngine(self._directory)),
            given.valkey_url or self._add(ValkeyEngine(self._directory)),
            given.clickhouse_url or self._add(self._add_analytics()),
        )
        return self._urls

    async def start(self) -> EngineUrls:
        """Start what has no URL, all at once; when one fails the others are stopped again.

        Raises EngineStartError, DataDirectoryUnusableError.
        """
        urls = self.prepare()
        outcomes = await asyncio.gather(
            *(engine.start() for engine in self._running.values()), return_exceptions=True
        )
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            await self.stop()
            raise failures[0]
        return urls

    async def stop(self) -> None:
        """Stop them all at once; harmless twice."""
        await asyncio.gather(*(engine.stop() for engine in self._running.values()))
        self._running.clear()
        if self._analytics is not None:
            self._analytics.close()
            self._analytics = None
        self._urls = None

    def _add(self, engine: Engine) -> str:
        self._running[engine.name] = SupervisedEngine(engine)
        return engine.url

    def _add_analytics(self) -> AnalyticsEngineProcess:
        self._analytics = AnalyticsEngineProcess(self._directory)
        return self._analytics

    def health(self) -> dict[str, EngineHealth]:
        """State of each embedded engine by name."""
        return {name: engine.health for name, engine in self._running.items()}


@asynccontextmanager
async def running_engines(settings: Settings) -> AsyncGenerator[EngineUrls]:
    """Run the engines that the settings do not give by URL for the length of a block."""
    engines = EmbeddedEngines(settings)
    urls = await engines.start()
    try:
        yield urls
    finally:
        await engines.stop()
