"""Starts, together, the engines that were not given by URL."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from netra.config.settings import Settings
from netra.storage.embedded.analytics import AnalyticsEngineProcess
from netra.storage.embedded.data_directory import DataDirectory
from netra.storage.embedded.engine import EngineHealth, SupervisedEngine
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

    async def start(self) -> EngineUrls:
        """Start what has no URL, all at once; when one fails the others are stopped again.

        Raises EngineStartError, DataDirectoryUnusableError.
        """
        self._directory.prepare()
        database_url = self._settings.database_url
        valkey_url = self._settings.valkey_url
        clickhouse_url = self._settings.clickhouse_url
        if database_url is None:
            postgres = PostgresEngine(self._directory)
            database_url = postgres.url
            self._running[postgres.name] = SupervisedEngine(postgres)
        if valkey_url is None:
            valkey = ValkeyEngine(self._directory)
            valkey_url = valkey.url
            self._running[valkey.name] = SupervisedEngine(valkey)
        if clickhouse_url is None:
            self._analytics = AnalyticsEngineProcess(self._directory)
            clickhouse_url = self._analytics.url
            self._running[self._analytics.name] = SupervisedEngine(self._analytics)
        outcomes = await asyncio.gather(
            *(engine.start() for engine in self._running.values()), return_exceptions=True
        )
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            await self.stop()
            raise failures[0]
        return EngineUrls(database_url, valkey_url, clickhouse_url)

    async def stop(self) -> None:
        """Stop them all at once; harmless twice."""
        await asyncio.gather(*(engine.stop() for engine in self._running.values()))
        self._running.clear()
        if self._analytics is not None:
            self._analytics.close()
            self._analytics = None

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
